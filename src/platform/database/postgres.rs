//! PostgreSQL: one pool for reading, one for writing, a transaction per job.

use std::str::FromStr as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{
    PgArgumentBuffer, PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow, PgTypeInfo,
};
use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Encode, Row as _, Type,
    TypeInfo as _, ValueRef as _,
};

use super::error::is_outdated;
use super::transaction::Connection;
use super::{DatabaseConfig, DatabaseError, PoolUse, Row, Statement, Transaction, Value, migrate};

#[derive(Debug)]
pub(super) struct Postgres {
    readers: PgPool,
    writers: PgPool,
    statement_ms: u64,
    statements: AtomicU64,
}

impl Postgres {
    pub(super) async fn open(config: &DatabaseConfig) -> Result<Self, DatabaseError> {
        let options = PgConnectOptions::from_str(&config.url)
            .map_err(|_| DatabaseError::Url)?
            .application_name("tympan")
            .statement_cache_capacity(256)
            .disable_statement_logging();
        let reading = options.clone().options([
            ("statement_timeout", config.statement_ms.to_string()),
            ("default_transaction_read_only", "on".to_owned()),
        ]);
        let writing = options.options([
            ("lock_timeout", config.busy_ms.to_string()),
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
        let postgres = Self {
            readers: pool(reading, readers),
            writers: pool(writing, config.writers.max(1)),
            statement_ms: config.statement_ms,
            statements: AtomicU64::new(0),
        };
        let connection = acquire(&postgres.writers).await?;
        let mut transaction = Transaction::new(Connection::Postgres(connection));
        migrate::up(&mut transaction).await?;
        Ok(postgres)
    }

    pub(super) async fn fetch_all(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut tries = self.readers.options().get_max_connections();
        loop {
            let mut connection = acquire(&self.readers).await?;
            match fetch_all(&mut connection, statement.clone()).await {
                // A connection that died while it lay idle: the others may have, too.
                Err(DatabaseError::Unavailable(_)) if tries > 0 => {
                    tries -= 1;
                    drop(connection.detach());
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
        tokio::spawn(async move {
            let mut transaction = begin(&pool).await?;
            let work = std::panic::AssertUnwindSafe(async { job(&mut transaction).await });
            let result = work
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(DatabaseError::Panicked.into()));
            let end = if result.is_ok() { "commit" } else { "rollback" };
            if let Err(error) = control(&mut transaction, end).await {
                discard(transaction);
                return Err(error.into());
            }
            result
        })
        .await
        .map_err(|_| DatabaseError::Panicked)?
    }

    pub(super) fn pool(&self) -> PoolUse {
        let busy = |pool: &PgPool| {
            usize::try_from(pool.size())
                .unwrap_or_default()
                .saturating_sub(pool.num_idle())
        };
        let most = |pool: &PgPool| {
            usize::try_from(pool.options().get_max_connections()).unwrap_or_default()
        };
        PoolUse {
            readers: most(&self.readers),
            readers_busy: busy(&self.readers),
            writers: most(&self.writers),
            writers_busy: busy(&self.writers),
            waiting: 0,
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

fn pool(options: PgConnectOptions, size: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

async fn acquire(pool: &PgPool) -> Result<PoolConnection<sqlx::Postgres>, DatabaseError> {
    pool.acquire()
        .await
        .map_err(|error| DatabaseError::from_sqlx(&error))
}

/// Begins a transaction; connections that died while they lay idle are thrown away.
async fn begin(pool: &PgPool) -> Result<Transaction, DatabaseError> {
    let mut tries = pool.options().get_max_connections();
    loop {
        let mut transaction = Transaction::new(Connection::Postgres(acquire(pool).await?));
        match control(&mut transaction, "begin").await {
            Ok(()) => return Ok(transaction),
            Err(error) => {
                discard(transaction);
                if tries == 0 || !matches!(error, DatabaseError::Unavailable(_)) {
                    return Err(error);
                }
                tries -= 1;
            }
        }
    }
}

/// A connection whose transaction could not be ended is not used again.
fn discard(transaction: Transaction) {
    if let Connection::Postgres(connection) = transaction.connection {
        drop(connection.detach());
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

pub(super) async fn execute(
    connection: &mut PoolConnection<sqlx::Postgres>,
    statement: Statement,
) -> Result<u64, DatabaseError> {
    let arguments = arguments(statement.values)?;
    match sqlx::query_with(AssertSqlSafe(statement.sql), arguments)
        .execute(&mut **connection)
        .await
    {
        Ok(done) => Ok(done.rows_affected()),
        Err(error) => Err(failed(connection, &error).await),
    }
}

/// Translates an error; outdated prepared statements are forgotten, so that the next try finds none.
async fn failed(
    connection: &mut PoolConnection<sqlx::Postgres>,
    error: &sqlx::Error,
) -> DatabaseError {
    let cause = error.as_database_error();
    if cause.is_some_and(|cause| cause.code().is_some_and(|code| is_outdated(&code))) {
        let _ = connection.clear_cached_statements().await;
    }
    DatabaseError::from_sqlx(error)
}

pub(super) async fn fetch_all(
    connection: &mut PoolConnection<sqlx::Postgres>,
    statement: Statement,
) -> Result<Vec<Row>, DatabaseError> {
    let arguments = arguments(statement.values)?;
    match sqlx::query_with(AssertSqlSafe(statement.sql), arguments)
        .fetch_all(&mut **connection)
        .await
    {
        Ok(rows) => rows.iter().map(row).collect(),
        Err(error) => Err(failed(connection, &error).await),
    }
}
