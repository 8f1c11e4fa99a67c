//! Calling jobs off, trying them again, and forgetting those that ended.

use crate::platform::database::{Database, DatabaseError, Statement};

/// What calling a job off did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It will not run.
    Now,
    /// A node runs it and stops at its next step, unless it ends before.
    Soon,
    /// It had ended, or there is none.
    TooLate,
}

/// Calls a job off.
///
/// # Errors
/// When the database fails.
pub async fn cancel(database: &Database, id: i64) -> Result<Stopped, DatabaseError> {
    let now = database.dialect().now_ms();
    let statement = Statement::new(format!(
        "update jobs set cancel = 1, \
         finished_at = case when state = 'waiting' then {now} else finished_at end, \
         state = case when state = 'waiting' then 'cancelled' else state end \
         where id = $1 and state in ('waiting', 'running') returning state"
    ))
    .bind(id);
    database
        .write(move |tx| {
            Box::pin(async move {
                let row = tx.fetch_optional(statement).await?;
                Ok(match row.as_ref().map(|row| row.text(0)).transpose()? {
                    None => Stopped::TooLate,
                    Some("running") => Stopped::Soon,
                    Some(_) => Stopped::Now,
                })
            })
        })
        .await
}

/// Makes a job that failed or was called off due at once, with all its tries; false if it is in no such state.
///
/// # Errors
/// When the database fails, or an open job has the same key.
pub async fn retry(database: &Database, id: i64) -> Result<bool, DatabaseError> {
    let now = database.dialect().now_ms();
    let statement = Statement::new(format!(
        "update jobs set state = 'waiting', due_at = {now}, attempts = 0, cancel = 0, error = null, \
         finished_at = null where id = $1 and state in ('failed', 'cancelled') returning id"
    ))
    .bind(id);
    database
        .write(move |tx| Box::pin(async move { Ok(tx.fetch_optional(statement).await?.is_some()) }))
        .await
}

/// Forgets up to `limit` jobs that ended longer ago than this; returns how many.
///
/// # Errors
/// When the database fails.
pub async fn prune(database: &Database, older_ms: i64, limit: u32) -> Result<u64, DatabaseError> {
    let now = database.dialect().now_ms();
    let statement = Statement::new(format!(
        "delete from jobs where id in (select id from jobs where finished_at < {now} - $1 \
         and state in ('done', 'failed', 'cancelled') order by finished_at limit $2)"
    ))
    .bind(older_ms)
    .bind(limit);
    database
        .write(move |tx| Box::pin(async move { tx.execute(statement).await }))
        .await
}
