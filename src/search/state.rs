//! What the index is doing, for people and answers.

use serde::{Deserialize, Serialize};

/// What the index is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum State {
    /// It has not been opened yet, or is switched off.
    Starting,
    /// It is used.
    Ready {
        /// Rows that can be found.
        rows: u64,
    },
    /// It is built; an older one is used meanwhile if there is one.
    Building {
        /// Rows that were read.
        done: u64,
        /// Rows there were at the beginning.
        total: u64,
    },
    /// Another process keeps it.
    Held,
    /// It cannot be used, and why.
    Failed {
        /// What went wrong.
        reason: String,
    },
}
