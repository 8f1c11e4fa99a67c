//! What an act on a document is asked for, and what it answers.

use std::sync::Arc;

use crate::changes::Change;
use crate::schema::{ContentType, Schema};

/// What a write leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Only the draft changes.
    Draft,
    /// The draft changes and is published. Types without drafts always behave so.
    Published,
}

/// Who writes what kind of document, by which schema.
#[derive(Debug, Clone)]
pub struct WriteRequest {
    /// The schema the values were checked against.
    pub schema: Arc<Schema>,
    /// The type.
    pub content_type: Arc<ContentType>,
    /// The locale code; empty for types without locales.
    pub locale: String,
    /// What the write leaves behind.
    pub target: Target,
    /// Who, as shown in versions and the log.
    pub author: Option<String>,
    /// The revision the writer started from, if it must not have changed.
    pub expected: Option<i64>,
}

/// What an act did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The document's number.
    pub doc: i64,
    /// The document's identity.
    pub document_id: String,
    /// Its revision after the act.
    pub revision: i64,
    /// What the act appended to the change log.
    pub changes: Vec<Change>,
}

/// Which document an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one with this identity.
    Id(String),
    /// The one a single type has.
    Single,
}
