//! Kept answers: every published read that was asked before costs what sending its bytes costs.
//!
//! An answer is kept under everything that authorised it and the question as it came in ([`Asked`]). It knows what it
//! depends on: the documents it shows, and the [`Shape`] of its query. A change ([`impact`]) is compared with every
//! shape that reads its type: does a document enter, leave or move within what the query finds, are related documents
//! shown that changed? Exactly the answers it touches are thrown away; what cannot be told counts as touched.
//!
//! **Always true**: on the node that wrote, answers are thrown away before the write is acknowledged; others follow
//! the change log. An answer whose making began before a change that touches it is never kept. One answer is made at a
//! time for each question, and nobody who asked after a change waits for an answer begun before it. Memory is bounded.
//! **Knows nothing about** HTTP and callers' rights (they are in the scope).
//! Start reading at [`Cache::read`] and [`Cache::apply`].

mod answer;
mod condition;
mod flight;
mod follow;
mod impact;
mod index;
mod key;
mod resolve;
mod shape;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Encoding};
pub use key::Asked;
pub use shape::Shape;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::sync::Cache as Answers;
use quick_cache::{DefaultHashBuilder, Lifecycle, Weighter};
use serde::{Deserialize, Serialize};

use super::ReadError;
use flight::{Flight, Seat};
use impact::{Impact, Mark, mark};
use index::{Dependencies, Index};
use key::Key;

/// How answers are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// MiB of memory for kept answers and their compressed forms; 0 keeps none.
    pub memory_mib: u32,
    /// KiB of the largest answer that is kept.
    pub largest_kib: u32,
    /// `Cache-Control` of public answers of types that do not set `options.cacheControl`.
    pub control: String,
    /// Whether public answers carry `Surrogate-Key` and `Cache-Tag`.
    pub tags: bool,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            memory_mib: 128,
            largest_kib: 2048,
            control: "no-cache".to_owned(),
            tags: false,
        }
    }
}

/// What the memory is spent on besides the bodies themselves.
const OVERHEAD: usize = 1024;
/// What another spelling of a question costs besides its text.
const ALIAS: usize = 256;
/// Memory for the three compressed forms of a body, in tenths of it.
const COMPRESSED_TENTHS: usize = 9;

/// The cache's numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheNumbers {
    /// Questions that were answered from memory.
    pub hits: u64,
    /// Questions whose answer was made.
    pub misses: u64,
    /// Answers thrown away because a change touched them.
    pub touched: u64,
    /// Answers thrown away for want of room.
    pub crowded: u64,
    /// Answers kept now.
    pub answers: u64,
    /// Shapes of their queries.
    pub shapes: u64,
    /// Bytes accounted for them.
    pub bytes: u64,
}

#[derive(Debug, Clone)]
struct Weight;

/// An answer under one of its questions.
#[derive(Debug, Clone)]
struct Held {
    answer: Arc<Answer>,
    /// Whether this is another spelling of the question it was made for.
    alias: bool,
}

impl Held {
    fn is_dead(&self) -> bool {
        self.answer.dead.load(Ordering::Acquire)
    }
}

impl Weighter<Key, Held> for Weight {
    fn weight(&self, key: &Key, held: &Held) -> u64 {
        if held.alias {
            return u64::try_from(key.bytes() * 2 + ALIAS).unwrap_or(u64::MAX);
        }
        let answer = &held.answer;
        let body = answer.body.as_ref().map_or(0, bytes::Bytes::len);
        let tags: usize = answer.tags.iter().map(|tag| tag.len() + 24).sum();
        let bytes = body + body * COMPRESSED_TENTHS / 10 + tags + key.bytes() * 2 + OVERHEAD;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Collects what had to make room.
#[derive(Debug, Clone)]
struct Crowded;

impl Lifecycle<Key, Held> for Crowded {
    type RequestState = Vec<u64>;

    fn on_evict(&self, state: &mut Vec<u64>, _: Key, held: Held) {
        if !held.alias {
            state.push(held.answer.id);
        }
    }
}

/// Kept answers.
#[derive(Debug)]
pub struct Cache {
    config: CacheConfig,
    /// Off until somebody follows the log; otherwise changes of other processes would go unseen.
    followed: AtomicBool,
    answers: Answers<Key, Held, Weight, DefaultHashBuilder, Crowded>,
    index: Mutex<Index>,
    flights: Mutex<HashMap<Key, Arc<Flight>>>,
    /// Changes that were applied before they were read from the log.
    applied: Mutex<HashSet<i64>>,
    hits: AtomicU64,
    misses: AtomicU64,
    touched: AtomicU64,
    crowded: AtomicU64,
}

/// An answer, and whether it came from memory.
#[derive(Debug, Clone)]
pub struct Served {
    /// The answer.
    pub answer: Arc<Answer>,
    /// Whether it was kept.
    pub kept: bool,
}

impl Cache {
    /// An empty cache.
    pub fn new(config: CacheConfig) -> Self {
        let bytes = u64::from(config.memory_mib) * 1024 * 1024;
        let typical = usize::try_from(bytes / 16_384).unwrap_or(1024);
        Self {
            answers: Answers::with(
                typical.max(32),
                bytes,
                Weight,
                DefaultHashBuilder::default(),
                Crowded,
            ),
            config,
            followed: AtomicBool::new(false),
            index: Mutex::default(),
            flights: Mutex::default(),
            applied: Mutex::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            touched: AtomicU64::new(0),
            crowded: AtomicU64::new(0),
        }
    }

    /// Whether answers are kept: somebody follows the log.
    pub fn is_followed(&self) -> bool {
        self.followed.load(Ordering::Acquire)
    }

    /// How it was configured.
    pub fn config(&self) -> &CacheConfig {
        &self.config
    }

    /// The kept answer to a question.
    pub fn get(&self, asked: Asked<'_>) -> Option<Arc<Answer>> {
        let held = self.answers.get(&asked)?;
        if held.is_dead() {
            self.answers.remove_if(&asked, Held::is_dead);
            return None;
        }
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(held.answer)
    }

    /// Remembers that a question is another spelling of one whose answer is kept.
    pub fn alias(&self, asked: Asked<'_>, answer: &Arc<Answer>) {
        if answer.id == 0 {
            return;
        }
        let held = Held {
            answer: Arc::clone(answer),
            alias: true,
        };
        self.insert(asked.keep(), held);
    }

    fn insert(&self, key: Key, held: Held) {
        let mut crowded = Vec::new();
        self.answers.insert_with_lifecycle(key, held, &mut crowded);
        self.crowd(&crowded);
    }

    /// Answers a question: from memory, or by `make`, whose answer is kept if `shape` tells what it depends on.
    /// `make` gives the body, or none if what was asked for does not exist; `control` is what caches on the way are told.
    ///
    /// # Errors
    /// Those of `make`; whoever waited for the same answer gets the same error.
    pub async fn read<F, Fut>(
        &self,
        asked: Asked<'_>,
        shape: Option<Shape>,
        control: Option<&str>,
        make: F,
    ) -> Result<Served, ReadError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<Option<Vec<u8>>, ReadError>>,
    {
        let usable = self.config.memory_mib > 0 && self.followed.load(Ordering::Acquire);
        let Some(shape) = shape.filter(|_| usable) else {
            let control = control.map(str::to_owned);
            let answer = Arc::new(Answer::new(make().await?, control, Vec::new()));
            return Ok(Served {
                answer,
                kept: false,
            });
        };
        let shape = Arc::new(shape);
        loop {
            if let Some(answer) = self.get(asked) {
                return Ok(Served { answer, kept: true });
            }
            match self.board(asked) {
                Seat::Pilot(flight) => {
                    return self.fly((asked, control), &shape, &flight, make).await;
                }
                Seat::Passenger(flight, boarded) => {
                    if let Some(landed) = flight.wait(boarded).await {
                        return landed.map(|answer| Served { answer, kept: true });
                    }
                }
            }
        }
    }

    /// Makes an answer for all who wait for it.
    async fn fly<F, Fut>(
        &self,
        (asked, control): (Asked<'_>, Option<&str>),
        shape: &Arc<Shape>,
        flight: &flight::Pilot<'_>,
        make: F,
    ) -> Result<Served, ReadError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<Option<Vec<u8>>, ReadError>>,
    {
        self.misses.fetch_add(1, Ordering::Relaxed);
        let began = flight.began();
        let made = make().await;
        let landed = made.map(|body| {
            let documents = documents(body.as_deref().unwrap_or_default(), asked.path);
            let dependencies = Dependencies {
                name: shape.name(),
                shape: Arc::clone(shape),
                documents,
            };
            self.keep((asked, control), body, dependencies, began)
        });
        let shared = landed.clone().map(|(answer, _)| answer);
        let stale = matches!(landed, Ok((_, false)));
        flight.land(shared, stale);
        landed.map(|(answer, _)| Served {
            answer,
            kept: false,
        })
    }

    /// Keeps an answer if no change since `began` touches it; returns whether none does.
    fn keep(
        &self,
        (asked, control): (Asked<'_>, Option<&str>),
        body: Option<Vec<u8>>,
        dependencies: Dependencies,
        began: u64,
    ) -> (Arc<Answer>, bool) {
        let tags = match self.config.tags {
            true => super::tags::of_answer(
                body.as_deref().unwrap_or_default(),
                asked.path,
                &dependencies.shape,
            ),
            false => Vec::new(),
        };
        let mut answer = Answer::new(body, control.map(str::to_owned), tags);
        let largest = usize::try_from(self.config.largest_kib).unwrap_or(usize::MAX) * 1024;
        let length = answer.body.as_ref().map_or(0, bytes::Bytes::len);
        let key = asked.keep();
        let answer = {
            let mut index = lock(&self.index);
            if index.is_touched_since(began, &dependencies) {
                return (Arc::new(answer), false);
            }
            if length > largest {
                return (Arc::new(answer), true);
            }
            answer.id = index.number();
            let answer = Arc::new(answer);
            index.add(key.clone(), &answer, dependencies);
            answer
        };
        let held = Held {
            answer: Arc::clone(&answer),
            alias: false,
        };
        self.insert(key, held);
        (answer, true)
    }

    fn crowd(&self, crowded: &[u64]) {
        if crowded.is_empty() {
            return;
        }
        let mut index = lock(&self.index);
        let gone = crowded.iter().filter(|id| index.remove(**id).is_some());
        let gone = u64::try_from(gone.count()).unwrap_or_default();
        self.crowded.fetch_add(gone, Ordering::Relaxed);
    }

    /// Throws away what a change touches.
    fn evict(&self, impact: Impact) {
        let impact = Arc::new(impact);
        let keys: Vec<Key> = {
            let mut index = lock(&self.index);
            let touched = index.touched(&impact);
            touched
                .into_iter()
                .filter_map(|id| index.remove(id))
                .collect()
        };
        let count = u64::try_from(keys.len()).unwrap_or_default();
        self.touched.fetch_add(count, Ordering::Relaxed);
        for key in keys {
            self.answers.remove_if(&key, Held::is_dead);
        }
    }

    /// Throws everything away, and what is being made.
    pub fn clear(&self) {
        self.evict(Impact::everything());
    }

    /// The cache's numbers.
    pub fn numbers(&self) -> CacheNumbers {
        let (answers, shapes) = lock(&self.index).sizes();
        CacheNumbers {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            touched: self.touched.load(Ordering::Relaxed),
            crowded: self.crowded.load(Ordering::Relaxed),
            answers: u64::try_from(answers).unwrap_or_default(),
            shapes: u64::try_from(shapes).unwrap_or_default(),
            bytes: self.answers.weight(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What a panicking holder left behind is still whole: every step leaves the maps consistent enough to be read.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The documents an answer shows, in order. What is asked for by identity counts also when it is not there.
fn documents(body: &[u8], path: &str) -> Vec<Mark> {
    let mut marks: Vec<Mark> = super::tags::document_ids(body).map(mark).collect();
    marks.extend(path.split('/').nth(1).map(mark));
    marks.sort_unstable();
    marks.dedup();
    marks
}
