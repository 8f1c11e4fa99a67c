//! Documents: writing, publishing, translating, deleting, restoring.
//!
//! A document has a draft and a published copy ([`tree`]); an act loads the whole document, changes
//! it in memory with a pure function and writes the difference, the version and the change log in one
//! transaction. A link belongs to the document that owns the relation and points at a document's
//! identity, so acts can come in any order and no link is lost: publishing the owner publishes its
//! links, and a target shows once it is there in the stage that is read. Writing from the inverse side
//! changes the owners' links in the stages written.
//!
//! Always true: an acknowledged act is durable and whole; a published copy changes only by publishing.
//! **Knows nothing about** HTTP, callers' rights (checked before) and followers of the log.
//! Start reading at [`Entries`], then [`acts`].

pub mod acts;
pub mod audit;
mod check;
pub mod edit;
pub mod error;
pub mod inverse;
pub mod links;
pub mod resolve;
mod slugs;
pub mod store;
mod trash;
pub mod tree;
pub mod versions;
mod write;

pub use error::{EntryError, Problem};
pub use write::{Entries, Saved, Target, Which, WriteRequest};
