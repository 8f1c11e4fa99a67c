//! Read nodes: they answer as their origin, with it and without it.

use std::process::Command;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value as Json, json};

use crate::strapi_replay::{Kind, recording};
use crate::support::http::Connection;
use crate::support::{Database, Folder, Server};
use crate::wire::{Stream, make, prepared, send, wait_for};

/// What must be noticed within two seconds, with room for a busy machine.
const PROMPTLY: Duration = Duration::from_secs(8);

/// Starts a node with an empty folder.
fn node_of(origin: &Server, token: &str) -> Server {
    let (url, database) = (origin.url(), Database::sqlite());
    Server::start_with(database, &["--follow", &url, "--token", token])
}

fn state(node: &Server) -> Json {
    let (status, body) = send(node, "GET", "/health/node", None, None);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn caught_up(node: &Server) {
    wait_for("the node to catch up", || {
        (state(node)["status"] == "ok").then_some(())
    });
}

/// One answer, as status and bytes.
fn ask(server: &Server, path: &str, headers: &[(String, String)]) -> (u16, Vec<u8>) {
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let mut connection = Connection::open(server.address()).unwrap();
    let answer = connection.send(request.as_bytes()).unwrap();
    (answer.status, answer.body.to_vec())
}

/// Whether a recorded read asks for drafts, which a node does not have.
fn wants_drafts(path: &str) -> bool {
    path.contains("status=draft")
}

async fn a_node_answers_the_recorded_set(kind: Kind) {
    let recording = recording(kind).await;
    let mut origin = Server::start(Database::within(recording.folder, recording.url));
    let token = {
        let run = |arguments: &[&str]| origin.database().run(arguments);
        run(&["token", "create", "--name", "node", "--type", "full-access"])
    };
    let mut node = node_of(&origin, &token);
    caught_up(&node);
    let mut compared = 0;
    let mut expected = Vec::new();
    for (path, headers) in &recording.reads {
        let wanted = ask(&origin, path, headers);
        let found = ask(&node, path, headers);
        if wants_drafts(path) {
            assert_eq!(found.0, 403, "{path}");
            continue;
        }
        assert_eq!(
            found,
            wanted,
            "{path}\n{}",
            String::from_utf8_lossy(&found.1)
        );
        compared += 1;
        expected.push((path, headers, wanted));
    }
    assert!(compared > 500, "{compared} of {}", recording.reads.len());
    let body = json!({ "title": "x" });
    let (status, body) = send(&node, "POST", "/api/articles", Some(&token), Some(&body));
    assert_eq!(status, 403);
    assert!(
        body.contains("read node") && body.contains(&origin.url()),
        "{body}"
    );
    let (_, body) = send(&node, "DELETE", "/api/articles/abc", None, None);
    assert!(!body.contains("127.0.0.1"), "{body}");

    origin.kill();
    for round in ["the origin is gone", "and the node was restarted"] {
        for (path, headers, wanted) in &expected {
            assert_eq!(&ask(&node, path, headers), wanted, "{round}: {path}");
        }
        node.kill();
        node.start_again();
    }
    wait_for("the node to notice", || {
        (state(&node)["status"] == "disconnected").then_some(())
    });
    let (status, _) = send(&node, "GET", "/health/ready", None, None);
    assert_eq!(status, 200);
    for log in [node.log(), origin.log()] {
        assert!(!log.contains("panic"), "{log}");
        assert!(!log.contains(&token), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_answers_the_recorded_set_of_sqlite() {
    a_node_answers_the_recorded_set(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_answers_the_recorded_set_of_postgres() {
    a_node_answers_the_recorded_set(Kind::Postgres).await;
}

const LISTS: [&str; 7] = [
    "/api/articles?locale=*&populate=*&pagination[pageSize]=100",
    "/api/articles?populate[seo][populate]=*&populate[zone][populate]=*&pagination[pageSize]=100",
    "/api/articles?publicationFilter=modified&fields=title",
    "/api/articles?publicationFilter=published-without-draft&locale=fr",
    "/api/tags?populate=articles&pagination[pageSize]=100",
    "/api/vaults?populate=*",
    "/api/articles/aggregate?groupBy=kind&measures[0]=count",
];

/// The first list that differs, with both answers.
fn difference(origin: &Server, node: &Server, token: &str) -> Option<String> {
    let header = [("Authorization".to_owned(), format!("Bearer {token}"))];
    LISTS.iter().find_map(|path| {
        let (wanted, found) = (ask(origin, path, &header), ask(node, path, &header));
        let text = |answer: &(u16, Vec<u8>)| String::from_utf8_lossy(&answer.1).into_owned();
        (wanted != found).then(|| format!("{path}\n{}\n{}", text(&wanted), text(&found)))
    })
}

/// Waits until the node answers as its origin.
fn until_equal(origin: &Server, node: &Server, token: &str) {
    let start = Instant::now();
    while let Some(difference) = difference(origin, node, token) {
        assert!(start.elapsed() < crate::wire::PATIENCE, "{difference}");
    }
}

/// Random writes over HTTP.
struct Writer {
    rng: StdRng,
    articles: Vec<String>,
    tags: Vec<String>,
    count: u32,
}

impl Writer {
    fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            articles: Vec::new(),
            tags: Vec::new(),
            count: 0,
        }
    }

    fn act(&mut self, origin: &Server, token: &str) {
        self.count += 1;
        let at = |rng: &mut StdRng, from: &[String]| {
            (!from.is_empty()).then(|| from[rng.random_range(0..from.len())].clone())
        };
        let locale = ["en", "fr"][self.rng.random_range(0..2)];
        let draft = ["", "&status=draft"][usize::from(self.rng.random_bool(0.3))];
        let tag = at(&mut self.rng, &self.tags);
        let data = json!({
            "title": format!("t{}", self.count), "price": f64::from(self.count) / 8.0, "open": self.count.is_multiple_of(2),
            "tags": tag.iter().collect::<Vec<_>>(), "seo": { "metaTitle": "m" },
            "zone": [{ "__component": "parts.seo", "metaTitle": "z" }], "big": "9007199254740993",
            "extra": { "k": [1.5, null, "two\nlines"] },
        });
        match self.rng.random_range(0..10) {
            0 | 1 => {
                let data = json!({ "name": format!("tag {}", self.count) });
                self.tags.push(make(origin, token, "/api/tags", &data));
            }
            2..6 => {
                let path = format!("/api/articles?locale={locale}{draft}");
                self.articles.push(make(origin, token, &path, &data));
            }
            6..9 => {
                if let Some(id) = at(&mut self.rng, &self.articles) {
                    let path = format!("/api/articles/{id}?locale={locale}{draft}");
                    send(origin, "PUT", &path, Some(token), Some(&data));
                }
            }
            _ => {
                if let Some(id) = at(&mut self.rng, &self.articles) {
                    let locale = ["*", "fr"][self.rng.random_range(0..2)];
                    let path = format!("/api/articles/{id}?locale={locale}");
                    send(origin, "DELETE", &path, Some(token), None);
                }
            }
        }
    }
}

fn a_node_that_is_killed_ends_equal(database: Database) {
    let full = prepared(&database);
    let origin = Server::start(database);
    let mut writer = Writer::new(5);
    for _ in 0..60 {
        writer.act(&origin, &full);
    }
    let mut node = node_of(&origin, &full);
    for _ in 0..12 {
        for _ in 0..writer.rng.random_range(1..15) {
            writer.act(&origin, &full);
        }
        let pause = writer.rng.random_range(0..60);
        std::thread::sleep(Duration::from_millis(pause));
        node.kill();
        node.start_again();
    }
    until_equal(&origin, &node, &full);
    // From now on it is there within a second or so.
    caught_up(&node);
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        writer.act(&origin, &full);
        let start = Instant::now();
        until_equal(&origin, &node, &full);
        slowest = slowest.max(start.elapsed());
    }
    assert!(slowest < PROMPTLY, "{slowest:?}");

    // The node has a feed and live events of its own, on its own log.
    let mut stream = Stream::open(&node, "/api/events", None, None);
    stream.begun();
    let data = json!({ "title": "through the node" });
    let id = make(&origin, &full, "/api/articles", &data);
    let event = stream.next().unwrap();
    assert_eq!(event.data["documentId"], json!(id));
    let last = stream.last.unwrap();
    let path = format!("/api/sync?token={last}");
    let (status, body) = send(&node, "GET", &path, None, None);
    assert_eq!(status, 200, "{body}");

    // A token that is revoked on the origin stops working here.
    let reader = origin
        .database()
        .run(&["token", "create", "--name", "r", "--type", "read-only"]);
    let header = [("Authorization".to_owned(), format!("Bearer {reader}"))];
    wait_for("the token to arrive", || {
        (ask(&node, "/api/tags", &header).0 == 200).then_some(())
    });
    origin.database().run(&["token", "revoke", "r"]);
    let start = Instant::now();
    wait_for("the token to go", || {
        (ask(&node, "/api/tags", &header).0 == 401).then_some(())
    });
    assert!(start.elapsed() < PROMPTLY);
    origin
        .database()
        .run(&["role", "deny", "public", "tag", "find"]);
    let start = Instant::now();
    wait_for("the right to go", || {
        (ask(&node, "/api/tags", &[]).0 == 403).then_some(())
    });
    assert!(start.elapsed() < PROMPTLY);

    // The schema changes while writes go on.
    let root = Folder::new();
    crate::tokens::copy_schema(root.path());
    let path = root.path().join("types/article.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace(
        "\"price\": { \"type\": \"decimal\" }",
        "\"price\": { \"type\": \"string\" }",
    );
    let text = text.replace("\"kind\": {", "\"sort\": { \"renamedFrom\": \"kind\",");
    let text = text.replace("\"open\": { \"type\": \"boolean\" },", "");
    std::fs::write(&path, text).unwrap();
    let folder = root.path().to_str().unwrap();
    let mut change = origin
        .database()
        .command(&["schema", "apply", folder, "--yes", "--allow-loss"])
        .spawn()
        .unwrap();
    let data = json!({ "name": "meanwhile" });
    while change.try_wait().unwrap().is_none() {
        make(&origin, &full, "/api/tags", &data);
    }
    let changed = change.wait().unwrap();
    assert!(changed.success(), "{changed}");
    wait_for("the new schema", || {
        let header = [("Authorization".to_owned(), format!("Bearer {full}"))];
        let path = "/api/articles?fields=sort,price&sort=price&pagination[pageSize]=100";
        let (status, body) = ask(&node, path, &header);
        (status == 200 && ask(&origin, path, &header).1 == body).then_some(())
    });
    for log in [node.log(), origin.log()] {
        assert!(!log.contains("panic"), "{log}");
    }
}

#[test]
fn a_node_that_is_killed_ends_equal_to_sqlite() {
    a_node_that_is_killed_ends_equal(Database::sqlite());
}

#[test]
fn a_node_that_is_killed_ends_equal_to_postgres() {
    a_node_that_is_killed_ends_equal(Database::postgres());
}

/// Runs a command that must fail and returns what it says.
fn fails(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_cannot_be_followed_is_refused_with_a_reason() {
    let database = Database::sqlite();
    let full = prepared(&database);
    let reader = database.run(&["token", "create", "--name", "r", "--type", "read-only"]);
    let origin = Server::start(database);
    let url = origin.url();
    let serve = |database: &Database, url: &str, token: &str| {
        let arguments = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--follow",
            url,
            "--token",
            token,
        ];
        database.command(&arguments)
    };
    let empty = Database::sqlite();
    for token in ["tympan_nonsense", reader.as_str()] {
        let said = fails(serve(&empty, &url, token));
        assert!(said.contains("full-access token"), "{said}");
        assert!(!said.contains(token), "{said}");
    }
    let said = fails(serve(&empty, "cms.example.org", &full));
    assert!(said.contains("https://"), "{said}");
    let said = fails(empty.command(&["serve", "--follow", &url]));
    assert!(said.contains("needs a token"), "{said}");
    let own = Database::sqlite();
    prepared(&own);
    let said = fails(serve(&own, &url, &full));
    assert!(said.contains("content of its own"), "{said}");

    let node = node_of(&origin, &full);
    caught_up(&node);
    let said = fails(node.database().command(&["token", "list"]));
    assert!(said.contains("copy of a read node"), "{said}");
    let shown = node
        .database()
        .command(&["config"])
        .env("TYMPAN_FOLLOW_TOKEN", &full)
        .output();
    let shown = String::from_utf8(shown.unwrap().stdout).unwrap();
    assert!(shown.contains("***") && !shown.contains(&full), "{shown}");

    // A newer origin.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let body = r#"{"version":[99,1],"has_more":false}"#;
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        for mut socket in listener.incoming().map_while(Result::ok) {
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(answer.as_bytes());
        }
    });
    let said = fails(serve(&Database::sqlite(), &url, &full));
    assert!(said.contains("newer"), "{said}");

    // An origin that is away is waited for.
    let nobody = Database::sqlite();
    let node = Server::start_with(
        nobody,
        &["--follow", "http://127.0.0.1:9", "--token", &full],
    );
    let (status, body) = send(&node, "GET", "/api/articles", None, None);
    assert_eq!(status, 503, "{body}");
    let (status, body) = send(&node, "GET", "/health/ready", None, None);
    assert_eq!(status, 503, "{body}");
}
