//! From the records of a document to the document as it is stored.
//!
//! The records of the default locale come first, so that values all locales share are taken from them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::known::Documents;
use super::links::Place;
use super::record::{ImportRecord, ImportStage, PathStep};
use super::report::ImportReport;
use super::walk::{At, Walk};
use crate::base::Stage;
use crate::entries::edit::link_locale;
use crate::entries::tree::{Columns, Copy, Document, Link, Row};
use crate::schema::{ContentType, Schema, Storage, iso};

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
