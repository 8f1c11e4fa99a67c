//! Measuring what goes through the door: counts, the request's tally, spans, slow statements.

use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tracing::Instrument as _;

use super::{DatabaseError, Transaction};
use crate::platform::metrics::DATABASE;
use crate::platform::{tally, tracing as spans};

/// How much of the connections is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// Connections for reading that there may be.
    pub readers: usize,
    /// Of these, the ones that read.
    pub readers_busy: usize,
    /// Connections for writing that there may be.
    pub writers: usize,
    /// Of these, the ones that write.
    pub writers_busy: usize,
    /// Writes that wait for the one writer of SQLite.
    pub waiting: usize,
}

/// What watches one database.
#[derive(Debug)]
pub(super) struct Watch {
    slow: Option<Duration>,
}

impl Watch {
    pub(super) fn new(slow_ms: u64) -> Self {
        Self {
            slow: (slow_ms > 0).then(|| Duration::from_millis(slow_ms)),
        }
    }

    /// Watches a reading statement.
    pub(super) async fn read<T>(
        &self,
        sql: &str,
        read: impl Future<Output = Result<T, DatabaseError>>,
    ) -> Result<T, DatabaseError> {
        let start = Instant::now();
        let result = read.instrument(spans::statement(sql)).await;
        let took = start.elapsed();
        DATABASE.reads.record(took);
        tally::statement(took);
        if result.is_err() {
            DATABASE.failures.count();
        }
        if self.slow.is_some_and(|slow| took >= slow) {
            DATABASE.slow.count();
            let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            // The text has placeholders only; the values stay out of the log.
            tracing::warn!(ms, failed = result.is_err(), sql, "a slow statement");
        }
        result
    }

    /// Watches a write transaction.
    pub(super) async fn write<T, E>(
        &self,
        write: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let start = Instant::now();
        let result = write.await;
        let took = start.elapsed();
        DATABASE.writes.record(took);
        tally::statement(took);
        result
    }
}

/// The same job inside a span of whoever asked for it, wherever it runs.
pub(super) fn spanned<T, E, F>(
    job: F,
) -> impl for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static
where
    F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let span = spans::transaction();
    move |transaction: &mut Transaction| -> BoxFuture<'_, Result<T, E>> {
        let work = job(transaction);
        match span.is_disabled() {
            true => work,
            false => Box::pin(work.instrument(span)),
        }
    }
}
