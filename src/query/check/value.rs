//! Values of conditions: from the caller's text to the form in which the column is stored.

use serde_json::{Number, Value};

use crate::query::Column;
use crate::query::text::Param;
use crate::schema::{FieldKind, iso};

/// What a column's values are compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    Date,
    Time,
    DateTime,
    Json,
}

impl Kind {
    pub(super) fn of(column: Column<'_>) -> Self {
        match column {
            Column::Id => Self::Integer,
            Column::DocumentId | Column::Locale => Self::Text,
            Column::CreatedAt | Column::UpdatedAt | Column::PublishedAt => Self::DateTime,
            Column::Field(field) => match &field.kind {
                FieldKind::Integer(_) | FieldKind::BigInteger(_) => Self::Integer,
                FieldKind::Float(_) | FieldKind::Decimal(_) => Self::Number,
                FieldKind::Boolean => Self::Boolean,
                FieldKind::Date => Self::Date,
                FieldKind::Time => Self::Time,
                FieldKind::DateTime | FieldKind::Timestamp => Self::DateTime,
                FieldKind::Json | FieldKind::Blocks | FieldKind::Custom => Self::Json,
                _ => Self::Text,
            },
        }
    }

    /// The value in stored form, if the text has the column's form.
    pub(super) fn cast(self, text: &str) -> Option<Value> {
        match self {
            Self::Text => Some(Value::String(text.to_owned())),
            Self::Integer => integer(text).map(Value::from),
            Self::Number => number(text).map(Value::Number),
            Self::Boolean => boolean(text).map(Value::Bool),
            Self::Date => iso::date(text).map(Value::String),
            Self::Time => iso::time(text).map(Value::String),
            Self::DateTime => datetime(text).map(Value::String),
            Self::Json => None,
        }
    }

    /// What to write instead, after "Expected".
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Date => "a date as YYYY-MM-DD",
            Self::Time => "a time as HH:mm:ss.SSS",
            Self::DateTime => "an ISO date and time or a timestamp",
            Self::Json => "$null, $notNull or a $contains operator",
        }
    }

    /// Strapi's words for a date or time that cannot be read.
    pub(super) fn format(self) -> Option<&'static str> {
        match self {
            Self::Date => Some("Invalid format, expected yyyy-MM-dd"),
            Self::Time => Some("Invalid time format, expected HH:mm:ss.SSS"),
            Self::DateTime => Some("Invalid format, expected a timestamp or an ISO date"),
            _ => None,
        }
    }

    /// Whether a value that a cursor carries can be compared with the column.
    pub(super) fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) => true,
            (Self::Integer, Value::Number(number)) => number.as_i64().is_some(),
            // A biginteger is a string in answers.
            (Self::Integer, Value::String(text)) => integer(text).is_some(),
            (Self::Number, Value::Number(_)) | (Self::Boolean, Value::Bool(_)) => true,
            (Self::Text, Value::String(text)) => !text.contains('\0'),
            (Self::Date | Self::Time | Self::DateTime, Value::String(text)) => {
                self.cast(text).is_some_and(|cast| cast == *value)
            }
            _ => false,
        }
    }
}

/// `true`, `t`, `1`, `false`, `f`, `0`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "t" | "1" => Some(true),
        "false" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// As [`boolean`], of a parameter.
pub(super) fn truth(param: &Param) -> Option<bool> {
    match param {
        Param::Text(text) => boolean(text),
        _ => None,
    }
}

/// A whole number of 64 bits in plain decimal digits, `5.0` and `1e3` included.
pub(super) fn integer(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number = number(text)?.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the number is whole and within the range in which doubles are exact"
    )]
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

/// A finite decimal number; `inf`, `nan`, hexadecimal and blanks are not numbers here.
fn number(text: &str) -> Option<Number> {
    let plain = text.len() <= 40
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
    if !plain {
        return None;
    }
    text.parse().ok().and_then(Number::from_f64)
}

fn datetime(text: &str) -> Option<String> {
    iso::datetime(text).or_else(|| {
        let digits = text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits {
            iso::datetime_from_millis(text.parse().ok()?)
        } else {
            None
        }
    })
}
