//! Reading `strapi export` archives of Strapi 5. (Project folders are read by
//! `schema::files`; [`is_project`] tells them apart.)
//!
//! An archive is read in passes, because compressed and encrypted files cannot seek:
//! [`StrapiArchive::open`] checks every part and every line before anything is handed over, and
//! keeps an index of rows and links in memory (about 150 bytes a row, 48 bytes a link; never the
//! content). [`StrapiArchive::records`] then streams the content, one record at a time.
//! Rows become documents, links name documents, and rows of components are folded into their owner.
//!
//! **Knows nothing about** databases. Start reading at [`StrapiArchive`].
mod archive;
mod check;
mod crypt;
mod entity;
mod fingerprint;
mod hashed;
mod ids;
mod index;
mod library;
mod lines;
mod links;
mod map;
mod media;
mod metadata;
mod models;
mod parts;
mod source;
mod stream;

pub use media::CopiedMedia;
pub use models::Definition;
pub use source::{Counts, ImportLocale, StrapiArchive};

/// The uid of the type that holds uploaded files.
pub const FILE_UID: &str = "plugin::upload.file";

/// Is true for a folder with the schema files of a Strapi project, which is not an unpacked archive.
pub fn is_project(path: &std::path::Path) -> bool {
    path.join("src/api").is_dir() || path.join("src/components").is_dir()
}

/// Bounds of what an archive may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Entries outside `assets/`.
    pub entries: u64,
    /// Entries below `assets/`.
    pub assets: u64,
    /// How many times larger than the file its unpacked content may be.
    pub ratio: u64,
    /// Bytes of one JSON line.
    pub line_bytes: usize,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self {
            entries: 10_000,
            assets: 1_000_000,
            ratio: 100,
            line_bytes: 32 * 1024 * 1024,
        }
    }
}

/// Why an archive or project folder cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum StrapiError {
    /// The operating system refused.
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The path holds something else.
    #[error(
        "{0} is neither a Strapi project folder nor an archive made by `strapi export`; if it is \
         an encrypted archive, give its key"
    )]
    NotAnArchive(String),
    /// An encrypted archive without a key.
    #[error("{0} is encrypted; give the key that was used for `strapi export`")]
    KeyMissing(String),
    /// The key does not open the archive.
    #[error("the key does not open {0}; check the key, or the file is damaged")]
    WrongKey(String),
    /// Something in the archive is wrong or missing.
    #[error("{part}{}: {problem}", .line.map(|line| format!(" line {line}")).unwrap_or_default())]
    Broken {
        /// The part of the archive.
        part: String,
        /// The line in it, from 1.
        line: Option<u64>,
        /// What is wrong.
        problem: String,
    },
    /// A bound of [`ArchiveLimits`] was passed.
    #[error("{part}: {what} is over the limit of {limit}; raise the limit if you trust the file")]
    Limit {
        /// The part of the archive.
        part: String,
        /// What was counted.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// An entry that could write outside its folder, or a link.
    #[error("entry {0:?} is refused: {1}")]
    Unsafe(String, &'static str),
    /// The archive comes from another major version.
    #[error(
        "the archive was written by Strapi {0}; only Strapi 5 can be imported, upgrade the project \
         and export it again"
    )]
    Version(String),
    /// A media file could not be stored.
    #[error("cannot store media file {name}: {cause}")]
    Media {
        /// The name of the file.
        name: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// Whoever received the records gave up.
    #[error(transparent)]
    Stopped(#[from] Box<dyn std::error::Error + Send + Sync>),
}

impl StrapiError {
    fn broken(part: &str, line: Option<u64>, problem: impl Into<String>) -> Self {
        Self::Broken {
            part: part.to_owned(),
            line,
            problem: problem.into(),
        }
    }
}

type Result<T> = std::result::Result<T, StrapiError>;
