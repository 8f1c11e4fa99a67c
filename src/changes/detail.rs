//! What a change did to what is public: the values before and after, so that followers can tell which lists a
//! document enters or leaves without asking the database for a past that is gone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The public values and links of a document before and after a change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Locales that changed, by code; types without locales have one under the empty code.
    #[serde(rename = "l", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub locales: BTreeMap<String, Sides>,
    /// Public links of the document, before or after.
    #[serde(rename = "k", default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkSides>,
}

/// Values of one locale: `f<field id>`, `id`, `documentId`, `createdAt`, `updatedAt`, `publishedAt`. Texts too
/// long to be kept stand as `{"h": hash}`; a missing key is null.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sides {
    /// Before; none if the locale was not public.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Map<String, Value>>,
    /// After; none if it is not public any more.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Map<String, Value>>,
}

/// A public link of the document: field, target's number, locale, whether it was there and is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSides(
    /// The field's id.
    pub i64,
    /// The target's number.
    pub i64,
    /// The locale; empty = all.
    pub String,
    /// Whether it was there before.
    pub bool,
    /// Whether it is there after.
    pub bool,
);
