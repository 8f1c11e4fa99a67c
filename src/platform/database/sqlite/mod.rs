//! SQLite: a few readers and one writer that commits several jobs at a time.

mod reader;
mod run;
mod writer;

pub(super) use run::{execute, fetch_all};

use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};

use super::transaction::Connection;
use super::{DatabaseConfig, DatabaseError, PoolUse, Row, Statement, Transaction, migrate};
use reader::{Lease, Reader, open_reader, reader_count};
use run::fetch_optional;
use writer::{Job, Outcome, write_loop};

/// Bytes of a page of a new file. Two rows of a few KiB fit into one, so that trees are a level flatter than with
/// SQLite's 4096: one entry by its slug was answered 1.2 times as often, an import took 0.8 of the processor time.
const PAGE_BYTES: u32 = 8192;
/// Pages of the write-ahead log after which it is copied into the database file; with SQLite's
/// 1000 a busy writer syncs the file several times a second.
const WAL_PAGES: &str = "4000";
/// Jobs that may wait for the writer.
const QUEUE: usize = 4096;
/// How long a read waits for a free reader before it is refused.
const READER_WAIT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Sqlite {
    readers: std::sync::Mutex<Vec<Reader>>,
    permits: Semaphore,
    count: usize,
    jobs: mpsc::Sender<Job>,
    writer: Mutex<Option<tokio::task::JoinHandle<()>>>,
    closing: Arc<AtomicBool>,
    statement_ms: u64,
    statements: AtomicU64,
}

impl Sqlite {
    pub(super) async fn open(
        path: PathBuf,
        config: &DatabaseConfig,
    ) -> Result<Self, DatabaseError> {
        let plain = SqliteConnectOptions::from_str("sqlite://")
            .map_err(|error| DatabaseError::from_sqlx(&error))?
            .filename(&path);
        if std::fs::metadata(&path).is_ok_and(|file| file.len() > 0) {
            look(&plain).await?;
        }
        make_private(&path)?;
        let options = plain
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .page_size(PAGE_BYTES)
            .busy_timeout(Duration::from_millis(config.busy_ms))
            .statement_cache_capacity(256)
            .pragma("cache_size", format!("-{}", config.cache_kib))
            .pragma(
                "hard_heap_limit",
                (u64::from(config.memory_kib) * 1024).to_string(),
            )
            .pragma("journal_size_limit", "67108864")
            .pragma("wal_autocheckpoint", WAL_PAGES)
            .disable_statement_logging();
        // What a statement must remember to undo itself is small; on the disk it would cost more than the statement.
        let writing = options.clone().pragma("temp_store", "memory");
        let mut transaction = Transaction::new(Connection::Sqlite(connect(&writing).await?));
        migrate::up(&mut transaction).await?;
        let count = reader_count(config.readers);
        let mut readers = Vec::with_capacity(count);
        for _ in 0..count {
            readers.push(open_reader(&options).await?);
        }
        let (jobs, queue) = mpsc::channel(QUEUE);
        let closing = Arc::new(AtomicBool::new(false));
        let writer = tokio::spawn(write_loop(transaction, queue, Arc::clone(&closing)));
        Ok(Self {
            readers: std::sync::Mutex::new(readers),
            permits: Semaphore::new(count),
            count,
            jobs,
            writer: Mutex::new(Some(writer)),
            closing,
            statement_ms: config.statement_ms,
            statements: AtomicU64::new(0),
        })
    }

    pub(super) async fn fetch_all(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        let mut lease = self.reader().await?;
        let reader = lease.reader()?;
        let rows = fetch_all(&mut reader.connection, statement).await;
        rows.map_err(|error| self.timed(error))
    }

    pub(super) async fn fetch_optional(
        &self,
        statement: Statement,
    ) -> Result<Option<Row>, DatabaseError> {
        let mut lease = self.reader().await?;
        let reader = lease.reader()?;
        let row = fetch_optional(&mut reader.connection, statement).await;
        row.map_err(|error| self.timed(error))
    }

    fn timed(&self, error: DatabaseError) -> DatabaseError {
        match error {
            DatabaseError::TimedOut(_) => DatabaseError::TimedOut(self.statement_ms),
            other => other,
        }
    }

    async fn reader(&self) -> Result<Lease<'_>, DatabaseError> {
        let permit = tokio::time::timeout(READER_WAIT, self.permits.acquire())
            .await
            .map_err(|_| DatabaseError::Busy)?
            .map_err(|_| DatabaseError::Unavailable("it is closed".into()))?;
        let reader = self.readers.lock().ok().and_then(|mut idle| idle.pop());
        let reader = reader.ok_or(DatabaseError::Busy)?;
        let deadline = reader.clock.now() + self.statement_ms;
        reader.clock.at.store(deadline, Ordering::Relaxed);
        self.statements.fetch_add(1, Ordering::Relaxed);
        Ok(Lease {
            reader: Some(reader),
            home: &self.readers,
            _permit: permit,
        })
    }

    pub(super) async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Transaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<DatabaseError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let run: Job = Box::new(move |transaction| match transaction {
            Err(error) => Box::pin(async move {
                let _ = answer.send(Err(error.into()));
                Outcome::undone()
            }),
            Ok(transaction) => {
                let work = job(transaction);
                Box::pin(async move {
                    match work.await {
                        Err(error) => Outcome {
                            keep: false,
                            finish: Box::new(move |_| {
                                let _ = answer.send(Err(error));
                            }),
                        },
                        Ok(value) => Outcome {
                            keep: true,
                            finish: Box::new(move |durable| {
                                let _ = answer.send(durable.map(|()| value).map_err(E::from));
                            }),
                        },
                    }
                })
            }
        });
        let closed = || DatabaseError::Unavailable("it is closed".into());
        self.jobs.send(run).await.map_err(|_| closed())?;
        answered.await.map_err(|_| DatabaseError::Panicked)?
    }

    pub(super) fn pool(&self) -> PoolUse {
        let waiting = self.jobs.max_capacity() - self.jobs.capacity();
        PoolUse {
            readers: self.count,
            readers_busy: self.count.saturating_sub(self.permits.available_permits()),
            writers: 1,
            writers_busy: usize::from(waiting > 0),
            waiting,
        }
    }

    pub(super) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    pub(super) async fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let stop: Job = Box::new(move |_| {
            Box::pin(async move {
                Outcome {
                    keep: false,
                    // Only now are the jobs of the same group committed.
                    finish: Box::new(move |_| {
                        let _ = answer.send(());
                    }),
                }
            })
        });
        if self.jobs.send(stop).await.is_ok() {
            let _ = answered.await;
        }
        self.permits.close();
        if let Some(writer) = self.writer.lock().await.take() {
            let _ = writer.await;
        }
        let readers = self
            .readers
            .lock()
            .map(|mut idle| std::mem::take(&mut *idle));
        for reader in readers.unwrap_or_default() {
            let _ = reader.connection.close().await;
        }
    }
}

/// A new file can be read by its owner only; it holds hashes of secrets, and its journal takes over the mode.
fn make_private(path: &std::path::Path) -> Result<(), DatabaseError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(DatabaseError::Unavailable(format!(
            "{}: {error}",
            path.display()
        ))),
    }
}

/// Refuses a file that is not ours or is newer before a connection turns on the write-ahead log, which
/// would change it.
async fn look(plain: &SqliteConnectOptions) -> Result<(), DatabaseError> {
    let connection = connect(&plain.clone().disable_statement_logging()).await?;
    let mut transaction = Transaction::new(Connection::Sqlite(connection));
    let result = migrate::check(&mut transaction).await;
    if let Connection::Sqlite(connection) = transaction.connection {
        let _ = connection.close().await;
    }
    result
}

async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, DatabaseError> {
    options
        .connect()
        .await
        .map_err(|error| DatabaseError::from_sqlx(&error))
}
