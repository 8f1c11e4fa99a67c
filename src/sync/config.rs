//! The numbers that bound the feed.

use serde::{Deserialize, Serialize};

/// Bounds of the sync feed and of live streams.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyncConfig {
    /// Documents per page when the request names no number.
    pub default_page_size: u32,
    /// Most documents per page.
    pub max_page_size: u32,
    /// Bytes of entries after which a page ends, whole documents at least.
    pub page_bytes: u64,
    /// Live streams at once.
    pub max_streams: u32,
    /// Live streams at once of one token, or of one address without a token; 0 is no cap.
    pub streams_per_caller: u32,
    /// Milliseconds between signs of life on an idle stream.
    pub heartbeat_ms: u64,
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self {
            default_page_size: 100,
            max_page_size: 500,
            page_bytes: 4 * 1024 * 1024,
            max_streams: 8000,
            streams_per_caller: 1000,
            heartbeat_ms: 15_000,
        }
    }
}
