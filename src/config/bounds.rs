//! Numbers that are of the right type and still of no use.

use serde_json::Value;

/// Numbers with which the server could not work.
const BOUNDS: [(&str, u64, u64); 30] = [
    ("database.readers", 0, 1024),
    ("database.writers", 1, 1024),
    ("connections.max_connections", 1, 10_000_000),
    ("connections.max_headers", 1, 10_000),
    ("connections.header_timeout_ms", 1, u64::MAX),
    ("limits.default_page_size", 1, u64::MAX),
    ("limits.max_page_size", 1, u64::MAX),
    ("body.bytes", 1, u64::MAX),
    ("jobs.at_once", 1, 1024),
    ("jobs.keep_days", 1, 36_500),
    ("changes.keep_days", 0, 36_500),
    ("sync.default_page_size", 1, u64::MAX),
    ("sync.max_page_size", 1, 10_000),
    ("sync.heartbeat_ms", 100, 3_600_000),
    ("search.memory_mib", 15, 1024),
    ("search.commit_ms", 0, 10_000),
    ("search.batch", 1, 10_000),
    ("search.words", 1, 200),
    ("search.hits", 100, 1_000_000),
    ("search.facets", 0, 100),
    ("search.facet_values", 1, 10_000),
    ("search.snippet", 20, 2000),
    ("search.parallel", 0, 1024),
    ("outbound.connect_ms", 1, 600_000),
    ("outbound.timeout_ms", 1, 600_000),
    ("webhooks.concurrency", 2, 10_000),
    ("webhooks.per_endpoint", 1, 100),
    ("webhooks.payload_bytes", 1024, 64 * 1024 * 1024),
    ("webhooks.keep_days", 1, 36_500),
    ("purge.per_minute", 1, 60_000),
];

/// What is wrong with a number that is out of bounds.
pub(super) fn broken(key: &str, value: &Value) -> Option<String> {
    let (_, least, most) = BOUNDS.iter().find(|(bounded, ..)| *bounded == key)?;
    let number = value.as_u64()?;
    if number < *least {
        return Some(format!("it must be at least {least}"));
    }
    (number > *most).then(|| format!("it must be at most {most}"))
}
