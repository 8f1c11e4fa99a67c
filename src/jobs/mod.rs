//! Work beside requests: followers of the change log and jobs, each under supervision.
//!
//! **Always true**: a task that fails or panics begins again after a while, and the others go on; a job runs on one
//! node at a time, and its effect happens once.
//! **Knows nothing about** HTTP. Start reading at [`Background::start`], then [`Kind`].

mod config;
mod follow;
mod kinds;
mod neighbours;
mod outward;
mod purging;
mod runner;
mod supervise;
mod sweep;
#[cfg(test)]
mod tests;
mod timed;

pub use config::JobsConfig;
pub use kinds::{Handler, JobError, Keep, Kind, Work};
pub use outward::Outward;
pub use supervise::supervise;

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::app::App;
use crate::changes::ChangesConfig;

/// Once an hour.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// Every kind of job but schedules, which have a runner of their own.
const KINDS: &[Kind] = &[Kind {
    name: "sweep",
    handler: sweep::sweep,
    every_ms: Some(HOUR_MS),
}];
const NAMES: &[&str] = &["sweep"];
use crate::sync::node::Follower;

/// The tasks of a serving process; they end when this is dropped.
#[derive(Debug)]
pub struct Background {
    tasks: JoinSet<()>,
}

impl Background {
    /// Starts them all.
    pub fn start(app: &Arc<App>, jobs: &JobsConfig, changes: &ChangesConfig) -> Self {
        let mut tasks = JoinSet::new();
        let watched = Arc::clone(app);
        tasks.spawn(supervise("watch", move || Arc::clone(&watched).watch()));
        // A read node's jobs are its origin's.
        if app.following().is_none() {
            run_jobs(&mut tasks, app, jobs, changes);
        }
        meet_neighbours(&mut tasks, app);
        let searched = Arc::clone(app);
        tasks.spawn(supervise("search", move || {
            let search = searched.search.clone();
            search.follow(Arc::clone(&searched.database), searched.signal.clone())
        }));
        let kept = Arc::clone(app);
        tasks.spawn(supervise("cache", move || {
            let app = Arc::clone(&kept);
            async move {
                let schema = || app.schema();
                let database = Arc::clone(&app.database);
                let seen = || app.totals.bump();
                app.cache.follow(database, schema, &app.signal, seen).await
            }
        }));
        let followed = Arc::clone(app);
        tasks.spawn(supervise("live", move || {
            let (live, database) = (Arc::clone(&followed.live), Arc::clone(&followed.database));
            live.run(database, followed.signal.clone())
        }));
        Self { tasks }
    }

    /// Follows an origin as well.
    pub fn follow(&mut self, app: &Arc<App>, follower: Follower) {
        let (app, follower) = (Arc::clone(app), Arc::new(follower));
        self.tasks.spawn(supervise("follow", move || {
            follow::follow(Arc::clone(&app), Arc::clone(&follower))
        }));
    }
}

fn run_jobs(tasks: &mut JoinSet<()>, app: &Arc<App>, jobs: &JobsConfig, changes: &ChangesConfig) {
    // Nobody has to be found by it; it tells people which node had a job.
    let node: Arc<str> = format!("{}-{:08x}", std::process::id(), rand::random::<u32>()).into();
    let plan = runner::Plan {
        kinds: KINDS,
        names: NAMES,
        at_once: jobs.at_once,
        keep: Keep {
            changes_days: changes.keep_days,
            jobs_days: jobs.keep_days,
        },
    };
    let (of_jobs, named) = (Arc::clone(app), Arc::clone(&node));
    tasks.spawn(supervise("jobs", move || {
        runner::run(Arc::clone(&of_jobs), Arc::clone(&named), plan)
    }));
    let of_schedules = Arc::clone(app);
    tasks.spawn(supervise("schedules", move || {
        timed::run(Arc::clone(&of_schedules), Arc::clone(&node))
    }));
}

fn meet_neighbours(tasks: &mut JoinSet<()>, app: &Arc<App>) {
    let announcing = Arc::clone(app);
    tasks.spawn(supervise("announce", move || {
        neighbours::announce(Arc::clone(&announcing))
    }));
    let listening = Arc::clone(app);
    tasks.spawn(supervise("listen", move || {
        neighbours::listen(Arc::clone(&listening))
    }));
    let database = Arc::clone(&app.database);
    tasks.spawn(supervise("replica", move || {
        let database = Arc::clone(&database);
        async move { database.watch_replica().await }
    }));
}
