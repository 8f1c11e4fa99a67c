//! JSON objects cut into keys and untouched texts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::ReadError;

/// An object's keys with the texts of their values, in order.
#[derive(Debug, Clone)]
pub(super) struct Raw<'a>(pub(super) Vec<(&'a str, &'a RawValue)>);

impl<'a> Raw<'a> {
    /// The text of a key's value.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| value.get())
    }

    /// A whole number.
    pub(super) fn integer(&self, key: &str) -> Option<i64> {
        self.get(key)?.parse().ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(&'de str, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(16));
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Pairs).map(Raw)
    }
}

/// Parses text that this program wrote.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|error| ReadError::Stored(error.to_string()))
}

/// The elements of an array; none if it is null or missing.
pub(super) fn elements(text: Option<&str>) -> Result<Vec<&str>, ReadError> {
    let elements: Option<Vec<&RawValue>> = parse(text.unwrap_or("null"))?;
    Ok(elements
        .unwrap_or_default()
        .into_iter()
        .map(RawValue::get)
        .collect())
}

/// Writes texts as an array.
pub(super) fn array<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::from("[");
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
    text.push(']');
    text
}
