//! Numbers that are given once, on any number of processes.

use std::ops::Range;

use tokio::sync::Mutex;

use super::{Database, DatabaseError, Statement};

/// How many numbers a process reserves at a time; those it does not use are never given.
const BLOCK: i64 = 4096;

/// Gives numbers from a reserved block, so that most calls touch no database.
#[derive(Debug, Default)]
pub struct Sequence {
    reserved: Mutex<Range<i64>>,
}

impl Sequence {
    /// A run of `count` consecutive numbers, never given before.
    ///
    /// # Errors
    /// When a new block cannot be reserved durably.
    pub async fn take(&self, database: &Database, count: i64) -> Result<Range<i64>, DatabaseError> {
        let mut reserved = self.reserved.lock().await;
        if reserved.end - reserved.start < count {
            *reserved = reserve(database, count.max(BLOCK)).await?;
        }
        let taken = reserved.start..reserved.start + count;
        reserved.start = taken.end;
        Ok(taken)
    }
}

async fn reserve(database: &Database, count: i64) -> Result<Range<i64>, DatabaseError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let statement = Statement::new(
                    "update sequences set next = next + $1 where name = 'id' returning next",
                )
                .bind(count);
                let row = tx.fetch_optional(statement).await?;
                let end = row.ok_or(DatabaseError::Column(0))?.integer(0)?;
                Ok(end - count..end)
            })
        })
        .await
}
