//! The end of the log and the rights of callers as one process sees them: what every live stream waits for.
//!
//! One reader follows the log for all streams and keeps the last changes; a stream that is further behind reads the
//! log itself. Nothing is queued per stream.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::changes::{self, Change, Cursor, Signal, Tail};
use crate::platform::database::{Database, DatabaseError};

/// Changes that are kept for all streams together.
const KEPT: usize = 2000;
/// Changes read at a time.
const BATCH: u32 = 500;

/// What streams wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// The end of the log.
    pub end: Cursor,
    /// Grows whenever schema or rights change.
    pub rights: u64,
    /// Whether the server stops.
    pub closing: bool,
}

/// What all live streams of a process share.
#[derive(Debug, Default)]
pub struct Live {
    moment: watch::Sender<Moment>,
    recent: RwLock<Recent>,
}

/// The changes after `floor`, without a gap.
#[derive(Debug, Default)]
struct Recent {
    floor: Option<Cursor>,
    changes: VecDeque<Arc<Change>>,
}

impl Live {
    /// Becomes ready whenever the moment changes.
    pub fn subscribe(&self) -> watch::Receiver<Moment> {
        self.moment.subscribe()
    }

    /// Schema or rights have changed.
    pub fn rights_changed(&self) {
        self.moment.send_modify(|moment| moment.rights += 1);
    }

    /// The server stops; streams end.
    pub fn close(&self) {
        self.moment.send_modify(|moment| moment.closing = true);
    }

    /// Follows the log for all streams until the task is dropped.
    ///
    /// # Errors
    /// When the database fails; then it is called again.
    pub async fn run(
        self: Arc<Self>,
        database: Arc<Database>,
        signal: Signal,
    ) -> Result<(), DatabaseError> {
        let end = changes::end(&database).await?;
        self.recent
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .begin(end);
        self.moment.send_modify(|moment| moment.end = end);
        let mut tail = Tail::new(database, end, &signal);
        let follower = changes::follower("live");
        follower.at(end);
        loop {
            let found = tail.next(BATCH).await?;
            let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
            recent.extend(found);
            drop(recent);
            follower.at(tail.cursor());
            self.moment.send_modify(|moment| moment.end = tail.cursor());
        }
    }

    /// The changes after a place, if they are all kept.
    pub(super) fn after(&self, place: Cursor, most: usize) -> Option<Vec<Arc<Change>>> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        if recent.floor? > place {
            return None;
        }
        let later = recent.changes.iter();
        let later = later.skip_while(|change| change.cursor <= place);
        Some(later.take(most).cloned().collect())
    }
}

impl Recent {
    fn begin(&mut self, floor: Cursor) {
        self.floor = Some(floor);
        self.changes.clear();
    }

    fn extend(&mut self, changes: Vec<Change>) {
        self.changes.extend(changes.into_iter().map(Arc::new));
        while self.changes.len() > KEPT {
            self.floor = self.changes.pop_front().map(|change| change.cursor);
        }
    }
}
