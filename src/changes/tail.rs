//! Following the log: waiting for what comes next.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Change, Cursor, read};
use crate::platform::database::{Database, DatabaseError};

/// How long a follower waits before it looks on its own, if nobody rings.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Tells followers that the log may have grown. Ringing too often costs one statement each.
#[derive(Debug, Clone)]
pub struct Signal(Arc<watch::Sender<()>>);

impl Default for Signal {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(())))
    }
}

impl Signal {
    /// Wakes every follower.
    pub fn ring(&self) {
        self.0.send_replace(());
    }

    /// What becomes ready when it rings.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}

/// A follower's place in the log.
#[derive(Debug)]
pub struct Tail {
    database: Arc<Database>,
    after: Cursor,
    rung: watch::Receiver<()>,
}

impl Tail {
    /// Follows the log from behind this place.
    pub fn new(database: Arc<Database>, after: Cursor, signal: &Signal) -> Self {
        Self {
            database,
            after,
            rung: signal.subscribe(),
        }
    }

    /// The place behind the last change that was returned.
    pub fn cursor(&self) -> Cursor {
        self.after
    }

    /// Goes to another place, such as back to the last one whose effect is durable.
    pub fn seek(&mut self, after: Cursor) {
        self.after = after;
    }

    /// The next changes in commit order, up to `limit`; waits until there is one.
    ///
    /// # Errors
    /// When the database fails; the place is kept, so it can be called again.
    pub async fn next(&mut self, limit: u32) -> Result<Vec<Change>, DatabaseError> {
        loop {
            // Marked as seen before reading: a ring in between is not lost.
            self.rung.borrow_and_update();
            let found = read(&self.database, self.after, limit).await?;
            if let Some(last) = found.last() {
                self.after = last.cursor;
                return Ok(found);
            }
            tokio::select! {
                rung = self.rung.changed() => if rung.is_err() { std::future::pending::<()>().await },
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}
