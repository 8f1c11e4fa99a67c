//! What becomes of stored values when a field changes its kind.
//!
//! [`fit`] tells whether values stay, are converted one by one, or have no meaning in the new kind. In the
//! last case the plan drops the old field to the trash and adds a new one, so nothing is destroyed.

use serde_json::Value;

use super::kind::{FieldKind, Relation, RelationKind};
use super::{iso, scalar};

#[cfg(test)]
mod tests;

/// How the values of one kind fit another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Stored values are valid as they are, or at worst break a rule that the next save will name.
    AsIs,
    /// Each value goes through [`convert`], or surplus links or items are cut off.
    Converted,
    /// The values mean nothing in the other kind.
    Never,
}

/// How values of `from` fit `to`.
pub fn fit(from: &FieldKind, to: &FieldKind) -> Fit {
    use FieldKind as K;
    match (from, to) {
        (K::Relation(from), K::Relation(to)) => relations(from, to),
        (K::Media { multiple: from, .. }, K::Media { multiple: to, .. }) => {
            as_is_unless(*from && !to)
        }
        (
            K::Component {
                component: from,
                repeatable: many,
                ..
            },
            K::Component {
                component: to,
                repeatable: still_many,
                ..
            },
        ) => match from == to {
            true => as_is_unless(*many && !still_many),
            false => Fit::Never,
        },
        (
            K::DynamicZone {
                components: from, ..
            },
            K::DynamicZone { components: to, .. },
        ) => as_is_unless(from.iter().any(|uid| !to.contains(uid))),
        (K::Enumeration { values: from }, K::Enumeration { values: to }) => {
            as_is_unless(from.iter().any(|word| !to.contains(word)))
        }
        (K::Password(_), K::Password(_)) | (K::Custom, K::Custom) => Fit::AsIs,
        (K::Password(_), _) | (_, K::Password(_)) => Fit::Never,
        _ if !from.is_scalar() || !to.is_scalar() => Fit::Never,
        _ if from.name() == to.name() => Fit::AsIs,
        _ => scalars(from, to),
    }
}

/// Whether a change cuts links or items off lists rather than converting values.
pub fn drops_items(from: &FieldKind, to: &FieldKind) -> bool {
    fit(from, to) == Fit::Converted && !from.is_scalar()
}

/// Whether [`convert`] accepts every value of the kind.
pub fn is_lossless(from: &FieldKind, to: &FieldKind) -> bool {
    use FieldKind as K;
    if from.is_link() || from.is_nested() {
        return false;
    }
    matches!(
        (from, to),
        (_, K::Json | K::Text(_) | K::RichText(_))
            | (
                K::Boolean | K::Date | K::Time | K::DateTime | K::Timestamp | K::Integer(_),
                K::String(_)
            )
            | (
                K::BigInteger(_)
                    | K::Float(_)
                    | K::Decimal(_)
                    | K::Email(_)
                    | K::Uid(_)
                    | K::Enumeration { .. },
                K::String(_)
            )
            | (
                K::Integer(_),
                K::BigInteger(_) | K::Float(_) | K::Decimal(_)
            )
            | (K::Float(_), K::Decimal(_))
            | (K::Decimal(_), K::Float(_))
            | (K::Date, K::DateTime | K::Timestamp)
            | (K::DateTime, K::Timestamp)
            | (K::Timestamp, K::DateTime)
            | (K::DateTime | K::Timestamp, K::Date | K::Time)
            | (
                K::Boolean,
                K::Integer(_) | K::BigInteger(_) | K::Float(_) | K::Decimal(_)
            )
    )
}

/// Why a value has no counterpart in the other kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value has no counterpart in the new kind")]
pub struct NotConvertible;

/// Converts one stored value that is not null.
///
/// # Errors
/// [`NotConvertible`] when the value means nothing in the new kind.
pub fn convert(value: &Value, from: &FieldKind, to: &FieldKind) -> Result<Value, NotConvertible> {
    if fit(from, to) == Fit::Never {
        return Err(NotConvertible);
    }
    if !from.is_scalar() {
        return Ok(value.clone());
    }
    let candidate = candidate(value, from, to).ok_or(NotConvertible)?;
    let converted = scalar::canonical(to, &candidate).map_err(|_| NotConvertible)?;
    match scalar::broken_always(to, &converted).is_empty() {
        true => Ok(converted),
        false => Err(NotConvertible),
    }
}

/// The value in a form that the new kind reads.
fn candidate(value: &Value, from: &FieldKind, to: &FieldKind) -> Option<Value> {
    use FieldKind as K;
    match to {
        K::Json | K::Custom => Some(value.clone()),
        K::Blocks => Some(paragraphs(&as_text(value, from)?)),
        K::Integer(_) | K::BigInteger(_) | K::Float(_) | K::Decimal(_) => number(value),
        K::Boolean => truth(value),
        K::Date => day(value),
        K::Time => match from {
            K::DateTime | K::Timestamp => value.as_str()?.get(11..23).map(Value::from),
            _ => Some(value.clone()),
        },
        K::DateTime | K::Timestamp => Some(value.clone()),
        _ if to.is_text() => as_text(value, from).map(Value::String),
        _ => None,
    }
}

fn as_text(value: &Value, from: &FieldKind) -> Option<String> {
    match (value, from) {
        (Value::String(text), _) => Some(text.clone()),
        (_, FieldKind::Blocks) => Some(text_of_blocks(value)),
        (Value::Null, _) => None,
        (other, _) => Some(other.to_string()),
    }
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::Bool(flag) => Some(Value::from(i64::from(*flag))),
        Value::String(text) => {
            let text = text.trim();
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            // `inf`, `nan` and hexadecimal would parse too, but nobody means them.
            if !digits.starts_with(|first: char| first.is_ascii_digit()) || text.len() > 40 {
                return None;
            }
            match text.parse::<i64>() {
                Ok(whole) => Some(Value::from(whole)),
                Err(_) => text
                    .parse::<f64>()
                    .ok()
                    .and_then(serde_json::Number::from_f64)
                    .map(Value::Number),
            }
        }
        _ => None,
    }
}

fn truth(value: &Value) -> Option<Value> {
    let word = match value {
        Value::Bool(_) => return Some(value.clone()),
        Value::Number(number) => number.to_string(),
        Value::String(word) => word.trim().to_lowercase(),
        _ => return None,
    };
    match word.as_str() {
        "true" | "1" | "yes" => Some(Value::Bool(true)),
        "false" | "0" | "no" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn day(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => iso::date(text).map(Value::String),
        _ => None,
    }
}

fn paragraphs(text: &str) -> Value {
    let paragraph = |text: &str| serde_json::json!({ "type": "paragraph", "children": [{ "type": "text", "text": text }] });
    text.split("\n\n")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(paragraph)
        .collect()
}

fn text_of_blocks(value: &Value) -> String {
    fn gather(node: &Value, text: &mut String) {
        if let Some(own) = node.get("text").and_then(Value::as_str) {
            text.push_str(own);
        }
        for child in node
            .get("children")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            gather(child, text);
        }
    }
    let blocks = value.as_array().into_iter().flatten();
    let texts = blocks.map(|block| {
        let mut text = String::new();
        gather(block, &mut text);
        text
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

fn as_is_unless(narrower: bool) -> Fit {
    if narrower { Fit::Converted } else { Fit::AsIs }
}

/// Links stay where they are as long as they are stored on the same side and point to the same type.
fn relations(from: &Relation, to: &Relation) -> Fit {
    let same_links = from.target == to.target
        && from.is_inverse() == to.is_inverse()
        && from.is_morph() == to.is_morph()
        && is_morph_inverse(from) == is_morph_inverse(to);
    if !same_links {
        return Fit::Never;
    }
    // The inverse side stores nothing that could be too much.
    let narrower = from.is_many() && !to.is_many() || to.is_exclusive() && !from.is_exclusive();
    as_is_unless(narrower && !from.is_inverse())
}

fn is_morph_inverse(relation: &Relation) -> bool {
    matches!(
        relation.kind,
        RelationKind::MorphOne | RelationKind::MorphMany
    )
}

fn scalars(from: &FieldKind, to: &FieldKind) -> Fit {
    use FieldKind as K;
    let text = |kind: &K| kind.is_text();
    let number = |kind: &K| {
        matches!(
            kind,
            K::Integer(_) | K::BigInteger(_) | K::Float(_) | K::Decimal(_) | K::Boolean
        )
    };
    let moment = |kind: &K| matches!(kind, K::Date | K::DateTime | K::Timestamp);
    let possible = match (from, to) {
        (_, K::Json) => true,
        (K::Json | K::Custom, _) | (_, K::Custom) => false,
        (K::Blocks, to) => text(to) && !matches!(to, K::Enumeration { .. }),
        (from, K::Blocks) => text(from),
        (K::Time, to) => text(to),
        (from, K::Time) => text(from) || matches!(from, K::DateTime | K::Timestamp),
        (from, to) => {
            text(from) || text(to) || number(from) && number(to) || moment(from) && moment(to)
        }
    };
    if possible { Fit::Converted } else { Fit::Never }
}
