//! The runner with jobs that succeed, fail, panic, hang and are called off.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::kinds::{JobError, Keep, Kind, Work};
use super::runner::{self, Plan};
use crate::app::App;
use crate::base::limits::QueryLimits;
use crate::delivery::cache::CacheConfig;
use crate::platform::database::DatabaseConfig;
use crate::queue::{self, NewJob, State};

const KINDS: &[Kind] = &[
    Kind {
        name: "works",
        handler: |_| Box::pin(async { Ok(()) }),
        every_ms: None,
    },
    Kind {
        name: "never",
        handler: |_| Box::pin(async { Err(JobError::Never("it cannot be".into())) }),
        every_ms: None,
    },
    Kind {
        name: "panics",
        handler: |_| Box::pin(async { panic!("on purpose") }),
        every_ms: None,
    },
    Kind {
        name: "hangs",
        handler: hangs,
        every_ms: None,
    },
    Kind {
        name: "again",
        handler: |_| Box::pin(async { Ok(()) }),
        every_ms: Some(3_600_000),
    },
];
const NAMES: &[&str] = &["works", "never", "panics", "hangs", "again"];

fn hangs(work: Work) -> futures_util::future::BoxFuture<'static, Result<(), JobError>> {
    Box::pin(async move {
        work.lease
            .progress(&work.app.database, "{\"part\":1}")
            .await?;
        std::future::pending().await
    })
}

struct Home(PathBuf);

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn app() -> (Home, Arc<App>) {
    let name = format!(
        "tympan-jobs-{}-{:x}",
        std::process::id(),
        rand::random::<u64>()
    );
    let home = Home(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&home.0).unwrap();
    let config = DatabaseConfig {
        url: format!("sqlite:{}", home.0.join("t.db").display()),
        ..DatabaseConfig::default()
    };
    let app = App::open(&config, QueryLimits::default(), CacheConfig::default())
        .await
        .unwrap();
    (home, app)
}

async fn becomes(app: &App, id: i64, wanted: impl Fn(&queue::Job) -> bool) -> queue::Job {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let job = queue::job(&app.database, id).await.unwrap().unwrap();
            if wanted(&job) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_end_as_they_must() {
    let (_home, app) = app().await;
    let plan = Plan {
        kinds: KINDS,
        names: NAMES,
        at_once: 2,
        keep: Keep {
            changes_days: 1,
            jobs_days: 1,
        },
    };
    let runner = tokio::spawn(runner::run(Arc::clone(&app), "n".into(), plan));
    let add = async |kind| {
        NewJob::new(kind, "{}")
            .attempts(2)
            .add(&app.database)
            .await
            .unwrap()
    };
    let [works, never, panics, hangs] = [
        add("works").await,
        add("never").await,
        add("panics").await,
        add("hangs").await,
    ];
    becomes(&app, works, |job| job.state == State::Done).await;
    let failed = becomes(&app, never, |job| job.state == State::Failed).await;
    assert_eq!(
        (failed.error.as_deref(), failed.attempts),
        (Some("it cannot be"), 1)
    );
    let failed = becomes(&app, panics, |job| job.state == State::Failed).await;
    assert_eq!(failed.attempts, 2, "tried again");
    // One that hangs stops when it is called off, and frees its place.
    becomes(&app, hangs, |job| job.progress.is_some()).await;
    queue::cancel(&app.database, hangs).await.unwrap();
    becomes(&app, hangs, |job| job.state == State::Cancelled).await;
    let more = add("works").await;
    becomes(&app, more, |job| job.state == State::Done).await;
    // What comes again is there without being added, and has run once.
    let filter = queue::Filter {
        kinds: &["again"],
        limit: 10,
        ..queue::Filter::default()
    };
    let again = queue::jobs(&app.database, &filter).await.unwrap();
    assert_eq!(again.len(), 1);
    becomes(&app, again[0].id, |job| {
        job.state == State::Waiting && job.finished_at.is_some()
    })
    .await;
    runner.abort();
    app.close().await;
}
