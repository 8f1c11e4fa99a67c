//! The change log through the life of a database: restored elsewhere, kept for a time.

use std::sync::Arc;

use serde_json::json;
use tympan::changes::{self, Change, ChangeKind, Cursor};
use tympan::platform::database::{Database as Store, DatabaseConfig, DatabaseError, Statement};

use crate::site::{Node, SOON};
use crate::support::cluster::{Cluster, until};
use crate::support::{Database, Folder, Postgres};

async fn open(url: &str) -> Arc<Store> {
    let config = DatabaseConfig {
        url: url.to_owned(),
        ..DatabaseConfig::default()
    };
    Arc::new(Store::open(&config).await.unwrap())
}

async fn execute(store: &Store, statement: Statement) {
    let done: Result<u64, DatabaseError> = store
        .write(move |tx| Box::pin(async move { tx.execute(statement).await }))
        .await;
    done.unwrap();
}

async fn append(store: &Store, name: &str, at: &str) {
    let change = Change {
        kind: ChangeKind::Update,
        document_id: Some(name.to_owned()),
        ..Change::of_schema(None, at)
    };
    execute(store, changes::append(&change)).await;
}

async fn names(store: &Store, after: Cursor) -> Vec<String> {
    let found = changes::read(store, after, 1000).await.unwrap();
    found
        .into_iter()
        .filter_map(|change| change.document_id)
        .collect()
}

/// Dumped from a cluster that has counted far and restored into one that begins: nothing a reader remembers loses its
/// meaning, what comes next comes after it, and the log does not stand still.
#[test]
fn a_database_restored_into_another_cluster_goes_on() {
    let old = Cluster::start();
    old.create("site");
    let mut node = Node::start(Database::at(&old.url("site")));
    for n in 0..20 {
        node.make("/api/articles", json!({ "title": n.to_string() }));
    }
    // The old cluster is far ahead in its count of transactions.
    old.sql(
        "site",
        "do $$ begin for n in 1..3000 loop perform txid_current(); commit; end loop; end $$",
    );
    node.make("/api/articles", json!({ "title": "last" }));
    node.server.kill();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (before, end) = runtime.block_on(async {
        let store = open(&old.url("site")).await;
        (
            names(&store, Cursor::default()).await,
            changes::end(&store).await.unwrap(),
        )
    });
    assert!(before.len() >= 21);
    let folder = Folder::new();
    let file = folder.path().join("dump");
    old.tool(
        "pg_dump",
        "site",
        &["--format=custom", "--file", file.to_str().unwrap()],
    );
    let new = Cluster::start();
    new.create("site");
    new.tool(
        "pg_restore",
        "site",
        &["--no-owner", file.to_str().unwrap()],
    );
    let ahead: i64 = new
        .sql(
            "site",
            "select max(xid::text::bigint) - pg_current_xact_id()::text::bigint from changes",
        )
        .parse()
        .unwrap();
    assert!(
        ahead > 0,
        "the test proves nothing: the new cluster is ahead by {}",
        -ahead
    );
    let restored = Node {
        server: crate::support::Server::start(Database::at(&new.url("site"))),
        token: node.token.clone(),
    };
    let id = restored.make("/api/articles", json!({ "title": "after" }));
    runtime.block_on(async {
        let store = open(&new.url("site")).await;
        let within = std::time::Instant::now();
        while changes::end(&store).await.unwrap() <= end {
            assert!(within.elapsed() < SOON, "the log stands still");
        }
        assert_eq!(
            names(&store, end).await,
            std::slice::from_ref(&id),
            "a place that was remembered still means the same"
        );
        let mut all = before.clone();
        all.push(id.clone());
        assert_eq!(names(&store, Cursor::default()).await, all);
    });
    // Opening again changes nothing.
    let shift = new.sql("site", "select shift from log_shift");
    runtime.block_on(open(&new.url("site")));
    assert_eq!(new.sql("site", "select shift from log_shift"), shift);
    until("the node serves", SOON, || {
        restored.get(&format!("/api/articles/{id}")).status == 200
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn old_changes_go_once_every_follower_has_passed_them() {
    const DAY: i64 = 86_400_000;
    let folder = Folder::new();
    let file = format!("sqlite:{}", folder.path().join("t.db").display());
    for url in [file, Postgres::shared().fresh_database()] {
        let store = open(&url).await;
        let now = tympan::base::clock::now_ms();
        let stamp = |days: i64| tympan::base::clock::stamp(now - days * DAY);
        for (name, days) in [
            ("ancient", 500),
            ("a", 100),
            ("b", 99),
            ("c", 98),
            ("new", 1),
            ("newest", 0),
        ] {
            append(&store, name, &stamp(days)).await;
        }
        let all = loop {
            // Other databases of the cluster may hold the log back.
            let all = changes::read(&store, Cursor::default(), 10).await.unwrap();
            if all.len() == 6 {
                break all;
            }
        };
        // One follower has come to the second change, another further.
        execute(&store, all[1].cursor.keep("slow")).await;
        execute(&store, all[4].cursor.keep("quick")).await;
        let prune = |limit| changes::prune(&store, now, 90 * DAY, limit);
        assert_eq!(prune(1).await.unwrap(), 1, "in batches");
        assert_eq!(prune(10).await.unwrap(), 1);
        assert_eq!(prune(10).await.unwrap(), 0);
        assert_eq!(
            names(&store, Cursor::default()).await,
            ["b", "c", "new", "newest"]
        );
        execute(&store, all[5].cursor.keep("slow")).await;
        assert_eq!(prune(10).await.unwrap(), 2);
        assert_eq!(names(&store, Cursor::default()).await, ["new", "newest"]);
        // Four times as old: a follower that never moves holds nothing back. The newest stays in any case.
        execute(&store, Cursor::default().keep("dead")).await;
        assert_eq!(
            changes::prune(&store, now + 400 * DAY, 90 * DAY, 10)
                .await
                .unwrap(),
            1
        );
        assert_eq!(names(&store, Cursor::default()).await, ["newest"]);
    }
}
