//! The writer: one connection that runs jobs in savepoints and commits those that wait together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use sqlx::Connection as _;
use tokio::sync::mpsc;

use crate::platform::database::transaction::Connection;
use crate::platform::database::{DatabaseError, Statement, Transaction};

/// Jobs that share one commit at most; bounds how long the first of them waits.
const GROUP: usize = 128;

/// Tells whoever waits for a job whether its group is durable.
pub(super) type Finish = Box<dyn FnOnce(Result<(), DatabaseError>) + Send>;
/// A job: works in the transaction, or is told why there is none.
pub(super) type Job = Box<
    dyn for<'t> FnOnce(Result<&'t mut Transaction, DatabaseError>) -> BoxFuture<'t, Outcome> + Send,
>;

/// What became of a job: whether its changes stay, and whom to tell once they are durable.
pub(super) struct Outcome {
    pub(super) keep: bool,
    pub(super) finish: Finish,
}

impl Outcome {
    pub(super) fn undone() -> Self {
        Self {
            keep: false,
            finish: Box::new(|_| {}),
        }
    }
}

/// Takes jobs until told to close.
pub(super) async fn write_loop(
    mut transaction: Transaction,
    mut jobs: mpsc::Receiver<Job>,
    closing: Arc<AtomicBool>,
) {
    let mut broken: Option<DatabaseError> = None;
    while let Some(first) = jobs.recv().await {
        if let Some(error) = &broken {
            first(Err(error.clone())).await;
        } else {
            broken = write_group(&mut transaction, first, &mut jobs).await;
            if let Some(error) = &broken {
                tracing::error!(%error, "a commit failed on the disk; writes are refused until restart");
            }
        }
        if closing.load(Ordering::Relaxed) {
            break;
        }
    }
    if let Connection::Sqlite(connection) = transaction.connection {
        let _ = connection.close().await;
    }
}

/// Runs jobs until none waits, commits them together, then answers all of them.
///
/// Returns the error after which nothing may be written any more: a failed sync is never retried,
/// because the system may have dropped the pages it could not write.
async fn write_group(
    transaction: &mut Transaction,
    first: Job,
    jobs: &mut mpsc::Receiver<Job>,
) -> Option<DatabaseError> {
    if let Err(error) = control(transaction, "begin immediate").await {
        first(Err(error)).await;
        return None;
    }
    let mut finished: Vec<Finish> = Vec::new();
    let mut next = Some(first);
    let mut failed = None;
    while let Some(job) = next.take() {
        // Neighbours have different names, so that undoing one can never undo the one before.
        let name = if finished.len().is_multiple_of(2) {
            "a"
        } else {
            "b"
        };
        match run_job(transaction, job, name).await {
            Ok(finish) => finished.push(finish),
            Err((finish, error)) => {
                finished.extend(finish);
                failed = Some(error);
                break;
            }
        }
        if finished.len() < GROUP {
            next = jobs.try_recv().ok();
        }
    }
    let durable = match failed {
        None => {
            transaction.pending.push_str("commit");
            transaction.flush().await
        }
        Some(error) => Err(error),
    };
    if durable.is_err() {
        transaction.pending.clear();
        let _ = control(transaction, "rollback").await;
    }
    for finish in finished {
        finish(durable.clone());
    }
    match durable {
        Err(error @ DatabaseError::Unavailable(_)) => Some(error),
        _ => None,
    }
}

/// Runs one job in a savepoint. An `Err` means that the whole group must be undone.
///
/// The savepoint is made with the job's first statement and released with the next job's, or with the commit.
async fn run_job(
    transaction: &mut Transaction,
    job: Job,
    name: &str,
) -> Result<Finish, (Option<Finish>, DatabaseError)> {
    use futures_util::FutureExt as _;
    let released = transaction.pending.clone();
    transaction.pending.push_str(&format!("savepoint {name};"));
    let work = std::panic::AssertUnwindSafe(async { job(Ok(transaction)).await });
    let outcome = work
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Outcome::undone());
    if !transaction.pending.is_empty() {
        // The job ran no statement.
        transaction.pending = released;
        return Ok(outcome.finish);
    }
    if outcome.keep {
        transaction.pending.push_str(&format!("release {name};"));
        return Ok(outcome.finish);
    }
    let undo = Statement::new(format!("rollback to {name}; release {name}"));
    match transaction.execute(undo).await {
        Ok(_) => Ok(outcome.finish),
        Err(error) => Err((Some(outcome.finish), error)),
    }
}

async fn control(transaction: &mut Transaction, sql: &'static str) -> Result<(), DatabaseError> {
    transaction.execute(Statement::new(sql)).await.map(|_| ())
}
