//! What every importer hands over: one record per stage and locale of a document.
//!
//! A record is independent of where it came from: values are in the form of a delivery write, and
//! links name documents by id, whether or not these were handed over already.
//!
//! **Knows nothing about** archives, files or databases.
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which stages of a document a record fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ImportStage {
    /// Only the draft; the published stage comes in its own record or does not exist.
    Draft,
    /// Only the published stage.
    Published,
    /// Draft and published are equal.
    Both,
}

/// One stage and locale of a document, ready to be written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// The uid of the content type, such as `api::article.article`.
    pub content_type: String,
    /// The id of the document.
    pub document_id: String,
    /// The locale code, for localised types.
    pub locale: Option<String>,
    /// The stages that this record fills.
    pub stage: ImportStage,
    /// Scalars, components and dynamic zones (with `__component`), without links.
    pub values: Map<String, Value>,
    /// Relations and media, at any depth.
    pub relations: Vec<ImportLink>,
    /// When the document was created, if the source says so.
    pub created_at: Option<String>,
    /// When it was last changed, if the source says so.
    pub updated_at: Option<String>,
    /// When it was published, if it is.
    pub published_at: Option<String>,
}

/// The targets of one relation or media field, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportLink {
    /// Where the field is, seen from the record.
    pub path: Vec<PathStep>,
    /// The documents that the field points at, each once.
    pub targets: Vec<ImportTarget>,
}

/// One step on the way to a field inside components.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PathStep {
    /// The field of this name.
    Field(String),
    /// The item of this index in a repeatable component or a dynamic zone.
    Item(usize),
}

/// One document that a link points at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportTarget {
    /// The id of the document.
    pub document_id: String,
    /// Orders the owners as seen from this target through the inverse field; any number.
    pub back_position: Option<f64>,
}
