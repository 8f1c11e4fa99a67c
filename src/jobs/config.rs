//! Numbers of the work beside requests.

use serde::{Deserialize, Serialize};

/// How jobs are run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobsConfig {
    /// Jobs this node runs at once.
    pub at_once: u32,
    /// Days a job that ended stays readable.
    pub keep_days: u32,
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self {
            at_once: 4,
            keep_days: 30,
        }
    }
}
