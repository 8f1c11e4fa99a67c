//! The settings of search.

use serde::{Deserialize, Serialize};

/// How search works and what it may use; defaults from `docs/operator.md`, "Search".
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// Whether an index is kept; without one `_q` compares every row.
    pub enabled: bool,
    /// MiB the writer of the index may hold in memory.
    pub memory_mib: u32,
    /// Milliseconds between commits while changes keep coming.
    pub commit_ms: u64,
    /// Documents read at once when the index is built.
    pub batch: u32,
    /// Words and phrases in one search.
    pub words: u32,
    /// The best hits that filters, other orders and facets are applied to.
    pub hits: u32,
    /// Facets in one search.
    pub facets: u32,
    /// Values of one facet.
    pub facet_values: u32,
    /// Characters of a highlighted snippet.
    pub snippet: u32,
    /// Searches that run at once; more wait.
    pub parallel: u32,
    /// Seconds between looks at every byte of the index; 0 = only at the start.
    pub verify_s: u64,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            memory_mib: 32,
            commit_ms: 100,
            batch: 500,
            words: 32,
            hits: 100_000,
            facets: 10,
            facet_values: 100,
            snippet: 160,
            parallel: 0,
            verify_s: 3600,
        }
    }
}
