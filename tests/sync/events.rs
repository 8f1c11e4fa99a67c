//! Live events: going on after a cut, and ending when they must.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Database, Server};
use crate::wire::{Stream, make, prepared, send};

/// What must be noticed within two seconds, with room for a busy machine.
const PROMPTLY: Duration = Duration::from_secs(8);

fn live(database: Database) {
    let full = prepared(&database);
    let server = Server::start(database);
    let mut stream = Stream::open(&server, "/api/events", None, None);
    assert_eq!(stream.status, 200);
    stream.begun();
    let one = make(&server, &full, "/api/articles", &json!({ "title": "one" }));
    let event = stream.next().unwrap();
    assert_eq!(
        (event.name.as_str(), &event.data["documentId"]),
        ("upsert", &json!(one))
    );
    assert_eq!(event.data["entry"]["title"], "one");

    // What happens between a cut and the next connection comes with it.
    let last = stream.last.clone().unwrap();
    drop(stream);
    make(&server, &full, "/api/vaults", &json!({ "title": "hidden" }));
    let two = make(&server, &full, "/api/articles", &json!({ "title": "two" }));
    let path = format!("/api/articles/{one}");
    let (status, _) = send(&server, "DELETE", &path, Some(&full), None);
    assert_eq!(status, 204);
    let mut stream = Stream::open(&server, "/api/events", None, Some(&last));
    let events = [stream.next().unwrap(), stream.next().unwrap()];
    let seen = events.map(|event| {
        (
            event.name,
            event.data["documentId"].as_str().unwrap().to_owned(),
        )
    });
    assert_eq!(
        seen,
        [("upsert".to_owned(), two), ("delete".to_owned(), one)]
    );

    // The token of a page goes on as a stream, and the other way round.
    let last = stream.last.clone().unwrap();
    let (_, body) = send(
        &server,
        "GET",
        &format!("/api/sync?token={last}"),
        None,
        None,
    );
    assert!(body.contains(r#""data":[]"#), "{body}");

    // Rights that change narrow the stream.
    server
        .database()
        .run(&["role", "deny", "public", "article", "find"]);
    let start = Instant::now();
    let event = stream.next().unwrap();
    assert_eq!(event.data, json!({ "event": "rights", "reset": true }));
    assert!(start.elapsed() < PROMPTLY);
    make(
        &server,
        &full,
        "/api/articles",
        &json!({ "title": "CNRY unseen" }),
    );
    let tag = make(&server, &full, "/api/tags", &json!({ "name": "seen" }));
    let event = stream.next().unwrap();
    assert_eq!(event.data["documentId"], json!(tag));

    // A token that is revoked, and one that ends.
    let token = |arguments: &[&str]| server.database().run(arguments);
    let gone = token(&["token", "create", "--name", "gone", "--type", "read-only"]);
    let mut revoked = Stream::open(&server, "/api/sync/events", Some(&gone), None);
    revoked.begun();
    token(&["token", "revoke", "gone"]);
    assert!(
        revoked.ends_within(PROMPTLY),
        "a revoked token is still listening"
    );
    let again = Stream::open(
        &server,
        "/api/sync/events",
        Some(&gone),
        revoked.last.as_deref(),
    );
    assert_eq!(again.status, 401);
    assert!(!server.log().contains("panic"), "{}", server.log());
}

#[test]
fn events_on_sqlite() {
    live(Database::sqlite());
}

#[test]
fn events_on_postgres() {
    live(Database::postgres());
}

#[test]
fn a_stop_ends_streams_at_once() {
    let database = Database::sqlite();
    prepared(&database);
    let server = Server::start(database);
    let mut streams: Vec<Stream> = (0..5)
        .map(|_| Stream::open(&server, "/api/events", None, None))
        .collect();
    streams.iter_mut().for_each(Stream::begun);
    let pid = server.pid().to_string();
    crate::support::run(std::process::Command::new("kill").args(["-TERM", &pid]));
    for stream in &mut streams {
        assert!(stream.ends_within(PROMPTLY), "a stream outlives the stop");
    }
}

#[test]
fn streams_are_capped_and_give_signs_of_life() {
    let database = Database::sqlite();
    let full = prepared(&database);
    let config = database.data().join("t.toml");
    std::fs::write(
        &config,
        "[sync]\nmax_streams = 3\nstreams_per_caller = 2\nheartbeat_ms = 100\n",
    )
    .unwrap();
    let server = Server::start_with(database, &["--config", config.to_str().unwrap()]);
    let open = |token| Stream::open(&server, "/api/events", token, None);
    let mut first = open(Some(full.as_str()));
    first.begun();
    let _second = open(Some(full.as_str()));
    assert_eq!(open(Some(full.as_str())).status, 429);
    let _third = open(None);
    assert_eq!(open(None).status, 503);
    // What this caller cannot see moves their place all the same.
    let before = first.last.clone();
    make(
        &server,
        &full,
        "/api/articles?status=draft",
        &json!({ "title": "draft" }),
    );
    let start = Instant::now();
    while first.last == before {
        assert!(start.elapsed() < crate::wire::PATIENCE);
        first.begun_again();
    }
}

/// A reader that takes nothing is cut, holds little meanwhile, and costs the others nothing.
#[test]
fn a_reader_that_takes_nothing_is_cut() {
    use std::io::{Read as _, Write as _};
    let database = Database::sqlite();
    let full = prepared(&database);
    let config = database.data().join("t.toml");
    std::fs::write(&config, "[connections]\nwrite_stall_ms = 300\n").unwrap();
    let server = Server::start_with(database, &["--config", config.to_str().unwrap()]);
    let mut stuck = std::net::TcpStream::connect(server.address()).unwrap();
    stuck
        .write_all(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut other = Stream::open(&server, "/api/events", None, None);
    other.begun();
    let body = "x".repeat(300_000);
    for n in 0..60 {
        let data = json!({ "title": format!("n{n}"), "body": body });
        make(&server, &full, "/api/articles", &data);
    }
    for n in 0..60 {
        let event = other.next().unwrap();
        assert_eq!(event.data["entry"]["title"], format!("n{n}"));
    }
    // What the system had taken for it is all that it gets.
    std::thread::sleep(Duration::from_secs(1));
    let mut got = Vec::new();
    stuck.set_read_timeout(Some(crate::wire::PATIENCE)).unwrap();
    let _ = stuck.read_to_end(&mut got);
    assert!(got.len() < 60 * body.len(), "{} bytes", got.len());
}

/// A type keeps its name; the stream is for those who ask for one.
#[test]
fn a_type_may_be_called_events() {
    let database = Database::sqlite();
    let folder = database.data().join("schema");
    std::fs::create_dir_all(folder.join("types")).unwrap();
    std::fs::write(
        folder.join("types/event.json"),
        json!({
            "kind": "collectionType", "collectionName": "events",
            "info": { "singularName": "event", "pluralName": "events", "displayName": "Event" },
            "options": { "draftAndPublish": false }, "attributes": { "name": { "type": "string" } },
        })
        .to_string(),
    )
    .unwrap();
    database.run(&["schema", "apply", folder.to_str().unwrap(), "--yes"]);
    let full = database.run(&["token", "create", "--name", "full", "--type", "full-access"]);
    let server = Server::start(database);
    make(&server, &full, "/api/events", &json!({ "name": "fair" }));
    let (status, body) = send(&server, "GET", "/api/events", Some(&full), None);
    assert_eq!(status, 200);
    assert!(body.contains("fair"), "{body}");
    let mut stream = Stream::open(&server, "/api/events", Some(&full), None);
    stream.begun();
    let mut other = Stream::open(&server, "/api/sync/events", Some(&full), None);
    other.begun();
    make(&server, &full, "/api/events", &json!({ "name": "feast" }));
    assert_eq!(stream.next().unwrap().data["entry"]["name"], "feast");
    assert_eq!(other.next().unwrap().data["entry"]["name"], "feast");
}
