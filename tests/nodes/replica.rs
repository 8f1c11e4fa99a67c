//! A replica that answers delivery reads, and when it does not.

use std::sync::Arc;
use std::time::Duration;

use tympan::platform::database::{Database as Store, DatabaseConfig, DatabaseError, Statement};

use crate::site::SOON;
use crate::support::cluster::{Cluster, Proxy, url_at};

async fn until_used(store: &Store, used: bool) {
    let looked = tokio::time::timeout(SOON, async {
        while store.is_replica_used() != Some(used) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(looked.await.is_ok(), "the replica should be used: {used}");
}

async fn write(store: &Store, value: i64) {
    let statement = Statement::new("update counters set value = $1").bind(value);
    let done: Result<u64, DatabaseError> = store
        .write(move |tx| Box::pin(async move { tx.execute(statement).await }))
        .await;
    assert_eq!(done.unwrap(), 1);
}

/// The value, and whether the replica gave it.
async fn near(store: &Store) -> (i64, bool) {
    let statement = Statement::new("select value, pg_is_in_recovery() from counters");
    let row = store
        .near()
        .fetch_optional(statement)
        .await
        .unwrap()
        .unwrap();
    (row.integer(0).unwrap(), row.integer(1).unwrap() == 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_replica_answers_unless_it_is_behind_or_away() {
    let primary = Cluster::start();
    primary.create("site");
    primary.sql(
        "site",
        "create table counters (value bigint not null); insert into counters values (0)",
    );
    let standby = Cluster::standby_of(&primary);
    let proxy = Proxy::to(standby.address());
    let config = DatabaseConfig {
        url: primary.url("site"),
        replica_url: url_at(proxy.address(), "site"),
        replica_lag_ms: 1000,
        ..DatabaseConfig::default()
    };
    let store = Arc::new(Store::open(&config).await.unwrap());
    assert!(!near(&store).await.1, "not before it was looked at");
    let watched = Arc::clone(&store);
    let watch = tokio::spawn(async move {
        loop {
            let _ = watched.watch_replica().await;
        }
    });
    until_used(&store, true).await;
    assert!(near(&store).await.1);
    // What this node writes is never older when it reads, whoever answers.
    let mut from_replica = 0;
    for n in 1..=200 {
        write(&store, n).await;
        let (value, replica) = near(&store).await;
        assert_eq!(value, n);
        if n % 10 == 0 {
            until_used(&store, true).await;
        }
        from_replica += usize::from(replica);
    }
    eprintln!("200 reads right after a write: {from_replica} by the replica");
    // What another process wrote, once this node has seen it, neither.
    standby.sql("site", "select pg_wal_replay_pause()");
    primary.sql("site", "update counters set value = 1000");
    store.reach().await.unwrap();
    assert_eq!(near(&store).await, (1000, false));
    // Unseen it may be older, but not for longer than allowed.
    standby.sql("site", "select pg_wal_replay_resume()");
    until_used(&store, true).await;
    standby.sql("site", "select pg_wal_replay_pause()");
    primary.sql("site", "update counters set value = 2000");
    until_used(&store, false).await;
    assert_eq!(near(&store).await, (2000, false));
    standby.sql("site", "select pg_wal_replay_resume()");
    until_used(&store, true).await;
    assert_eq!(near(&store).await, (2000, true));
    // Away: the primary answers, in the very request that notices.
    standby.stop_at_once();
    assert_eq!(near(&store).await, (2000, false));
    until_used(&store, false).await;
    let mut standby = standby;
    standby.launch_standby();
    until_used(&store, true).await;
    // A server that is no replica any more is not asked.
    standby.promote();
    until_used(&store, false).await;
    assert_eq!(near(&store).await, (2000, false));
    watch.abort();
}
