//! Replaying recorded cases: every topic on a seeded site, every answer compared.
//!
//! Start reading at [`replay`]; a site is in `site.rs`, the tokens of the recordings in `tokens.rs`, what counts as
//! equal in `compare.rs`.

mod compare;
mod deviations;
mod site;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use compare::{difference, normal};
use deviations::Deviations;
pub(crate) use site::Kind;
use site::Site;

/// Topics that only read share a site; the others begin with a fresh one each.
const READING: [&str; 6] = [
    "filters",
    "find",
    "populate",
    "public",
    "sort-pagination-fields",
    "status-locale-search",
];
const WRITING: [&str; 3] = ["writes", "writes-relations", "validation"];

/// A recorded request and its answer.
#[derive(Debug, Clone, Deserialize)]
struct Case {
    name: String,
    r#as: Option<String>,
    request: Asked,
    response: Answer,
}

#[derive(Debug, Clone, Deserialize)]
struct Asked {
    method: String,
    path: String,
    #[serde(default)]
    headers: Map<String, Json>,
    body: Option<Json>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Answer {
    status: u16,
    body: Json,
}

/// The folder of the recordings.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strapi")
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn cases(topic: &str) -> Vec<Case> {
    read(&folder().join("cases").join(format!("{topic}.json")))
}

/// Strapi on SQLite lost the last digit of the one number beyond 2^53.
fn whole_digits(answer: &Answer) -> Answer {
    let text = answer.body.to_string();
    let body = text.replace("9007199254740992", "9007199254740993");
    Answer {
        status: answer.status,
        body: serde_json::from_str(&body).unwrap(),
    }
}

/// Replays every topic and fails with what differs.
pub(crate) async fn replay(kind: Kind) {
    let mut outcome = Outcome::new(kind);
    let mut site = outcome.seeded(kind).await;
    site.is_indexed().await;
    for topic in READING {
        outcome.topic(&mut site, topic).await;
    }
    for topic in WRITING {
        let mut site = outcome.seeded(kind).await;
        outcome.topic(&mut site, topic).await;
    }
    outcome.finish();
}

/// A seeded site's database, and every recorded read ready to be sent to a server on it: path and headers.
#[allow(dead_code, reason = "for the tests of read nodes")]
pub(crate) struct Recording {
    pub(crate) url: String,
    pub(crate) folder: crate::support::Folder,
    pub(crate) reads: Vec<(String, Vec<(String, String)>)>,
}

/// Seeds a site and fills in the reads.
#[allow(dead_code, reason = "for the tests of read nodes")]
pub(crate) async fn recording(kind: Kind) -> Recording {
    let mut site = Outcome::new(kind).seeded(kind).await;
    let mut reads = Vec::new();
    for topic in READING {
        for case in cases(topic) {
            if case.request.method == "GET" {
                reads.push(site.filled(&case).await);
            }
        }
    }
    let (url, folder) = site.into_database().await;
    Recording { url, folder, reads }
}

/// What was found so far.
struct Outcome {
    kind: Kind,
    deviations: Deviations,
    equal: usize,
    deviating: usize,
    wrong: Vec<Json>,
}

impl Outcome {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            deviations: Deviations::read(&folder().join("deviations.json")),
            equal: 0,
            deviating: 0,
            wrong: Vec::new(),
        }
    }

    /// A site with the content of the recordings; its making is compared too.
    async fn seeded(&mut self, kind: Kind) -> Site {
        let mut site = Site::open(kind).await;
        self.topic(&mut site, "seed").await;
        site
    }

    async fn topic(&mut self, site: &mut Site, topic: &str) {
        for case in cases(topic) {
            let seen = site.ask(&case).await;
            self.judge(topic, &case, &seen);
        }
    }

    fn judge(&mut self, topic: &str, case: &Case, seen: &Answer) {
        let recorded = normal(&whole_digits(&case.response));
        let ours = normal(seen);
        let deviation = self.deviations.of(topic, &case.name);
        let differs = difference(&recorded, &ours);
        let (expected, wrong) = match (deviation, differs) {
            (None, None) => {
                self.equal += 1;
                return;
            }
            (None, Some(wrong)) => (recorded, wrong),
            (Some(_), None) => (
                recorded,
                "is as recorded, but stands in deviations.json".to_owned(),
            ),
            (Some(deviation), Some(_)) => {
                let expected = normal(&deviation);
                match difference(&expected, &ours) {
                    None => {
                        self.deviating += 1;
                        return;
                    }
                    Some(wrong) => (expected, wrong),
                }
            }
        };
        self.wrong.push(json!({
            "topic": topic, "name": case.name, "method": case.request.method, "path": case.request.path,
            "headers": case.request.headers, "body": case.request.body, "wrong": wrong,
            "expected": { "status": expected.status, "body": expected.body },
            "ours": { "status": ours.status, "body": ours.body },
        }));
    }

    fn finish(self) {
        let counts = format!(
            "{:?}: {} answers as recorded, {} deliberately different, {} wrong",
            self.kind,
            self.equal,
            self.deviating,
            self.wrong.len()
        );
        eprintln!("{counts}");
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("strapi-{:?}.json", self.kind));
        fs::write(&path, serde_json::to_string_pretty(&self.wrong).unwrap()).unwrap();
        let lines: Vec<String> = self
            .wrong
            .iter()
            .take(20)
            .map(|wrong| format!("{} / {}: {}", wrong["topic"], wrong["name"], wrong["wrong"]))
            .collect();
        assert!(
            lines.is_empty(),
            "{counts}; all of it in {}\n{}",
            path.display(),
            lines.join("\n")
        );
    }
}
