//! The change log in commit order: who follows it misses nothing, whatever overlaps.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::oneshot;
use tympan::changes::{self, Change, ChangeKind, Cursor, Signal, Tail};
use tympan::platform::database::{Database, DatabaseError};

use crate::random::Random;
use crate::site::{On, Site};

/// Appends a change; commits when told to.
async fn append(
    database: Arc<Database>,
    name: String,
    appended: oneshot::Sender<()>,
    commit: oneshot::Receiver<()>,
) {
    let done: Result<(), DatabaseError> = database
        .write(move |tx| {
            Box::pin(async move {
                let change = Change {
                    kind: ChangeKind::Update,
                    document_id: Some(name),
                    ..Change::of_schema(None, "2026-01-01T00:00:00.000Z")
                };
                tx.execute(changes::append(&change)).await?;
                let _ = appended.send(());
                let _ = commit.await;
                Ok(())
            })
        })
        .await;
    done.unwrap();
}

/// A follower: reads from its cursor until nothing is new.
struct Follower {
    cursor: Cursor,
    seen: Vec<String>,
}

impl Follower {
    async fn new(database: &Database) -> Self {
        Self {
            cursor: changes::end(database).await.unwrap(),
            seen: Vec::new(),
        }
    }

    /// Follows until it has seen so many; other databases of the same cluster may hold the log back.
    async fn follow_to(&mut self, database: &Database, count: usize) {
        let all = async {
            while self.seen.len() < count {
                self.follow(database).await;
            }
        };
        let within = Duration::from_secs(60);
        let reached = tokio::time::timeout(within, all).await;
        assert!(reached.is_ok(), "only {:?} were seen", self.seen);
    }

    async fn follow(&mut self, database: &Database) {
        loop {
            let entries = changes::read(database, self.cursor, 3).await.unwrap();
            let Some(last) = entries.last() else { return };
            assert!(last.cursor > self.cursor);
            self.cursor = last.cursor;
            self.seen
                .extend(entries.into_iter().filter_map(|entry| entry.document_id));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_commits_late_is_not_skipped_on_postgres() {
    let site = Site::new(On::Postgres).await;
    let mut follower = Follower::new(&site.database).await;
    let mut held = Vec::new();
    for name in ["early", "late"] {
        let (appended, has_appended) = oneshot::channel();
        let (commit, may_commit) = oneshot::channel();
        let task = append(
            Arc::clone(&site.database),
            name.to_owned(),
            appended,
            may_commit,
        );
        let task = tokio::spawn(task);
        has_appended.await.unwrap();
        held.push((commit, task));
    }
    // The change with the higher number commits first.
    let (commit, task) = held.pop().unwrap();
    commit.send(()).unwrap();
    task.await.unwrap();
    follower.follow(&site.database).await;
    let (commit, task) = held.pop().unwrap();
    commit.send(()).unwrap();
    task.await.unwrap();
    follower.follow_to(&site.database, 2).await;
    assert_eq!(follower.seen, ["early", "late"]);
}

/// Many writers that overlap in random ways, and a follower between them.
async fn nothing_is_missed(on: On) {
    const WRITERS: usize = 60;
    let site = Site::new(on).await;
    let mut follower = Follower::new(&site.database).await;
    let mut random = Random::new(7);
    let mut held = Vec::new();
    for n in 0..WRITERS {
        let (appended, has_appended) = oneshot::channel();
        let (commit, may_commit) = oneshot::channel();
        let task = append(
            Arc::clone(&site.database),
            format!("w{n}"),
            appended,
            may_commit,
        );
        held.push((commit, tokio::spawn(task)));
        // SQLite has one writer: it cannot go on before this one commits.
        let most = if on == On::Sqlite { 0 } else { 9 };
        if on == On::Postgres {
            has_appended.await.unwrap();
        }
        while held.len() > most || (!held.is_empty() && random.percent(30)) {
            let (commit, task) = held.swap_remove(random.below(held.len()));
            commit.send(()).unwrap();
            task.await.unwrap();
            follower.follow(&site.database).await;
        }
    }
    for (commit, task) in held {
        commit.send(()).unwrap();
        task.await.unwrap();
    }
    follower.follow_to(&site.database, WRITERS).await;
    let all: BTreeSet<String> = follower.seen.iter().cloned().collect();
    assert_eq!((follower.seen.len(), all.len()), (WRITERS, WRITERS));
    if on == On::Sqlite {
        let order: Vec<String> = (0..WRITERS).map(|n| format!("w{n}")).collect();
        assert_eq!(follower.seen, order);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_every_change_once_on_sqlite() {
    nothing_is_missed(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_every_change_once_on_postgres() {
    nothing_is_missed(On::Postgres).await;
}

/// Tails on one signal miss nothing while writers overlap, ring late or are other processes that ring nobody.
async fn tails_miss_nothing(on: On) {
    const WRITERS: usize = 40;
    const TAILS: u32 = 5;
    let site = Site::new(on).await;
    let end = changes::end(&site.database).await.unwrap();
    let signal = Signal::default();
    let tails = (0..TAILS).map(|n| {
        let mut tail = Tail::new(Arc::clone(&site.database), end, &signal);
        tokio::spawn(async move {
            let mut seen = Vec::new();
            while seen.len() < WRITERS {
                // Readings of different lengths are shared, too.
                let found = tail.next(1 + n * 3).await.unwrap();
                assert_eq!(found.last().map(|last| last.cursor), Some(tail.cursor()));
                seen.extend(found.into_iter().filter_map(|change| change.document_id));
            }
            seen
        })
    });
    let tails: Vec<_> = tails.collect();
    let mut random = Random::new(11);
    let mut writers = Vec::new();
    for n in 0..WRITERS {
        let (database, signal) = (Arc::clone(&site.database), signal.clone());
        let rings = random.percent(70);
        writers.push(tokio::spawn(async move {
            let (appended, _) = oneshot::channel();
            let (commit, may_commit) = oneshot::channel();
            let _ = commit.send(());
            append(database, format!("w{n}"), appended, may_commit).await;
            if rings {
                signal.ring();
            }
        }));
        if random.percent(40) {
            let begun = writers.swap_remove(random.below(writers.len()));
            begun.await.unwrap();
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut orders = Vec::new();
    for tail in tails {
        let seen = tokio::time::timeout(Duration::from_secs(60), tail).await;
        orders.push(seen.expect("every tail gets to the end").unwrap());
    }
    let all: BTreeSet<String> = orders[0].iter().cloned().collect();
    assert_eq!((orders[0].len(), all.len()), (WRITERS, WRITERS));
    assert!(orders.iter().all(|order| *order == orders[0]), "{orders:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tails_miss_nothing_on_sqlite() {
    tails_miss_nothing(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tails_miss_nothing_on_postgres() {
    tails_miss_nothing(On::Postgres).await;
}

/// What one follower has read serves the others: a write costs about one reading of the log.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_once_for_all() {
    const WRITES: u64 = 20;
    let site = Site::new(On::Sqlite).await;
    let end = changes::end(&site.database).await.unwrap();
    let signal = Signal::default();
    let mut tails = [(); 4].map(|()| Tail::new(Arc::clone(&site.database), end, &signal));
    let mut readings = 0;
    for n in 0..WRITES {
        let (appended, _) = oneshot::channel();
        let (commit, may_commit) = oneshot::channel();
        commit.send(()).unwrap();
        let name = format!("w{n}");
        append(Arc::clone(&site.database), name, appended, may_commit).await;
        signal.ring();
        let before = site.database.statements();
        for found in join_all(tails.iter_mut().map(|tail| tail.next(9))).await {
            assert_eq!(found.unwrap().len(), 1);
        }
        readings += site.database.statements() - before;
    }
    // Each tail looks for itself once a second as well, on a slow machine more than once in this test.
    assert!(readings < 2 * WRITES, "{readings} readings");
}
