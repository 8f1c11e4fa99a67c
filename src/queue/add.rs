//! Putting jobs into the queue.

use crate::platform::database::{Database, DatabaseError, Dialect, Statement, Transaction};

/// How often a job is begun before it is given up, unless it says otherwise.
const MAX_ATTEMPTS: i64 = 10;

/// A job to be made.
#[derive(Debug, Clone)]
pub struct NewJob {
    kind: &'static str,
    subject: String,
    payload: String,
    author: Option<String>,
    run_at: Option<i64>,
    max_attempts: i64,
    key: Option<String>,
}

impl NewJob {
    /// A job of this kind that is due now; the payload is JSON.
    pub fn new(kind: &'static str, payload: impl Into<String>) -> Self {
        Self {
            kind,
            subject: String::new(),
            payload: payload.into(),
            author: None,
            run_at: None,
            max_attempts: MAX_ATTEMPTS,
            key: None,
        }
    }

    /// Names what it is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Names who asked for it.
    #[must_use]
    pub fn by(mut self, author: Option<&str>) -> Self {
        self.author = author.map(str::to_owned);
        self
    }

    /// Sets when it is due, in milliseconds since 1970.
    #[must_use]
    pub fn at(mut self, run_at: i64) -> Self {
        self.run_at = Some(run_at);
        self
    }

    /// Sets how often it may be begun.
    #[must_use]
    pub fn attempts(mut self, most: i64) -> Self {
        self.max_attempts = most;
        self
    }

    /// Gives it a key: while a job with this key is open, no other is made.
    #[must_use]
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Adds it in a transaction and returns its number, or that of the open job with its key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_in(&self, tx: &mut Transaction) -> Result<i64, DatabaseError> {
        let found = "select id from jobs where unique_key = $1 and state in ('waiting', 'running')";
        // An open job may end between the two statements; then there is room for this one.
        loop {
            if let Some(row) = tx.fetch_optional(self.insert(tx.dialect())).await? {
                return row.integer(0);
            }
            let found = Statement::new(found).bind(self.key.as_deref());
            if let Some(row) = tx.fetch_optional(found).await? {
                return row.integer(0);
            }
        }
    }

    /// Adds it, as [`NewJob::add_in`] does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add(self, database: &Database) -> Result<i64, DatabaseError> {
        database
            .write(move |tx| Box::pin(async move { self.add_in(tx).await }))
            .await
    }

    fn insert(&self, dialect: Dialect) -> Statement {
        let now = dialect.now_ms();
        Statement::new(format!(
            "insert into jobs (kind, subject, payload, author, state, run_at, due_at, attempts, max_attempts, fence, \
             cancel, unique_key, created_at) \
             values ($1, $2, $3, $4, 'waiting', coalesce(cast($5 as bigint), {now}), coalesce(cast($5 as bigint), {now}), \
             0, $6, 0, 0, $7, {now}) \
             on conflict (unique_key) where state in ('waiting', 'running') do nothing returning id"
        ))
        .bind(self.kind)
        .bind(self.subject.as_str())
        .bind(self.payload.as_str())
        .bind(self.author.as_deref())
        .bind(self.run_at)
        .bind(self.max_attempts)
        .bind(self.key.as_deref())
    }
}

/// Makes a job that comes again and again, if it is not there; the first time is now.
///
/// # Errors
/// When the database fails.
pub async fn arm(database: &Database, kind: &'static str) -> Result<(), DatabaseError> {
    let key = format!("recurring:{kind}");
    let there = "select 1 from jobs where unique_key = $1 and state in ('waiting', 'running')";
    let there = database
        .fetch_optional(Statement::new(there).bind(key.as_str()))
        .await?;
    if there.is_none() {
        NewJob::new(kind, "{}").once(key).add(database).await?;
    }
    Ok(())
}

/// The statement that sends a job that comes again to its next time: the next multiple of `every_ms`, so that runs
/// that were missed happen once. It returns a row if the lease still holds.
pub fn rearm(
    lease: super::Lease,
    dialect: Dialect,
    every_ms: i64,
    error: Option<&str>,
) -> Statement {
    let now = dialect.now_ms();
    let next = format!("({now} / $3 + 1) * $3");
    Statement::new(format!(
        "update jobs set state = 'waiting', run_at = {next}, due_at = {next}, attempts = 0, cancel = 0, error = $4, \
         finished_at = {now} where id = $1 and fence = $2 and state = 'running' returning id"
    ))
    .bind(lease.job)
    .bind(lease.fence)
    .bind(every_ms)
    .bind(error)
}
