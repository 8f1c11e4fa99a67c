//! Hearing what other nodes announce, on PostgreSQL.

use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::DatabaseError;
use super::pool::SILENT_AFTER;

/// The channel on which nodes tell each other that the change log has grown.
pub(super) const CHANNEL: &str = "tympan_changes";

/// After so long without a word the server is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(30);

/// A connection that waits for announcements.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    pub(super) async fn open(options: PgConnectOptions) -> Result<Self, DatabaseError> {
        let connect = async {
            // A listener of sqlx wants one of its pools; nothing ever goes back to this one.
            let pool = PgPoolOptions::new().max_connections(1);
            let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options)).await?;
            listener.listen(CHANNEL).await?;
            Ok(listener)
        };
        within(connect).await.map(Self)
    }

    /// Waits until something is announced, or may have been: a connection that was lost and made again counts.
    ///
    /// # Errors
    /// When the connection is lost and cannot be made again, or the server does not answer any more.
    pub async fn heard(&mut self) -> Result<(), DatabaseError> {
        loop {
            if let Ok(heard) = tokio::time::timeout(QUIET, self.0.try_recv()).await {
                heard.map_err(|error| DatabaseError::from_sqlx(&error))?;
                break;
            }
            within(self.0.execute("select 1")).await?;
        }
        // Several announcements are one reason to look.
        while self.0.next_buffered().is_some() {}
        Ok(())
    }
}

async fn within<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, DatabaseError> {
    match tokio::time::timeout(SILENT_AFTER, work).await {
        Ok(result) => result.map_err(|error| DatabaseError::from_sqlx(&error)),
        Err(_) => Err(DatabaseError::Unavailable("the server is silent".into())),
    }
}
