//! What one node writes is served by the others.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::site::{Node, SOON, ask};
use crate::support::Database;
use crate::support::Server;
use crate::support::cluster::{Cluster, Proxy, until, url_at};

/// What is promised, and what the machine of the tests may add.
const WITHIN: Duration = Duration::from_secs(1);
const SLACK: Duration = Duration::from_secs(3);

fn title(node: &Node, path: &str) -> String {
    node.get(path).text("/data/title").to_owned()
}

/// How long a change made at one node takes to be seen at the other, each of several times.
fn delays(writer: &Node, reader: &Node, rounds: usize) -> Vec<Duration> {
    let id = writer.make("/api/articles", json!({ "title": "0" }));
    let path = format!("/api/articles/{id}");
    let delays = (1..=rounds).map(|n| {
        let body = json!({ "data": { "title": n.to_string() } });
        assert_eq!(writer.ask("PUT", &path, Some(&body)).status, 200);
        let began = Instant::now();
        until("the other node shows it", SOON, || {
            title(reader, &path) == n.to_string()
        });
        // Reading it there once more shows no older state.
        assert_eq!(title(reader, &path), n.to_string());
        began.elapsed()
    });
    let mut delays: Vec<Duration> = delays.collect();
    delays.sort();
    delays
}

#[test]
fn a_write_is_served_by_the_other_nodes() {
    let first = Node::start(Database::postgres());
    let second = first.beside();
    // Totals are remembered by each node, so they show whether it noticed.
    let total = |node: &Node| {
        node.get("/api/articles").body["meta"]["pagination"]["total"]
            .as_i64()
            .unwrap()
    };
    assert_eq!((total(&first), total(&second)), (0, 0));
    first.make("/api/articles", json!({ "title": "x" }));
    assert_eq!(total(&first), 1, "the node that wrote knows at once");
    let waited = until("the other counts again", SOON, || total(&second) == 1);
    assert!(waited < WITHIN + SLACK, "{waited:?}");
    let delays = delays(&first, &second, 30);
    eprintln!(
        "seen by the other node after: median {:?}, last {:?}",
        delays[15], delays[29]
    );
    assert!(delays[29] < WITHIN + SLACK, "{delays:?}");
}

#[test]
fn schema_and_rights_are_followed_too() {
    let first = Node::start(Database::postgres());
    let second = first.beside();
    let id = first.make("/api/articles", json!({ "title": "x" }));
    let address = second.server.address();
    let public = || {
        ask(
            address,
            "GET",
            &format!("/api/articles/{id}"),
            None,
            None,
            &[],
        )
        .unwrap()
        .status
    };
    assert_eq!(public(), 403);
    first.run(&["role", "allow", "public", "article", "findOne"]);
    let waited = until("the right is there", SOON, || public() == 200);
    assert!(waited < WITHIN + SLACK, "{waited:?}");
    first.run(&["role", "deny", "public", "article", "findOne"]);
    let waited = until("the right is gone", SOON, || public() == 403);
    assert!(waited < WITHIN + SLACK, "{waited:?}");
    let token = first.run(&["token", "create", "--name", "reader", "--type", "read-only"]);
    let read = || {
        ask(address, "GET", "/api/articles", Some(&token), None, &[])
            .unwrap()
            .status
    };
    assert_eq!(read(), 200, "a new token works at once");
    first.run(&["token", "revoke", "reader"]);
    until("it is refused", SOON, || read() == 401);
}

/// The connection that listens is cut again and again, and for a while there is none: nothing is missed.
#[test]
fn a_node_that_hears_nothing_looks_by_itself() {
    let cluster = Cluster::start();
    cluster.create("site");
    let writer = Node::start(Database::at(&cluster.url("site")));
    let proxy = Proxy::to(cluster.address());
    let reader = Node {
        server: Server::start(Database::at(&url_at(proxy.address(), "site"))),
        token: writer.token.clone(),
    };
    let listening =
        "select count(*) from pg_stat_activity where query like 'LISTEN%' and datname = 'site'";
    until("both listen", SOON, || {
        cluster.sql("site", listening) == "2"
    });
    for _ in 0..3 {
        proxy.cut();
        cluster.sql("site", "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%' and datname = 'site'");
        let delays = delays(&writer, &reader, 5);
        assert!(delays[4] < WITHIN + SLACK, "{delays:?}");
    }
    until("both listen again", SOON, || {
        cluster.sql("site", listening) == "2"
    });
}
