//! Carrying out schedules: many at a time, each once.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::runner::{LOOK_EVERY, wait};
use crate::app::App;
use crate::platform::database::{DatabaseError, Dialect};
use crate::queue::{self, Job};
use crate::schedules::{self, KINDS, Outcome};

/// Schedules a node claims at once; what it holds when it is killed waits for the end of its leases.
const BATCH: u32 = 64;
/// How often a schedule is tried because the schema changed under it.
const TRIES: usize = 3;

/// Carries out what is due until the task is dropped.
pub(super) async fn run(app: Arc<App>, node: Arc<str>) -> Result<(), DatabaseError> {
    // On SQLite acts that wait together share a commit; on PostgreSQL each takes a connection from requests.
    let at_once = match app.database.dialect() {
        Dialect::Sqlite => BATCH as usize,
        Dialect::Postgres => 4,
    };
    loop {
        if wait(&app, KINDS).await? {
            continue;
        }
        let jobs = queue::claim(&app.database, &node, KINDS, BATCH).await?;
        if jobs.is_empty() {
            // Other nodes were quicker.
            tokio::time::sleep(LOOK_EVERY / 10).await;
        }
        let app = &app;
        stream::iter(jobs)
            .for_each_concurrent(at_once, |job| async move {
                if let Err(error) = one(app, &job).await {
                    // Its lease runs out, and it is tried again.
                    tracing::warn!(job = job.id, %error, "the end of a schedule could not be noted");
                }
            })
            .await;
    }
}

async fn one(app: &App, job: &Job) -> Result<(), DatabaseError> {
    let mut outcome = Outcome::Outdated;
    for _ in 0..TRIES {
        let schema = app.schema();
        let dialect = app.database.dialect();
        outcome = schedules::carry_out(&app.entries, &schema, dialect, job).await;
        if outcome != Outcome::Outdated {
            break;
        }
        if let Err(error) = app.refresh().await {
            outcome = Outcome::Later(error.to_string());
        }
    }
    let (error, again) = match &outcome {
        Outcome::Done => return Ok(()),
        // Called off, or claimed by another: only the first leaves something to note.
        Outcome::Taken => ("it was called off", false),
        Outcome::Outdated => ("the schema is being changed", true),
        Outcome::Later(error) => (error.as_str(), true),
        Outcome::Never(error) => (error.as_str(), false),
    };
    tracing::warn!(
        job = job.id,
        document = job.subject,
        error,
        "a schedule was not carried out"
    );
    job.lease()
        .fail(&app.database, error, again)
        .await
        .map(|_| ())
}
