//! One door to SQLite and PostgreSQL.
//!
//! Reads take any number of connections; writes are jobs that run in a transaction of their own and
//! are acknowledged only after it is durable. On SQLite one writer runs the jobs, several per commit
//! (group commit), each in a savepoint; on PostgreSQL each job has its own connection.
//!
//! Always true: SQL text is made by this program only, values are always bound.
//! **Knows nothing about** content types. sqlx is named nowhere else.
//! Start reading at [`Database::open`] and [`Database::write`].

mod dialect;
mod error;
mod listen;
mod migrate;
mod nodes;
mod pool;
mod postgres;
mod replica;
mod restored;
mod row;
mod sequence;
mod sqlite;
mod statement;
mod transaction;
mod watch;

pub use dialect::Dialect;
pub use error::{DatabaseError, UniqueColumns};
pub use listen::Listener;
pub use migrate::{FORMAT, FormatError};
pub use nodes::Near;
pub use row::Row;
pub use sequence::Sequence;
pub use statement::{Statement, Value};
pub use transaction::{Batch, Transaction};
pub use watch::PoolUse;

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use watch::Watch;

/// Where the data is and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://…`; empty = `tympan.db` in the data folder.
    pub url: String,
    /// A PostgreSQL replica that may answer delivery reads; empty = none.
    pub replica_url: String,
    /// Milliseconds the replica may be behind before the primary answers.
    pub replica_lag_ms: u64,
    /// Connections for reading; 0 = one per processor, at least 2.
    pub readers: u32,
    /// Connections for writing on PostgreSQL (SQLite has exactly one).
    pub writers: u32,
    /// Milliseconds a reading statement may run.
    pub statement_ms: u64,
    /// Milliseconds a write waits for another process's write.
    pub busy_ms: u64,
    /// KiB of page cache per SQLite connection.
    pub cache_kib: u32,
    /// KiB of memory SQLite may hold altogether; a statement that needs more is refused.
    pub memory_kib: u32,
    /// Milliseconds after which a reading statement is written to the log, without its values; 0 writes none.
    pub slow_ms: u64,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            replica_url: String::new(),
            replica_lag_ms: 1000,
            readers: 0,
            writers: 8,
            statement_ms: 5000,
            busy_ms: 10_000,
            cache_kib: 16 * 1024,
            memory_kib: 512 * 1024,
            slow_ms: 1000,
        }
    }
}

/// An open database.
#[derive(Debug)]
pub struct Database {
    engine: Engine,
    watch: Watch,
}

#[derive(Debug)]
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(Box<postgres::Postgres>),
}

impl Database {
    /// Opens the database, making or upgrading its fixed tables; refuses one that is newer than this program.
    ///
    /// # Errors
    /// When it cannot be reached, is not ours, or is newer.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, DatabaseError> {
        let engine = if let Some(path) = config.url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            Engine::Sqlite(sqlite::Sqlite::open(PathBuf::from(path), config).await?)
        } else if config.url.starts_with("postgres://") || config.url.starts_with("postgresql://") {
            Engine::Postgres(Box::new(postgres::Postgres::open(config).await?))
        } else {
            return Err(DatabaseError::Url);
        };
        let watch = Watch::new(config.slow_ms);
        Ok(Self { engine, watch })
    }

    /// Which SQL this database speaks.
    pub fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Every row of a reading statement.
    ///
    /// # Errors
    /// When the statement fails or runs longer than the configured time.
    pub async fn fetch_all(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        let sql = statement.sql.clone();
        let read = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.fetch_all(statement).await,
                Engine::Postgres(postgres) => postgres.fetch_all(statement).await,
            }
        };
        self.watch.read(&sql, read).await
    }

    /// The first row of a reading statement, if any.
    ///
    /// # Errors
    /// As [`Database::fetch_all`].
    pub async fn fetch_optional(&self, statement: Statement) -> Result<Option<Row>, DatabaseError> {
        let sql = statement.sql.clone();
        let read = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.fetch_optional(statement).await,
                Engine::Postgres(postgres) => postgres.fetch_optional(statement).await,
            }
        };
        self.watch.read(&sql, read).await
    }

    /// Runs a job in a write transaction and returns when it is durable.
    ///
    /// An error of the job undoes everything it did. The job runs to its end even if the caller goes away.
    ///
    /// # Errors
    /// The job's own error, or the database's when the transaction cannot begin or be made durable.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let job = watch::spanned(job);
        let write = async {
            match &self.engine {
                Engine::Sqlite(sqlite) => sqlite.write(job).await,
                Engine::Postgres(postgres) => postgres.write(job).await,
            }
        };
        self.watch.write(write).await
    }

    /// How much of the connections is in use.
    pub fn pool(&self) -> PoolUse {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.pool(),
            Engine::Postgres(postgres) => postgres.pool(),
        }
    }

    /// How many reading statements this database has run; for tests that count them.
    pub fn statements(&self) -> u64 {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.statements(),
            Engine::Postgres(postgres) => postgres.statements(),
        }
    }

    /// Finishes pending writes and closes every connection.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(postgres) => postgres.close().await,
        }
    }
}
