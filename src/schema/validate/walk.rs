//! Walking the fields of one type or component beside the values given for them.

use serde_json::{Map, Value};

use super::{Checked, CheckedValues, FieldProblem, IGNORED_KEYS, Mode, Rule, is_shown};
use crate::base::json::{self, JsonLimits};
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
    has_drafts: bool,
    /// Whether a field exists for the writer.
    shown: &'a dyn Fn(&Field) -> bool,
    path: Vec<String>,
    nesting: usize,
    problems: Vec<FieldProblem>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        schema: &'a Schema,
        mode: Mode,
        has_drafts: bool,
        shown: &'a dyn Fn(&Field) -> bool,
    ) -> Self {
        Self {
            schema,
            mode,
            has_drafts,
            shown,
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
        let shown = self.shown;
        for field in scope.fields.iter().filter(|field| shown(field)) {
            self.path.push(field.name.clone());
            if let Some(value) = self.field(scope, field) {
                checked.values.push((field.id, value));
            }
            self.path.pop();
        }
        for (key, value) in scope.values {
            let ignored = match scope.inside {
                true => key == "id" || key == "__component",
                false => IGNORED_KEYS.contains(&key.as_str()),
            };
            let field = scope.fields.iter().find(|field| field.name == *key);
            if !ignored && !field.is_some_and(shown) {
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

    pub(super) fn enter(&mut self, part: &str) {
        self.path.push(part.to_owned());
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// Reports a problem at the current place; the message lacks the path.
    pub(super) fn report(&mut self, message: &str, value: &Value) {
        let message = format!("{} {message}", self.label());
        self.push(Rule::Value, message, value);
    }

    fn missing_value(&mut self) {
        let message = format!("{} must be defined.", self.label());
        self.push(Rule::Missing, message, &Value::Null);
    }

    pub(super) fn unknown(&mut self, key: &str, value: &Value) {
        let names = self.path.iter().filter(|part| !is_index(part));
        let place = names.map(String::as_str).collect::<Vec<_>>().join(".");
        let message = match place.is_empty() {
            true => format!("Invalid key {key}"),
            false => format!("Invalid key {key} at {place}"),
        };
        self.enter(key);
        self.push(Rule::UnknownKey, message, value);
        self.leave();
    }

    fn refused(&mut self, refusal: &scalar::Refusal, value: &Value) {
        let depth = self.path.len();
        self.path.extend(refusal.inside.iter().cloned());
        match (refusal.is_whole, refusal.inside.is_empty()) {
            (true, true) => self.push(Rule::Format, refusal.message.clone(), value),
            (true, false) => self.push(Rule::Value, refusal.message.clone(), value),
            (false, _) => self.report(&refusal.message, value),
        }
        self.path.truncate(depth);
    }

    pub(super) fn push(&mut self, rule: Rule, message: String, value: &Value) {
        self.problems.push(FieldProblem {
            path: self.path.clone(),
            message,
            name: "ValidationError",
            value: value.clone(),
            rule,
        });
    }

    /// The path as Strapi's messages write it: `blocks[2].title`.
    fn label(&self) -> String {
        let mut label = String::new();
        for part in &self.path {
            if is_index(part) {
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
            return self.null(scope, field);
        }
        match &field.kind {
            FieldKind::Relation(relation) => {
                self.unlinkable(relation.target.as_deref(), value);
                self.relation_keys(value);
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
            // Publishing looks at the draft, where what is missing is null.
            match self.has_drafts && is_plain_text(&field.kind) {
                true => self.report(&scalar::wrong_type("string", &Value::Null), &Value::Null),
                false => self.missing_value(),
            }
        }
        None
    }

    fn null(&mut self, scope: &Scope<'_>, field: &Field) -> Option<Checked> {
        let is_list = matches!(
            field.kind,
            FieldKind::DynamicZone { .. }
                | FieldKind::Component {
                    repeatable: true,
                    ..
                }
        );
        if is_list {
            self.report(&scalar::wrong_type("array", &Value::Null), &Value::Null);
            return None;
        }
        if self.needs(scope, field) {
            match is_plain_text(&field.kind) {
                true => self.report(&scalar::wrong_type("string", &Value::Null), &Value::Null),
                false => self.report("must be defined.", &Value::Null),
            }
        }
        Some(match field.kind {
            FieldKind::Relation(_) => Checked::Relation(Value::Null),
            FieldKind::Media { .. } => Checked::Media(Value::Null),
            _ => Checked::Clear,
        })
    }

    fn needs(&self, scope: &Scope<'_>, field: &Field) -> bool {
        self.mode == Mode::Publish && field.required && is_shown(field, scope.fields, scope.values)
    }

    fn scalar(&mut self, field: &Field, value: &Value) -> Option<Checked> {
        let parsed = json_in_text(&field.kind, value);
        let canonical = match scalar::canonical(&field.kind, parsed.as_ref().unwrap_or(value)) {
            Ok(canonical) => canonical,
            Err(refusal) => {
                self.refused(&refusal, value);
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

/// As in Strapi a text that is a JSON list or object is what it says, for `json` attributes.
fn json_in_text(kind: &FieldKind, value: &Value) -> Option<Value> {
    let text = value.as_str().filter(|_| *kind == FieldKind::Json)?;
    let parsed = json::parse(text.as_bytes(), &JsonLimits::default()).ok()?;
    (parsed.is_array() || parsed.is_object()).then_some(parsed)
}

fn is_plain_text(kind: &FieldKind) -> bool {
    kind.is_text() && !matches!(kind, FieldKind::Enumeration { .. })
}

fn is_index(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}
