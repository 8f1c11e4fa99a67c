//! The right to work on a job.

use super::LEASE_MS;
use crate::platform::database::{Database, DatabaseError, Dialect, Statement};

/// Longest text of an error that is kept, in bytes.
const ERROR_BYTES: usize = 2000;
const FIRST_BACK_OFF_MS: i64 = 1000;
const LONGEST_BACK_OFF_MS: i64 = 5 * 60 * 1000;

/// The right to work on a job that a claim gave; it is worth nothing once somebody else has claimed the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The job's number.
    pub job: i64,
    /// The number of the claim.
    pub fence: i64,
}

impl Lease {
    /// Marks the job as done; run it in the transaction of the job's effect. It returns no row if the lease is lost
    /// or the job was called off: then the transaction must be undone.
    pub fn done(self, dialect: Dialect) -> Statement {
        let now = dialect.now_ms();
        self.bound(format!(
            "update jobs set state = 'done', finished_at = {now}, error = null \
             where id = $1 and fence = $2 and state = 'running' and cancel = 0 returning id"
        ))
    }

    /// Makes sure that the lease holds and prolongs it; run it in the transaction of each part of a long job. It
    /// returns no row if the lease is lost or the job was called off: then the transaction must be undone.
    pub fn hold(self, dialect: Dialect) -> Statement {
        let now = dialect.now_ms();
        self.bound(format!(
            "update jobs set due_at = {now} + {LEASE_MS} \
             where id = $1 and fence = $2 and state = 'running' and cancel = 0 returning id"
        ))
    }

    /// Prolongs the lease; false if it is lost or the job was called off.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew(self, database: &Database) -> Result<bool, DatabaseError> {
        self.changes(database, self.hold(database.dialect())).await
    }

    /// Notes how far the job has come, as JSON, and prolongs the lease; false as [`Lease::renew`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn progress(
        self,
        database: &Database,
        progress: &str,
    ) -> Result<bool, DatabaseError> {
        let now = database.dialect().now_ms();
        let statement = self
            .bound(format!(
                "update jobs set due_at = {now} + {LEASE_MS}, progress = $3 \
                 where id = $1 and fence = $2 and state = 'running' and cancel = 0 returning id"
            ))
            .bind(progress);
        self.changes(database, statement).await
    }

    /// Ends a job that did not succeed: it is tried again after a while if `again` and it has tries left, else it is
    /// failed; one that was called off is cancelled. False if the lease is lost.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fail(
        self,
        database: &Database,
        error: &str,
        again: bool,
    ) -> Result<bool, DatabaseError> {
        let now = database.dialect().now_ms();
        let least = database.dialect().pick("min", "least");
        let again = if again {
            "attempts < max_attempts"
        } else {
            "1 = 0"
        };
        // Twice as long after each try; at most 2^8 times the first wait.
        let wait = format!(
            "{least}({LONGEST_BACK_OFF_MS}, {FIRST_BACK_OFF_MS} * (1 << cast({least}(attempts - 1, 8) as integer)))"
        );
        let statement = self
            .bound(format!(
                "update jobs set error = $3, due_at = {now} + {wait}, \
                 state = case when cancel <> 0 then 'cancelled' when {again} then 'waiting' else 'failed' end, \
                 finished_at = case when cancel = 0 and {again} then null else {now} end \
                 where id = $1 and fence = $2 and state = 'running' returning id"
            ))
            .bind(shortened(error));
        self.changes(database, statement).await
    }

    fn bound(self, sql: String) -> Statement {
        Statement::new(sql).bind(self.job).bind(self.fence)
    }

    async fn changes(
        self,
        database: &Database,
        statement: Statement,
    ) -> Result<bool, DatabaseError> {
        database
            .write(move |tx| {
                Box::pin(async move { Ok(tx.fetch_optional(statement).await?.is_some()) })
            })
            .await
    }
}

fn shortened(error: &str) -> &str {
    let mut end = error.len().min(ERROR_BYTES);
    while !error.is_char_boundary(end) {
        end -= 1;
    }
    error.get(..end).unwrap_or_default()
}
