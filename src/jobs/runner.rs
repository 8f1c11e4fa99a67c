//! Running jobs: claiming, renewing leases, ending.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::kinds::{JobError, Keep, Kind, Work};
use crate::app::App;
use crate::platform::database::DatabaseError;
use crate::queue::{self, Job, LEASE_MS, Lease};

/// How long a runner waits before it looks again if nothing is due sooner; also how late a job is seen that was added
/// by another process.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Three chances to renew before a lease ends.
const RENEW_EVERY: Duration = Duration::from_millis(LEASE_MS.unsigned_abs() / 4);

/// What a runner runs, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// The kinds of jobs.
    pub(super) kinds: &'static [Kind],
    /// Their names.
    pub(super) names: &'static [&'static str],
    /// Jobs at once.
    pub(super) at_once: u32,
    /// How long things are kept.
    pub(super) keep: Keep,
}

/// Runs jobs until the task is dropped.
pub(super) async fn run(app: Arc<App>, node: Arc<str>, plan: Plan) -> Result<(), DatabaseError> {
    let Plan {
        kinds,
        names,
        at_once,
        keep,
    } = plan;
    for kind in kinds.iter().filter(|kind| kind.every_ms.is_some()) {
        queue::arm(&app.database, kind.name).await?;
    }
    let slots = Arc::new(Semaphore::new(at_once.max(1) as usize));
    let mut running = JoinSet::new();
    loop {
        while running.try_join_next().is_some() {}
        if wait(&app, names).await? {
            continue;
        }
        let free = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
        let jobs = match free {
            0 => Vec::new(),
            free => queue::claim(&app.database, &node, names, free).await?,
        };
        if jobs.is_empty() {
            // All slots are taken, or other nodes were quicker.
            tokio::time::sleep(LOOK_EVERY / 10).await;
        }
        for job in jobs {
            let Some(kind) = kinds.iter().find(|kind| kind.name == job.kind) else {
                continue;
            };
            let permit = Arc::clone(&slots).acquire_owned().await;
            let app = Arc::clone(&app);
            running.spawn(async move {
                one(app, *kind, keep, job).await;
                drop(permit);
            });
        }
    }
}

/// Waits until something may be due; true if nothing was and it is to be looked at again.
pub(super) async fn wait(app: &App, names: &[&str]) -> Result<bool, DatabaseError> {
    let due = queue::due_in(&app.database, names).await?;
    let wait = due.map_or(LOOK_EVERY, |ms| {
        Duration::from_millis(u64::try_from(ms).unwrap_or_default())
    });
    if wait.is_zero() {
        return Ok(false);
    }
    tokio::time::sleep(wait.min(LOOK_EVERY)).await;
    Ok(true)
}

async fn one(app: Arc<App>, kind: Kind, keep: Keep, job: Job) {
    let (id, lease) = (job.id, job.lease());
    let result = match job.attempts > job.max_attempts {
        // Every try ended with its node.
        true => Err(JobError::Never(format!(
            "given up: the node ended in each of {} tries",
            job.max_attempts
        ))),
        false => work(&app, kind, keep, job).await,
    };
    if let Err(error) = &result {
        tracing::warn!(job = id, kind = kind.name, %error, "a job was not done");
    }
    if let Err(error) = end(&app, kind, lease, result).await {
        // Its lease runs out, and it is tried again.
        tracing::warn!(job = id, kind = kind.name, %error, "the end of a job could not be noted");
    }
}

/// Does the work and renews the lease beside it; a panic is a failure.
async fn work(app: &Arc<App>, kind: Kind, keep: Keep, job: Job) -> Result<(), JobError> {
    let lease = job.lease();
    let work = Work {
        app: Arc::clone(app),
        job: Arc::new(job),
        lease,
        keep,
    };
    let mut task = JoinSet::new();
    task.spawn((kind.handler)(work));
    tokio::select! {
        done = task.join_next() => match done {
            Some(Ok(result)) => result,
            _ => Err(JobError::Later("it stopped unexpectedly".into())),
        },
        () = lost(app, lease) => Err(JobError::Taken),
    }
}

/// Returns when the lease is lost. A database that is away for a moment takes nothing away: the fence decides.
async fn lost(app: &App, lease: Lease) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        if matches!(lease.renew(&app.database).await, Ok(false)) {
            return;
        }
    }
}

async fn end(
    app: &App,
    kind: Kind,
    lease: Lease,
    result: Result<(), JobError>,
) -> Result<(), DatabaseError> {
    let database = &app.database;
    let dialect = database.dialect();
    if let Some(every_ms) = kind.every_ms {
        let error = result.err().map(|error| error.to_string());
        let statement = queue::rearm(lease, dialect, every_ms, error.as_deref());
        return database
            .write(|tx| Box::pin(async move { tx.fetch_all(statement).await.map(|_| ()) }))
            .await;
    }
    let (error, again) = match result {
        Ok(()) => {
            let done = lease.done(dialect);
            return database
                .write(|tx| Box::pin(async move { tx.fetch_all(done).await.map(|_| ()) }))
                .await;
        }
        Err(JobError::Never(error)) => (error, false),
        Err(error) => (error.to_string(), true),
    };
    lease.fail(database, &error, again).await.map(|_| ())
}
