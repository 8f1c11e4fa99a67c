//! A position in the log, and the positions that followers keep.

use crate::platform::database::{Database, DatabaseError, Row, Statement};

/// A position in the log. SQLite: `(0, seq)`; PostgreSQL: `(transaction, seq)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cursor {
    /// The writing transaction on PostgreSQL.
    pub transaction: i64,
    /// The number of the change.
    pub seq: i64,
}

impl Cursor {
    pub(super) fn of(row: &Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            transaction: row.integer(0)?,
            seq: row.integer(1)?,
        })
    }

    /// Where the durable follower of this name has come to; none if it never started.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept(database: &Database, name: &str) -> Result<Option<Self>, DatabaseError> {
        let sql = "select transaction_id, seq from cursors where name = $1";
        let row = database
            .fetch_optional(Statement::new(sql).bind(name))
            .await?;
        row.map(|row| Self::of(&row)).transpose()
    }

    /// The statement that keeps this position for the durable follower of this name; run it in the transaction
    /// of the follower's effect, and the effect happens once.
    pub fn keep(self, name: &str) -> Statement {
        Statement::new(
            "insert into cursors (name, transaction_id, seq) values ($1, $2, $3) \
             on conflict (name) do update set transaction_id = excluded.transaction_id, seq = excluded.seq",
        )
        .bind(name)
        .bind(self.transaction)
        .bind(self.seq)
    }
}
