//! A library: books in many languages, tags, shelves, and a vault that nobody was allowed.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::support::http;
use crate::support::{Database, Server};

/// How long a condition may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Site {
    pub(crate) server: Server,
    /// May do everything.
    pub(crate) full: String,
    /// May find books and tags, no drafts, no vault.
    pub(crate) reader: String,
}

impl Site {
    pub(crate) fn start(database: Database) -> Site {
        let schema = folder("schema");
        database.run(&["schema", "apply", schema.to_str().unwrap(), "--yes"]);
        for name in ["book", "tag", "shelf"] {
            database.run(&["role", "allow", "public", name, "find", "findOne"]);
        }
        let token = |name: &str, more: &[&str]| {
            database.run(&[&["token", "create", "--name", name], more].concat())
        };
        let site = Site {
            full: token("full", &["--type", "full-access"]),
            reader: token(
                "reader",
                &[
                    "--type",
                    "custom",
                    "--allow",
                    "book:find,book:findOne,tag:find",
                ],
            ),
            server: Server::start(database),
        };
        site.ready();
        site
    }

    /// Waits until there is an index.
    pub(crate) fn ready(&self) {
        eventually("the index is ready", || {
            let (status, body) = self.try_get("/search?q=ready&types=books", Some(&self.full))?;
            (status == 200 && body["meta"]["search"]["index"].is_null()).then_some(())
        });
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.server.database().data().join("search")
    }

    /// Where the index in use lies.
    pub(crate) fn index(&self) -> PathBuf {
        let name = std::fs::read_to_string(self.data().join("current")).unwrap();
        self.data().join(name)
    }

    /// Creates or changes an entry as the one who may everything, and returns its identity.
    pub(crate) fn write(&self, method: &str, path: &str, data: &Json) -> String {
        let (status, body) = self.send(method, path, Some(&self.full), Some(data));
        assert!(
            matches!(status, 200 | 201),
            "{method} {path} {data}: {status} {body}"
        );
        body["data"]["documentId"].as_str().unwrap().to_owned()
    }

    pub(crate) fn make(&self, path: &str, data: &Json) -> String {
        self.write("POST", path, data)
    }

    pub(crate) fn delete(&self, path: &str) {
        let (status, body) = self.send("DELETE", path, Some(&self.full), None);
        assert_eq!(status, 204, "{path}: {body}");
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        data: Option<&Json>,
    ) -> (u16, Json) {
        self.try_send(method, path, token, data)
            .unwrap_or_else(|| panic!("{method} {path}: no answer"))
    }

    fn try_send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        data: Option<&Json>,
    ) -> Option<(u16, Json)> {
        let body = data.map(|data| json!({ "data": data }).to_string());
        let request = http::request(method, &format!("/api{path}"), token, body.as_deref());
        let mut connection = http::Connection::open(self.server.address()).ok()?;
        let answer = connection.send(&request).ok()?;
        let body = serde_json::from_slice(answer.body).unwrap_or(Json::Null);
        Some((answer.status, body))
    }

    pub(crate) fn try_get(&self, path: &str, token: Option<&str>) -> Option<(u16, Json)> {
        self.try_send("GET", path, token, None)
    }

    /// The bytes of an answer, for callers that compare them.
    pub(crate) fn bytes(&self, path: &str, token: Option<&str>) -> (u16, String) {
        let request = http::request("GET", &format!("/api{path}"), token, None);
        let mut connection = self.server.connect();
        let answer = connection.send(&request).unwrap();
        (
            answer.status,
            String::from_utf8(answer.body.to_vec()).unwrap(),
        )
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> Json {
        let (status, body) = self.send("GET", path, token, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The titles or names of the hits of a search by everybody.
    pub(crate) fn found(&self, path: &str) -> Vec<String> {
        self.found_by(path, None)
    }

    pub(crate) fn found_by(&self, path: &str, token: Option<&str>) -> Vec<String> {
        let body = self.get(path, token);
        let hits = body["data"].as_array().unwrap().iter();
        hits.map(|hit| {
            let entry = if hit["entry"].is_object() {
                &hit["entry"]
            } else {
                hit
            };
            let name = entry["title"].as_str().or(entry["name"].as_str());
            name.unwrap_or_default().to_owned()
        })
        .collect()
    }

    /// Waits until a search by everybody finds just these.
    pub(crate) fn finds(&self, path: &str, titles: &[&str]) {
        self.finds_as(path, None, titles);
    }

    pub(crate) fn finds_as(&self, path: &str, token: Option<&str>, titles: &[&str]) {
        let mut seen = Vec::new();
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            seen = self.found_by(path, token);
            if seen == titles {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!(
            "{path} finds {seen:?} and not {titles:?}\n{}",
            self.server.log()
        );
    }

    /// Waits until the index is as the database, by the program's own check.
    pub(crate) fn index_is_as_the_database(&self) {
        let mut said = String::new();
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let output = self
                .server
                .database()
                .command(&["search", "check"])
                .output()
                .unwrap();
            said = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            if output.status.success() {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!(
            "the index is not as the database: {said}\n{}",
            self.server.log()
        );
    }
}

pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/search")
        .join(name)
}

/// Waits for a condition.
pub(crate) fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < end, "it never came to be that {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A text as a value in a query string.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
