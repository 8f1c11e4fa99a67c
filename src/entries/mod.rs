//! Documents: writing, publishing, translating, deleting, restoring.
//!
//! A document has a draft and a published copy ([`tree`]); an act loads the whole document, changes
//! it in memory with a pure function and writes the difference, the version and the change log in one
//! transaction.
//!
//! What the acts mean, and the tests in `tests/documents` hold to:
//! - A link belongs to the document that owns the relation and points at a document's identity, so acts can
//!   come in any order and no link is lost. Publishing the owner publishes its links of that locale and those
//!   all locales share; a target shows once it is there in the stage that is read. A target in the trash is
//!   hidden and comes back; `set` replaces the hidden ones, too, and they can still be disconnected.
//! - Writing from the inverse side changes the owners' links in the stages written: the draft only, or both if
//!   the write publishes or the writer has no drafts, and only where the owner has that stage and locale. A
//!   localised field is changed in the writer's locale, from a type without locales in the default one. The
//!   owners get no version and no revision of it, but an entry in the log.
//! - A target of a one-to-one relation that both sides know leaves its previous owner, per stage.
//! - Shared values and links have one copy per stage: publishing a locale publishes them for all, discarding
//!   the draft of a locale resets them for all.
//! - A component item that names the id of one in the same list continues it with what is not named; any other
//!   id, or one that was named already, makes a new item.
//! - A duplicate has the working copy only, without unique values and one-to-one partners; its slugs are new.
//! - Restoring a version replaces the shared values and the locales it holds; later locales stay, and what is
//!   public stays. Draft saves of one author within minutes are one version, a discarded draft keeps its own.
//! - What comes back, deleted document or older version, is refused while another holds its slug or another
//!   unique value.
//! - Deleting the last locale deletes the document. What a deletion cascaded to is restored one by one.
//!
//! Always true: an acknowledged act is durable and whole; a published copy changes only by publishing.
//! **Knows nothing about** HTTP, callers' rights (checked before) and followers of the log.
//! Start reading at [`Entries`], then [`acts`].

pub mod acts;
pub mod audit;
mod check;
pub mod edit;
pub mod error;
mod foreign;
pub mod identity;
pub mod inverse;
pub mod links;
pub mod logged;
mod refusal;
mod request;
pub mod resolve;
mod session;
mod slugs;
pub mod store;
mod trash;
pub mod tree;
pub mod versions;
mod write;

pub use error::{EntryError, Problem};
pub use request::{Saved, Target, Which, WriteRequest};
pub use write::Entries;
