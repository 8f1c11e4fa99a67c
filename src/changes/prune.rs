//! Forgetting old changes.

use serde::{Deserialize, Serialize};

use super::Cursor;
use crate::base::clock;
use crate::platform::database::{Database, DatabaseError, Statement};

/// A follower that has not moved for so many times the age that is kept holds nothing back any more.
const PATIENCE: i64 = 4;

/// How long the log is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChangesConfig {
    /// Days a change stays readable; 0 = for ever.
    pub keep_days: u32,
}

impl Default for ChangesConfig {
    fn default() -> Self {
        Self { keep_days: 90 }
    }
}

/// Deletes up to `limit` changes older than `keep_ms` that every durable follower has passed, or that are four
/// times as old; returns how many. The newest change stays, so that the end of the log never moves back.
///
/// # Errors
/// When the database fails.
pub async fn prune(
    database: &Database,
    now_ms: i64,
    keep_ms: i64,
    limit: u32,
) -> Result<u64, DatabaseError> {
    let slowest = "select transaction_id, seq from cursors order by transaction_id, seq limit 1";
    let row = database.fetch_optional(Statement::new(slowest)).await?;
    let slowest = row.map(|row| Cursor::of(&row)).transpose()?;
    // Without followers nobody holds anything back.
    let passed = slowest.unwrap_or(Cursor {
        transaction: i64::MAX,
        seq: i64::MAX,
    });
    let sql = database.dialect().pick(
        "delete from changes where seq in (select seq from changes where \
         ((at < $1 and seq <= $4 and $3 >= 0) or at < $2) \
         and seq < (select max(seq) from changes) order by seq limit $5)",
        "delete from changes where seq in (select seq from changes where \
         ((at < $1 and (xid::text::bigint, seq) <= ($3, $4)) or at < $2) \
         and (xid, seq) < (select xid, seq from changes order by xid desc, seq desc limit 1) \
         order by xid, seq limit $5)",
    );
    let statement = Statement::new(sql)
        .bind(clock::stamp(now_ms - keep_ms))
        .bind(clock::stamp(now_ms - keep_ms.saturating_mul(PATIENCE)))
        .bind(passed.transaction)
        .bind(passed.seq)
        .bind(limit);
    database
        .write(move |tx| Box::pin(async move { tx.execute(statement).await }))
        .await
}
