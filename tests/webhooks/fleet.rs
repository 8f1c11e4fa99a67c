//! Many endpoints, and several nodes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::receiver::{Act, Got, OK, Receiver};
use crate::site::{On, Site};
use crate::support::{Database, Server};

/// Makes many endpoints at once, as copies of one.
const COPIES: &str = "insert into webhooks (id, name, url, events, types, includes, query, drafts, headers, secret, \
    state, created_at, failures, tried_at, lease, lease_until) with recursive n (i) as (select 2 union all \
    select i + 1 from n where i < 1000) select i, 'copy ' || i, replace(w.url, '/first', '/' || i), w.events, w.types, \
    w.includes, w.query, w.drafts, w.headers, w.secret, w.state, w.created_at, 0, 0, 0, 0 from n, webhooks w where w.id = 1";

fn a_dead_one_delays_nobody(on: On) {
    let settings = "[webhooks]\nschedule = \"0ms 10m\"\nconcurrency = 16\n[outbound]\nallow = [\"127.0.0.0/8\"]\ntimeout_ms = 20000\n";
    let site = Site::with(on, settings);
    let receiver = Receiver::with(|got, _| match got.path.as_str() {
        // It hangs longer than all others may take together.
        "/500" => Act::Hang(Duration::from_secs(30)),
        _ => OK,
    });
    site.hook(
        "first",
        &receiver.url("/first"),
        &["--event", "entry.publish"],
    );
    site.execute(COPIES);
    let ids = [1, 2].map(|n| site.make("/tags", &json!({ "name": format!("{n}") })));
    let got = receiver.wait_until("999 endpoints with two events each", |got| {
        got.iter().filter(|got| got.path != "/500").count() >= 1998
    });
    let began = got.iter().find(|got| got.path == "/500");
    if let Some(began) = began {
        let last = got.iter().map(|got| got.at).max().unwrap();
        assert!(
            last - began.at < Duration::from_secs(20),
            "the others waited for the dead one"
        );
    }
    let mut paths: BTreeMap<&str, Vec<&Got>> = BTreeMap::new();
    for got in got.iter().filter(|got| got.path != "/500") {
        paths.entry(&got.path).or_default().push(got);
    }
    assert_eq!(paths.len(), 999);
    for (path, got) in paths {
        assert_eq!(got.len(), 2, "{path}");
        assert!(
            got[0].body.contains(&ids[0]) && got[1].body.contains(&ids[1]),
            "{path} in order"
        );
    }
}

#[test]
fn a_dead_one_of_a_thousand_delays_nobody_on_sqlite() {
    a_dead_one_delays_nobody(On::Sqlite);
}

#[test]
fn a_dead_one_of_a_thousand_delays_nobody_on_postgres() {
    a_dead_one_delays_nobody(On::Postgres);
}

#[test]
fn many_that_hang_leave_places_for_those_that_answer() {
    let settings = "[webhooks]\nschedule = \"0ms 50ms 50ms 50ms 50ms 50ms 50ms 50ms 50ms 50ms 50ms 50ms 50ms 50ms 50ms 50ms\"\nconcurrency = 4\n[outbound]\nallow = [\"127.0.0.0/8\"]\ntimeout_ms = 1000\n";
    let site = Site::with(On::Sqlite, settings);
    let receiver = Receiver::with(|got, _| match got.path.as_str() {
        "/good" => OK,
        _ => Act::Hang(Duration::from_secs(10)),
    });
    for n in 0..20 {
        site.hook(
            &format!("dead {n}"),
            &receiver.url(&format!("/dead{n}")),
            &["--event", "entry.publish"],
        );
    }
    site.make("/tags", &json!({ "name": "first" }));
    receiver.wait_until("each dead one once", |got| {
        (0..20).all(|n| got.iter().any(|got| got.path == format!("/dead{n}")))
    });
    site.hook(
        "good",
        &receiver.url("/good"),
        &["--event", "entry.publish"],
    );
    let ids: Vec<String> = (0..10)
        .map(|n| site.make("/tags", &json!({ "name": format!("{n}") })))
        .collect();
    let got = receiver.wait_until("the good one's", |got| {
        got.iter().filter(|got| got.path == "/good").count() >= 10
    });
    let tried = got.iter().filter(|got| got.path != "/good").count();
    assert!(
        tried < 20 * 11,
        "the good one did not wait for {tried} tries of dead ones"
    );
    let good: Vec<&Got> = got.iter().filter(|got| got.path == "/good").collect();
    for (got, id) in good.iter().zip(&ids) {
        assert!(got.body.contains(id), "in order");
    }
}

#[test]
fn two_nodes_send_each_delivery_once() {
    let site = Site::new(On::Postgres);
    let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, seen) = (Arc::clone(&busy), Arc::clone(&most));
    let receiver = Receiver::with(move |got, _| {
        if got.path == "/a" {
            seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(3));
            now.fetch_sub(1, Ordering::SeqCst);
        }
        OK
    });
    for name in ["a", "b", "c", "d"] {
        site.hook(
            name,
            &receiver.url(&format!("/{name}")),
            &["--event", "entry.publish"],
        );
    }
    let second = Database::at(site.server.database().url().unwrap());
    let second = Server::start_with(second, &["--config", site.config.to_str().unwrap()]);
    let ids: Vec<String> = (0..40)
        .map(|n| site.make("/tags", &json!({ "name": format!("{n}") })))
        .collect();
    let got = receiver.wait_until("all of them at all four", |got| got.len() >= 160);
    for name in ["a", "b", "c", "d"] {
        site.wait_for(
            &[
                "webhook",
                "deliveries",
                "--state",
                "delivered",
                "--endpoint",
                name,
            ],
            &ids[39],
        );
        let path = format!("/{name}");
        let of_one: Vec<&Got> = got.iter().filter(|got| got.path == path).collect();
        for (got, id) in of_one.iter().zip(&ids) {
            assert!(got.body.contains(id), "{name} in order");
        }
    }
    assert_eq!(receiver.got().len(), 160, "each once");
    assert_eq!(most.load(Ordering::SeqCst), 1, "one at a time");
    assert_eq!(
        site.number("select count(*) from webhook_deliveries where tries = 1"),
        160
    );
    drop(second);
}
