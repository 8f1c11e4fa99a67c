//! `/metrics`: the page Prometheus reads.
//!
//! **Always true**: it is there only for who has the configured token, or on an address of its own that an operator
//! chose; to everybody else it does not exist. Being asked from this machine opens nothing, because a proxy on it
//! makes every visitor look like that.
//! Start reading at [`Metrics`].

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode, header};
use poem::{Endpoint, Request, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use crate::app::App;
use crate::changes;
use crate::delivery::cache::CacheNumbers;
use crate::platform::metrics::{self, Kind, Page};
use crate::{purges, queue, webhooks};

/// Who may read the metrics.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// `HOST:PORT` on which `/metrics` is served without a token; empty: nowhere.
    pub listen: String,
    /// The bearer token for `/metrics` beside the API; empty: it is not there.
    pub token: String,
}

/// Answers `/metrics`.
#[derive(Debug)]
pub struct Metrics {
    app: Arc<App>,
    access: Access,
}

#[derive(Debug)]
enum Access {
    Everyone,
    /// Who has the token of this hash.
    Token([u8; 32]),
    Nobody,
}

impl Metrics {
    /// For who has the token; for nobody if it is empty.
    pub fn guarded(app: Arc<App>, token: &str) -> Self {
        let access = match token {
            "" => Access::Nobody,
            token => Access::Token(hash(token.as_bytes())),
        };
        Self { app, access }
    }

    /// For all who reach it.
    pub fn open(app: Arc<App>) -> Self {
        let access = Access::Everyone;
        Self { app, access }
    }

    fn may(&self, request: &Request) -> bool {
        let Access::Token(expected) = &self.access else {
            return matches!(self.access, Access::Everyone);
        };
        let given = request.headers().get(header::AUTHORIZATION);
        let token = given.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        // Hashes are compared, so the time it takes tells nothing about the token.
        token.is_some_and(|token| hash(token) == *expected)
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

impl Endpoint for Metrics {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if !self.may(&request) {
            return Err(ApiError::not_found().into());
        }
        let mut page = metrics::page().await;
        write(&mut page, &self.app).await;
        let mut response = Response::builder()
            .status(StatusCode::OK)
            .body(page.into_text());
        let headers = response.headers_mut();
        let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, text);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

/// The cache of answers.
fn cache(page: &mut Page, numbers: &CacheNumbers) {
    let name = "tympan_cache_requests_total";
    page.family(
        name,
        Kind::Counter,
        "Reads that the cache of answers could take; the hit ratio is hit / (hit + miss).",
    );
    page.value(name, &[("result", "hit")], numbers.hits as f64);
    page.value(name, &[("result", "miss")], numbers.misses as f64);
    let name = "tympan_cache_evictions_total";
    page.family(
        name,
        Kind::Counter,
        "Kept answers thrown away, because a change touches them or for want of room.",
    );
    page.value(name, &[("reason", "change")], numbers.touched as f64);
    page.value(name, &[("reason", "room")], numbers.crowded as f64);
    for (name, help, value) in [
        ("tympan_cache_entries", "Answers kept.", numbers.answers),
        (
            "tympan_cache_shapes",
            "Shapes of the queries of kept answers.",
            numbers.shapes,
        ),
        (
            "tympan_cache_bytes",
            "Memory accounted for kept answers.",
            numbers.bytes,
        ),
    ] {
        page.one(name, Kind::Gauge, help, value as f64);
    }
}

/// How much waits to be done, and what it lies in; a queue that cannot be looked at is left out.
async fn queues(page: &mut Page, app: &App) {
    let mut depths: Vec<(&str, &str, i64)> = Vec::new();
    let mut late_ms = None;
    if let Ok(jobs) = queue::depth(&app.database).await {
        late_ms = Some(jobs.late_ms);
        depths.extend([
            ("jobs", "waiting", jobs.due),
            ("jobs", "running", jobs.running),
            ("jobs", "failed", jobs.failed),
        ]);
    }
    if let Ok((waiting, parked)) = webhooks::log::depth(&app.database).await {
        depths.extend([
            ("webhooks", "waiting", waiting),
            ("webhooks", "parked", parked),
        ]);
    }
    if let Ok(purges) = purges::status(&app.database).await {
        depths.push(("purges", "waiting", purges.waiting));
    }
    let name = "tympan_queue_depth";
    page.family(name, Kind::Gauge, "What waits in a queue, by its state.");
    for (queue, state, depth) in depths {
        page.value(name, &[("queue", queue), ("state", state)], depth as f64);
    }
    if let Some(late) = late_ms {
        let help = "How long the oldest due job waits.";
        let seconds = late as f64 / 1000.0;
        page.one("tympan_jobs_late_seconds", Kind::Gauge, help, seconds);
    }
    if let Some(bytes) = app.search.bytes() {
        let help = "Bytes of the search index's files.";
        page.one("tympan_search_index_bytes", Kind::Gauge, help, bytes as f64);
    }
}

/// What only the app knows.
async fn write(page: &mut Page, app: &App) {
    let generation = app.schema().generation as f64;
    page.one(
        "tympan_schema_generation",
        Kind::Gauge,
        "Grows with every change of the schema; the same on all nodes.",
        generation,
    );
    let pool = app.database.pool();
    let name = "tympan_database_connections";
    page.family(
        name,
        Kind::Gauge,
        "Connections to the database, by use and state.",
    );
    for (purpose, most, busy) in [
        ("read", pool.readers, pool.readers_busy),
        ("write", pool.writers, pool.writers_busy),
    ] {
        page.value(
            name,
            &[("purpose", purpose), ("state", "busy")],
            busy as f64,
        );
        let idle = most.saturating_sub(busy);
        page.value(
            name,
            &[("purpose", purpose), ("state", "idle")],
            idle as f64,
        );
    }
    page.one(
        "tympan_database_waiting_writes",
        Kind::Gauge,
        "Writes that wait for the one writer of SQLite.",
        pool.waiting as f64,
    );
    cache(page, &app.cache.numbers());
    queues(page, app).await;
    let Ok(lags) = changes::lags(&app.database).await else {
        return;
    };
    let name = "tympan_follower_lag_changes";
    page.family(
        name,
        Kind::Gauge,
        "Changes a follower of the change log has not worked through; 10000 stands for more.",
    );
    for lag in &lags {
        page.value(name, &[("follower", &lag.name)], lag.changes as f64);
    }
    let name = "tympan_follower_lag_seconds";
    page.family(name, Kind::Gauge, "Age of the oldest of these changes.");
    for lag in &lags {
        page.value(name, &[("follower", &lag.name)], lag.age.as_secs_f64());
    }
}
