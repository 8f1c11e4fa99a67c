//! The queue itself: claims, fences, tries, and what comes again and again.

use std::collections::BTreeSet;
use std::sync::Arc;

use tympan::entries::{Entries, EntryError, Target, Which, WriteRequest, edit::Edit};
use tympan::platform::database::{Database, DatabaseConfig, DatabaseError, Statement};
use tympan::queue::{self, Filter, Job, NewJob, State, Stopped};
use tympan::schema::store;

use crate::site;
use crate::support::{self, Postgres};

const KINDS: &[&str] = &["test"];

struct Queue {
    database: Arc<Database>,
    home: support::Database,
}

impl Queue {
    async fn all() -> Vec<Queue> {
        let mut all = Vec::new();
        for home in [
            support::Database::sqlite(),
            support::Database::at(&Postgres::shared().fresh_database()),
        ] {
            let file = format!("sqlite:{}", home.data().join("tympan.db").display());
            let config = DatabaseConfig {
                url: home.url().map_or(file, str::to_owned),
                writers: 16,
                ..DatabaseConfig::default()
            };
            let database = Arc::new(Database::open(&config).await.unwrap());
            all.push(Queue { database, home });
        }
        all
    }

    async fn run(&self, sql: &'static str) {
        let done: Result<u64, DatabaseError> = self
            .database
            .write(move |tx| Box::pin(async move { tx.execute(Statement::new(sql)).await }))
            .await;
        done.unwrap();
    }

    async fn claim(&self, node: &str) -> Vec<Job> {
        queue::claim(&self.database, node, KINDS, 10).await.unwrap()
    }

    async fn state(&self, id: i64) -> State {
        queue::job(&self.database, id).await.unwrap().unwrap().state
    }

    async fn finish(&self, job: &Job) -> bool {
        let done = job.lease().done(self.database.dialect());
        let found: Result<_, DatabaseError> = self
            .database
            .write(move |tx| Box::pin(async move { tx.fetch_optional(done).await }))
            .await;
        found.unwrap().is_some()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_jobs_with_one_key_one_is_open() {
    for queue in Queue::all().await {
        let job = || NewJob::new("test", "{}").once("k");
        let adds = (0..20).map(|_| job().add(&queue.database));
        let ids: BTreeSet<i64> = futures_util::future::join_all(adds)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(ids.len(), 1);
        let claimed = queue.claim("a").await;
        assert!(queue.finish(&claimed[0]).await);
        // The first has ended, so there is room for another.
        assert!(!ids.contains(&job().add(&queue.database).await.unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_job_is_claimed_twice() {
    for queue in Queue::all().await {
        for _ in 0..200 {
            NewJob::new("test", "{}")
                .add(&queue.database)
                .await
                .unwrap();
        }
        let claims = (0..40).map(|n| {
            let database = Arc::clone(&queue.database);
            tokio::spawn(async move {
                queue::claim(&database, &format!("n{n}"), KINDS, 10)
                    .await
                    .unwrap()
            })
        });
        let mut seen = Vec::new();
        for claim in claims.collect::<Vec<_>>() {
            seen.extend(claim.await.unwrap().into_iter().map(|job| job.id));
        }
        // Those that met others at the same rows found fewer.
        seen.extend(queue.claim("last").await.into_iter().map(|job| job.id));
        let different: BTreeSet<i64> = seen.iter().copied().collect();
        assert_eq!(different.len(), seen.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_slept_through_its_lease_changes_nothing() {
    for queue in Queue::all().await {
        let id = NewJob::new("test", "{}")
            .add(&queue.database)
            .await
            .unwrap();
        let slept = queue.claim("slept").await.remove(0);
        assert!(queue.claim("other").await.is_empty(), "the lease holds");
        assert!(slept.lease().renew(&queue.database).await.unwrap());
        queue.run("update jobs set due_at = 0").await;
        let other = queue.claim("other").await.remove(0);
        assert_eq!(
            (other.id, other.fence, other.attempts),
            (id, slept.fence + 1, 2)
        );
        assert!(!slept.lease().renew(&queue.database).await.unwrap());
        assert!(!slept.lease().progress(&queue.database, "{}").await.unwrap());
        assert!(
            !slept
                .lease()
                .fail(&queue.database, "late", true)
                .await
                .unwrap()
        );
        assert!(!queue.finish(&slept).await);
        assert!(
            other
                .lease()
                .progress(&queue.database, "{\"part\":1}")
                .await
                .unwrap()
        );
        assert!(queue.finish(&other).await);
        assert!(!queue.finish(&other).await, "done is done");
        assert_eq!(queue.state(id).await, State::Done);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_happens_with_its_mark_or_not_at_all() {
    for queue in Queue::all().await {
        site::apply(&queue.home);
        let schema = Arc::new(store::load(&queue.database).await.unwrap());
        let entries = Entries::new(Arc::clone(&queue.database), |_| {
            Box::pin(std::future::ready(()))
        });
        let request = || WriteRequest {
            content_type: Arc::clone(schema.content_type("article").unwrap()),
            schema: Arc::clone(&schema),
            locale: String::new(),
            target: Target::Draft,
            author: None,
            expected: None,
        };
        let mut edit = Edit::default();
        let title = request()
            .content_type
            .fields
            .iter()
            .find(|field| field.name == "title")
            .unwrap()
            .id;
        edit.columns.push((title, "x".into()));
        let made = entries.create(request(), edit, None).await.unwrap();
        NewJob::new("test", "{}")
            .add(&queue.database)
            .await
            .unwrap();
        let slept = queue.claim("slept").await.remove(0);
        queue.run("update jobs set due_at = 0").await;
        let other = queue.claim("other").await.remove(0);
        let publish = async |job: &Job| {
            let mark = job.lease().done(queue.database.dialect());
            entries
                .publish_once(request(), Which::Id(made.document_id.clone()), mark)
                .await
        };
        assert!(matches!(publish(&slept).await, Err(EntryError::Taken)));
        assert_eq!(publish(&other).await.unwrap().revision, made.revision + 1);
        assert!(matches!(publish(&other).await, Err(EntryError::Taken)));
        let counted = "select count(*) from changes where kind = 'publish'";
        let row = queue
            .database
            .fetch_optional(Statement::new(counted))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.integer(0).unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_try_waits_longer_each_time_and_ends() {
    for queue in Queue::all().await {
        let id = NewJob::new("test", "{}")
            .attempts(3)
            .add(&queue.database)
            .await
            .unwrap();
        let mut waits = Vec::new();
        for left in [2, 1, 0] {
            let job = queue.claim("a").await.remove(0);
            assert!(
                job.lease()
                    .fail(&queue.database, "no luck", true)
                    .await
                    .unwrap()
            );
            let expected = if left == 0 {
                State::Failed
            } else {
                State::Waiting
            };
            assert_eq!(queue.state(id).await, expected);
            waits.extend(queue::due_in(&queue.database, KINDS).await.unwrap());
            queue.run("update jobs set due_at = 0").await;
        }
        assert!(
            waits.len() == 2 && waits[0] > 0 && waits[0] <= 1000 && waits[1] > 1000,
            "{waits:?}"
        );
        let job = queue::job(&queue.database, id).await.unwrap().unwrap();
        assert_eq!(job.error.as_deref(), Some("no luck"));
        assert!(job.finished_at.is_some());
        assert_eq!(queue::depth(&queue.database).await.unwrap().failed, 1);
        assert!(queue::retry(&queue.database, id).await.unwrap());
        assert_eq!(queue.claim("a").await[0].attempts, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_called_off_while_they_wait_and_while_they_run() {
    for queue in Queue::all().await {
        let waits = NewJob::new("test", "{}")
            .add(&queue.database)
            .await
            .unwrap();
        assert_eq!(
            queue::cancel(&queue.database, waits).await.unwrap(),
            Stopped::Now
        );
        assert!(queue.claim("a").await.is_empty());
        assert_eq!(
            queue::cancel(&queue.database, waits).await.unwrap(),
            Stopped::TooLate
        );
        let runs = NewJob::new("test", "{}")
            .add(&queue.database)
            .await
            .unwrap();
        let job = queue.claim("a").await.remove(0);
        assert_eq!(
            queue::cancel(&queue.database, runs).await.unwrap(),
            Stopped::Soon
        );
        assert!(!job.lease().renew(&queue.database).await.unwrap());
        assert!(!queue.finish(&job).await, "what it did is undone");
        assert!(
            job.lease()
                .fail(&queue.database, "called off", true)
                .await
                .unwrap()
        );
        assert_eq!(queue.state(runs).await, State::Cancelled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_were_missed_happen_once() {
    const HOUR: i64 = 3_600_000;
    for queue in Queue::all().await {
        queue::arm(&queue.database, "test").await.unwrap();
        queue::arm(&queue.database, "test").await.unwrap();
        // Nobody was there for three days.
        queue
            .run("update jobs set run_at = run_at - 259200000, due_at = due_at - 259200000")
            .await;
        let job = queue.claim("a").await.remove(0);
        let again = queue::rearm(job.lease(), queue.database.dialect(), HOUR, None);
        let rearm = again.clone();
        let moved: Result<_, DatabaseError> = queue
            .database
            .write(move |tx| Box::pin(async move { tx.fetch_optional(rearm).await }))
            .await;
        assert!(moved.unwrap().is_some());
        assert!(queue.claim("b").await.is_empty());
        let wait = queue::due_in(&queue.database, KINDS)
            .await
            .unwrap()
            .unwrap();
        assert!(wait > 0 && wait <= HOUR, "{wait}");
        let all = queue::jobs(
            &queue.database,
            &Filter {
                limit: 9,
                ..Filter::default()
            },
        )
        .await
        .unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].run_at % HOUR, 0);
        // An old claim does not move it again.
        let moved: Result<_, DatabaseError> = queue
            .database
            .write(move |tx| Box::pin(async move { tx.fetch_optional(again).await }))
            .await;
        assert!(moved.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_is_kept_for_a_time() {
    for queue in Queue::all().await {
        for _ in 0..5 {
            NewJob::new("test", "{}")
                .add(&queue.database)
                .await
                .unwrap();
        }
        for job in &queue.claim("a").await[..3] {
            assert!(queue.finish(job).await);
        }
        assert_eq!(queue::prune(&queue.database, 60_000, 10).await.unwrap(), 0);
        queue
            .run("update jobs set finished_at = finished_at - 61000")
            .await;
        assert_eq!(queue::prune(&queue.database, 60_000, 2).await.unwrap(), 2);
        assert_eq!(queue::prune(&queue.database, 60_000, 10).await.unwrap(), 1);
        let depth = queue::depth(&queue.database).await.unwrap();
        assert_eq!((depth.running, depth.due, depth.late_ms), (2, 0, 0));
    }
}
