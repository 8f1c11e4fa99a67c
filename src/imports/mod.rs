//! Importing: content of another system becomes documents, in one transaction.
//!
//! A reader ([`strapi`], [`wordpress`]) checks all of its source, then hands over [`record`]s on a
//! thread of its own; they become whole documents there and are written as they come. What exists here
//! already is compared first, so that running an import again changes nothing.
//!
//! Always true: the source was read to its end without an error before anything is written; all
//! documents and links appear together or not at all, and if not, types that were added for them go
//! again; what could not be taken over is in the report.
//! **Knows nothing about** HTTP and the command line. Start reading at [`import_strapi`].

mod align;
mod bulk;
mod convert;
mod error;
mod exclusive;
mod known;
mod lenient;
mod links;
mod merge;
mod produce;
pub mod record;
pub mod report;
mod run;
pub mod strapi;
mod table;
mod target;
mod waiting;
mod walk;
pub mod wordpress;
mod write;

pub use error::ImportError;
pub use run::{import_strapi, import_wordpress};

use report::ImportReport;
use strapi::CopiedMedia;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, such as `documents`.
    pub what: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// How much there is.
    pub total: u64,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// One line per change of the schema.
    pub schema: Vec<String>,
    /// Documents that are new.
    pub created: u64,
    /// Documents that existed and were different.
    pub updated: u64,
    /// Documents that existed and were equal.
    pub unchanged: u64,
    /// Media files.
    pub media: CopiedMedia,
    /// What was not taken over, or not as it was.
    pub report: ImportReport,
}
