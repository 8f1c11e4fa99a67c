//! Giving out requests from memory, block by block from the table.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Pace;
use crate::platform::database::{Database, DatabaseError, Dialect, Statement};

/// Callers remembered at once; a stranger beyond them takes the place of an old one.
const MOST_CALLERS: usize = 65_536;
/// Statements of one limiter in the database at once; who finds them busy is counted by this node alone.
const STATEMENTS: usize = 4;
/// How long a request waits for one of them.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a node counts alone after the database did not answer.
const ALONE_FOR: Duration = Duration::from_secs(5);
/// How long a block may be used.
const BLOCK_GOOD_FOR: Duration = Duration::from_secs(10);
/// After this a row says nothing: more than any caller can have saved up.
const FORGOTTEN_AFTER: i64 = 24 * 60 * 60 * 1_000_000;

/// Too often: try again after this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    /// The wait.
    pub retry_after: Duration,
}

/// A limit for each of many callers.
#[derive(Debug)]
pub struct Limiter {
    database: Arc<Database>,
    name: &'static str,
    pace: Pace,
    block: i64,
    began: Instant,
    callers: Mutex<HashMap<Box<str>, Caller>>,
    statements: Semaphore,
    asked: AtomicU64,
    /// Until when this node does not ask the database, which did not answer.
    alone_until: AtomicI64,
}

/// What this node knows of a caller. Times are microseconds since the limiter began.
#[derive(Debug, Clone, Copy, Default)]
struct Caller {
    /// Requests that may be given out.
    left: i64,
    /// Until when.
    good_until: i64,
    /// Denied until then.
    denied_until: i64,
    /// The bucket this node keeps for itself, for when the database has no time.
    earned: i64,
    /// When they last asked.
    seen: i64,
}

impl Limiter {
    /// A limit whose rows are named `name:CALLER`. On SQLite there is one node, which counts in memory.
    pub fn new(database: Arc<Database>, name: &'static str, pace: Pace) -> Self {
        Self {
            block: pace.block(),
            database,
            name,
            pace,
            began: Instant::now(),
            callers: Mutex::default(),
            statements: Semaphore::new(STATEMENTS),
            asked: AtomicU64::new(0),
            alone_until: AtomicI64::new(0),
        }
    }

    /// A limit that asks the database for every single request and survives a restart: for logins and other rare
    /// acts that must be exact.
    pub fn strict(database: Arc<Database>, name: &'static str, pace: Pace) -> Self {
        Self {
            block: 0,
            ..Self::new(database, name, pace)
        }
    }

    /// Lets one request of this caller through, or says how long to wait.
    ///
    /// # Errors
    /// [`Denied`].
    pub async fn check(&self, caller: &str) -> Result<(), Denied> {
        if self.block > 0 {
            if let Some(known) = self.remembered(caller) {
                return known;
            }
            if self.database.dialect() == Dialect::Sqlite {
                return self.alone(caller, self.pace);
            }
        }
        if self.block > 0 && self.now() < self.alone_until.load(Ordering::Relaxed) {
            return self.alone(caller, self.frugal());
        }
        let Some(_permit) = self.permit().await else {
            return self.alone(caller, self.frugal());
        };
        // Whoever had the permit before may have taken a block for the same caller.
        if self.block > 0
            && let Some(known) = self.remembered(caller)
        {
            return known;
        }
        self.ask(caller).await
    }

    /// Asks the database: for a block first, near the end of the bucket for a single request.
    async fn ask(&self, caller: &str) -> Result<(), Denied> {
        let counts: &[i64] = match self.block > 1 {
            true => &[self.block, 1],
            false => &[1],
        };
        let patience = match self.block {
            0 => Duration::MAX,
            _ => PATIENCE * 5,
        };
        let mut wait = 0;
        for count in counts {
            let taken = tokio::time::timeout(patience, self.take(caller, *count)).await;
            match taken.map_err(|_| DatabaseError::Busy).flatten() {
                Ok(Ok(())) => {
                    self.keep(caller, *count - 1);
                    return Ok(());
                }
                Ok(Err(denied)) => wait = denied,
                Err(error) => {
                    tracing::warn!(limit = self.name, %error, "a rate limit is counted by this node alone for a while");
                    let alone = i64::try_from(ALONE_FOR.as_micros()).unwrap_or(0);
                    self.alone_until
                        .store(self.now() + alone, Ordering::Relaxed);
                    return self.alone(caller, self.frugal());
                }
            }
        }
        Err(self.denied(caller, wait))
    }

    /// How many callers this node remembers.
    pub fn remembered_callers(&self) -> usize {
        self.callers.lock().map_or(0, |callers| callers.len())
    }

    /// How many times this node has asked the database.
    pub fn blocks_taken(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// A strict limiter waits for its turn; another one has little time for that.
    async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        match self.block {
            0 => self.statements.acquire().await.ok(),
            _ => tokio::time::timeout(PATIENCE, self.statements.acquire())
                .await
                .ok()?
                .ok(),
        }
    }

    /// The pace of a node that counts alone beside others: no savings but one block.
    fn frugal(&self) -> Pace {
        Pace {
            saved: self.block.max(1) * self.pace.interval,
            ..self.pace
        }
    }

    fn now(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    fn remembered(&self, caller: &str) -> Option<Result<(), Denied>> {
        let now = self.now();
        let mut callers = self.callers.lock().ok()?;
        let known = callers.get_mut(caller)?;
        known.seen = now;
        if known.left > 0 && now < known.good_until {
            known.left -= 1;
            return Some(Ok(()));
        }
        (now < known.denied_until).then(|| Err(after(known.denied_until - now)))
    }

    /// Counts by this node's own bucket.
    fn alone(&self, caller: &str, pace: Pace) -> Result<(), Denied> {
        let now = self.now();
        self.with(caller, |known| match pace.take(known.earned, now, 1) {
            Ok(earned) => {
                known.earned = earned;
                Ok(())
            }
            Err(wait) => Err(after(wait)),
        })
        .unwrap_or(Ok(()))
    }

    fn keep(&self, caller: &str, left: i64) {
        let good_until = self.now() + i64::try_from(BLOCK_GOOD_FOR.as_micros()).unwrap_or(0);
        if left > 0 {
            self.with(caller, |known| {
                // Requests that asked beside each other have each taken a block.
                let still = known.good_until > known.seen;
                known.left = left + if still { known.left } else { 0 };
                known.good_until = good_until;
            });
        }
    }

    fn denied(&self, caller: &str, wait: i64) -> Denied {
        let until = self.now() + wait;
        if self.block > 0 {
            self.with(caller, |known| known.denied_until = until);
        }
        after(wait)
    }

    fn with<T>(&self, caller: &str, change: impl FnOnce(&mut Caller) -> T) -> Option<T> {
        let now = self.now();
        let mut callers = self.callers.lock().ok()?;
        if callers.len() >= MOST_CALLERS && !callers.contains_key(caller) {
            forget(&mut callers);
        }
        let fresh = || Caller {
            earned: now - self.pace.saved,
            ..Caller::default()
        };
        let known = callers.entry(caller.into()).or_insert_with(fresh);
        known.seen = now;
        Some(change(known))
    }

    /// Takes requests from the caller's row; the wait in microseconds if they are not earned yet.
    async fn take(&self, caller: &str, count: i64) -> Result<Result<(), i64>, DatabaseError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let dialect = self.database.dialect();
        let now = dialect.pick(
            "cast(unixepoch('subsec') * 1000000 as integer)",
            "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)",
        );
        let most = dialect.pick("max", "greatest");
        let after = format!("{most}(rates.earned, {now} - $2) + $3");
        let sql = format!(
            "insert into rates (name, earned) values ($1, {now} - $2 + $3) \
             on conflict (name) do update set earned = {after} where {after} <= {now} returning earned"
        );
        let (name, pace) = (format!("{}:{caller}", self.name), self.pace);
        let taken = Statement::new(sql)
            .bind(name.as_str())
            .bind(pace.saved)
            .bind(count * pace.interval);
        let ask = format!("select {after} - {now} from rates where name = $1");
        let ask = Statement::with(ask, taken.values().to_vec());
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    if tx.dialect() == Dialect::Postgres {
                        // Nothing of it has to survive a crash.
                        let hasty = "select set_config('synchronous_commit', 'off', true)";
                        tx.fetch_all(Statement::new(hasty)).await?;
                    }
                    if tx.fetch_optional(taken).await?.is_some() {
                        return Ok(Ok(()));
                    }
                    let row = tx.fetch_optional(ask).await?;
                    let wait = row.ok_or(DatabaseError::Column(0))?.integer(0)?;
                    Ok(Err(wait.max(1)))
                })
            })
            .await
    }
}

/// Makes room: the half that asked longest ago goes.
fn forget(callers: &mut HashMap<Box<str>, Caller>) {
    let mut seen: Vec<i64> = callers.values().map(|known| known.seen).collect();
    let middle = seen.len() / 2;
    let (_, oldest, _) = seen.select_nth_unstable(middle);
    let oldest = *oldest;
    callers.retain(|_, known| known.seen > oldest);
}

fn after(micros: i64) -> Denied {
    Denied {
        retry_after: Duration::from_micros(micros.unsigned_abs()),
    }
}

/// Forgets callers that came long ago.
///
/// # Errors
/// When the database fails.
pub async fn prune(database: &Database, limit: u32) -> Result<(), DatabaseError> {
    let now = database.dialect().now_ms();
    let statement = Statement::new(format!(
        "delete from rates where name in (select name from rates where earned < {now} * 1000 - $1 \
         order by earned limit $2)"
    ))
    .bind(FORGOTTEN_AFTER)
    .bind(limit);
    loop {
        let statement = statement.clone();
        let gone: u64 = database
            .write(move |tx| Box::pin(async move { tx.execute(statement).await }))
            .await?;
        if gone < u64::from(limit) {
            return Ok(());
        }
    }
}
