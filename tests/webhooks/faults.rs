//! Receivers that are down, slow, lying or gone: what is committed arrives, with the same id and body, or is parked.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::content::is_signed;
use crate::receiver::{Act, Got, OK, Receiver, status};
use crate::site::{On, QUICK, Site};

/// Every request of one delivery is the same but for time, signature and number.
fn assert_same(got: &[&Got]) {
    let first = got[0];
    for (index, other) in got.iter().enumerate() {
        assert_eq!((other.id(), &other.body), (first.id(), &first.body));
        assert_eq!(other.header("tympan-attempt"), (index + 1).to_string());
        assert_eq!(
            other.header("tympan-sequence"),
            first.header("tympan-sequence")
        );
    }
}

/// Each path misbehaves in its way for the first tries of each event and takes it then.
fn misbehave(got: &Got, before: usize) -> Act {
    if before >= 2 {
        return OK;
    }
    match got.path.as_str() {
        "/500" => status(500),
        "/404" => status(404),
        "/301" => Act::Answer(301, "location: /stolen\r\n".into()),
        "/307" => Act::Answer(
            307,
            format!("location: http://{}/stolen\r\n", got.header("host")),
        ),
        "/hang" => Act::Hang(Duration::from_secs(20)),
        "/break" => Act::Break,
        "/retry" => Act::Answer(429, "retry-after: 1\r\n".into()),
        "/busy" => Act::Answer(503, "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n".into()),
        "/flood" => Act::Flood,
        _ => OK,
    }
}

const PATHS: [&str; 10] = [
    "/good", "/500", "/404", "/301", "/307", "/hang", "/break", "/retry", "/busy", "/flood",
];

fn everything_arrives(on: On) {
    let site = Site::new(on);
    let receiver = Receiver::with(misbehave);
    let secrets: Vec<String> = PATHS
        .iter()
        .map(|path| {
            site.hook(
                &path[1..],
                &receiver.url(path),
                &["--event", "entry.publish"],
            )
        })
        .collect();
    let ids = [1, 2].map(|n| site.make("/tags", &json!({ "name": format!("tag {n}") })));
    let tries = |got: &[Got], path: &str, id: &str| {
        got.iter()
            .filter(|got| got.path == path && got.body.contains(id))
            .count()
    };
    let needed = |path: &str| {
        if matches!(path, "/good" | "/flood") {
            1
        } else {
            3
        }
    };
    let got = receiver.wait_until("every event at every path", |got| {
        PATHS
            .iter()
            .all(|path| ids.iter().all(|id| tries(got, path, id) >= needed(path)))
    });
    for path in [
        "/500", "/404", "/301", "/307", "/hang", "/break", "/retry", "/busy",
    ] {
        site.wait_for(
            &[
                "webhook",
                "deliveries",
                "--endpoint",
                &path[1..],
                "--state",
                "delivered",
            ],
            &ids[1],
        );
    }
    for (path, secret) in PATHS.iter().zip(&secrets) {
        for id in &ids {
            let of_one: Vec<&Got> = got
                .iter()
                .filter(|got| got.path == *path && got.body.contains(id))
                .collect();
            assert_eq!(of_one.len(), needed(path), "{path}");
            assert_same(&of_one);
            assert!(of_one.iter().all(|got| is_signed(got, secret)), "{path}");
        }
    }
    let retried: Vec<&Got> = got
        .iter()
        .filter(|got| got.path == "/retry" && got.body.contains(&ids[0]))
        .collect();
    assert!(
        retried[1].at - retried[0].at >= Duration::from_millis(950),
        "Retry-After is kept"
    );
    assert!(
        receiver.got().iter().all(|got| got.path != "/stolen"),
        "no redirect is followed"
    );
    let log = |name: &str| {
        let list = site.run(&["webhook", "deliveries", "--endpoint", name]);
        let number = list
            .lines()
            .last()
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .to_owned();
        site.run(&["webhook", "deliveries", &number])
    };
    for (name, why) in [
        ("500", "the receiver answered 500"),
        ("301", "redirects are not followed"),
        ("hang", "no answer in time"),
        ("break", "the answer is not whole"),
        ("retry", "the receiver answered 429"),
    ] {
        let log = log(name);
        assert!(
            log.contains(why) && log.contains("try 3") && log.contains("200 after"),
            "{name}: {log}"
        );
    }
    let flooded = log("flood");
    assert!(
        flooded.len() < 10_000 && flooded.contains(&"x".repeat(4000)),
        "{} bytes are kept",
        flooded.len()
    );
}

#[test]
fn everything_arrives_on_sqlite() {
    everything_arrives(On::Sqlite);
}

#[test]
fn everything_arrives_on_postgres() {
    everything_arrives(On::Postgres);
}

#[test]
fn a_receiver_that_was_down_gets_everything_when_it_is_up() {
    let settings = "[webhooks]\nschedule = \"0ms 100ms 100ms 100ms 200ms 200ms 400ms 400ms 800ms 800ms 800ms 800ms 1s 1s 1s 1s 1s 2s 2s 2s 2s 2s\"\n";
    let site = Site::with(On::Sqlite, settings);
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let secret = site.hook(
        "later",
        &format!("http://{free}/later"),
        &["--event", "entry.publish"],
    );
    let ids: Vec<String> = (0..20)
        .map(|n| site.make("/tags", &json!({ "name": format!("{n}") })))
        .collect();
    let failed = site.wait_for(&["webhook", "show", "later"], "failing");
    assert!(failed.contains("active"), "{failed}");
    let receiver = Receiver::on(free, |_, _| OK);
    let got = receiver.wait_until("all of them", |got| {
        let seen: BTreeSet<&str> = got.iter().map(Got::id).collect();
        seen.len() >= ids.len()
    });
    for id in &ids {
        assert!(
            got.iter()
                .any(|got| got.body.contains(id) && is_signed(got, &secret)),
            "{id}"
        );
    }
    site.wait_for(&["webhook", "show", "later"], "state     active\n");
}

fn what_never_arrives_is_parked(on: On) {
    let site = Site::new(on);
    let works = Arc::new(AtomicBool::new(false));
    let repaired = Arc::clone(&works);
    let receiver = Receiver::with(move |got, _| match got.path.as_str() {
        "/bad" if !repaired.load(Ordering::SeqCst) => {
            Act::Body(500, "out of order CNRY-token".into())
        }
        _ => OK,
    });
    let hidden = site.config.with_file_name("hidden");
    std::fs::write(&hidden, "Bearer CNRY-token\n").unwrap();
    let header = format!("authorization: {}", hidden.display());
    site.hook(
        "bad",
        &receiver.url("/bad"),
        &["--event", "entry.publish", "--secret-header", &header],
    );
    let ids = [1, 2, 3].map(|n| site.make("/tags", &json!({ "name": format!("{n}") })));
    let list = site.wait_for(&["webhook", "deliveries", "--state", "parked"], &ids[2]);
    let list = if list.lines().count() < 3 {
        site.wait_for(&["webhook", "deliveries", "--state", "parked"], &ids[0])
    } else {
        list
    };
    assert!(list.lines().all(|line| line.contains("8 tries")), "{list}");
    let got = receiver.got();
    assert_eq!(got.len(), 24, "eight tries each, as the schedule says");
    assert!(
        got.iter()
            .all(|got| got.header("authorization") == "Bearer CNRY-token")
    );
    // The log shows what was sent and answered, and no secret.
    let number = list.lines().last().unwrap().split(' ').next().unwrap();
    let one = site.run(&["webhook", "deliveries", number]);
    assert!(
        one.contains("try 8") && one.contains("500 after") && one.contains("out of order •••"),
        "{one}"
    );
    assert!(!one.contains("CNRY-token"), "{one}");
    // One is replayed by number, the rest by time: the same ids and bodies again.
    works.store(true, Ordering::SeqCst);
    site.run(&["webhook", "replay", number]);
    let again = receiver.wait_for(25);
    assert_eq!(
        (again[24].id(), &again[24].body),
        (got[0].id(), &got[0].body)
    );
    assert_eq!(again[24].header("tympan-attempt"), "9");
    let none = site.refused(&["webhook", "replay", "--failed-since", "yesterday"]);
    assert!(none.contains("no time"), "{none}");
    site.run(&["webhook", "replay", "--failed-since", "2999-01-01"]);
    site.run(&[
        "webhook",
        "replay",
        "--failed-since",
        "2020-01-01T00:00:00Z",
        "--endpoint",
        "bad",
    ]);
    let all = receiver.wait_for(27);
    let replayed: BTreeSet<&str> = all[24..].iter().map(Got::id).collect();
    assert_eq!(replayed, got.iter().map(Got::id).collect());
    site.wait_for(&["webhook", "deliveries", "--state", "delivered"], &ids[2]);
    // What was received can be sent again, too.
    site.run(&["webhook", "replay", number]);
    receiver.wait_for(28);
}

#[test]
fn what_never_arrives_is_parked_on_sqlite() {
    what_never_arrives_is_parked(On::Sqlite);
}

#[test]
fn what_never_arrives_is_parked_on_postgres() {
    what_never_arrives_is_parked(On::Postgres);
}

#[test]
fn who_is_gone_is_told_nothing_until_resumed() {
    let site = Site::new(On::Sqlite);
    let back = Arc::new(AtomicBool::new(false));
    let resumed = Arc::clone(&back);
    let receiver = Receiver::with(move |_, _| match resumed.load(Ordering::SeqCst) {
        true => OK,
        false => status(410),
    });
    site.hook("gone", &receiver.url("/"), &["--event", "entry.publish"]);
    let first = site.make("/tags", &json!({ "name": "first" }));
    let shown = site.wait_for(&["webhook", "list"], "paused");
    assert!(shown.contains("410 Gone"), "{shown}");
    let second = site.make("/tags", &json!({ "name": "second" }));
    site.wait_for(&["webhook", "deliveries", "--state", "waiting"], &second);
    assert_eq!(receiver.got().len(), 1);
    assert!(
        site.server.log().contains("paused; resume it"),
        "somebody is told"
    );
    back.store(true, Ordering::SeqCst);
    site.run(&["webhook", "resume", "gone"]);
    let got = receiver.wait_for(3);
    assert!(got[1].body.contains(&first) && got[2].body.contains(&second));
}

#[test]
fn who_only_fails_for_days_is_paused() {
    let site = Site::new(On::Sqlite);
    let receiver = Receiver::with(|_, _| status(500));
    site.hook("dead", &receiver.url("/"), &["--event", "entry.publish"]);
    site.make("/tags", &json!({ "name": "first" }));
    site.wait_for(&["webhook", "deliveries", "--state", "parked"], "dead");
    let shown = site.run(&["webhook", "show", "dead"]);
    assert!(shown.contains("active, failing (8 tries)"), "{shown}");
    site.execute("update webhooks set failing_since = failing_since - 432000000");
    let second = site.make("/tags", &json!({ "name": "second" }));
    let shown = site.wait_for(&["webhook", "show", "dead"], "paused");
    assert!(shown.contains("9 tries in 120 hours failed"), "{shown}");
    let waiting = site.run(&["webhook", "deliveries", "--state", "waiting"]);
    assert!(
        waiting.contains(&second),
        "what happened meanwhile waits: {waiting}"
    );
}

#[test]
fn private_targets_are_refused_without_being_asked() {
    let settings = format!("{QUICK}[outbound]\nallow = []\n");
    let site = Site::with(On::Sqlite, &settings);
    let receiver = Receiver::new();
    for (name, host) in [
        ("a", "127.0.0.1"),
        ("b", "localhost"),
        ("c", "[::ffff:127.0.0.1]"),
        ("d", "0x7f.1"),
    ] {
        let url = format!("http://{host}:{}/", receiver.address.port());
        site.hook(name, &url, &["--event", "entry.publish"]);
        let refused = site.refused(&["webhook", "test", name]);
        assert!(refused.contains("the target is not public"), "{refused}");
    }
    for url in [
        "http://u:p@127.0.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "nowhere",
    ] {
        let refused = site.refused(&["webhook", "create", "--name", "x", "--url", url]);
        assert!(refused.contains("the URL cannot be used"), "{refused}");
    }
    site.make("/tags", &json!({ "name": "first" }));
    site.wait_for(
        &[
            "webhook",
            "deliveries",
            "--state",
            "parked",
            "--endpoint",
            "d",
        ],
        "d",
    );
    assert_eq!(receiver.got().len(), 0);
}

fn a_try_that_was_taken_over_moves_nothing(on: On) {
    let site = Site::new(on);
    let receiver = Receiver::with(|_, before| match before {
        0 => Act::Late(Duration::from_millis(1200)),
        _ => OK,
    });
    site.hook("site", &receiver.url("/"), &["--event", "entry.publish"]);
    site.make("/tags", &json!({ "name": "first" }));
    receiver.wait_for(1);
    // As if this node had been stopped for so long that another one took over and is trying, too.
    site.execute("update webhook_deliveries set tries = tries + 1, step = step + 1");
    site.execute("update webhooks set lease = lease + 1, lease_until = 0");
    let got = receiver.wait_for(2);
    assert_eq!(
        (
            got[0].header("tympan-attempt"),
            got[1].header("tympan-attempt")
        ),
        ("1", "3")
    );
    assert_eq!((got[0].id(), &got[0].body), (got[1].id(), &got[1].body));
    let log = site.wait_for(&["webhook", "deliveries", "1"], "delivered");
    assert!(log.contains("3 tries"), "{log}");
    site.wait_for(&["webhook", "deliveries", "1"], "try 1");
}

#[test]
fn a_try_that_was_taken_over_moves_nothing_on_sqlite() {
    a_try_that_was_taken_over_moves_nothing(On::Sqlite);
}

#[test]
fn a_try_that_was_taken_over_moves_nothing_on_postgres() {
    a_try_that_was_taken_over_moves_nothing(On::Postgres);
}

#[test]
fn who_is_back_gets_at_once_what_waits() {
    // After two quick tries the next one comes in an hour; only the receiver's return can bring it sooner.
    let site = Site::with(On::Sqlite, "[webhooks]\nschedule = \"0ms 10ms 1h 1h\"\n");
    let back = Arc::new(AtomicBool::new(false));
    let returned = Arc::clone(&back);
    let receiver = Receiver::with(move |_, _| match returned.load(Ordering::SeqCst) {
        true => OK,
        false => status(502),
    });
    site.hook("site", &receiver.url("/"), &["--event", "entry.publish"]);
    let ids: Vec<String> = (0..5)
        .map(|n| site.make("/tags", &json!({ "name": format!("{n}") })))
        .collect();
    receiver.wait_for(10);
    site.wait_for(&["webhook", "show", "site"], "failing (10 tries)");
    back.store(true, Ordering::SeqCst);
    site.make("/tags", &json!({ "name": "new" }));
    let got = receiver.wait_for(16);
    for id in &ids {
        assert!(got[10..].iter().any(|got| got.body.contains(id)), "{id}");
    }
}
