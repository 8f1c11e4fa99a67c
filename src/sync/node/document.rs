//! What an origin gives to its read nodes, as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::accounts::AccessRows;
use crate::changes::Change;
use crate::platform::database::{FORMAT, Value};
use crate::schema::store::SchemaRows;
use crate::schema::{ContentType, Field, Storage};

/// The version of the form below.
pub(super) const VERSION: i64 = 1;

/// One answer of an origin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// The version of this form, and of the database behind it.
    pub(super) version: (i64, i64),
    /// Names the origin's history.
    pub(super) log_id: String,
    /// The schema, if the node has another one; then nothing else is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) schema: Option<SchemaRows>,
    /// Tokens and rights, if the node has others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) access: Option<AccessRows>,
    /// Documents, as they are now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) documents: Vec<Document>,
    /// Lines of the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) changes: Vec<Line>,
    /// Where to go on in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// Whether more follows at once.
    pub(super) has_more: bool,
}

impl Answer {
    pub(super) fn empty(log_id: &str) -> Self {
        Self {
            version: (VERSION, FORMAT),
            log_id: log_id.to_owned(),
            schema: None,
            access: None,
            documents: Vec::new(),
            changes: Vec::new(),
            token: None,
            has_more: false,
        }
    }
}

/// A document's public rows; none if it is not public.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Document {
    pub(super) doc: i64,
    pub(super) type_id: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) public: Option<Public>,
}

/// What is public of a document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Public {
    pub(super) document_id: String,
    pub(super) revision: i64,
    pub(super) created_at: String,
    /// The document's row ([`main_columns`]).
    pub(super) main: Vec<Json>,
    /// Its rows per locale ([`locale_columns`]).
    pub(super) locales: Vec<Vec<Json>>,
    /// Of the drafts: number, locale, when it last changed.
    pub(super) drafts: Vec<(i64, String, Option<String>)>,
    /// Field, locale, item, position, target, position seen from the target.
    pub(super) links: Vec<(i64, String, i64, i64, i64, i64)>,
}

/// A line of the log: kind, type, document, identity, locale, stage, time, origin, detail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) kind: String,
    pub(super) type_id: Option<i64>,
    pub(super) doc: Option<i64>,
    pub(super) document_id: Option<String>,
    pub(super) locale: String,
    pub(super) stage: Option<i64>,
    pub(super) at: String,
    pub(super) origin: i64,
    pub(super) detail: Option<String>,
}

impl Line {
    pub(super) fn of(change: &Change) -> Self {
        Self {
            kind: change.kind.name().to_owned(),
            type_id: change.type_id,
            doc: change.doc,
            document_id: change.document_id.clone(),
            locale: change.locale.clone(),
            stage: change.stage,
            at: change.at.clone(),
            origin: change.origin,
            detail: change.detail.clone(),
        }
    }
}

/// The stamps every row has.
const STAMPS: [&str; 5] = [
    "created_at",
    "updated_at",
    "published_at",
    "created_by",
    "updated_by",
];

/// A column of a row and how its values are stored.
pub(super) type ColumnOf = (String, Storage);

/// The columns of a document's row.
pub(super) fn main_columns(one: &ContentType) -> Vec<ColumnOf> {
    let keys = [("id", Storage::Integer), ("document_id", Storage::Text)];
    columns(&keys, one, false)
}

/// The columns of a row of one locale.
pub(super) fn locale_columns(one: &ContentType) -> Vec<ColumnOf> {
    let keys = [
        ("id", Storage::Integer),
        ("doc", Storage::Integer),
        ("locale", Storage::Text),
    ];
    columns(&keys, one, true)
}

fn columns(keys: &[(&str, Storage)], one: &ContentType, per_locale: bool) -> Vec<ColumnOf> {
    let own = |field: &&Field| field.storage().is_column() && field.localized == per_locale;
    let keys = keys
        .iter()
        .map(|(name, storage)| ((*name).to_owned(), *storage));
    let stamps = STAMPS
        .iter()
        .map(|name| ((*name).to_owned(), Storage::Text));
    let fields = one.fields.iter().filter(own);
    let fields = fields.map(|field| (field.column(), field.storage()));
    keys.chain(stamps).chain(fields).collect()
}

/// A stored value as JSON.
pub(super) fn to_json(value: &Value, storage: Storage) -> Json {
    match (value, storage) {
        (Value::Integer(value), Storage::Boolean) => Json::from(*value != 0),
        (Value::Null | Value::Bytes(_), _) => Json::Null,
        (Value::Bool(value), _) => Json::from(*value),
        (Value::Integer(value), _) => Json::from(*value),
        (Value::Real(value), _) => Json::from(*value),
        (Value::Text(value), _) => Json::from(value.as_str()),
    }
}

/// The stored value of a JSON; none if it does not fit the column.
pub(super) fn from_json(value: &Json, storage: Storage) -> Option<Value> {
    Some(match (value, storage) {
        (Json::Null, _) => Value::Null,
        (value, Storage::Integer) => Value::Integer(value.as_i64()?),
        (value, Storage::Real) => Value::Real(value.as_f64()?),
        (value, Storage::Boolean) => Value::Bool(value.as_bool()?),
        (value, _) => Value::Text(value.as_str()?.to_owned()),
    })
}
