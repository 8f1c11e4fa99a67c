//! The identity row of a document: finding it, locking it against other writers, making it, counting revisions.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tree::Document;
use crate::platform::database::{
    Database, DatabaseError, Dialect, Row as DatabaseRow, Statement, Transaction,
};
use crate::schema::ContentType;

/// The identity row of a document.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its number.
    pub doc: i64,
    /// Its identity.
    pub document_id: String,
    /// Its type.
    pub type_id: i64,
    /// Its revision.
    pub revision: i64,
    /// When it was made.
    pub created_at: String,
    /// When it was moved to the trash.
    pub trashed_at: Option<String>,
}

const IDENTITY: &str =
    "select doc, document_id, type_id, revision, created_at, trashed_at from documents";

/// Finds a document by identity and locks it against other writers.
pub async fn find(
    tx: &mut Transaction,
    document_id: &str,
) -> Result<Option<Identity>, DatabaseError> {
    let lock = tx.dialect().pick("", " for update");
    let sql = format!("{IDENTITY} where document_id = $1{lock}");
    let row = tx
        .fetch_optional(Statement::new(sql).bind(document_id))
        .await?;
    row.as_ref().map(read).transpose()
}

/// Finds the document of a single type, locking it.
pub async fn find_single(
    tx: &mut Transaction,
    content_type: &ContentType,
) -> Result<Option<Identity>, DatabaseError> {
    let lock = tx.dialect().pick("", " for update");
    let mut tables = content_type
        .stages()
        .iter()
        .map(|stage| format!("select id from {}", content_type.table(*stage)));
    let union = tables.by_ref().collect::<Vec<_>>().join(" union ");
    let sql = format!("{IDENTITY} where doc in ({union}) order by doc limit 1{lock}");
    let row = tx.fetch_optional(Statement::new(sql)).await?;
    row.as_ref().map(read).transpose()
}

/// The identity of the document of a single type, without a lock.
pub async fn single_id(
    database: &Database,
    content_type: &ContentType,
) -> Result<Option<String>, DatabaseError> {
    let tables = content_type.stages().iter();
    let tables = tables.map(|stage| format!("select id from {}", content_type.table(*stage)));
    let union = tables.collect::<Vec<_>>().join(" union ");
    let sql =
        format!("select document_id from documents where doc in ({union}) order by doc limit 1");
    let row = database.fetch_optional(Statement::new(sql)).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Numbers from the shared sequence, taken in this transaction; for acts that learn only here how many they
/// need.
pub async fn take_ids(tx: &mut Transaction, count: usize) -> Result<Range<i64>, DatabaseError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let sql = "update sequences set next = next + $1 where name = 'id' returning next";
    let row = tx.fetch_optional(Statement::new(sql).bind(count)).await?;
    let end = row.ok_or(DatabaseError::Column(0))?.integer(0)?;
    Ok(end - count..end)
}

/// Keeps others from making the document of a single type until the transaction ends.
pub async fn lock_single(
    tx: &mut Transaction,
    content_type: &ContentType,
) -> Result<(), DatabaseError> {
    if tx.dialect() == Dialect::Postgres {
        let sql = "select pg_advisory_xact_lock(hashtextextended('tympan single ' || $1, 0))::text";
        let statement = Statement::new(sql).bind(content_type.id.to_string());
        tx.fetch_all(statement).await?;
    }
    Ok(())
}

/// Locks documents against other writers, in one order for all.
pub async fn lock(tx: &mut Transaction, docs: &BTreeSet<i64>) -> Result<(), DatabaseError> {
    if tx.dialect() == Dialect::Sqlite || docs.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = docs.iter().map(i64::to_string).collect();
    let statement = Statement::new(
        "select doc from documents where doc = any(string_to_array($1, ',')::bigint[]) order by doc for update",
    )
    .bind(list.join(","));
    tx.fetch_all(statement).await?;
    Ok(())
}

fn read(row: &DatabaseRow) -> Result<Identity, DatabaseError> {
    Ok(Identity {
        doc: row.integer(0)?,
        document_id: row.text(1)?.to_owned(),
        type_id: row.integer(2)?,
        revision: row.integer(3)?,
        created_at: row.text(4)?.to_owned(),
        trashed_at: row.text_or_null(5)?.map(str::to_owned),
    })
}

/// The statement that makes the identity row of a new document.
pub fn insert(document: &Document, author: Option<&str>) -> Statement {
    Statement::new(
        "insert into documents (doc, document_id, type_id, revision, created_at, created_by) \
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(document.doc)
    .bind(&document.document_id)
    .bind(document.type_id)
    .bind(document.revision)
    .bind(&document.created_at)
    .bind(author.map(str::to_owned))
}

/// The statement that records the new revision of a document.
pub fn update(document: &Document, trashed_at: Option<&str>) -> Statement {
    Statement::new("update documents set revision = $2, trashed_at = $3 where doc = $1")
        .bind(document.doc)
        .bind(document.revision)
        .bind(trashed_at.map(str::to_owned))
}
