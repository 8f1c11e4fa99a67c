//! Whether a copy is complete enough to be public: required values, seen in what is stored.

use serde_json::{Map, Value as Json};

use super::edit::{component_of, link_locale, stored_items};
use super::tree::{Copy, Document};
use super::{EntryError, Problem};
use crate::base::Stage;
use crate::platform::database::Value;
use crate::schema::{Condition, ContentType, Field, FieldKind, Schema, scalar};

/// Checks a locale of the working copy.
///
/// # Errors
/// [`EntryError::NotFound`] without that locale, [`EntryError::Invalid`] with every missing value.
pub(super) fn complete(
    (schema, content_type): (&Schema, &ContentType),
    document: &Document,
    locale: &str,
) -> Result<(), EntryError> {
    let stage = content_type.stage(Stage::Draft);
    let copy = document.copy(stage).ok_or(EntryError::NotFound)?;
    if !copy.rows.contains_key(locale) {
        return Err(EntryError::NotFound);
    }
    let mut checker = Checker {
        schema,
        content_type,
        copy,
        locale,
        problems: Vec::new(),
    };
    checker.entry();
    if checker.problems.is_empty() {
        Ok(())
    } else {
        Err(EntryError::Invalid(checker.problems))
    }
}

struct Checker<'a> {
    schema: &'a Schema,
    content_type: &'a ContentType,
    copy: &'a Copy,
    locale: &'a str,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn value(&self, field: &Field) -> Option<&Value> {
        let row = self.copy.rows.get(self.locale);
        let localized = row.and_then(|row| row.columns.get(&field.id));
        localized.or_else(|| self.copy.shared.get(&field.id))
    }

    fn entry(&mut self) {
        let content_type = self.content_type;
        for field in &content_type.fields {
            let decider = |condition: &Condition| {
                let other = content_type.field(&condition.field)?;
                Some(as_json(self.value(other)))
            };
            if !shown(field, decider) {
                continue;
            }
            let link_locale = link_locale(content_type, field.id, self.locale).to_owned();
            let path = vec![field.name.clone()];
            if field.kind.is_nested() {
                let items = stored_items(self.value(field));
                self.items(field, &items, &link_locale, &path);
            } else if field.required && self.is_missing(field, &link_locale) {
                self.missing(field, path);
            }
        }
    }

    fn is_missing(&self, field: &Field, link_locale: &str) -> bool {
        match &field.kind {
            FieldKind::Media { .. } => self.copy.targets(field.id, link_locale, 0).is_empty(),
            FieldKind::Relation(_) => false,
            _ => self.value(field).is_none(),
        }
    }

    fn items(&mut self, field: &Field, items: &[Json], link_locale: &str, path: &[String]) {
        let (min, repeatable) = match &field.kind {
            FieldKind::Component {
                min, repeatable, ..
            } => (*min, *repeatable),
            FieldKind::DynamicZone { min, .. } => (*min, true),
            _ => (None, false),
        };
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        if items.is_empty() && field.required {
            self.missing(field, path.to_vec());
        } else if let Some(min) = min.filter(|min| count < *min && (field.required || count > 0)) {
            let message = format!(
                "{} field must have at least {min} items",
                path.last().map_or("", String::as_str)
            );
            self.problem(path.to_vec(), message);
        }
        for (index, item) in items.iter().enumerate() {
            let Some(object) = item.as_object() else {
                continue;
            };
            let mut path = path.to_vec();
            if repeatable {
                path.push(index.to_string());
            }
            self.item(field, object, link_locale, &path);
        }
    }

    fn item(
        &mut self,
        field: &Field,
        object: &Map<String, Json>,
        link_locale: &str,
        path: &[String],
    ) {
        let schema = self.schema;
        let Some(component) = component_of(schema, field, object) else {
            return;
        };
        let id = object.get("id").and_then(Json::as_i64).unwrap_or_default();
        for field in &component.fields {
            let decider = |condition: &Condition| {
                let other = component.field(&condition.field)?;
                Some(object.get(&other.column()).cloned().unwrap_or(Json::Null))
            };
            if !shown(field, decider) {
                continue;
            }
            let mut path = path.to_vec();
            path.push(field.name.clone());
            let value = object.get(&field.column());
            if field.kind.is_nested() {
                let items = value.and_then(Json::as_array).cloned().unwrap_or_default();
                self.items(field, &items, link_locale, &path);
            } else if field.required {
                let missing = match &field.kind {
                    FieldKind::Media { .. } => {
                        self.copy.targets(field.id, link_locale, id).is_empty()
                    }
                    FieldKind::Relation(_) => false,
                    _ => value.is_none_or(Json::is_null),
                };
                if missing {
                    self.missing(field, path);
                }
            }
        }
    }

    /// In Strapi's words, who looks at the draft when it is published and finds null there.
    fn missing(&mut self, field: &Field, path: Vec<String>) {
        let is_words = field.kind.is_text() && !matches!(field.kind, FieldKind::Enumeration { .. });
        let message = match is_words && self.content_type.draft_and_publish {
            true => scalar::wrong_type("string", &Json::Null),
            false => "must be defined.".to_owned(),
        };
        let label = label(&path);
        self.problem(path, format!("{label} {message}"));
    }

    fn problem(&mut self, path: Vec<String>, message: String) {
        self.problems.push(Problem {
            path,
            message,
            value: Json::Null,
        });
    }
}

/// The path as Strapi's messages write it: `blocks[2].title`.
fn label(path: &[String]) -> String {
    let mut label = String::new();
    for part in path {
        let is_index = part.bytes().all(|byte| byte.is_ascii_digit());
        match (is_index, label.is_empty()) {
            (true, _) => label.push_str(&format!("[{part}]")),
            (false, true) => label.push_str(part),
            (false, false) => label.push_str(&format!(".{part}")),
        }
    }
    label
}

fn shown(field: &Field, decider: impl Fn(&Condition) -> Option<Json>) -> bool {
    field
        .condition
        .as_ref()
        .is_none_or(|condition| decider(condition).is_none_or(|value| condition.shows(&value)))
}

fn as_json(value: Option<&Value>) -> Json {
    match value {
        Some(Value::Bool(value)) => Json::Bool(*value),
        Some(Value::Integer(value)) => Json::from(*value),
        Some(Value::Real(value)) => Json::from(*value),
        Some(Value::Text(value)) => Json::from(value.as_str()),
        _ => Json::Null,
    }
}
