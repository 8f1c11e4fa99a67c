//! The change log: what happened, in commit order.
//!
//! Every write appends to it in its own transaction; everything that follows from a write (the delivery
//! cache, search, sync, webhooks) reads it from a cursor of its own and can start over.
//!
//! Always true: a change that a reader has seen comes before every change it has not seen. On
//! PostgreSQL numbers are taken before commit, so readers stop below the oldest transaction that
//! still runs and order by transaction first.
//! **Knows nothing about** what the changes mean. Start reading at [`append`] and [`Tail::next`].

mod cursor;
mod detail;
mod lag;
mod log;
mod prune;
mod signal;
mod tail;

pub use cursor::Cursor;
pub use detail::{Detail, LinkSides, Sides};
pub use lag::{Follower, Lag, follower, lags};
pub use log::{end, end_of, oldest, read};
pub use prune::{ChangesConfig, prune};
pub use signal::Signal;
pub use tail::Tail;

use crate::platform::database::Statement;

/// What happened to a document or to the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A document or one of its locales was made.
    Create,
    /// A stage of a document changed.
    Update,
    /// A locale became public or changed in public.
    Publish,
    /// A locale is no longer public.
    Unpublish,
    /// A document or one of its locales was moved to the trash.
    Delete,
    /// A document came back from the trash or from an older version.
    Restore,
    /// Links of a document changed from the other side.
    Link,
    /// Types, components, fields or locales changed.
    Schema,
}

impl ChangeKind {
    const ALL: [Self; 8] = [
        Self::Create,
        Self::Update,
        Self::Publish,
        Self::Unpublish,
        Self::Delete,
        Self::Restore,
        Self::Link,
        Self::Schema,
    ];

    /// The word stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Publish => "publish",
            Self::Unpublish => "unpublish",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Link => "link",
            Self::Schema => "schema",
        }
    }

    /// The kind of a stored word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One row of the log, or one about to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it stands; ask for what comes after it. Zero until it is read back.
    pub cursor: Cursor,
    /// What happened.
    pub kind: ChangeKind,
    /// The type's id; none for schema changes.
    pub type_id: Option<i64>,
    /// The document's number.
    pub doc: Option<i64>,
    /// The document's identity.
    pub document_id: Option<String>,
    /// The locale; empty for types without locales and for changes of all locales.
    pub locale: String,
    /// 0: only the draft changed, 1: what is public changed; none if it cannot be told (links changed from the
    /// other side, schema).
    pub stage: Option<i64>,
    /// Who did it.
    pub author: Option<String>,
    /// When, in stored form.
    pub at: String,
    /// A number that names this change before its place in the log is known.
    pub origin: i64,
    /// What changed in public (a [`Detail`] as JSON); none if it was not kept, then anything may have.
    pub detail: Option<String>,
}

impl Change {
    /// A change of the schema.
    pub fn of_schema(author: Option<&str>, at: &str) -> Self {
        Self {
            cursor: Cursor::default(),
            kind: ChangeKind::Schema,
            type_id: None,
            doc: None,
            document_id: None,
            locale: String::new(),
            stage: None,
            author: author.map(str::to_owned),
            at: at.to_owned(),
            origin: origin(),
            detail: None,
        }
    }

    /// Whether what is public may have changed.
    pub fn is_public(&self) -> bool {
        self.stage != Some(0)
    }

    /// What changed in public; none if it was not kept.
    pub fn detail(&self) -> Option<Detail> {
        serde_json::from_str(self.detail.as_deref()?).ok()
    }
}

/// A number for [`Change::origin`], never zero.
pub fn origin() -> i64 {
    (rand::random::<i64>() & i64::MAX) | 1
}

/// The statement that appends a change.
pub fn append(change: &Change) -> Statement {
    Statement::new(
        "insert into changes (kind, type_id, doc, document_id, locale, stage, author, at, origin, detail) \
         values ($1, cast($2 as bigint), cast($3 as bigint), $4, $5, cast($6 as bigint), $7, $8, $9, $10)",
    )
    .bind(change.kind.name())
    .bind(change.type_id)
    .bind(change.doc)
    .bind(change.document_id.as_deref())
    .bind(change.locale.as_str())
    .bind(change.stage)
    .bind(change.author.as_deref())
    .bind(change.at.as_str())
    .bind(change.origin)
    .bind(change.detail.as_deref())
}
