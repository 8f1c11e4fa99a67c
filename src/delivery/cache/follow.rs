//! Applying changes: those of this node at once, those of others as the log brings them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing::Instrument as _;

use super::impact::Impact;
use super::{Cache, lock, resolve};
use crate::changes::{self};
use crate::changes::{Change, Signal, Tail};
use crate::platform::database::{Database, DatabaseError};
use crate::platform::tracing as spans;
use crate::schema::Schema;

/// More changes at once than this throw everything away: an import.
const MOST_AT_ONCE: usize = 200;
/// Changes read at a time.
const BATCH: u32 = 500;
/// Changes of this node that the log has not brought yet, at most remembered.
const MOST_APPLIED: usize = 10_000;

impl Cache {
    /// Throws away what changes of this node touch; call it after they are durable and before they are acknowledged.
    pub async fn apply(&self, database: &Database, schema: &Schema, changes: &[Change]) {
        if !self.followed.load(Ordering::Acquire) {
            return;
        }
        {
            // First, so that the log does not bring the same change a second time in between.
            let mut applied = lock(&self.applied);
            if applied.len() > MOST_APPLIED {
                applied.clear();
            }
            applied.extend(changes.iter().map(|change| change.origin));
        }
        self.evict_all(database, schema, changes).await;
    }

    /// Follows the log; `seen` is called with every batch before what it touches is thrown away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn follow(
        &self,
        database: Arc<Database>,
        schema: impl Fn() -> Arc<Schema>,
        signal: &Signal,
        seen: impl Fn(),
    ) -> Result<(), DatabaseError> {
        // Whatever was kept before is older than the place where reading begins.
        let end = changes::end(&database).await?;
        self.clear();
        let mut tail = Tail::new(Arc::clone(&database), end, signal);
        self.followed.store(true, Ordering::Release);
        let follower = changes::follower("cache");
        follower.at(end);
        loop {
            let batch = match tail.next(BATCH).await {
                Ok(batch) => batch,
                Err(error) => {
                    // Kept answers stay good as long as nobody else can write either; the place is kept.
                    tracing::warn!(%error, "the cache cannot follow the change log; trying again");
                    tokio::time::sleep(std::time::Duration::from_millis(250)).await;
                    continue;
                }
            };
            // First, so that nothing that is made anew remembers what was before.
            seen();
            let fresh: Vec<Change> = {
                let mut applied = lock(&self.applied);
                let unseen = batch
                    .into_iter()
                    .filter(|change| !applied.remove(&change.origin));
                unseen.collect()
            };
            let span = spans::follower("cache", fresh.len());
            self.evict_all(&database, &schema(), &fresh)
                .instrument(span)
                .await;
            follower.at(tail.cursor());
        }
    }

    async fn evict_all(&self, database: &Database, schema: &Schema, changes: &[Change]) {
        let public = changes.iter().filter(|change| change.is_public());
        if changes.len() > MOST_AT_ONCE {
            if public.count() > 0 {
                self.clear();
            }
            return;
        }
        for change in public {
            let linked = self.linked_fields(change.type_id.unwrap_or_default());
            let mut impact = Impact::new(change);
            resolve::neighbours(database, schema, change, &linked, &mut impact).await;
            self.evict(impact);
        }
    }

    /// What kept queries ask of relations around a type.
    fn linked_fields(&self, type_id: i64) -> resolve::Wanted {
        let mut wanted = resolve::Wanted::default();
        let index = lock(&self.index);
        for shape in index.shapes_of(type_id) {
            wanted.forward |= !shape.forward.is_empty();
            wanted.inverse |= !shape.inverse.is_empty();
            if shape.root == type_id {
                shape.linked(&mut wanted.linked);
            }
        }
        wanted
    }
}
