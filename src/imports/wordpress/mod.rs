//! Reading WordPress: export files (WXR 1.0 to 1.2).
//!
//! A file is read twice. [`check`] goes through all of it before anything is handed over, refuses
//! what is broken with the line, and keeps a small index: names of terms and authors, about 30
//! bytes an item, never the content. [`records`] then streams the content, one record at a time.
//! The same file always gives the same document ids, so an import can run again.
//!
//! Only what WordPress shows to everybody is published: drafts, private, scheduled and
//! password-protected entries, and what hangs on them, become drafts.
//!
//! **Knows nothing about** databases. Start reading at [`check`].
mod comments;
mod dates;
mod element;
mod entities;
mod entries;
mod identity;
mod index;
mod item;
mod media;
mod menus;
mod names;
mod parts;
mod php;
mod reader;
mod records;
mod remarks;
mod slugs;
mod source;
mod stream;
mod survey;
mod terms;
mod types;

#[cfg(test)]
mod tests;

pub use item::{Author, Channel, Comment, Event, Item, ItemTerm, Term};
pub use reader::WxrReader;
pub use records::{Records, records};
pub use survey::{Counts, Survey, check};
pub use types::Definition;

/// The uid of the type that holds uploaded files.
pub const FILE_UID: &str = "plugin::upload.file";

/// Bounds of what an export file may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WxrLimits {
    /// Bytes of one element below the channel, such as a post with its comments.
    pub element_bytes: u64,
    /// Elements inside one of these.
    pub element_nodes: usize,
    /// How deep elements may be nested.
    pub depth: usize,
    /// Types and taxonomies that are not WordPress's own.
    pub custom_types: usize,
    /// Authors, and terms of all taxonomies.
    pub terms: usize,
}

impl Default for WxrLimits {
    fn default() -> Self {
        Self {
            element_bytes: 32 * 1024 * 1024,
            element_nodes: 400_000,
            depth: 16,
            custom_types: 100,
            terms: 500_000,
        }
    }
}

/// Why an export file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum WordpressError {
    /// The operating system refused.
    #[error("cannot read line {line}: {cause}")]
    Unreadable {
        /// The line, from 1.
        line: u64,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The file is no well-formed XML, or lacks what an export must have.
    #[error("line {line}: {problem}")]
    Broken {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// The file holds something else.
    #[error(
        "line {line}: {problem}; export the site again with Tools → Export and choose all content"
    )]
    NotAnExport {
        /// The line, from 1.
        line: u64,
        /// What was found instead.
        problem: String,
    },
    /// The file declares document types or entities, which no export does and attacks do.
    #[error("line {line}: a document type declaration is refused; remove it if you trust the file")]
    Doctype {
        /// The line, from 1.
        line: u64,
    },
    /// A bound of [`WxrLimits`] was passed.
    #[error(
        "line {line}: {what} is over the limit of {limit}; raise the limit if you trust the file"
    )]
    Limit {
        /// The line, from 1.
        line: u64,
        /// What was counted.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
}

impl WordpressError {
    /// The line where reading stopped, from 1.
    pub fn line(&self) -> u64 {
        match self {
            Self::Unreadable { line, .. }
            | Self::Broken { line, .. }
            | Self::NotAnExport { line, .. }
            | Self::Doctype { line }
            | Self::Limit { line, .. } => *line,
        }
    }

    fn broken(line: u64, problem: impl Into<String>) -> Self {
        Self::Broken {
            line,
            problem: problem.into(),
        }
    }
}

type Result<T> = std::result::Result<T, WordpressError>;
