//! Walking the fields of one type or component beside the values given for them.

use serde_json::{Map, Value};

use super::{Checked, CheckedValues, FieldProblem, IGNORED_KEYS, Mode, is_shown};
use crate::schema::{Field, FieldKind, Schema, builtin, scalar};

/// The fields of one type or component and what was given for them.
pub(super) struct Scope<'a> {
    pub(super) fields: &'a [Field],
    pub(super) values: &'a Map<String, Value>,
    pub(super) partial: bool,
    /// Whether this is a component.
    pub(super) inside: bool,
}

/// One walk: where it stands and what it found wrong.
pub(super) struct Walk<'a> {
    pub(super) schema: &'a Schema,
    pub(super) mode: Mode,
    path: Vec<String>,
    nesting: usize,
    problems: Vec<FieldProblem>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(schema: &'a Schema, mode: Mode) -> Self {
        Self {
            schema,
            mode,
            path: Vec::new(),
            nesting: 0,
            problems: Vec::new(),
        }
    }

    pub(super) fn finish(self, checked: CheckedValues) -> Result<CheckedValues, Vec<FieldProblem>> {
        if self.problems.is_empty() {
            Ok(checked)
        } else {
            Err(self.problems)
        }
    }

    /// Checks all fields of a scope, then looks for keys it does not know.
    pub(super) fn values(&mut self, scope: &Scope<'_>) -> CheckedValues {
        let mut checked = CheckedValues::default();
        self.nesting += 1;
        for field in scope.fields {
            self.path.push(field.name.clone());
            if let Some(value) = self.field(scope, field) {
                checked.values.push((field.id, value));
            }
            self.path.pop();
        }
        for (key, value) in scope.values {
            let ignored =
                IGNORED_KEYS.contains(&key.as_str()) || scope.inside && key == "__component";
            if !ignored && !scope.fields.iter().any(|field| field.name == *key) {
                self.unknown(key, value);
            }
        }
        self.nesting -= 1;
        checked
    }

    /// How many scopes the walk stands in; 1 in the entry itself.
    pub(super) fn nesting(&self) -> usize {
        self.nesting
    }

    pub(super) fn enter(&mut self, part: impl ToString) {
        self.path.push(part.to_string());
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// Reports a problem at the current place; the message lacks the path.
    pub(super) fn report(&mut self, message: &str, value: &Value) {
        self.problems.push(FieldProblem {
            message: format!("{} {message}", self.label()),
            path: self.path.clone(),
            name: "ValidationError",
            value: value.clone(),
        });
    }

    fn unknown(&mut self, key: &str, value: &Value) {
        let mut path = self.path.clone();
        path.push(key.to_owned());
        self.problems.push(FieldProblem {
            message: format!("Invalid key {key}"),
            path,
            name: "ValidationError",
            value: value.clone(),
        });
    }

    /// The path as Strapi's messages write it: `blocks[2].title`.
    fn label(&self) -> String {
        let mut label = String::new();
        for part in &self.path {
            if part.bytes().all(|byte| byte.is_ascii_digit()) {
                label.push_str(&format!("[{part}]"));
            } else {
                if !label.is_empty() {
                    label.push('.');
                }
                label.push_str(part);
            }
        }
        label
    }

    fn field(&mut self, scope: &Scope<'_>, field: &Field) -> Option<Checked> {
        let Some(value) = scope.values.get(&field.name) else {
            return self.missing(scope, field);
        };
        if value.is_null() {
            if self.needs(scope, field) {
                let message = if scope.partial {
                    "cannot be null."
                } else {
                    "must be defined."
                };
                self.report(message, value);
            }
            return Some(match field.kind {
                FieldKind::Relation(_) => Checked::Relation(Value::Null),
                FieldKind::Media { .. } => Checked::Media(Value::Null),
                _ => Checked::Clear,
            });
        }
        match &field.kind {
            FieldKind::Relation(relation) => {
                self.unlinkable(relation.target.as_deref(), value);
                Some(Checked::Relation(value.clone()))
            }
            FieldKind::Media { .. } => Some(Checked::Media(value.clone())),
            FieldKind::Component { .. } | FieldKind::DynamicZone { .. } => {
                self.nested(scope, field, value)
            }
            _ => self.scalar(field, value),
        }
    }

    fn missing(&mut self, scope: &Scope<'_>, field: &Field) -> Option<Checked> {
        if scope.partial {
            return None;
        }
        if let Some(default) = &field.default {
            return Some(Checked::Scalar(default.clone()));
        }
        if self.needs(scope, field) && !will_be_made(scope, field) {
            self.report("must be defined.", &Value::Null);
        }
        None
    }

    fn needs(&self, scope: &Scope<'_>, field: &Field) -> bool {
        self.mode == Mode::Publish && field.required && is_shown(field, scope.fields, scope.values)
    }

    fn scalar(&mut self, field: &Field, value: &Value) -> Option<Checked> {
        let canonical = match scalar::canonical(&field.kind, value) {
            Ok(canonical) => canonical,
            Err(message) => {
                self.report(&message, value);
                return None;
            }
        };
        let mut broken = scalar::broken_always(&field.kind, &canonical);
        if self.mode == Mode::Publish {
            broken.extend(scalar::broken_on_publish(
                &field.kind,
                field.required,
                &canonical,
            ));
        }
        for message in broken {
            self.report(&message, value);
        }
        Some(Checked::Scalar(canonical))
    }

    /// Accounts have no type yet; a link to one would be lost, so it is refused.
    fn unlinkable(&mut self, target: Option<&str>, value: &Value) {
        let empty = value.as_array().is_some_and(Vec::is_empty);
        if !empty
            && target.is_some_and(|target| [builtin::SITE_USER, builtin::STAFF].contains(&target))
        {
            self.report(
                "cannot link to accounts yet; leave it out or send null",
                value,
            );
        }
    }
}

/// Whether the write path will make the missing slug from a text that was given.
fn will_be_made(scope: &Scope<'_>, field: &Field) -> bool {
    let FieldKind::Uid(rules) = &field.kind else {
        return false;
    };
    let source = rules
        .target_field
        .as_ref()
        .and_then(|name| scope.values.get(name));
    source
        .and_then(Value::as_str)
        .is_some_and(|text| !text.is_empty())
}
