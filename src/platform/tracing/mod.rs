//! Spans for a collector of traces (OpenTelemetry over HTTP), off unless an endpoint is configured.
//!
//! **Always true**: without an endpoint a span is one comparison; a collector that is slow, wrong or dead costs
//! bounded memory and nothing else.
//! **Knows nothing about** HTTP servers and content. Start reading at [`request`].

/// The target of all spans made here; the log does not show them.
pub const TARGET: &str = "tympan::spans";

use tracing::Span;

use crate::platform::metrics::Route;

/// The span of a reading statement: its text, which has placeholders for all values.
pub fn statement(sql: &str) -> Span {
    tracing::info_span!(target: TARGET, "sql", otel.kind = "client", db.query.text = sql)
}

/// The span of a write transaction.
pub fn transaction() -> Span {
    tracing::info_span!(target: TARGET, "write")
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
        http.response.status_code = tracing::field::Empty,
        request_id = id,
    );
    let _ = traceparent;
    span
}

/// Says how the request of a span ended.
pub fn ended(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
}
