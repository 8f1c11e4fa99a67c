//! Values of another system in the form that is stored here, without judging the content.
//!
//! A value that breaks a rule of its attribute is kept as long as it can be stored; only what has no
//! form here at all is refused.

use serde_json::Value as Json;

use crate::platform::database::Value;
use crate::schema::{FieldKind, Storage, scalar};

/// What became of a value.
#[derive(Debug, PartialEq)]
pub(super) enum Taken {
    /// It is stored as it is.
    Same(Json),
    /// It is stored, and people should know that it is odd.
    Odd(Json, &'static str),
    /// It has no form here.
    Not,
}

/// Brings a value that is not null into its canonical form.
pub(super) fn take(kind: &FieldKind, storage: Storage, value: Json) -> Taken {
    let plain_text = storage == Storage::Text && kind.text_rules().is_some();
    if let (true, Json::String(text)) = (plain_text, &value) {
        return match text.contains('\0') {
            false => Taken::Same(value),
            true => Taken::Odd(
                Json::String(text.replace('\0', "\u{fffd}")),
                "texts with the character U+0000, which was replaced by U+FFFD",
            ),
        };
    }
    match scalar::canonical(kind, &value) {
        Ok(canonical) => Taken::Same(canonical),
        Err(_) => bend(kind, storage, value),
    }
}

fn bend(kind: &FieldKind, storage: Storage, value: Json) -> Taken {
    match (kind, storage, value) {
        (FieldKind::Enumeration { .. }, _, Json::String(text)) if !text.contains('\0') => {
            Taken::Odd(
                Json::String(text),
                "values that their enumeration does not list, kept",
            )
        }
        (FieldKind::Date, _, Json::String(text)) => {
            let day = text.get(..10).map(|day| Json::String(day.to_owned()));
            let day = day.and_then(|day| scalar::canonical(kind, &day).ok());
            day.map_or(Taken::Not, |day| {
                Taken::Odd(day, "dates with a time of day, which was left out")
            })
        }
        (_, Storage::Text, Json::Number(number)) if kind.text_rules().is_some() => {
            Taken::Same(Json::String(number.to_string()))
        }
        (_, Storage::Text, Json::Bool(value)) if kind.text_rules().is_some() => {
            Taken::Same(Json::String(value.to_string()))
        }
        (_, Storage::Text, value) if kind.text_rules().is_some() => Taken::Odd(
            Json::String(value.to_string()),
            "lists and objects in texts, kept as JSON",
        ),
        (FieldKind::Integer(_), _, Json::String(digits)) => digits
            .parse::<i64>()
            .map_or(Taken::Not, |number| Taken::Same(number.into())),
        (FieldKind::Integer(_), _, Json::Number(number)) if number.is_i64() => Taken::Odd(
            Json::Number(number),
            "whole numbers that JavaScript cannot hold exactly, kept",
        ),
        (_, Storage::Real, Json::String(digits)) => {
            let number = digits.parse::<f64>().ok();
            let number = number.and_then(serde_json::Number::from_f64);
            number.map_or(Taken::Not, |number| Taken::Same(Json::Number(number)))
        }
        (_, Storage::Boolean, Json::Number(number)) => match number.as_i64() {
            Some(0) => Taken::Same(false.into()),
            Some(1) => Taken::Same(true.into()),
            _ => Taken::Not,
        },
        (_, Storage::Json, value) if scalar::depth(&value) <= scalar::MAX_DEPTH => Taken::Odd(
            value,
            "values that are not of the form of their attribute, kept",
        ),
        _ => Taken::Not,
    }
}

/// The stored form of a canonical value.
pub(super) fn column(storage: Storage, json: Json) -> Value {
    match (storage, json) {
        (_, Json::Null) => Value::Null,
        (Storage::Json, json) => Value::Text(json.to_string()),
        (Storage::Boolean, Json::Bool(value)) => Value::Bool(value),
        (Storage::Integer, Json::String(digits)) => {
            digits.parse().map_or(Value::Null, Value::Integer)
        }
        (Storage::Integer, json) => json.as_i64().into(),
        (Storage::Real, json) => json.as_f64().into(),
        (_, Json::String(text)) => Value::Text(text),
        (_, json) => Value::Text(json.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Range;

    #[test]
    fn what_has_a_form_is_kept_and_the_rest_is_named() {
        let state = FieldKind::Enumeration {
            values: vec!["new".to_owned()],
        };
        let integer = FieldKind::Integer(Range::default());
        let decimal = FieldKind::Decimal(Range::default());
        let kept = |taken: Taken| match taken {
            Taken::Same(value) | Taken::Odd(value, _) => Some(value),
            Taken::Not => None,
        };
        let cases = [
            (&state, Storage::Text, json!("old"), Some(json!("old"))),
            (&state, Storage::Text, json!(4), None),
            (
                &FieldKind::Date,
                Storage::Text,
                json!("2024-02-29T10:00:00Z"),
                Some(json!("2024-02-29")),
            ),
            (&FieldKind::Date, Storage::Text, json!("2024-02-30"), None),
            (&integer, Storage::Integer, json!("12"), Some(json!(12))),
            (&integer, Storage::Integer, json!(1.5), None),
            (&decimal, Storage::Real, json!("12.50"), Some(json!(12.5))),
            (
                &FieldKind::Boolean,
                Storage::Boolean,
                json!(1),
                Some(json!(true)),
            ),
            (&FieldKind::Boolean, Storage::Boolean, json!("maybe"), None),
            (
                &FieldKind::Blocks,
                Storage::Json,
                json!({"odd": 1}),
                Some(json!({"odd": 1})),
            ),
        ];
        for (kind, storage, value, expected) in cases {
            let found = kept(take(kind, storage, value.clone()));
            assert_eq!(found, expected, "{} {value}", kind.name());
        }
    }
}
