//! Readers: connections that are lent to one statement at a time and stop it when its time is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::connect;
use crate::platform::database::DatabaseError;

/// Virtual machine steps between two looks at the clock.
const STEPS: i32 = 20_000;

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) connection: SqliteConnection,
    pub(super) clock: Arc<Deadline>,
}

/// When the running statement of a connection must stop, in milliseconds since `start`; 0 = never.
#[derive(Debug)]
pub(super) struct Deadline {
    start: Instant,
    pub(super) at: AtomicU64,
}

impl Deadline {
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn passed(&self) -> bool {
        let at = self.at.load(Ordering::Relaxed);
        at != 0 && self.now() > at
    }
}

/// A reader on loan; it goes home when dropped, also when the asking task is cancelled.
pub(super) struct Lease<'a> {
    pub(super) reader: Option<Reader>,
    pub(super) home: &'a std::sync::Mutex<Vec<Reader>>,
    pub(super) _permit: tokio::sync::SemaphorePermit<'a>,
}

impl Lease<'_> {
    pub(super) fn reader(&mut self) -> Result<&mut Reader, DatabaseError> {
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

/// How many readers there are: as many as configured, or one per processor.
pub(super) fn reader_count(configured: u32) -> usize {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    match configured {
        0 => processors.clamp(2, 16),
        count => usize::try_from(count).unwrap_or(16).clamp(1, 64),
    }
}

/// Opens a connection that cannot write and looks at the clock while it works.
pub(super) async fn open_reader(options: &SqliteConnectOptions) -> Result<Reader, DatabaseError> {
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
