//! The values of one entry against its type: every rule of every attribute, all problems at once.
//!
//! As in Strapi a draft may lack what is required and be shorter than allowed, but never holds a value of the
//! wrong type. What passes is a tree of [`Checked`] values in schema order that the write path stores without
//! looking at a rule again: scalars are canonical, components carry their ids, and relations and media are as
//! they came, for whoever knows the documents.
//!
//! **Knows nothing about** what is stored: uniqueness and the targets of relations are checked elsewhere.

use serde_json::{Map, Value};

use super::{ComponentId, ContentType, Field, FieldId, Schema};
use walk::{Scope, Walk};

mod nested;
mod relations;
#[cfg(test)]
mod tests;
mod walk;

/// How strictly values are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A draft is saved: types and upper bounds hold.
    Draft,
    /// An entry is published, or its type has no drafts: every rule holds.
    Publish,
}

/// The values of an entry or component instance, in schema order; what was not given is not in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckedValues {
    values: Vec<(FieldId, Checked)>,
}

impl CheckedValues {
    /// The fields that were given or have a default.
    pub fn iter(&self) -> impl Iterator<Item = (FieldId, &Checked)> {
        self.values.iter().map(|(id, value)| (*id, value))
    }

    /// The value of one field, if it was given or has a default.
    pub fn get(&self, field: FieldId) -> Option<&Checked> {
        self.values
            .iter()
            .find(|(id, _)| *id == field)
            .map(|(_, value)| value)
    }

    /// Sets the value of one field, such as a slug made from another field.
    pub fn set(&mut self, field: FieldId, value: Checked) {
        match self.values.iter_mut().find(|(id, _)| *id == field) {
            Some((_, old)) => *old = value,
            None => self.values.push((field, value)),
        }
    }

    /// How many fields were given.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl IntoIterator for CheckedValues {
    type Item = (FieldId, Checked);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.into_iter()
    }
}

/// One value that passed.
#[derive(Debug, Clone, PartialEq)]
pub enum Checked {
    /// Null was given for a scalar, a component or a list of components: the field is cleared.
    Clear,
    /// The canonical form of a scalar, `json` and `blocks` included; never null.
    Scalar(Value),
    /// What was given for a relation, null included, as it came.
    Relation(Value),
    /// What was given for a media field, null included, as it came.
    Media(Value),
    /// One component instance.
    Component(ComponentValue),
    /// The instances of a repeatable component.
    Components(Vec<ComponentValue>),
    /// The instances of a dynamic zone.
    Zone(Vec<ComponentValue>),
}

/// One component instance that passed.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentValue {
    /// Which component it is.
    pub component: ComponentId,
    /// The id of the stored instance it continues, if one was named; fields that were not given keep their values.
    pub id: Option<i64>,
    /// Its values.
    pub values: CheckedValues,
}

/// One value that did not pass.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldProblem {
    /// Where it stands, such as `["blocks", "2", "title"]`.
    pub path: Vec<String>,
    /// Strapi's message, with the path in front.
    pub message: String,
    /// Strapi's name of the error.
    pub name: &'static str,
    /// The value as given; null when nothing was given.
    pub value: Value,
    /// Which kind of rule was broken.
    pub rule: Rule,
}

/// Which kind of rule a value broke, for those who answer Strapi's clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The key is not an attribute: Strapi answers this alone, with `details` of `key` and `path`.
    UnknownKey,
    /// Nothing was given: Strapi names no value.
    Missing,
    /// A date or time cannot be read: Strapi answers the message alone.
    Format,
    /// Any other rule of the attribute.
    Value,
}

/// Checks the values of an entry; `partial` when keys that are not given keep their stored values.
///
/// To publish an entry as it is stored, pass its whole values in the write format with `partial` false.
/// A required slug may be missing when the text it is made from is given.
///
/// # Errors
/// All problems, in schema order, unknown keys last.
pub fn validate_entry(
    schema: &Schema,
    content_type: &ContentType,
    values: &Map<String, Value>,
    mode: Mode,
    partial: bool,
) -> Result<CheckedValues, Vec<FieldProblem>> {
    validate_entry_shown(schema, content_type, values, mode, partial, &|_| true)
}

/// As [`validate_entry`] for a writer to whom only the fields of `shown` exist.
///
/// # Errors
/// As there; a field that is not shown is an unknown key.
pub fn validate_entry_shown(
    schema: &Schema,
    content_type: &ContentType,
    values: &Map<String, Value>,
    mode: Mode,
    partial: bool,
    shown: &dyn Fn(&Field) -> bool,
) -> Result<CheckedValues, Vec<FieldProblem>> {
    let mut walk = Walk::new(schema, mode, content_type.draft_and_publish, shown);
    let scope = Scope {
        fields: &content_type.fields,
        values,
        partial,
        inside: false,
    };
    let checked = walk.values(&scope);
    walk.finish(checked)
}

/// Keys of an answer that may come back in a write and are passed over, as Strapi does.
pub const IGNORED_KEYS: [&str; 2] = ["locale", "publishedAt"];

/// Whether the field is shown next to these values; see [`super::Condition`].
pub fn is_shown(field: &Field, siblings: &[Field], values: &Map<String, Value>) -> bool {
    let Some(condition) = &field.condition else {
        return true;
    };
    let decider = siblings
        .iter()
        .find(|sibling| sibling.name == condition.field);
    let default = decider.and_then(|decider| decider.default.as_ref());
    let value = values
        .get(&condition.field)
        .or(default)
        .unwrap_or(&Value::Null);
    condition.shows(value)
}
