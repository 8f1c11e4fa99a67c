//! Search: an index of all entries beside the database, which follows the change log.
//!
//! A serving node keeps one index in `<data folder>/search`. It holds a row per document, locale and stage with the
//! text of every searchable attribute, read from the database as it is now; the change log only tells which documents
//! to read again. It is derived: whatever happens to it, it is built anew beside the old one while reads go on.
//! While there is none, `_q` compares rows in the database, and answers say so.
//!
//! # What callers cannot learn
//!
//! Private attributes and passwords are not indexed. Each attribute has a field of its own for each stage, and a search
//! names those its caller may read, so that nothing else gives a hit, a count or a snippet. Scores are made with fixed
//! word frequencies: they depend on the entry that is found and on what was asked, never on other entries. Whether
//! words are taken as misspelt is decided by what the caller's own search finds. Snippets are made from the database.
//!
//! # Order
//!
//! Every word must be found. Hits are ordered by score, newest first among equals; scores are kept in thousandths
//! because sums of floats differ in their last digits with the order in which segments were merged.
//!
//! Always true: nothing here runs on the threads that serve requests; tantivy is named nowhere else.
//! **Knows nothing about** HTTP. Start reading at [`Search::find`] and [`Search::follow`].

mod across;
mod apply;
mod ask;
mod build;
mod check;
mod collect;
mod config;
mod disk;
mod facets;
mod find;
mod fold;
mod folder;
mod follow;
mod highlight;
mod hits;
mod index;
mod language;
mod lists;
mod mapping;
mod places;
mod shown;
mod source;
mod state;
mod terms;
mod text;
mod words;

pub use across::AcrossError;
pub use ask::{Ask, TooManyWords};
pub use check::{Checked, Difference};
pub use collect::Hit;
pub use config::SearchConfig;
pub use find::{Found, Wanted};
pub use highlight::Highlighter;
pub use lists::{Outcome, Refused};
pub use state::State;

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use crate::platform::database::DatabaseError;
use crate::schema::Schema;
use crate::schema::store::StoreError;
use find::Remembered;
use index::Index;
use mapping::Mapping;

/// Searches that are remembered until the index changes.
const REMEMBERED: usize = 1024;

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// What lies in the folder is no index, or not all of it.
    #[error("the search index is damaged: {0}")]
    Damaged(String),
    /// Another process keeps the index.
    #[error("another process keeps the search index in {0}")]
    Held(String),
    /// The disk, or the library.
    #[error("the search index cannot be used: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// The disk.
    #[error("the search index cannot be read or written: {0}")]
    Disk(#[from] std::io::Error),
    /// A task ended in a panic.
    #[error("the search index cannot be used: a task panicked")]
    Panic,
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The schema cannot be read.
    #[error(transparent)]
    Schema(#[from] StoreError),
}

impl From<tantivy::directory::error::OpenDirectoryError> for SearchError {
    fn from(error: tantivy::directory::error::OpenDirectoryError) -> Self {
        Self::Index(error.into())
    }
}

/// The search of a running Tympan; clones share it.
#[derive(Debug, Clone)]
pub struct Search(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: SearchConfig,
    /// Where indexes lie; none if this process keeps none.
    folder: Option<PathBuf>,
    live: ArcSwapOption<Index>,
    mapping: ArcSwap<Mapping>,
    state: ArcSwap<State>,
    permits: Semaphore,
    remembered: Cache<Remembered, Arc<Found>>,
}

impl Search {
    /// A search that keeps its index under this data folder, once [`Search::follow`] runs.
    pub fn new(data: Option<PathBuf>, config: SearchConfig, schema: &Schema) -> Self {
        let folder = data.map(|data| data.join("search"));
        let parallel = match config.parallel {
            0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            parallel => usize::try_from(parallel).unwrap_or(2),
        };
        Self(Arc::new(Inner {
            live: ArcSwapOption::empty(),
            mapping: ArcSwap::from_pointee(Mapping::new(schema)),
            state: ArcSwap::from_pointee(State::Starting),
            permits: Semaphore::new(parallel),
            remembered: Cache::new(REMEMBERED),
            folder: folder.filter(|_| config.enabled),
            config,
        }))
    }

    /// Its settings.
    pub fn config(&self) -> &SearchConfig {
        &self.0.config
    }

    /// Bytes of the index's files; none without an index.
    pub fn bytes(&self) -> Option<u64> {
        let files = std::fs::read_dir(self.0.folder.as_ref()?).ok()?;
        let mut waiting: Vec<_> = files.filter_map(Result::ok).collect();
        let mut bytes = 0;
        while let Some(file) = waiting.pop() {
            match file.metadata() {
                Ok(found) if found.is_dir() => {
                    let inner = std::fs::read_dir(file.path()).into_iter().flatten();
                    waiting.extend(inner.filter_map(Result::ok));
                }
                Ok(found) => bytes += found.len(),
                Err(_) => {}
            }
        }
        Some(bytes)
    }

    /// What it is doing.
    pub fn state(&self) -> Arc<State> {
        self.0.state.load_full()
    }

    /// What is indexed of a schema.
    fn mapping(&self, schema: &Schema) -> Arc<Mapping> {
        let known = self.0.mapping.load();
        if known.generation == schema.generation {
            return Arc::clone(&known);
        }
        let mapping = Arc::new(Mapping::new(schema));
        if known.generation < schema.generation {
            self.0.mapping.store(Arc::clone(&mapping));
        }
        mapping
    }
}
