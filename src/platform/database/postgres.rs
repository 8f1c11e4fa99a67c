//! PostgreSQL: one pool for reading, one for writing, a transaction per job.

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgConnectOptions, PgRow, PgTypeInfo};
use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Encode, Row as _, Type,
    TypeInfo as _, ValueRef as _,
};

use super::error::is_outdated;
use super::listen::{self, Listener};
use super::pool::{Lease, Pool, SILENT_AFTER, discard};
use super::replica::{self, Replica};
use super::transaction::Connection;
use super::{
    DatabaseConfig, DatabaseError, PoolUse, Row, Statement, Transaction, Value, migrate, restored,
};

#[derive(Debug)]
pub(super) struct Postgres {
    readers: Pool,
    writers: Pool,
    replica: Option<Arc<Replica>>,
    options: PgConnectOptions,
    statement_ms: u64,
    /// How long a statement of a write may take, waiting for locks included.
    silent_after: Duration,
    statements: AtomicU64,
}

impl Postgres {
    pub(super) async fn open(config: &DatabaseConfig) -> Result<Self, DatabaseError> {
        let options = parse(&config.url)?;
        let listening = options.clone();
        let only_reads = |options: PgConnectOptions| {
            options.options([
                ("statement_timeout", config.statement_ms.to_string()),
                ("default_transaction_read_only", "on".to_owned()),
                // Nothing is written here; an announcement waits for no disk and no standby.
                ("synchronous_commit", "off".to_owned()),
            ])
        };
        let reading = only_reads(options.clone());
        let writing = options.options([
            ("lock_timeout", config.busy_ms.to_string()),
            // A node that was stopped or cut off within a transaction holds locks, and the end of the change log.
            ("idle_in_transaction_session_timeout", IDLE_MS.to_string()),
            // What is acknowledged is durable, whatever the server's default says.
            ("synchronous_commit", "on".to_owned()),
        ]);
        let readers = match config.readers {
            0 => {
                std::thread::available_parallelism()
                    .map_or(4, |n| u32::try_from(n.get()).unwrap_or(4))
                    * 2
            }
            count => count,
        };
        let replica = match config.replica_url.as_str() {
            "" => None,
            url => {
                let pool = Pool::new(only_reads(parse(url)?), readers)?;
                Some(Arc::new(Replica::new(pool, config.replica_lag_ms)))
            }
        };
        let postgres = Self {
            readers: Pool::new(reading, readers)?,
            writers: Pool::new(writing, config.writers.max(1))?,
            replica,
            options: listening,
            silent_after: Duration::from_millis(config.busy_ms).saturating_add(SILENT_AFTER * 2),
            statement_ms: config.statement_ms,
            statements: AtomicU64::new(0),
        };
        let connection = reachable(&postgres.writers).await?;
        let mut transaction = Transaction::new(Connection::Postgres(connection));
        migrate::up(&mut transaction).await?;
        restored::shift(&mut transaction).await?;
        Ok(postgres)
    }

    /// A read that the replica may answer; the primary does if the replica cannot.
    pub(super) async fn fetch_near(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        let replica = self.replica.as_ref().filter(|replica| replica.is_good());
        let Some(replica) = replica else {
            return self.fetch_all(statement).await;
        };
        self.statements.fetch_add(1, Ordering::Relaxed);
        match replica.fetch_all(statement.clone(), self.patience()).await {
            Err(DatabaseError::TimedOut(_)) => Err(DatabaseError::TimedOut(self.statement_ms)),
            Err(_) => self.fetch_all(statement).await,
            found => found,
        }
    }

    pub(super) fn is_near_good(&self) -> Option<bool> {
        self.replica.as_ref().map(|replica| replica.is_good())
    }

    pub(super) async fn watch_replica(&self) -> DatabaseError {
        match &self.replica {
            Some(replica) => replica.watch(&self.readers).await,
            None => std::future::pending().await,
        }
    }

    /// What this node has seen must be in the replica before it answers again.
    pub(super) async fn reach(&self) -> Result<(), DatabaseError> {
        if let Some(replica) = &self.replica {
            // Not used until this is known, also if the caller goes away.
            let rows = self.fetch_all(Statement::new(replica::END)).await;
            replica.need(replica::end_of(&rows));
        }
        Ok(())
    }

    pub(super) async fn listen(&self) -> Result<Listener, DatabaseError> {
        Listener::open(self.options.clone()).await
    }

    pub(super) async fn announce(&self) -> Result<(), DatabaseError> {
        let sql = format!("select pg_notify('{}', '')::text", listen::CHANNEL);
        self.fetch_all(Statement::new(sql)).await.map(|_| ())
    }

    pub(super) async fn fetch_all(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut tries = self.readers.most();
        loop {
            let mut lease = self.readers.acquire().await?;
            let answer = fetch_all(&mut lease, statement.clone());
            let Ok(answer) = tokio::time::timeout(self.patience(), answer).await else {
                self.readers.give_up(lease);
                return Err(DatabaseError::Unavailable("the server is silent".into()));
            };
            match answer {
                // A connection that died while it lay idle: the others may have, too.
                Err(DatabaseError::Unavailable(_)) if tries > 0 => {
                    tries -= 1;
                    self.readers.give_up(lease);
                }
                Err(DatabaseError::TimedOut(_)) => {
                    return Err(DatabaseError::TimedOut(self.statement_ms));
                }
                result => return result,
            }
        }
    }

    pub(super) async fn fetch_optional(
        &self,
        statement: Statement,
    ) -> Result<Option<Row>, DatabaseError> {
        Ok(self.fetch_all(statement).await?.into_iter().next())
    }

    /// The job runs in a task of its own, so that a caller who goes away does not cut it short.
    pub(super) async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let pool = self.writers.clone();
        let replica = self.replica.clone();
        let patience = self.silent_after;
        tokio::spawn(async move {
            let mut transaction = begin(&pool).await?;
            transaction.patience = Some(patience);
            let work = std::panic::AssertUnwindSafe(async { job(&mut transaction).await });
            let result = work
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(DatabaseError::Panicked.into()));
            let end = if result.is_ok() {
                "commit"
            } else {
                // Nothing depends on it: the server undoes what has no end.
                transaction.patience = Some(SILENT_AFTER);
                "rollback"
            };
            if let Err(error) = control(&mut transaction, end).await {
                give_up(&pool, transaction);
                return Err(error.into());
            }
            if let Some(replica) = replica.filter(|_| result.is_ok()) {
                let rows = transaction.fetch_all(Statement::new(replica::END)).await;
                replica.need(replica::end_of(&rows));
            }
            result
        })
        .await
        .map_err(|_| DatabaseError::Panicked)?
    }

    /// How long a read may take before the server counts as silent; its own limit ends statements before.
    fn patience(&self) -> Duration {
        match self.statement_ms {
            0 => Duration::MAX,
            ms => Duration::from_millis(ms).saturating_add(SILENT_AFTER),
        }
    }

    pub(super) fn pool(&self) -> PoolUse {
        PoolUse {
            readers: self.readers.most(),
            readers_busy: self.readers.busy(),
            writers: self.writers.most(),
            writers_busy: self.writers.busy(),
            waiting: self.writers.waiting(),
        }
    }

    pub(super) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    pub(super) async fn close(&self) {
        self.writers.close().await;
        self.readers.close().await;
    }
}

/// How long a transaction may wait for its node, in milliseconds; no longer than a lease of the queue.
const IDLE_MS: u64 = 10_000;
/// How long the first connection is waited for: a server that starts at the same time may come later.
const REACHABLE_WITHIN: Duration = Duration::from_secs(10);

fn parse(url: &str) -> Result<PgConnectOptions, DatabaseError> {
    Ok(PgConnectOptions::from_str(url)
        .map_err(|_| DatabaseError::Url)?
        .application_name("tympan")
        .statement_cache_capacity(256)
        .disable_statement_logging())
}

/// The first connection of a process.
async fn reachable(pool: &Pool) -> Result<Lease, DatabaseError> {
    let began = Instant::now();
    loop {
        match pool.acquire().await {
            Err(DatabaseError::Unavailable(why)) if began.elapsed() < REACHABLE_WITHIN => {
                tracing::warn!(why, "waiting for the database");
            }
            result => return result,
        }
    }
}

/// Begins a transaction; connections that died while they lay idle are thrown away.
async fn begin(pool: &Pool) -> Result<Transaction, DatabaseError> {
    let mut tries = pool.most();
    loop {
        let mut transaction = Transaction::new(Connection::Postgres(pool.acquire().await?));
        transaction.patience = Some(SILENT_AFTER);
        match control(&mut transaction, "begin").await {
            Ok(()) => return Ok(transaction),
            Err(error) => {
                let died = matches!(error, DatabaseError::Unavailable(_));
                match died {
                    true => give_up(pool, transaction),
                    false => close(transaction),
                }
                if tries == 0 || !died {
                    return Err(error);
                }
                tries -= 1;
            }
        }
    }
}

/// A connection whose transaction could not be ended is not used again, nor are those that lie idle beside it.
fn give_up(pool: &Pool, transaction: Transaction) {
    if let Connection::Postgres(lease) = transaction.connection {
        pool.give_up(lease);
    }
}

fn close(transaction: Transaction) {
    if let Connection::Postgres(lease) = transaction.connection {
        discard(lease);
    }
}

async fn control(transaction: &mut Transaction, sql: &'static str) -> Result<(), DatabaseError> {
    transaction.execute(Statement::new(sql)).await.map(|_| ())
}

/// A null whose type the statement tells.
///
/// Statements are prepared once per text: a null sent as text would fix the parameter as text, and the
/// next integer for it would be refused.
struct Untyped;

impl Type<sqlx::Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, sqlx::Postgres> for Untyped {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

fn arguments(values: Vec<Value>) -> Result<PgArguments, DatabaseError> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Null => arguments.add(Untyped),
            Value::Bool(value) => arguments.add(value),
            Value::Integer(value) => arguments.add(value),
            Value::Real(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        };
        added.map_err(|error| DatabaseError::Other(error.to_string().into()))?;
    }
    Ok(arguments)
}

fn row(row: &PgRow) -> Result<Row, DatabaseError> {
    (0..row.len())
        .map(|index| column(row, index).map_err(|error| DatabaseError::from_sqlx(&error)))
        .collect::<Result<_, _>>()
        .map(Row)
}

fn column(row: &PgRow, index: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info().into_owned();
    Ok(match kind.name() {
        "INT8" => Value::Integer(row.try_get(index)?),
        "INT4" => Value::Integer(i64::from(row.try_get::<i32, _>(index)?)),
        "INT2" => Value::Integer(i64::from(row.try_get::<i16, _>(index)?)),
        "FLOAT8" => Value::Real(row.try_get(index)?),
        "BOOL" => Value::Bool(row.try_get(index)?),
        "BYTEA" => Value::Bytes(row.try_get(index)?),
        _ => Value::Text(row.try_get(index)?),
    })
}

pub(super) async fn execute(lease: &mut Lease, statement: Statement) -> Result<u64, DatabaseError> {
    let arguments = arguments(statement.values)?;
    let query = sqlx::query_with(AssertSqlSafe(statement.sql), arguments);
    lease.is_asked = true;
    let done = query.execute(&mut lease.connection).await;
    lease.is_asked = false;
    match done {
        Ok(done) => Ok(done.rows_affected()),
        Err(error) => Err(failed(lease, &error).await),
    }
}

/// Translates an error; outdated prepared statements are forgotten, so that the next try finds none.
async fn failed(lease: &mut Lease, error: &sqlx::Error) -> DatabaseError {
    let cause = error.as_database_error();
    if cause.is_some_and(|cause| cause.code().is_some_and(|code| is_outdated(&code))) {
        let _ = lease.connection.clear_cached_statements().await;
    }
    DatabaseError::from_sqlx(error)
}

pub(super) async fn fetch_all(
    lease: &mut Lease,
    statement: Statement,
) -> Result<Vec<Row>, DatabaseError> {
    let arguments = arguments(statement.values)?;
    let query = sqlx::query_with(AssertSqlSafe(statement.sql), arguments);
    lease.is_asked = true;
    let found = query.fetch_all(&mut lease.connection).await;
    lease.is_asked = false;
    match found {
        Ok(rows) => rows.iter().map(row).collect(),
        Err(error) => Err(failed(lease, &error).await),
    }
}
