//! The answer in the form of Strapi 4, for `Strapi-Response-Format: v4`.
//!
//! Entries become `{"id":…,"documentId":…,"attributes":{…}}`, relations and media `{"data":…}`, components stay flat.
//! Polymorphic relations stay as they are, as in Strapi 5's own rendering of this form.

use serde_json::{Map, Value, json};

use crate::query::{ListQuery, Selection, Shape};

use super::ReadError;

/// Rewrites the whole body of a list or of one entry.
///
/// # Errors
/// When the body is not JSON.
pub fn v4(body: &[u8], query: &ListQuery<'_>) -> Result<Vec<u8>, ReadError> {
    let unreadable = |error: serde_json::Error| ReadError::Stored(error.to_string());
    let mut answer: Value = serde_json::from_slice(body).map_err(unreadable)?;
    if let Some(data) = answer.get_mut("data") {
        *data = entries(data.take(), &query.selection);
    }
    serde_json::to_vec(&answer).map_err(unreadable)
}

/// An entry, several, or null.
fn entries(value: Value, selection: &Selection<'_>) -> Value {
    match value {
        Value::Array(items) => items
            .into_iter()
            .map(|item| entries(item, selection))
            .collect(),
        Value::Object(fields) => entry(fields, selection),
        other => other,
    }
}

fn entry(fields: Map<String, Value>, selection: &Selection<'_>) -> Value {
    let mut entry = Map::new();
    let mut attributes = Map::new();
    for (name, value) in fields {
        if name == "id" || name == "documentId" {
            entry.insert(name, value);
        } else {
            let value = attribute(&name, value, selection);
            attributes.insert(name, value);
        }
    }
    entry.insert("attributes".to_owned(), attributes.into());
    entry.into()
}

fn attribute(name: &str, value: Value, selection: &Selection<'_>) -> Value {
    let Some(part) = selection.populated.iter().find(|part| part.name == name) else {
        return value;
    };
    match &part.shape {
        Shape::Entries { nested, .. } => json!({ "data": entries(value, &nested.selection) }),
        Shape::Localizations { selection } => json!({ "data": entries(value, selection) }),
        Shape::Count { .. } => json!({ "data": { "attributes": value } }),
        Shape::Component { selection, .. } => components(value, selection),
        Shape::Zone { parts, .. } => zone(value, |uid| {
            let part = parts.iter().find(|(component, _)| component.uid == uid);
            part.map(|(_, selection)| selection)
        }),
        Shape::Morph { .. } => value,
    }
}

fn components(value: Value, selection: &Selection<'_>) -> Value {
    match value {
        Value::Array(items) => items
            .into_iter()
            .map(|item| components(item, selection))
            .collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let value = attribute(&name, value, selection);
                (name, value)
            })
            .collect(),
        other => other,
    }
}

fn zone<'a, 's: 'a>(
    value: Value,
    selection_of: impl Fn(&str) -> Option<&'a Selection<'s>>,
) -> Value {
    let Value::Array(items) = value else {
        return value;
    };
    let item = |item: Value| {
        let uid = item.get("__component").and_then(Value::as_str);
        match uid.and_then(&selection_of) {
            Some(selection) => components(item, selection),
            None => item,
        }
    };
    items.into_iter().map(item).collect()
}
