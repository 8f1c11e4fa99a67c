//! One line of an entities part.
use std::borrow::Cow;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Result, StrapiError};

/// A row of a type; its fields are not looked at yet.
#[derive(Debug, Deserialize)]
pub(super) struct EntityLine<'l> {
    #[serde(rename = "type", borrow)]
    pub(super) uid: Text<'l>,
    pub(super) id: u64,
    #[serde(borrow)]
    pub(super) data: &'l RawValue,
}

/// A row of `plugin::i18n.locale`.
#[derive(Debug, Deserialize)]
pub(super) struct LocaleRow {
    pub(super) code: String,
    pub(super) name: Option<String>,
}

/// Parses one line of any part.
pub(super) fn parse<'l, T: Deserialize<'l>>(part: &str, line: u64, text: &'l str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| json_error(part, line, &error))
}

/// Says where JSON is wrong; the column helps in long lines.
pub(super) fn json_error(part: &str, line: u64, error: &serde_json::Error) -> StrapiError {
    StrapiError::broken(part, Some(line), error.to_string())
}

/// A string, borrowed where it has no escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text<'de>(pub(super) Cow<'de, str>);

impl<'de: 't, 't> Deserialize<'de> for Text<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> std::result::Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> std::result::Result<Self::Value, E> {
                Ok(Text(Cow::Owned(value.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}
