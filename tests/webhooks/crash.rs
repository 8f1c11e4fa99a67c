//! The server is killed between commit and delivery, again and again: every event arrives, none is unknown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::receiver::{Got, OK, Receiver, status};
use crate::site::{On, QUICK, Site};

fn kills(on: On, rounds: usize) {
    // What was in flight when the server died is sent again once its claim has run out.
    let settings = format!(
        "{QUICK}[outbound]\nallow = [\"127.0.0.0/8\"]\ntimeout_ms = 300\nconnect_ms = 300\n"
    );
    let mut site = Site::with(on, &settings);
    let receiver = Receiver::with(|got, before| match (got.path.as_str(), before) {
        ("/flaky", 0) => status(503),
        _ => OK,
    });
    for name in ["steady", "flaky"] {
        site.hook(name, &receiver.url(&format!("/{name}")), &[]);
    }
    let mut expected: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for round in 0..rounds {
        let kept = site.make("/tags", &json!({ "name": format!("kept {round}") }));
        let gone = site.make("/tags", &json!({ "name": format!("gone {round}") }));
        site.change(
            &format!("/tags/{kept}"),
            &json!({ "name": format!("changed {round}") }),
        );
        site.delete(&format!("/tags/{gone}"));
        expected.insert(
            kept,
            BTreeSet::from(["entry.create", "entry.publish", "entry.update"]),
        );
        expected.insert(
            gone,
            BTreeSet::from(["entry.create", "entry.publish", "entry.delete"]),
        );
        site.server.kill();
        site.server.start_again();
    }
    let arrived = |got: &[Got], path: &str| -> BTreeMap<String, BTreeSet<String>> {
        let mut arrived: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for got in got.iter().filter(|got| got.path == path) {
            let document = got.json()["entry"]["documentId"]
                .as_str()
                .unwrap()
                .to_owned();
            arrived
                .entry(document)
                .or_default()
                .insert(got.header("x-strapi-event").to_owned());
        }
        arrived
    };
    let wanted: BTreeMap<String, BTreeSet<String>> = expected
        .into_iter()
        .map(|(document, events)| (document, events.into_iter().map(str::to_owned).collect()))
        .collect();
    let got = receiver.wait_until("every event at both", |got| {
        arrived(got, "/steady") == wanted && arrived(got, "/flaky") == wanted
    });
    // The ids that came are those that were queued, and one id has one body.
    let mut bodies: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for got in &got {
        let body = bodies
            .entry((got.path.as_str(), got.id()))
            .or_insert(got.body.as_str());
        assert_eq!(*body, got.body);
    }
    // Per document and round: create, publish, and of the changed one update and a second publish, of the other delete.
    assert_eq!(bodies.len(), rounds * 2 * (4 + 3));
    assert_eq!(
        site.number("select count(*) from webhook_deliveries"),
        i64::try_from(bodies.len()).unwrap()
    );
}

#[test]
fn kills_lose_no_event_on_sqlite() {
    kills(On::Sqlite, 6);
}

#[test]
fn kills_lose_no_event_on_postgres() {
    kills(On::Postgres, 3);
}
