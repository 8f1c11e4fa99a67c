//! Why an import was refused; nothing was written then.

use super::strapi::StrapiError;
use super::wordpress::WordpressError;
use crate::platform::database::DatabaseError;
use crate::schema::definition::Problem;
use crate::schema::store::StoreError;

/// Why an import was refused; nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The Strapi project or archive cannot be read.
    #[error(transparent)]
    Strapi(#[from] StrapiError),
    /// The WordPress export cannot be read.
    #[error(transparent)]
    Wordpress(#[from] WordpressError),
    /// The operating system refused.
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// Types of the source and types that exist do not go together.
    #[error("{place}: {problem}")]
    Schema {
        /// Type and attribute.
        place: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The types of the source break rules of schema files.
    #[error("the types of the source cannot be used; correct them there and export again: {}", list(.0))]
    Definitions(Vec<Problem>),
    /// A document of the source and one that exists exclude each other.
    #[error("{place}: {problem}")]
    Conflict {
        /// Type, document and attribute.
        place: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The schema was changed by somebody else meanwhile.
    #[error("the schema was changed while the import ran; import again")]
    SchemaChanged,
    /// The stored schema could not be read or changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The reading thread ended without a word.
    #[error("reading stopped unexpectedly; import again")]
    Stopped,
}

impl ImportError {
    pub(super) fn schema(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Schema {
            place: place.into(),
            problem: problem.into(),
        }
    }
}

/// The first problems on one line.
fn list(problems: &[Problem]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = problems
        .iter()
        .take(SHOWN)
        .map(Problem::to_string)
        .collect();
    let more = match problems.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("; and {more} more"),
        _ => String::new(),
    };
    format!("{}{more}", shown.join("; "))
}
