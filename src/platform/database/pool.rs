//! Connections to a PostgreSQL server, made when they are needed and used again.
//!
//! Nothing here waits for a server without a bound: one that vanished without a word never closes its connections.
//! sqlx's own pool asks each connection that comes back whether it still lives, without a bound, so that a silent one
//! keeps its place for ever.

use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{
    self, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult, TimeoutType,
};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::DatabaseError;

/// How long a connection may take to begin, to finish what its last user left behind, and to say whether it lives.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(5);
/// How long a request waits for a free connection.
const FREE_WITHIN: Duration = Duration::from_secs(10);
/// How long a server that refuses connections, because it starts or is full, is asked again.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(3);
const ASK_EVERY: Duration = Duration::from_millis(100);
/// What lay idle for longer may have been forgotten by something between here and the server.
const LONGEST_IDLE: Duration = Duration::from_secs(300);
/// The server keeps something for every connection, and gives it back when the connection ends.
const OLDEST: Duration = Duration::from_secs(30 * 60);

/// A connection in use; it goes back to its pool when it is dropped, or is closed by [`discard`].
pub(super) type Lease = Object<Server>;

/// A server and how it is talked to.
#[derive(Debug)]
pub(super) struct Server(PgConnectOptions);

/// A connection of a pool.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) connection: PgConnection,
    /// Whether a statement was asked whose answer nobody has read to its end: its caller went away.
    pub(super) is_asked: bool,
}

impl managed::Manager for Server {
    type Type = Held;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Held, sqlx::Error> {
        let began = Instant::now();
        loop {
            // On the heap: it is large, and every future that may ask the database would be as large.
            match Box::pin(self.0.connect()).await {
                Err(error) if is_passing(&error) && began.elapsed() < ACCEPTED_WITHIN => {
                    tokio::time::sleep(ASK_EVERY).await;
                }
                connected => {
                    return connected.map(|connection| Held {
                        connection,
                        is_asked: false,
                    });
                }
            }
        }
    }

    async fn recycle(&self, held: &mut Held, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.age() > OLDEST || metrics.last_used() > LONGEST_IDLE {
            return Err(RecycleError::message("it is old"));
        }
        if held.is_asked {
            // The rest of that answer is read first. A new connection beside a statement that still runs would let
            // callers who go away ask for more at once than there are connections.
            Box::pin(held.connection.ping()).await?;
            held.is_asked = false;
        }
        Ok(())
    }
}

/// Whether the server may accept the next try: nothing listens, it is starting or stopping, or it is full.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(cause) => cause
            .code()
            .is_some_and(|code| matches!(&*code, "57P03" | "57P01" | "53300")),
        _ => false,
    }
}

/// Connections to one server.
#[derive(Clone, Debug)]
pub(super) struct Pool(managed::Pool<Server>);

impl Pool {
    pub(super) fn new(options: PgConnectOptions, size: u32) -> Result<Self, DatabaseError> {
        managed::Pool::builder(Server(options))
            .max_size(usize::try_from(size).unwrap_or(usize::MAX))
            .wait_timeout(Some(FREE_WITHIN))
            .create_timeout(Some(SILENT_AFTER))
            .recycle_timeout(Some(SILENT_AFTER))
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .build()
            .map(Self)
            .map_err(|error| DatabaseError::Other(error.to_string().into()))
    }

    pub(super) async fn acquire(&self) -> Result<Lease, DatabaseError> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => DatabaseError::from_sqlx(&error),
            PoolError::Timeout(TimeoutType::Wait) => DatabaseError::Busy,
            error => DatabaseError::Unavailable(error.to_string()),
        })
    }

    /// How many connections there may be.
    pub(super) fn most(&self) -> usize {
        self.0.status().max_size
    }

    /// How many connections are in use.
    pub(super) fn busy(&self) -> usize {
        let status = self.0.status();
        status.size.saturating_sub(status.available)
    }

    /// How many callers wait for a connection.
    pub(super) fn waiting(&self) -> usize {
        self.0.status().waiting
    }

    /// Closes a connection that failed, and those that lie idle: they lead to the same machine, and waiting for each
    /// in turn takes minutes.
    pub(super) fn give_up(&self, lease: Lease) {
        discard(lease);
        self.0.retain(|_, _| false);
    }

    /// Ends the idle connections in order; there are no new ones afterwards.
    pub(super) async fn close(&self) {
        let idle = self.0.retain(|_, _| false).removed;
        self.0.close();
        for held in idle {
            let _ = tokio::time::timeout(SILENT_AFTER, held.connection.close()).await;
        }
    }
}

/// Closes a connection; its place in the pool is free.
pub(super) fn discard(lease: Lease) {
    drop(Lease::take(lease));
}
