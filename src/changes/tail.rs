//! Following the log: waiting for what comes next.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Change, Cursor, Signal, read};
use crate::platform::database::{Database, DatabaseError};

/// How long a follower waits before it looks on its own, if nobody rings.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A follower's place in the log.
#[derive(Debug)]
pub struct Tail {
    database: Arc<Database>,
    after: Cursor,
    signal: Signal,
    rung: watch::Receiver<u64>,
    /// How often the signal had rung when everything up to the end was read.
    at_end: Option<u64>,
    /// When it looks on its own.
    looks_at: Instant,
}

impl Tail {
    /// Follows the log from behind this place.
    pub fn new(database: Arc<Database>, after: Cursor, signal: &Signal) -> Self {
        Self {
            database,
            after,
            signal: signal.clone(),
            rung: signal.subscribe(),
            at_end: None,
            looks_at: Instant::now(),
        }
    }

    /// The place behind the last change that was returned.
    pub fn cursor(&self) -> Cursor {
        self.after
    }

    /// Goes to another place, such as back to the last one whose effect is durable.
    pub fn seek(&mut self, after: Cursor) {
        self.after = after;
        self.at_end = None;
    }

    /// The next changes in commit order, up to `limit`; waits until there is one.
    ///
    /// # Errors
    /// When the database fails; the place is kept, so it can be called again.
    pub async fn next(&mut self, limit: u32) -> Result<Vec<Change>, DatabaseError> {
        loop {
            // Marked as seen before reading: a ring in between is not lost.
            let rings = *self.rung.borrow_and_update();
            let looks = Instant::now() >= self.looks_at;
            if looks || self.at_end != Some(rings) {
                let (found, is_all) = match looks {
                    // What others read may be as old as the last ring.
                    true => (read(&self.database, self.after, limit).await?, false),
                    false => {
                        let place = (self.after, rings);
                        self.signal.read(&self.database, place, limit).await?
                    }
                };
                self.looks_at = Instant::now() + LOOK_EVERY;
                self.at_end = (is_all || found.is_empty()).then_some(rings);
                if let Some(last) = found.last() {
                    self.after = last.cursor;
                    return Ok(found);
                }
            }
            tokio::select! {
                rung = self.rung.changed() => if rung.is_err() { std::future::pending::<()>().await },
                () = tokio::time::sleep_until(self.looks_at) => {}
            }
        }
    }
}
