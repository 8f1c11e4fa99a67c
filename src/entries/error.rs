//! Why a document could not be changed.

use serde_json::Value as Json;

use crate::platform::database::DatabaseError;

/// One thing that is wrong with the values of a write.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Where, as attribute names and item indexes.
    pub path: Vec<String>,
    /// What, in words.
    pub message: String,
    /// The value as the client sent it.
    pub value: Json,
}

/// Why a document could not be changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EntryError {
    /// There is no such document, locale or version.
    #[error("the document does not exist")]
    NotFound,
    /// The values break rules of the type.
    #[error("{} value(s) are not valid", .0.len())]
    Invalid(Vec<Problem>),
    /// The document has moved on since the writer read it.
    #[error("the document is at revision {found}, the write started from {expected}")]
    Stale {
        /// The revision the writer named.
        expected: i64,
        /// The revision found.
        found: i64,
    },
    /// Others point at the document and their relation forbids to delete it.
    #[error("{count} document(s) still link here through `{field}`")]
    InUse {
        /// The attribute of the other type.
        field: String,
        /// How many.
        count: i64,
    },
    /// The act makes no sense for this type or document.
    #[error("{0}")]
    Refused(String),
    /// An item of this attribute names an id that is not stored where it stands.
    #[error("Some of the provided components in {0} are not related to the entity")]
    ForeignItem(String),
    /// The schema changed while the write was on its way; load it again and retry.
    #[error("the schema has changed")]
    SchemaChanged,
    /// The mark that was to be set with the act could not be: it has happened already, or must not any more.
    #[error("it has been done or called off already")]
    Taken,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl EntryError {
    /// A single problem at a path.
    pub fn invalid(path: &[&str], message: impl Into<String>, value: Json) -> Self {
        Self::Invalid(vec![Problem {
            path: path.iter().map(|step| (*step).to_owned()).collect(),
            message: message.into(),
            value,
        }])
    }
}
