//! Values as messages show them.

use serde_json::Value;

/// A rendering of a value for messages: texts in quotes, lists and objects over several lines with every value
/// as a text, as Strapi's messages show them; long ones are cut.
pub fn shown(value: &Value) -> String {
    const LONGEST: usize = 500;
    let text = match value {
        Value::Array(_) | Value::Object(_) => {
            serde_json::to_string_pretty(&leaves_as_texts(value)).unwrap_or_default()
        }
        leaf => shown_leaf(leaf),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars()
        .take(LONGEST)
        .chain(std::iter::once('…'))
        .collect()
}

fn shown_leaf(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

fn leaves_as_texts(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(leaves_as_texts).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), leaves_as_texts(value)))
            .collect(),
        leaf => Value::String(shown_leaf(leaf)),
    }
}

/// The message for a value of the wrong JSON type.
pub fn wrong_type(expected: &str, value: &Value) -> String {
    format!(
        "must be a `{expected}` type, but the final value was: `{}`.",
        shown(value)
    )
}
