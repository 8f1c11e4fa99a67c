//! Hearing what other nodes announce, on PostgreSQL.

use sqlx::postgres::{PgListener, PgPool};

use super::DatabaseError;

/// The channel on which nodes tell each other that the change log has grown.
pub(super) const CHANNEL: &str = "tympan_changes";

/// A connection that waits for announcements.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    pub(super) async fn open(pool: &PgPool) -> Result<Self, DatabaseError> {
        let connect = async {
            let mut listener = PgListener::connect_with(pool).await?;
            listener.listen(CHANNEL).await?;
            Ok(listener)
        };
        let listener = connect.await;
        listener
            .map(Self)
            .map_err(|error: sqlx::Error| DatabaseError::from_sqlx(&error))
    }

    /// Waits until something is announced, or may have been: a connection that was lost and made again counts.
    ///
    /// # Errors
    /// When the connection is lost and cannot be made again.
    pub async fn heard(&mut self) -> Result<(), DatabaseError> {
        let heard = self.0.try_recv().await;
        heard.map_err(|error| DatabaseError::from_sqlx(&error))?;
        // Several announcements are one reason to look.
        while self.0.next_buffered().is_some() {}
        Ok(())
    }
}
