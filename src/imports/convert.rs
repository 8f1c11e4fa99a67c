//! From the records of a document to the document as it is stored.
//!
//! The records of the default locale come first, so that values all locales share are taken from them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::known::Documents;
use super::lenient::{self, Taken};
use super::links::{Found, Place};
use super::record::{ImportLink, ImportRecord, ImportStage, PathStep};
use super::report::ImportReport;
use crate::base::Stage;
use crate::entries::edit::link_locale;
use crate::entries::tree::{Columns, Copy, Document, Link, Row};
use crate::platform::database::Value;
use crate::schema::{Component, ContentType, Field, FieldKind, Schema, Storage, iso};

/// Who imported documents are said to be by.
pub(super) type Author<'a> = &'a str;

/// Makes documents of records.
#[derive(Debug)]
pub(super) struct Converter<'a> {
    pub(super) schema: &'a Schema,
    pub(super) documents: &'a mut Documents,
    pub(super) report: &'a mut ImportReport,
    pub(super) author: Author<'a>,
}

/// One record in stored form.
struct Piece {
    stage: ImportStage,
    locale: String,
    row: Row,
    shared: Columns,
    links: Vec<Link>,
}

impl Converter<'_> {
    /// The whole document; stamps that the source does not give are empty.
    pub(super) fn document(
        &mut self,
        content_type: &ContentType,
        doc: i64,
        mut records: Vec<ImportRecord>,
    ) -> Document {
        let default = self.schema.default_locale();
        records.sort_by_key(|record| record.locale.as_deref() != Some(default));
        let mut document = Document {
            doc,
            type_id: content_type.id.0,
            ..Document::default()
        };
        let mut row_ids = BTreeMap::new();
        for record in records {
            if document.document_id.is_empty() {
                document.document_id.clone_from(&record.document_id);
            }
            let mut piece = self.piece(content_type, record);
            piece.row.id = match content_type.localized {
                false => doc,
                true => *row_ids
                    .entry(piece.locale.clone())
                    .or_insert_with(|| self.documents.take()),
            };
            let made = &piece.row.created_at;
            if document.created_at.is_empty() || !made.is_empty() && *made < document.created_at {
                document.created_at.clone_from(made);
            }
            self.place(content_type, &mut document, piece);
        }
        for copy in document.draft.iter_mut().chain(&mut document.published) {
            copy.links.sort();
        }
        document
    }

    fn place(&mut self, content_type: &ContentType, document: &mut Document, piece: Piece) {
        let draft = content_type.draft_and_publish && piece.stage != ImportStage::Published;
        let published = !content_type.draft_and_publish || piece.stage != ImportStage::Draft;
        if draft && published {
            let mut twin = Piece {
                stage: ImportStage::Draft,
                locale: piece.locale.clone(),
                row: piece.row.clone(),
                shared: piece.shared.clone(),
                links: piece.links.clone(),
            };
            twin.row.published_at = None;
            self.place_in(content_type, document, Stage::Draft, twin);
            self.place_in(content_type, document, Stage::Published, piece);
        } else if draft {
            self.place_in(content_type, document, Stage::Draft, piece);
        } else {
            self.place_in(content_type, document, Stage::Published, piece);
        }
    }

    fn place_in(
        &mut self,
        content_type: &ContentType,
        document: &mut Document,
        stage: Stage,
        mut piece: Piece,
    ) {
        let id = document.document_id.clone();
        let copy = document.copy_mut(stage).get_or_insert_default();
        piece.row.published_at = match stage {
            Stage::Draft => None,
            Stage::Published => piece.row.published_at.take().or_else(|| {
                let row = &piece.row;
                let stamps = [&row.updated_at, &row.created_at];
                stamps.into_iter().find(|stamp| !stamp.is_empty()).cloned()
            }),
        };
        if copy.rows.is_empty() {
            copy.shared = piece.shared;
            copy.links = piece.links;
        } else {
            self.compare_shared(content_type, copy, &piece, &id);
            let own = piece
                .links
                .into_iter()
                .filter(|link| !link.locale.is_empty());
            copy.links.extend(own);
        }
        copy.rows.insert(piece.locale, piece.row);
    }

    /// Values that all locales share should be equal in all of them.
    fn compare_shared(&mut self, content_type: &ContentType, copy: &Copy, piece: &Piece, id: &str) {
        for field in content_type.fields.iter().filter(|field| !field.localized) {
            let (one, other) = (copy.shared.get(&field.id), piece.shared.get(&field.id));
            let equal = match field.storage() {
                Storage::Items => super::align::same_items(one, other),
                _ => one == other,
            };
            if !equal {
                self.report.add(
                    "values that all locales share but that differ between them, those of the \
                     default locale kept",
                    || format!("{} {id} {} {}", content_type.uid, piece.locale, field.name),
                );
            }
        }
    }

    fn piece(&mut self, content_type: &ContentType, record: ImportRecord) -> Piece {
        let locale = match (content_type.localized, record.locale) {
            (false, _) => String::new(),
            (true, Some(locale)) => locale,
            (true, None) => self.schema.default_locale().to_owned(),
        };
        let mut piece = Piece {
            stage: record.stage,
            row: Row {
                created_at: stamp(record.created_at),
                updated_at: stamp(record.updated_at),
                published_at: Some(stamp(record.published_at)).filter(|at| !at.is_empty()),
                created_by: Some(self.author.to_owned()),
                updated_by: Some(self.author.to_owned()),
                ..Row::default()
            },
            locale,
            shared: Columns::new(),
            links: Vec::new(),
        };
        if piece.row.updated_at.is_empty() {
            piece.row.updated_at.clone_from(&piece.row.created_at);
        }
        let mut walk = Walk {
            schema: self.schema,
            documents: self.documents,
            report: self.report,
            at: At {
                uid: &content_type.uid,
                document_id: &record.document_id,
                path: Vec::new(),
            },
            links: &mut piece.links,
        };
        for (name, value) in record.values {
            let Some(field) = content_type.field(&name) else {
                walk.unknown(&name, &value);
                continue;
            };
            let shared = content_type.localized && !field.localized;
            let locale = link_locale(content_type, field.id, &piece.locale);
            if let Some(value) = walk.value(field, value, &record.relations, locale) {
                let columns = match shared {
                    true => &mut piece.shared,
                    false => &mut piece.row.columns,
                };
                columns.insert(field.id, value);
            }
        }
        for link in &record.relations {
            let [PathStep::Field(name)] = link.path.as_slice() else {
                continue;
            };
            if let Some(field) = content_type.field(name) {
                let locale = link_locale(content_type, field.id, &piece.locale);
                walk.link(field, link, Place { locale, item: 0 });
            } else {
                walk.unknown(name, &Json::Bool(true));
            }
        }
        piece
    }
}

fn stamp(given: Option<String>) -> String {
    given
        .and_then(|text| iso::datetime(&text))
        .unwrap_or_default()
}

/// Going through the values of one record.
struct Walk<'a> {
    schema: &'a Schema,
    documents: &'a mut Documents,
    report: &'a mut ImportReport,
    at: At<'a>,
    links: &'a mut Vec<Link>,
}

/// Where a walk stands.
struct At<'a> {
    uid: &'a str,
    document_id: &'a str,
    path: Vec<String>,
}

impl At<'_> {
    fn place(&self, name: &str) -> String {
        let mut path = self.path.join(".");
        if !path.is_empty() {
            path.push('.');
        }
        format!("{} {} {path}{name}", self.uid, self.document_id)
    }
}

impl Walk<'_> {
    /// Null says nothing, so that nothing is lost with it.
    fn unknown(&mut self, name: &str, value: &Json) {
        if !value.is_null() {
            let what = format!(
                "values of `{name}`, which {} does not have, left out",
                self.at.uid
            );
            self.report.add(&what, || self.at.document_id.to_owned());
        }
    }

    fn value(
        &mut self,
        field: &Field,
        value: Json,
        relations: &[ImportLink],
        locale: &str,
    ) -> Option<Value> {
        if value.is_null() {
            return None;
        }
        match field.storage() {
            Storage::Items => {
                let found = Found::below(relations, &field.name);
                let items = self.items(field, value, &found, locale);
                (!items.is_empty()).then(|| Value::Text(Json::Array(items).to_string()))
            }
            storage => {
                let value = self.scalar(field, storage, value)?;
                Some(lenient::column(storage, value)).filter(|value| *value != Value::Null)
            }
        }
    }

    fn scalar(&mut self, field: &Field, storage: Storage, value: Json) -> Option<Json> {
        if !storage.is_column() {
            let what = "values where a link is expected, left out";
            self.report.add(what, || self.at.place(&field.name));
            return None;
        }
        let shown = match field.storage() {
            Storage::Text if field.kind.text_rules().is_some() => String::new(),
            _ => scalar_shown(&value),
        };
        match lenient::take(&field.kind, storage, value) {
            Taken::Same(value) => Some(value),
            Taken::Odd(value, what) => {
                self.report.add(what, || self.at.place(&field.name));
                Some(value)
            }
            Taken::Not => {
                let what = format!("values that are no {}, left out", field.kind.name());
                self.report
                    .add(&what, || format!("{} {shown}", self.at.place(&field.name)));
                None
            }
        }
    }

    fn items(&mut self, field: &Field, value: Json, links: &Found<'_>, locale: &str) -> Vec<Json> {
        self.at.path.push(field.name.clone());
        let mut items = Vec::new();
        match value {
            Json::Array(list) => {
                for (index, value) in list.into_iter().enumerate() {
                    self.at.path.push(index.to_string());
                    let inner = links.item(index);
                    items.extend(self.item(field, value, &inner, locale));
                    self.at.path.pop();
                }
            }
            value => items.extend(self.item(field, value, links, locale)),
        }
        self.at.path.pop();
        items
    }

    fn item(
        &mut self,
        field: &Field,
        value: Json,
        links: &Found<'_>,
        locale: &str,
    ) -> Option<Json> {
        let schema = self.schema;
        let (component, zone) = component(schema, field, &value);
        let (Some(component), Json::Object(values)) = (component, value) else {
            let what = "items whose component does not exist, left out";
            self.report.add(what, || self.at.place(""));
            return None;
        };
        let id = self.documents.take();
        let mut object = Map::with_capacity(values.len() + 1);
        object.insert("id".to_owned(), id.into());
        if zone {
            object.insert("c".to_owned(), component.id.0.into());
        }
        for (name, value) in values {
            if name == "__component" || value.is_null() {
                continue;
            }
            let Some(field) = component.field(&name) else {
                self.unknown(&format!("{}.{name}", component.uid), &value);
                continue;
            };
            let value = match field.storage() {
                Storage::Items => {
                    let found = links.field(&name);
                    let items = self.items(field, value, &found, locale);
                    (!items.is_empty()).then_some(Json::Array(items))
                }
                storage => self.scalar(field, storage, value),
            };
            if let Some(value) = value {
                object.insert(field.column(), value);
            }
        }
        self.item_links(component, links, Place { locale, item: id });
        Some(Json::Object(object))
    }

    fn item_links(&mut self, component: &Component, links: &Found<'_>, place: Place<'_>) {
        for (name, link) in links.here() {
            match component.field(name) {
                Some(field) => self.link(field, link, place),
                None => self.unknown(&format!("{}.{name}", component.uid), &Json::Bool(true)),
            }
        }
    }

    fn link(&mut self, field: &Field, link: &ImportLink, place: Place<'_>) {
        if field.storage() != Storage::Links {
            let what = "links of fields that hold none here, left out";
            let count = link.targets.len() as u64;
            self.report
                .add_many(what, count, || self.at.place(&field.name));
            return;
        }
        let many = is_many(&field.kind);
        let mut position = 0;
        for target in &link.targets {
            let Some(known) = self.documents.get(&target.document_id) else {
                let place = || format!("{} → {}", self.at.place(&field.name), target.document_id);
                self.report.add(
                    "links to documents that the source does not hold, left out",
                    place,
                );
                continue;
            };
            if position > 0 && !many {
                let what = "further targets of fields that take one, left out";
                self.report.add(what, || self.at.place(&field.name));
                break;
            }
            position += 1;
            self.links.push(Link {
                field: field.id,
                locale: place.locale.to_owned(),
                item: place.item,
                position,
                target: known.doc,
                back_position: super::links::back_position(target.back_position),
            });
        }
    }
}

fn is_many(kind: &FieldKind) -> bool {
    match kind {
        FieldKind::Media { multiple, .. } => *multiple,
        FieldKind::Relation(relation) => relation.is_many(),
        _ => false,
    }
}

/// The component of an item, and whether items of this field differ in it.
fn component<'s>(schema: &'s Schema, field: &Field, item: &Json) -> (Option<&'s Component>, bool) {
    match &field.kind {
        FieldKind::Component { component, .. } => {
            (schema.component(component).map(AsRef::as_ref), false)
        }
        _ => {
            let named = item.get("__component").and_then(Json::as_str);
            let found = named.and_then(|uid| schema.component(uid));
            (found.map(AsRef::as_ref), true)
        }
    }
}

fn scalar_shown(value: &Json) -> String {
    match value {
        Json::Array(_) | Json::Object(_) => String::new(),
        value => crate::schema::scalar::shown(value),
    }
}
