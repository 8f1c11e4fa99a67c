//! Reading the log in commit order.

use super::{Change, ChangeKind, Cursor};
use crate::platform::database::{Database, DatabaseError, Dialect, Row, Statement, Transaction};

/// Up to `limit` changes after a cursor, in commit order.
///
/// # Errors
/// When the database fails.
pub async fn read(
    database: &Database,
    after: Cursor,
    limit: u32,
) -> Result<Vec<Change>, DatabaseError> {
    let sql = match database.dialect() {
        Dialect::Sqlite => {
            "select 0, seq, kind, type_id, doc, document_id, locale, stage, author, at, origin, detail \
             from changes where seq > $2 and $1 >= 0 order by seq limit $3"
        }
        Dialect::Postgres => {
            "select xid::text::bigint, seq, kind, type_id, doc, document_id, locale, stage, author, at, origin, \
             detail from changes \
             where (xid, seq) > ($1::text::xid8, $2) and xid < log_place(pg_snapshot_xmin(pg_current_snapshot())) \
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
    if !rows.is_empty() {
        // Whoever reacts to these changes must not be answered by a replica that lacks them.
        database.reach().await?;
    }
    rows.iter().map(change).collect()
}

/// The end of the readable log as a cursor.
///
/// # Errors
/// When the database fails.
pub async fn end(database: &Database) -> Result<Cursor, DatabaseError> {
    let row = database
        .fetch_optional(end_statement(database.dialect()))
        .await?;
    row.map_or(Ok(Cursor::default()), |row| Cursor::of(&row))
}

/// As [`end`], inside a transaction.
///
/// # Errors
/// When the database fails.
pub async fn end_of(tx: &mut Transaction) -> Result<Cursor, DatabaseError> {
    let statement = end_statement(tx.dialect());
    let row = tx.fetch_optional(statement).await?;
    row.map_or(Ok(Cursor::default()), |row| Cursor::of(&row))
}

fn end_statement(dialect: Dialect) -> Statement {
    Statement::new(dialect.pick(
        "select 0, coalesce(max(seq), 0) from changes",
        "select xid::text::bigint, seq from changes where xid < log_place(pg_snapshot_xmin(pg_current_snapshot())) \
         order by xid desc, seq desc limit 1",
    ))
}

/// The first change that is still kept; what follows an older cursor may be gone.
///
/// # Errors
/// When the database fails.
pub async fn oldest(database: &Database) -> Result<Cursor, DatabaseError> {
    let sql = database.dialect().pick(
        "select 0, coalesce(min(seq), 0) from changes",
        "select xid::text::bigint, seq from changes order by xid, seq limit 1",
    );
    let row = database.fetch_optional(Statement::new(sql)).await?;
    row.map_or(Ok(Cursor::default()), |row| Cursor::of(&row))
}

fn change(row: &Row) -> Result<Change, DatabaseError> {
    let text = |index| Ok::<_, DatabaseError>(row.text_or_null(index)?.map(str::to_owned));
    Ok(Change {
        cursor: Cursor::of(row)?,
        kind: ChangeKind::from_name(row.text(2)?).ok_or(DatabaseError::Column(2))?,
        type_id: row.integer_or_null(3)?,
        doc: row.integer_or_null(4)?,
        document_id: text(5)?,
        locale: text(6)?.unwrap_or_default(),
        stage: row.integer_or_null(7)?,
        author: text(8)?,
        at: text(9)?.unwrap_or_default(),
        origin: row.integer(10)?,
        detail: text(11)?,
    })
}
