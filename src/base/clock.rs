//! The time, in the one form it is stored and shown in.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
        .unwrap_or_default()
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`.
pub fn stamp(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The present in stored form.
pub fn now() -> String {
    stamp(now_ms())
}

/// The milliseconds since 1970 of a time in stored form; none if it is not one.
pub fn ms_of(stamp: &str) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(stamp).ok()?;
    Some(time.timestamp_millis())
}
