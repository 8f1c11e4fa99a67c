//! Forgetting what has been kept long enough, a batch at a time.

use futures_util::future::BoxFuture;

use super::kinds::{JobError, Work};
use crate::changes;
use crate::platform::database::DatabaseError;
use crate::queue;
use crate::rate;

/// Rows one transaction deletes: few enough that nobody waits for it.
const BATCH: u32 = 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Old changes that every follower has passed, jobs that ended, and callers that came long ago.
pub(super) fn sweep(work: Work) -> BoxFuture<'static, Result<(), JobError>> {
    Box::pin(async move {
        let (keep, database) = (work.keep, &work.app.database);
        let now = queue::clock_ms(database).await?;
        let keep_ms = i64::from(keep.changes_days) * DAY_MS;
        let mut gone = 0;
        // What is deleted twice is deleted once: only the lease has to be kept.
        let mut more = keep_ms > 0;
        while more {
            let count = changes::prune(database, now, keep_ms, BATCH).await?;
            gone += count;
            more = count == u64::from(BATCH);
            noted(&work, gone).await?;
        }
        let keep_ms = i64::from(keep.jobs_days) * DAY_MS;
        while queue::prune(database, keep_ms, BATCH).await? == u64::from(BATCH) {
            noted(&work, gone).await?;
        }
        rate::prune(database, BATCH).await?;
        Ok(())
    })
}

async fn noted(work: &Work, gone: u64) -> Result<(), JobError> {
    let progress = format!("{{\"changes\":{gone}}}");
    let held = work.lease.progress(&work.app.database, &progress).await;
    match held.map_err(|error: DatabaseError| JobError::from(error))? {
        true => Ok(()),
        false => Err(JobError::Taken),
    }
}
