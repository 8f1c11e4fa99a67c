//! From checked values to an [`Edit`]: every document that a value names is looked up.
//!
//! Two walks over the values: the first collects what must be looked up, so that one statement answers
//! for all relations of the write; the second builds the edit.

mod lookup;
mod reference;

use std::cell::RefCell;

use serde_json::Value as Json;

use super::edit::{Edit, InverseEdit, Item, LinkEdit};
use super::links::LinkChange;
use super::{EntryError, Problem};
use crate::platform::database::{Database, Value};
use crate::schema::validate::{Checked, CheckedValues, ComponentValue};
use crate::schema::{Component, ContentType, Field, FieldKind, Schema, Storage};
use lookup::Known;
use reference::{Reference, Wanted};

/// Resolves checked values of a type.
///
/// # Errors
/// [`EntryError::Invalid`] for relations that are malformed or name documents that do not exist.
pub async fn resolve(
    database: &Database,
    schema: &Schema,
    content_type: &ContentType,
    values: &CheckedValues,
) -> Result<Edit, EntryError> {
    resolve_seen(database, schema, content_type, values, &|_| true).await
}

/// As [`resolve`] for a writer to whom only documents of the types of `sees` exist, and files.
///
/// # Errors
/// As there.
pub async fn resolve_seen(
    database: &Database,
    schema: &Schema,
    content_type: &ContentType,
    values: &CheckedValues,
    sees: &(dyn Fn(&ContentType) -> bool + Sync),
) -> Result<Edit, EntryError> {
    let mut collector = Collector {
        schema,
        wanted: Vec::new(),
        problems: Vec::new(),
    };
    collector.values(&content_type.fields, values, &[]);
    let mut known = lookup::find(database, schema, &collector.wanted).await?;
    known.keep(|id| {
        let found = schema.content_type_by_id(id);
        found.is_some_and(|found| found.is_built_in() || sees(found))
    });
    let mut builder = Builder {
        schema,
        known: &known,
        problems: collector.problems,
    };
    let edit = builder.entry(content_type, values);
    if builder.problems.is_empty() {
        Ok(edit)
    } else {
        Err(EntryError::Invalid(builder.problems))
    }
}

/// The uid a link field points at: the file type for media, none for polymorphic relations.
fn target_uid(field: &Field) -> Option<&str> {
    match &field.kind {
        FieldKind::Media { .. } => Some(crate::schema::builtin::FILE),
        FieldKind::Relation(relation) => relation.target.as_deref(),
        _ => None,
    }
}

fn component_fields<'s>(schema: &'s Schema, value: &ComponentValue) -> Option<&'s Component> {
    schema.component_by_id(value.component).map(AsRef::as_ref)
}

fn items(value: &Checked) -> &[ComponentValue] {
    match value {
        Checked::Component(item) => std::slice::from_ref(item),
        Checked::Components(items) | Checked::Zone(items) => items,
        _ => &[],
    }
}

fn inner_path(path: &[String], field: &Field, value: &Checked, index: usize) -> Vec<String> {
    let mut path = path.to_vec();
    path.push(field.name.clone());
    if !matches!(value, Checked::Component(_)) {
        path.push(index.to_string());
    }
    path
}

struct Collector<'s> {
    schema: &'s Schema,
    wanted: Vec<Wanted<'s>>,
    problems: Vec<Problem>,
}

impl<'s> Collector<'s> {
    fn values(&mut self, fields: &'s [Field], values: &CheckedValues, path: &[String]) {
        for (id, value) in values.iter() {
            let Some(field) = fields.iter().find(|field| field.id == id) else {
                continue;
            };
            match value {
                Checked::Relation(json) | Checked::Media(json) => {
                    let parsed = reference::parse(json);
                    match parsed {
                        Ok(change) => {
                            self.wanted
                                .extend(change.references().map(|reference| Wanted {
                                    target: target_uid(field),
                                    reference: reference.clone(),
                                }))
                        }
                        Err(message) => self.problems.push(problem(path, field, message, json)),
                    }
                }
                _ => {
                    for (index, item) in items(value).iter().enumerate() {
                        let Some(component) = component_fields(self.schema, item) else {
                            continue;
                        };
                        let path = inner_path(path, field, value, index);
                        self.values(&component.fields, &item.values, &path);
                    }
                }
            }
        }
    }
}

fn problem(path: &[String], field: &Field, message: String, value: &Json) -> Problem {
    let mut path = path.to_vec();
    path.push(field.name.clone());
    Problem {
        path,
        message,
        value: value.clone(),
    }
}

struct Builder<'s> {
    schema: &'s Schema,
    known: &'s Known,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    fn entry(&mut self, content_type: &ContentType, values: &CheckedValues) -> Edit {
        let mut edit = Edit::default();
        for (id, value) in values.iter() {
            let Some(field) = content_type.field_by_id(id) else {
                continue;
            };
            match value {
                Checked::Relation(json) | Checked::Media(json) => {
                    let Some(change) = self.change(field, json, &[]) else {
                        continue;
                    };
                    match self.inverse(field, &change) {
                        Some(inverse) => edit.inverse.push(inverse),
                        None => edit.links.push(link_edit(field, change)),
                    }
                }
                Checked::Scalar(json) => edit.columns.push((id, column(field, json))),
                Checked::Clear if field.storage() == Storage::Items => {
                    edit.items.push((id, Vec::new()));
                }
                Checked::Clear => edit.columns.push((id, Value::Null)),
                _ => edit.items.push((id, self.items(field, value, &[]))),
            }
        }
        edit
    }

    fn items(&mut self, field: &Field, value: &Checked, path: &[String]) -> Vec<Item> {
        let zone = matches!(value, Checked::Zone(_));
        items(value)
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let path = inner_path(path, field, value, index);
                self.item(item, zone, &path)
            })
            .collect()
    }

    fn item(&mut self, value: &ComponentValue, zone: bool, path: &[String]) -> Item {
        let mut item = Item {
            id: value.id,
            component: zone.then_some(value.component),
            ..Item::default()
        };
        let Some(component) = component_fields(self.schema, value) else {
            return item;
        };
        for (id, value) in value.values.iter() {
            let Some(field) = component.field_by_id(id) else {
                continue;
            };
            match value {
                Checked::Relation(json) | Checked::Media(json) => {
                    if let Some(change) = self.change(field, json, path) {
                        item.links.push(link_edit(field, change));
                    }
                }
                Checked::Scalar(json) => item.values.push((id, json.clone())),
                Checked::Clear if field.storage() == Storage::Items => {
                    item.items.push((id, Vec::new()));
                }
                Checked::Clear => item.values.push((id, Json::Null)),
                _ => item.items.push((id, self.items(field, value, path))),
            }
        }
        item
    }

    /// The change with documents for references; problems are noted.
    fn change(&mut self, field: &Field, json: &Json, path: &[String]) -> Option<LinkChange> {
        let change = reference::parse(json).ok()?;
        let target = target_uid(field);
        let missing = RefCell::new(Vec::new());
        let noted = |reference: &Reference, found: Option<i64>| {
            if found.is_none() {
                missing.borrow_mut().push(reference.clone());
            }
            found
        };
        let change = change.resolve(
            |reference| noted(reference, self.known.doc(target, reference)),
            |reference| noted(reference, self.known.past(target, reference)),
            |reference| self.known.past(target, reference),
        );
        let missing = missing.into_inner();
        if !missing.is_empty() {
            let message = unknown_documents(&missing, target);
            self.problems.push(problem(path, field, message, json));
            return None;
        }
        if let LinkChange::Set(targets) = &change
            && targets.len() > 1
            && !is_many(field)
        {
            let message = format!("{} takes one document, not {}", field.name, targets.len());
            self.problems.push(problem(path, field, message, json));
            return None;
        }
        Some(change)
    }

    fn inverse(&self, field: &Field, change: &LinkChange) -> Option<InverseEdit> {
        let FieldKind::Relation(relation) = &field.kind else {
            return None;
        };
        if field.storage() != Storage::Inverse {
            return None;
        }
        let owner_type = self.schema.content_type(relation.target.as_deref()?)?;
        let owner_field = owner_type.field(relation.mapped_by.as_deref()?)?;
        Some(InverseEdit {
            field: field.id,
            owner_field: owner_field.id,
            owner_type: owner_type.id,
            localized: owner_field.localized,
            owner_many: is_many(owner_field),
            many: relation.is_many(),
            change: change.clone(),
        })
    }
}

/// Strapi's words: the first unknown identity, or how many unknown numbers.
fn unknown_documents(missing: &[Reference], target: Option<&str>) -> String {
    let identity = missing.iter().find_map(|reference| match reference {
        Reference::Document(id) => Some(id),
        Reference::Number(_) | Reference::NumberOf(..) => None,
    });
    match identity {
        Some(id) => format!("Document with id \"{id}\", locale \"null\" not found"),
        None => format!(
            "{} relation(s) of type {} associated with this entity do not exist",
            missing.len(),
            target.unwrap_or("any")
        ),
    }
}

fn link_edit(field: &Field, change: LinkChange) -> LinkEdit {
    LinkEdit {
        field: field.id,
        many: is_many(field),
        change,
    }
}

fn is_many(field: &Field) -> bool {
    match &field.kind {
        FieldKind::Media { multiple, .. } => *multiple,
        FieldKind::Relation(relation) => relation.is_many(),
        _ => false,
    }
}

/// The stored form of a canonical scalar.
pub(crate) fn column(field: &Field, json: &Json) -> Value {
    match (field.storage(), json) {
        (_, Json::Null) => Value::Null,
        (Storage::Json, json) => Value::Text(json.to_string()),
        (Storage::Boolean, Json::Bool(value)) => Value::Bool(*value),
        (Storage::Integer, Json::String(digits)) => {
            digits.parse().map_or(Value::Null, Value::Integer)
        }
        (Storage::Integer, json) => json.as_i64().into(),
        (Storage::Real, json) => json.as_f64().into(),
        (_, Json::String(text)) => Value::Text(text.clone()),
        (_, json) => Value::Text(json.to_string()),
    }
}
