//! The keys of relations: what stands beside the names of documents, which others look up.

use serde_json::Value;

use super::Rule;
use super::walk::Walk;

/// What can be done with a list of links.
const OPERATIONS: [&str; 3] = ["set", "connect", "disconnect"];
/// What may stand beside the name of a document in a relation.
const REFERENCE_KEYS: [&str; 5] = ["documentId", "id", "locale", "position", "__type"];

impl Walk<'_> {
    /// Keys of a relation that mean nothing, and locales that do not exist.
    pub(super) fn relation_keys(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.relation_item_keys(item)),
            Value::Object(object) if OPERATIONS.iter().any(|key| object.contains_key(*key)) => {
                for (key, value) in object {
                    match OPERATIONS.contains(&key.as_str()) {
                        true => match value {
                            Value::Array(items) => {
                                items.iter().for_each(|item| self.relation_item_keys(item));
                            }
                            one => self.relation_item_keys(one),
                        },
                        false if key == "options" => {}
                        false => self.unknown(key, value),
                    }
                }
            }
            one => self.relation_item_keys(one),
        }
    }

    fn relation_item_keys(&mut self, item: &Value) {
        let Value::Object(object) = item else {
            return;
        };
        for (key, value) in object {
            if !REFERENCE_KEYS.contains(&key.as_str()) {
                self.unknown(key, value);
            }
        }
        // A link is to the document, whichever locale is named; one that does not exist is a mistake.
        let locale = object.get("locale").and_then(Value::as_str);
        if let Some(code) = locale.filter(|code| self.schema.locale(code).is_none()) {
            let named = object.get("documentId").or_else(|| object.get("id"));
            let named = named.map_or_else(String::new, |id| match id {
                Value::String(id) => id.clone(),
                other => other.to_string(),
            });
            let message = format!("Document with id \"{named}\", locale \"{code}\" not found");
            self.push(Rule::Value, message, item);
        }
    }
}
