//! What is measured of each request: what it was for, what it cost, and how much it answers.
//!
//! **Knows nothing about** where the numbers go. Start reading at [`route`].

use std::fmt::Write as _;

use http_body_util::combinators::BoxBody;
use hyper::body::Body as _;
use poem::http::{HeaderName, HeaderValue, Method};
use poem::{Body, Request, Response};

use crate::platform::metrics::Route;
use crate::platform::tally::Cost;

/// The request header that asks for `Server-Timing` on the answer.
pub static WANTS_TIMING: HeaderName = HeaderName::from_static("x-tympan-timing");
/// Where the time went.
static SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// What a request is for, by its method and path alone. Handlers that know better say so
/// ([`crate::platform::tally::route`]): a single type looks like a list here.
pub fn route(method: &Method, path: &str) -> Route {
    let Some(rest) = path.strip_prefix("/api/") else {
        return match path {
            "/metrics" => Route::Metrics,
            _ if path.starts_with("/health/") => Route::Health,
            _ if path.starts_with("/uploads/") => Route::Media,
            _ => Route::Other,
        };
    };
    if !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Route::Write;
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    match rest.split_once('/') {
        None => match rest {
            "search" => Route::Search,
            "sync" => Route::Sync,
            "events" => Route::Events,
            "docs" | "openapi.json" => Route::Docs,
            _ => Route::List,
        },
        Some(("docs", _)) => Route::Docs,
        Some(("i18n", _)) => Route::List,
        Some((_, "aggregate")) => Route::Aggregate,
        Some((_, id)) if !id.contains('/') => Route::One,
        Some(_) => Route::Other,
    }
}

/// Bytes of the answer's body, if they are known before it is sent.
pub fn bytes(response: &mut Response) -> Option<u64> {
    let body: BoxBody<_, _> = response.take_body().into();
    let bytes = body.size_hint().exact();
    response.set_body(Body::from(body));
    bytes
}

/// Whether the request asks where its time goes.
pub fn wants_timing(request: &Request) -> bool {
    request.headers().contains_key(&WANTS_TIMING)
}

/// Adds `Server-Timing`: all, waiting for the database, the rest of the work, and the cache.
pub fn show_timing(response: &mut Response, cost: &Cost) {
    let ms = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
    let mut text = format!(
        "total;dur={:.3}, db;dur={:.3};desc=\"{} statements\", render;dur={:.3}",
        ms(cost.total),
        ms(cost.database),
        cost.statements,
        ms(cost.total.saturating_sub(cost.database)),
    );
    if let Some(cached) = cost.cached {
        let _ = write!(text, ", cache;desc={}", cached.name());
    }
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().insert(&SERVER_TIMING, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_sorted_into_few_classes() {
        for (method, path, expected) in [
            (Method::GET, "/api/articles", Route::List),
            (Method::GET, "/api/articles/", Route::List),
            (Method::HEAD, "/api/articles/abc", Route::One),
            (Method::GET, "/api/articles/aggregate", Route::Aggregate),
            (Method::GET, "/api/articles/a/b", Route::Other),
            (Method::POST, "/api/articles", Route::Write),
            (Method::DELETE, "/api/articles/abc", Route::Write),
            (Method::GET, "/api/search", Route::Search),
            (Method::GET, "/api/sync", Route::Sync),
            (Method::GET, "/api/events", Route::Events),
            (Method::GET, "/api/docs/explorer.js", Route::Docs),
            (Method::GET, "/health/live", Route::Health),
            (Method::GET, "/metrics", Route::Metrics),
            (Method::GET, "/uploads/x.png", Route::Media),
            (Method::GET, "/wp-login.php", Route::Other),
        ] {
            assert_eq!(route(&method, path), expected, "{method} {path}");
        }
    }
}
