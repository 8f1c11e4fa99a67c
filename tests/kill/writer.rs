//! A client that writes until the server is gone, and remembers what was acknowledged.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;

use serde_json::Value;

use crate::document::{Targets, body};
use crate::support::http::{Connection, request};

const MOST_DOCUMENTS: usize = 16;

/// What is known about a document: its id, the version of its draft, and that of its published row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) document_id: String,
    pub(crate) draft: u64,
    pub(crate) published: Option<u64>,
}

/// What the unanswered request would have made of its document; `None` if it would have deleted it.
pub(crate) struct Doubt {
    pub(crate) slug: String,
    pub(crate) after: Option<State>,
}

pub(crate) struct Writer {
    index: u64,
    random: Random,
    version: u64,
    pub(crate) documents: BTreeMap<String, State>,
    pub(crate) doubt: Option<Doubt>,
}

enum Act {
    Create,
    Publish,
    Draft,
    Delete,
}

impl Writer {
    pub(crate) fn new(index: u64, seed: u64) -> Writer {
        let random = Random::new(seed);
        Writer {
            index,
            random,
            version: 0,
            documents: BTreeMap::new(),
            doubt: None,
        }
    }

    /// Whether the document was made by this writer.
    pub(crate) fn owns(&self, slug: &str) -> bool {
        slug.starts_with(&format!("w{}-", self.index))
    }

    /// Writes one request after the other until the connection breaks.
    pub(crate) fn work(
        &mut self,
        address: SocketAddr,
        token: &str,
        targets: &Targets,
        acknowledge: &Sender<()>,
    ) {
        let Ok(mut connection) = Connection::open(address) else {
            return;
        };
        loop {
            self.version += 1;
            let act = self.choose();
            let slug = self.slug_for(&act);
            let before = self.documents.get(&slug);
            let (bytes, status, after) = self.prepare(&act, &slug, before, token, targets);
            let Ok(answer) = connection.send(&bytes) else {
                self.doubt = Some(Doubt { slug, after });
                return;
            };
            let text = String::from_utf8_lossy(answer.body);
            assert_eq!(answer.status, status, "{slug}: {text}");
            match after {
                Some(mut state) => {
                    let answer: Value = serde_json::from_str(&text).unwrap();
                    state.document_id = answer["data"]["documentId"].as_str().unwrap().to_owned();
                    self.documents.insert(slug, state);
                }
                None => {
                    self.documents.remove(&slug);
                }
            }
            let _ = acknowledge.send(());
        }
    }

    fn choose(&mut self) -> Act {
        if self.documents.is_empty() {
            return Act::Create;
        }
        let full = self.documents.len() >= MOST_DOCUMENTS;
        match self.random.below(10) {
            0..4 if !full => Act::Create,
            0..7 => Act::Publish,
            7..9 => Act::Draft,
            _ => Act::Delete,
        }
    }

    fn slug_for(&mut self, act: &Act) -> String {
        match act {
            Act::Create => format!("w{}-{}", self.index, self.version),
            _ => {
                let at = self.random.below(self.documents.len() as u64) as usize;
                self.documents.keys().nth(at).cloned().unwrap()
            }
        }
    }

    /// The request, the status that acknowledges it, and what it makes of the document.
    fn prepare(
        &self,
        act: &Act,
        slug: &str,
        before: Option<&State>,
        token: &str,
        targets: &Targets,
    ) -> (Vec<u8>, u16, Option<State>) {
        let body = body(slug, self.version, targets);
        let id = before
            .as_ref()
            .map_or("", |state| state.document_id.as_str());
        let path = format!("/api/articles/{id}");
        let now = |published| {
            let document_id = id.to_owned();
            Some(State {
                document_id,
                draft: self.version,
                published,
            })
        };
        let send = |method, path: &str| request(method, path, Some(token), Some(&body));
        match act {
            Act::Create => (send("POST", "/api/articles"), 201, now(Some(self.version))),
            Act::Publish => (send("PUT", &path), 200, now(Some(self.version))),
            Act::Draft => {
                let published = before.and_then(|state| state.published);
                (
                    send("PUT", &format!("{path}?status=draft")),
                    200,
                    now(published),
                )
            }
            Act::Delete => (request("DELETE", &path, Some(token), None), 204, None),
        }
    }
}

/// A small generator of random numbers (splitmix64), so that a seed repeats a run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}
