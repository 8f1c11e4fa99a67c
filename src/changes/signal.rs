//! Telling the followers of one database that its log may have grown, and reading it once for all of them.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use super::{Change, Cursor, read};
use crate::platform::database::{Database, DatabaseError};

/// Changes and bytes of a reading that is kept for the other followers.
const MOST_CHANGES: usize = 100;
const MOST_BYTES: usize = 1024 * 1024;

/// Tells followers of one database that its log may have grown.
#[derive(Debug, Clone)]
pub struct Signal {
    /// How often it rang.
    rings: Arc<watch::Sender<u64>>,
    last: Arc<Mutex<Option<Reading>>>,
}

/// What stood behind a place of the log when it was read last.
#[derive(Debug)]
struct Reading {
    /// How often the signal had rung before.
    rings: u64,
    after: Cursor,
    found: Vec<Change>,
    is_all: bool,
}

impl Default for Signal {
    fn default() -> Self {
        Self {
            rings: Arc::new(watch::Sender::new(0)),
            last: Arc::default(),
        }
    }
}

impl Signal {
    /// Wakes every follower.
    pub fn ring(&self) {
        self.rings.send_modify(|rings| *rings += 1);
    }

    /// What becomes ready when it rings; holds how often it did.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.rings.subscribe()
    }

    /// Up to `limit` changes behind a place, and whether that is all there was when the signal had rung so often. Most
    /// followers stand at the same place: the first one's reading serves the others.
    pub(super) async fn read(
        &self,
        database: &Database,
        (after, rings): (Cursor, u64),
        limit: u32,
    ) -> Result<(Vec<Change>, bool), DatabaseError> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        // Held while it is read: whoever comes meanwhile waits for the same.
        let mut last = self.last.lock().await;
        if let Some(reading) = last.as_ref()
            && (reading.rings, reading.after) == (rings, after)
        {
            let found: Vec<Change> = reading.found.iter().take(most).cloned().collect();
            let is_all = reading.is_all && found.len() == reading.found.len();
            return Ok((found, is_all));
        }
        let found = read(database, after, limit).await?;
        let is_all = found.len() < most;
        let bytes: usize = found.iter().map(bytes).sum();
        *last = (found.len() <= MOST_CHANGES && bytes <= MOST_BYTES).then(|| Reading {
            rings,
            after,
            found: found.clone(),
            is_all,
        });
        Ok((found, is_all))
    }
}

/// About the memory of a change.
fn bytes(change: &Change) -> usize {
    change.detail.as_ref().map_or(0, String::len) + 200
}
