//! The change log: what happened, in commit order.
//!
//! Every write appends to it in its own transaction; everything that follows from a write (totals,
//! later search, caches and webhooks) reads it from a cursor of its own and can start over.
//!
//! Always true: a change that a reader has seen comes before every change it has not seen. On
//! PostgreSQL numbers are taken before commit, so readers stop below the oldest transaction that
//! still runs and order by transaction first.
//! **Knows nothing about** what the changes mean. Start reading at [`append`] and [`read`].

use crate::platform::database::{Database, DatabaseError, Dialect, Row, Statement};

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
}

/// A change about to be appended.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// What happened.
    pub kind: ChangeKind,
    /// The type's id; none for schema changes.
    pub type_id: Option<i64>,
    /// The document's number.
    pub doc: Option<i64>,
    /// The document's identity.
    pub document_id: Option<&'a str>,
    /// The locale, empty for types without locales.
    pub locale: &'a str,
    /// 0 draft, 1 published.
    pub stage: Option<i64>,
    /// Who did it.
    pub author: Option<&'a str>,
    /// When, in stored form.
    pub at: &'a str,
}

/// The statement that appends a change.
pub fn append(change: &Change<'_>) -> Statement {
    Statement::new(
        "insert into changes (kind, type_id, doc, document_id, locale, stage, author, at) \
         values ($1, cast($2 as bigint), cast($3 as bigint), $4, $5, cast($6 as bigint), $7, $8)",
    )
    .bind(change.kind.name())
    .bind(change.type_id)
    .bind(change.doc)
    .bind(change.document_id)
    .bind(change.locale)
    .bind(change.stage)
    .bind(change.author)
    .bind(change.at)
}

/// A position in the log. SQLite: `(0, seq)`; PostgreSQL: `(transaction, seq)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor {
    /// The writing transaction on PostgreSQL.
    pub transaction: i64,
    /// The number of the change.
    pub seq: i64,
}

/// One row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands; ask for what comes after it.
    pub cursor: Cursor,
    /// The stored word of what happened.
    pub kind: String,
    /// The type's id.
    pub type_id: Option<i64>,
    /// The document's number.
    pub doc: Option<i64>,
    /// The document's identity.
    pub document_id: Option<String>,
    /// The locale.
    pub locale: String,
}

/// Up to `limit` changes after a cursor, in commit order.
///
/// # Errors
/// When the database fails.
pub async fn read(
    database: &Database,
    after: Cursor,
    limit: u32,
) -> Result<Vec<Entry>, DatabaseError> {
    let sql = match database.dialect() {
        Dialect::Sqlite => {
            "select 0, seq, kind, type_id, doc, document_id, locale from changes \
             where seq > $2 and $1 >= 0 order by seq limit $3"
        }
        Dialect::Postgres => {
            "select xid::text::bigint, seq, kind, type_id, doc, document_id, locale from changes \
             where (xid, seq) > ($1::text::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot()) \
             order by xid, seq limit $3"
        }
    };
    let statement = Statement::new(sql);
    let statement = match database.dialect() {
        Dialect::Sqlite => statement.bind(after.transaction),
        Dialect::Postgres => statement.bind(after.transaction.to_string()),
    };
    let rows = database
        .fetch_all(statement.bind(after.seq).bind(limit))
        .await?;
    rows.iter().map(entry).collect()
}

/// The end of the log as a cursor.
///
/// # Errors
/// When the database fails.
pub async fn end(database: &Database) -> Result<Cursor, DatabaseError> {
    let sql = database.dialect().pick(
        "select 0, coalesce(max(seq), 0) from changes",
        "select xid::text::bigint, seq from changes where xid < pg_snapshot_xmin(pg_current_snapshot()) \
         order by xid desc, seq desc limit 1",
    );
    let row = database.fetch_optional(Statement::new(sql)).await?;
    row.map_or(Ok(Cursor::default()), |row| cursor(&row))
}

fn cursor(row: &Row) -> Result<Cursor, DatabaseError> {
    Ok(Cursor {
        transaction: row.integer(0)?,
        seq: row.integer(1)?,
    })
}

fn entry(row: &Row) -> Result<Entry, DatabaseError> {
    Ok(Entry {
        cursor: cursor(row)?,
        kind: row.text(2)?.to_owned(),
        type_id: row.integer_or_null(3)?,
        doc: row.integer_or_null(4)?,
        document_id: row.text_or_null(5)?.map(str::to_owned),
        locale: row.text_or_null(6)?.unwrap_or_default().to_owned(),
    })
}
