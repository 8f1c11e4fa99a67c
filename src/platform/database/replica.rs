//! A PostgreSQL replica that may answer reads which decide nothing.
//!
//! **Always true**: a read goes there only if the replica has replayed everything this node has written or read from
//! the change log, and was not further behind than allowed when it was looked at last; else the primary answers.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use super::pool::Pool;
use super::postgres::fetch_all;
use super::{DatabaseError, Row, Statement};

/// How often the replica is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a look may take before the replica counts as down.
const LOOK_WITHIN: Duration = Duration::from_secs(2);
/// Ends of the primary's log that are remembered to tell how old what the replica has is.
const SAMPLES: usize = 256;

/// Where the log of the primary ends, as a number of bytes; read it with [`end_of`].
pub(super) const END: &str = "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint";
const REPLAYED: &str = "select case when pg_is_in_recovery() then \
                        (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint end";

/// Bytes of a page of the primary's log, and of the longest header of one.
const PAGE: i64 = 8192;
const HEADER: i64 = 40;

/// The end of the log in the answer to [`END`]. Between records it may stand behind the header of a page that holds
/// nothing yet; no replica ever replays as far.
pub(super) fn end_of(rows: &Result<Vec<Row>, DatabaseError>) -> Option<i64> {
    let end = rows.as_ref().ok()?.first()?.integer(0).ok()?;
    let over = end % PAGE;
    Some(if over <= HEADER { end - over } else { end })
}

#[derive(Debug)]
pub(super) struct Replica {
    pool: Pool,
    most_behind: Duration,
    usable: AtomicBool,
    /// What the replica has replayed, as of the last look.
    replayed: AtomicI64,
    /// What it must have replayed for this node's reads.
    needed: AtomicI64,
    /// Whether something was written and it is not known up to where.
    unknown: AtomicBool,
    ends: Mutex<VecDeque<(Instant, i64)>>,
}

impl Replica {
    pub(super) fn new(pool: Pool, lag_ms: u64) -> Self {
        Self {
            pool,
            most_behind: Duration::from_millis(lag_ms),
            usable: AtomicBool::new(false),
            replayed: AtomicI64::new(0),
            needed: AtomicI64::new(0),
            unknown: AtomicBool::new(false),
            ends: Mutex::default(),
        }
    }

    /// Whether it may answer now.
    pub(super) fn is_good(&self) -> bool {
        self.usable.load(Ordering::Acquire)
            && !self.unknown.load(Ordering::Acquire)
            && self.replayed.load(Ordering::Acquire) >= self.needed.load(Ordering::Acquire)
    }

    /// From now on it must have replayed this; none = whatever the primary has at the next look.
    pub(super) fn need(&self, end: Option<i64>) {
        match end {
            Some(end) => {
                self.needed.fetch_max(end, Ordering::AcqRel);
            }
            None => self.unknown.store(true, Ordering::Release),
        }
    }

    /// Answers, or fails in a way that the primary may not; then it is not asked again before the next look.
    pub(super) async fn fetch_all(
        &self,
        statement: Statement,
        patience: Duration,
    ) -> Result<Vec<Row>, DatabaseError> {
        let answer = async {
            let mut lease = self.pool.acquire().await?;
            fetch_all(&mut lease, statement).await
        };
        let silent = |_| DatabaseError::Unavailable("the replica is silent".into());
        let result = tokio::time::timeout(patience, answer)
            .await
            .map_err(silent)
            .flatten();
        if matches!(result, Err(DatabaseError::Unavailable(_))) {
            self.usable.store(false, Ordering::Release);
        }
        result
    }

    /// Looks at primary and replica until the task is dropped.
    pub(super) async fn watch(&self, primary: &Pool) -> DatabaseError {
        loop {
            let looked = tokio::time::timeout(LOOK_WITHIN, self.look(primary)).await;
            let failed = match looked {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error),
                Err(_) => Some(DatabaseError::Unavailable("the replica is silent".into())),
            };
            if let Some(error) = failed {
                self.usable.store(false, Ordering::Release);
                return error;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&self, primary: &Pool) -> Result<(), DatabaseError> {
        let now = Instant::now();
        let unknown = self.unknown.swap(false, Ordering::AcqRel);
        let found = rows(primary, END).await;
        let end = end_of(&found);
        if unknown {
            self.need(end);
        }
        let end = found.map(|_| end)?.ok_or(DatabaseError::Column(0))?;
        // One that is no replica any more may hold anything.
        let replayed = rows(&self.pool, REPLAYED).await?;
        let replayed = replayed.first().map(|row| row.integer_or_null(0));
        let Some(replayed) = replayed.transpose()?.flatten() else {
            let message = "database.replica_url names a server that is no replica";
            return Err(DatabaseError::Unavailable(message.into()));
        };
        let behind = self.behind(now, end, replayed);
        self.replayed.store(replayed, Ordering::Release);
        self.usable
            .store(behind <= self.most_behind, Ordering::Release);
        Ok(())
    }

    /// How old what the replica has is: since when the primary's log has been longer.
    fn behind(&self, now: Instant, end: i64, replayed: i64) -> Duration {
        let Ok(mut ends) = self.ends.lock() else {
            return Duration::MAX;
        };
        ends.push_back((now, end));
        while ends.front().is_some_and(|(_, end)| *end <= replayed) {
            ends.pop_front();
        }
        if ends.len() > SAMPLES {
            // The oldest says how long it has been behind; those in the middle say nothing more.
            ends.remove(1);
        }
        ends.front()
            .map_or(Duration::ZERO, |(since, _)| now - *since)
    }
}

async fn rows(pool: &Pool, sql: &'static str) -> Result<Vec<Row>, DatabaseError> {
    let mut lease = pool.acquire().await?;
    let rows = fetch_all(&mut lease, Statement::new(sql)).await;
    if rows.is_err() {
        pool.give_up(lease);
    }
    rows
}
