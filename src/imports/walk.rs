//! From the values of one record to columns, component items and links.

use serde_json::{Map, Value as Json};

use super::known::Documents;
use super::lenient::{self, Taken};
use super::links::{Found, Place};
use super::record::ImportLink;
use super::report::ImportReport;
use crate::entries::tree::Link;
use crate::platform::database::Value;
use crate::schema::{Component, Field, FieldKind, Schema, Storage};

/// Going through the values of one record.
pub(super) struct Walk<'a> {
    pub(super) schema: &'a Schema,
    pub(super) documents: &'a mut Documents,
    pub(super) report: &'a mut ImportReport,
    pub(super) at: At<'a>,
    pub(super) links: &'a mut Vec<Link>,
}

/// Where a walk stands.
pub(super) struct At<'a> {
    pub(super) uid: &'a str,
    pub(super) document_id: &'a str,
    pub(super) path: Vec<String>,
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
    pub(super) fn unknown(&mut self, name: &str, value: &Json) {
        if !value.is_null() {
            let what = format!(
                "values of `{name}`, which {} does not have, left out",
                self.at.uid
            );
            self.report.add(&what, || self.at.document_id.to_owned());
        }
    }

    /// The stored form of a value of the record itself; links inside its items are collected.
    pub(super) fn value(
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

    /// Collects the links of one field.
    pub(super) fn link(&mut self, field: &Field, link: &ImportLink, place: Place<'_>) {
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
