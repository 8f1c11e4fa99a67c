//! SQLite: a few readers and one writer that commits several jobs at a time.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Decode, Row as _,
    TypeInfo as _, ValueRef as _,
};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};

use super::transaction::Connection;
use super::{DatabaseConfig, DatabaseError, Row, Statement, Transaction, Value, migrate};

/// Jobs that share one commit at most; bounds how long the first of them waits.
const GROUP: usize = 128;
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
/// Virtual machine steps between two looks at the clock.
const STEPS: i32 = 20_000;

#[derive(Debug)]
pub(super) struct Sqlite {
    readers: std::sync::Mutex<Vec<Reader>>,
    permits: Semaphore,
    jobs: mpsc::Sender<Job>,
    writer: Mutex<Option<tokio::task::JoinHandle<()>>>,
    closing: Arc<AtomicBool>,
    statement_ms: u64,
    statements: AtomicU64,
}

#[derive(Debug)]
struct Reader {
    connection: SqliteConnection,
    clock: Arc<Deadline>,
}

/// When the running statement of a connection must stop, in milliseconds since `start`; 0 = never.
#[derive(Debug)]
struct Deadline {
    start: Instant,
    at: AtomicU64,
}

impl Deadline {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn passed(&self) -> bool {
        let at = self.at.load(Ordering::Relaxed);
        at != 0 && self.now() > at
    }
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

/// A reader on loan; it goes home when dropped, also when the asking task is cancelled.
struct Lease<'a> {
    reader: Option<Reader>,
    home: &'a std::sync::Mutex<Vec<Reader>>,
    _permit: tokio::sync::SemaphorePermit<'a>,
}

impl Lease<'_> {
    fn reader(&mut self) -> Result<&mut Reader, DatabaseError> {
        self.reader.as_mut().ok_or(DatabaseError::Busy)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            // A statement that still runs here was abandoned by a caller who went away: it stops at once.
            reader.clock.at.store(1, Ordering::Relaxed);
            if let Ok(mut idle) = self.home.lock() {
                idle.push(reader);
            }
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

fn reader_count(configured: u32) -> usize {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    match configured {
        0 => processors.clamp(2, 16),
        count => usize::try_from(count).unwrap_or(16).clamp(1, 64),
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

async fn open_reader(options: &SqliteConnectOptions) -> Result<Reader, DatabaseError> {
    let options = options.clone().pragma("query_only", "on");
    let mut connection = connect(&options).await?;
    let clock = Arc::new(Deadline {
        start: Instant::now(),
        at: AtomicU64::new(0),
    });
    let watched = Arc::clone(&clock);
    connection
        .lock_handle()
        .await
        .map_err(|error| DatabaseError::from_sqlx(&error))?
        .set_progress_handler(STEPS, move || !watched.passed());
    Ok(Reader { connection, clock })
}

type Finish = Box<dyn FnOnce(Result<(), DatabaseError>) + Send>;
type Job = Box<
    dyn for<'t> FnOnce(Result<&'t mut Transaction, DatabaseError>) -> BoxFuture<'t, Outcome> + Send,
>;

/// What became of a job: whether its changes stay, and whom to tell once they are durable.
struct Outcome {
    keep: bool,
    finish: Finish,
}

impl Outcome {
    fn undone() -> Self {
        Self {
            keep: false,
            finish: Box::new(|_| {}),
        }
    }
}

async fn write_loop(
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

fn arguments(values: Vec<Value>) -> Result<SqliteArguments, DatabaseError> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        let added = match value {
            Value::Null => arguments.add(Option::<i64>::None),
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

fn row(row: &SqliteRow) -> Result<Row, DatabaseError> {
    let decoded = |error: sqlx::error::BoxDynError| DatabaseError::Other(error.to_string().into());
    (0..row.len())
        .map(|index| {
            let raw = row
                .try_get_raw(index)
                .map_err(|error| DatabaseError::from_sqlx(&error))?;
            if raw.is_null() {
                return Ok(Value::Null);
            }
            let kind = raw.type_info().into_owned();
            match kind.name() {
                "REAL" => <f64 as Decode<sqlx::Sqlite>>::decode(raw).map(Value::Real),
                "TEXT" => <String as Decode<sqlx::Sqlite>>::decode(raw).map(Value::Text),
                "BLOB" => <Vec<u8> as Decode<sqlx::Sqlite>>::decode(raw).map(Value::Bytes),
                _ => <i64 as Decode<sqlx::Sqlite>>::decode(raw).map(Value::Integer),
            }
            .map_err(decoded)
        })
        .collect::<Result<_, _>>()
        .map(Row)
}

pub(super) async fn execute(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<u64, DatabaseError> {
    let arguments = arguments(statement.values)?;
    sqlx::query_with(AssertSqlSafe(statement.sql), arguments)
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
        .map_err(|error| DatabaseError::from_sqlx(&error))
}

pub(super) async fn fetch_all(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<Vec<Row>, DatabaseError> {
    let arguments = arguments(statement.values)?;
    let rows = sqlx::query_with(AssertSqlSafe(statement.sql), arguments)
        .fetch_all(connection)
        .await
        .map_err(|error| DatabaseError::from_sqlx(&error))?;
    rows.iter().map(row).collect()
}

async fn fetch_optional(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<Option<Row>, DatabaseError> {
    let arguments = arguments(statement.values)?;
    let found = sqlx::query_with(AssertSqlSafe(statement.sql), arguments)
        .fetch_optional(connection)
        .await
        .map_err(|error| DatabaseError::from_sqlx(&error))?;
    found.as_ref().map(row).transpose()
}
