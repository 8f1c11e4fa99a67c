//! The spans there are.

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Span;
use tracing::field::Empty;

use super::{TARGET, parent};
use crate::platform::metrics::Route;

/// Whether there is a collector of spans.
static ON: AtomicBool = AtomicBool::new(false);

/// From now on spans are collected.
pub(super) fn turn_on() {
    ON.store(true, Ordering::Relaxed);
}

/// Whether requests are traced at all. Asking the subscriber would say yes when only the log listens.
pub fn are_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// The span of a request, as part of the trace that the header `traceparent` names.
pub fn request(method: &str, route: Route, id: &str, traceparent: Option<&str>) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        otel.name = route.name(),
        http.request.method = method,
        http.route = route.name(),
        http.response.status_code = Empty,
        request_id = id,
    );
    if let Some(traceparent) = traceparent
        && !span.is_disabled()
    {
        parent::join(&span, traceparent);
    }
    span
}

/// Says how the request of a span ended.
pub fn ended(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
}

/// The span of a reading statement: its text, which has placeholders for all values.
pub fn statement(sql: &str) -> Span {
    tracing::info_span!(target: TARGET, "sql", otel.kind = "client", db.query.text = sql)
}

/// The span of a write transaction.
pub fn transaction() -> Span {
    tracing::info_span!(target: TARGET, "write")
}

/// The span of a batch of changes that a follower works through.
pub fn follower(name: &str, changes: usize) -> Span {
    tracing::info_span!(target: TARGET, "follow", otel.name = name, changes)
}

/// The span of a request to another host, such as a webhook's; give it [`super::traceparent`] on its way.
pub fn outbound(purpose: &str, host: &str) -> Span {
    tracing::info_span!(
        target: TARGET,
        "outbound",
        otel.kind = "client",
        otel.name = purpose,
        server.address = host,
        http.response.status_code = Empty,
    )
}
