//! One value of a scalar kind: its canonical form, and the rules of the kind it breaks.
//!
//! Messages are Strapi's, without the path in front: `must be at least 3 characters`.

use serde_json::{Number, Value};

use super::blocks;
use super::iso;
use super::kind::{FieldKind, Range, TextRules};
pub use super::shown::{shown, wrong_type};

/// Largest whole number a JavaScript client holds exactly.
pub const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;
/// Most characters of a `string`.
pub const MAX_STRING: usize = 255;
/// Deepest nesting of a JSON value.
pub const MAX_DEPTH: usize = 32;

/// Why a value is not of its kind at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong; the path goes in front unless [`Self::is_whole`].
    pub message: String,
    /// Where inside the value.
    pub inside: Vec<String>,
    /// Whether the message is complete, as Strapi's are for dates and blocks.
    pub is_whole: bool,
}

impl Refusal {
    /// A message that goes behind the path.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            inside: Vec::new(),
            is_whole: false,
        }
    }

    /// A message that stands alone.
    pub fn whole(message: impl Into<String>) -> Self {
        Self {
            is_whole: true,
            ..Self::new(message)
        }
    }
}

/// The canonical form of a value that is not null.
///
/// # Errors
/// When the value is not of the kind at all; that is refused in drafts too.
pub fn canonical(kind: &FieldKind, value: &Value) -> Result<Value, Refusal> {
    match kind {
        FieldKind::String(_)
        | FieldKind::Text(_)
        | FieldKind::RichText(_)
        | FieldKind::Email(_)
        | FieldKind::Password(_)
        | FieldKind::Uid(_) => text(value),
        FieldKind::Enumeration { values } => one_of(values, value),
        FieldKind::Integer(_) => integer(value),
        FieldKind::BigInteger(_) => big_integer(value),
        FieldKind::Float(_) | FieldKind::Decimal(_) => number(value),
        FieldKind::Boolean => boolean(value),
        FieldKind::Date => date(value),
        FieldKind::Time => time(value),
        FieldKind::DateTime | FieldKind::Timestamp => datetime(value),
        FieldKind::Blocks => blocks::check(value).map(|()| value.clone()),
        FieldKind::Json | FieldKind::Custom => shallow(value),
        FieldKind::Media { .. }
        | FieldKind::Relation(_)
        | FieldKind::Component { .. }
        | FieldKind::DynamicZone { .. } => Err(Refusal::new("does not hold a scalar")),
    }
}

/// Which rules a canonical value breaks that hold for drafts and published entries alike.
pub fn broken_always(kind: &FieldKind, value: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    match (kind, value) {
        (FieldKind::Integer(range), Value::Number(number)) => {
            outside(*range, number.as_i64(), &mut broken);
        }
        (FieldKind::BigInteger(range), Value::String(digits)) => {
            outside(*range, digits.parse().ok(), &mut broken);
        }
        (FieldKind::Float(range) | FieldKind::Decimal(range), Value::Number(number)) => {
            outside(*range, number.as_f64(), &mut broken);
        }
        (_, Value::String(text)) => too_long(kind, text, &mut broken),
        _ => {}
    }
    broken
}

/// Which rules a canonical value breaks that hold only when it is published.
pub fn broken_on_publish(kind: &FieldKind, required: bool, value: &Value) -> Vec<String> {
    let (Some(rules), Value::String(text)) = (kind.text_rules(), value) else {
        return Vec::new();
    };
    let mut broken = Vec::new();
    if let Some(min) = rules
        .min_length
        .filter(|min| text.chars().count() < *min as usize)
    {
        broken.push(format!("must be at least {min} characters"));
    }
    if let Some(pattern) = &rules.pattern
        && (required || !text.is_empty())
        && !pattern.is_match(text)
    {
        broken.push(format!(
            "must match the following: \"/{}/\"",
            pattern.source()
        ));
    }
    match kind {
        FieldKind::Email(_) if text.is_empty() => broken.push("cannot be empty".to_owned()),
        FieldKind::Email(_) if !is_email(text) => broken.push("must be a valid email".to_owned()),
        FieldKind::Uid(_) if rules.pattern.is_none() && !is_slug(text) => {
            broken.push("must match the following: \"/^[A-Za-z0-9-_.~]*$/\"".to_owned());
        }
        _ => {}
    }
    broken
}

/// Whether every letter of a slug is allowed in a URL's path.
pub fn is_slug(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'))
}

/// Whether a text looks like an address: something, one `@`, a host with a dot, nothing blank.
pub fn is_email(text: &str) -> bool {
    let Some((person, host)) = text.rsplit_once('@') else {
        return false;
    };
    let clean = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && !part.contains(|letter: char| {
                letter.is_whitespace() || letter.is_control() || "<>()[],;:\\\"".contains(letter)
            })
    };
    text.len() <= 254 && clean(person) && !person.contains('@') && clean(host) && host.contains('.')
}

/// How deep a value nests: 0 for a scalar, 1 for a flat list or object.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn not_a_number(value: &Value) -> Refusal {
    Refusal::new(format!(
        "must be a `number` type, but the final value was: `NaN` (cast from the value `{}`).",
        shown(value)
    ))
}

fn text(value: &Value) -> Result<Value, Refusal> {
    match value {
        Value::String(text) if text.contains('\0') => {
            Err(Refusal::new("must not contain the character U+0000"))
        }
        Value::String(_) => Ok(value.clone()),
        other => Err(Refusal::new(wrong_type("string", other))),
    }
}

fn one_of(values: &[String], value: &Value) -> Result<Value, Refusal> {
    match value {
        Value::String(word) if values.contains(word) => Ok(value.clone()),
        // Strapi counts null among the values and prints it as nothing.
        _ => Err(Refusal::new(format!(
            "must be one of the following values: {}, ",
            values.join(", ")
        ))),
    }
}

fn integer(value: &Value) -> Result<Value, Refusal> {
    let number = number(value)?;
    match number.as_i64().or_else(|| whole(number.as_f64()?)) {
        Some(number) if number.unsigned_abs() <= MAX_SAFE_INTEGER.unsigned_abs() => {
            Ok(Value::from(number))
        }
        Some(_) => Err(Refusal::new(format!(
            "must be between -{MAX_SAFE_INTEGER} and {MAX_SAFE_INTEGER}"
        ))),
        None => Err(Refusal::new("must be an integer")),
    }
}

fn whole(number: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "the range is checked first"
    )]
    (number.fract() == 0.0 && number.abs() <= MAX_SAFE_INTEGER as f64).then_some(number as i64)
}

fn big_integer(value: &Value) -> Result<Value, Refusal> {
    let parsed: Option<i64> = match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) if is_whole_text(text) => text.parse().ok(),
        _ => None,
    };
    match parsed {
        Some(number) => Ok(Value::String(number.to_string())),
        None => Err(Refusal::new("must be a valid integer")),
    }
}

/// A number, or a text that writes one, as Strapi casts it.
fn number(value: &Value) -> Result<Value, Refusal> {
    let parsed = match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) if is_number_text(text) => match text.parse::<i64>() {
            Ok(whole) => Some(Value::from(whole)),
            Err(_) => text
                .parse()
                .ok()
                .and_then(Number::from_f64)
                .map(Value::Number),
        },
        _ => None,
    };
    parsed
        .filter(|number| number.as_f64().is_some_and(f64::is_finite))
        .ok_or_else(|| not_a_number(value))
}

fn boolean(value: &Value) -> Result<Value, Refusal> {
    let word = match value {
        Value::Bool(_) => return Ok(value.clone()),
        Value::String(word) => word.to_ascii_lowercase(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    match word.as_str() {
        "true" | "1" => Ok(Value::Bool(true)),
        "false" | "0" => Ok(Value::Bool(false)),
        _ => Err(Refusal::new(wrong_type("boolean", value))),
    }
}

fn date(value: &Value) -> Result<Value, Refusal> {
    let text = value.as_str().unwrap_or_default();
    let has_shape = text.len() >= 10
        && text
            .bytes()
            .take(10)
            .enumerate()
            .all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
    match iso::date(text) {
        Some(day) => Ok(Value::String(day)),
        None if has_shape => Err(Refusal::whole("Invalid date")),
        None => Err(Refusal::whole("Invalid format, expected yyyy-MM-dd")),
    }
}

fn time(value: &Value) -> Result<Value, Refusal> {
    let parsed = value.as_str().and_then(iso::time).map(Value::String);
    parsed.ok_or_else(|| Refusal::whole("Invalid time format, expected HH:mm:ss.SSS"))
}

fn datetime(value: &Value) -> Result<Value, Refusal> {
    let parsed = match value {
        Value::Number(number) => number.as_i64().and_then(iso::datetime_from_millis),
        Value::String(text) => iso::datetime(text).or_else(|| {
            let digits = text.len() >= 9 && is_whole_text(text);
            if digits {
                iso::datetime_from_millis(text.parse().ok()?)
            } else {
                None
            }
        }),
        _ => None,
    };
    parsed
        .map(Value::String)
        .ok_or_else(|| Refusal::whole("Invalid format, expected a timestamp or an ISO date"))
}

fn shallow(value: &Value) -> Result<Value, Refusal> {
    if depth(value) > MAX_DEPTH {
        return Err(Refusal::new(format!(
            "must not nest deeper than {MAX_DEPTH} levels"
        )));
    }
    Ok(value.clone())
}

/// A plain decimal number; `inf`, `nan`, hexadecimal and blanks are not numbers here.
fn is_number_text(text: &str) -> bool {
    let start = text.strip_prefix('-').unwrap_or(text);
    text.len() <= 40
        && start.starts_with(|first: char| first.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
}

fn is_whole_text(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn outside<T: PartialOrd + std::fmt::Display>(
    range: Range<T>,
    value: Option<T>,
    broken: &mut Vec<String>,
) {
    let Some(value) = value else { return };
    if let Some(min) = range.min.filter(|min| value < *min) {
        broken.push(format!("must be greater than or equal to {min}"));
    }
    if let Some(max) = range.max.filter(|max| value > *max) {
        broken.push(format!("must be less than or equal to {max}"));
    }
}

fn too_long(kind: &FieldKind, text: &str, broken: &mut Vec<String>) {
    let Some(TextRules { max_length, .. }) = kind.text_rules() else {
        return;
    };
    let one_line = matches!(
        kind,
        FieldKind::String(_) | FieldKind::Email(_) | FieldKind::Uid(_) | FieldKind::Password(_)
    );
    let limit = match max_length {
        Some(max) if one_line => Some((*max as usize).min(MAX_STRING)),
        Some(max) => Some(*max as usize),
        None if one_line => Some(MAX_STRING),
        None => None,
    };
    if let Some(max) = limit.filter(|max| text.chars().count() > *max) {
        broken.push(format!("must be at most {max} characters"));
    }
}
