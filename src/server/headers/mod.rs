//! What every response carries: security headers, a request id, CORS; and one access log line.
//!
//! [`Outer`] is the outermost endpoint. It also turns errors into the envelope and a panic into
//! a 500, so that these too carry all headers.
//!
//! **Always true**: no response leaves without the headers; a handler may set its own value of
//! any of them (the admin's CSP, a public file's CORP) and it stays. The log never holds a
//! query string, a cookie or a credential.
//! **Knows nothing about** routes.
//! **Start reading at** [`Outer::call`](Outer).

mod cors;
mod log;
#[cfg(test)]
mod tests;

mod dress;

use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};

use futures_util::FutureExt;
use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
};

use self::{cors::Cors, log::Line};
use super::error::{ApiError, envelope};
use super::observe;
use crate::platform::tally::{self, Tally};
use crate::platform::{metrics, tracing as spans};
pub(super) use dress::Asking;
use tracing::Instrument as _;

/// The header that carries the request id, both ways.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header that names the trace a request is part of.
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What [`Outer`] adds and allows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderConfig {
    /// Origins whose pages may call this server, as `https://example.org`; `*` allows every
    /// origin without credentials. Empty: only this server's own pages.
    pub cors_origins: Vec<String>,
    /// Whether listed origins may send cookies; has no effect on `*`.
    pub cors_credentials: bool,
    /// Seconds a browser may remember a preflight.
    pub cors_max_age_s: u32,
    /// Request headers a page of another origin may set.
    pub cors_headers: Vec<String>,
    /// Seconds browsers insist on TLS, subdomains included; 0 sends no such header.
    pub hsts_s: u32,
    /// Whether each request is written to the log.
    pub access_log: bool,
}

impl Default for HeaderConfig {
    fn default() -> Self {
        let headers = [
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "strapi-response-format",
            "x-request-id",
        ];
        Self {
            cors_origins: Vec::new(),
            cors_credentials: false,
            cors_max_age_s: 600,
            cors_headers: headers.map(str::to_owned).to_vec(),
            hsts_s: 0,
            access_log: true,
        }
    }
}

/// Why a [`HeaderConfig`] cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderConfigError {
    /// An origin is not `scheme://host[:port]`.
    #[error(
        "cors_origins: {0:?} is not an origin; write it as https://example.org, without a path"
    )]
    Origin(String),
    /// A header name holds characters that names cannot.
    #[error("cors_headers: {0:?} is not a header name")]
    Header(String),
}

/// The outermost endpoint around `inner`.
pub struct Outer<E> {
    inner: E,
    dress: Arc<Dress>,
}

/// What every response is given on its way out.
pub struct Dress {
    cors: Cors,
    fixed: Vec<(HeaderName, HeaderValue)>,
    access_log: bool,
}

impl<E: Endpoint> Outer<E> {
    /// Wraps `inner`; refuses origins and header names that could never match.
    pub fn new(inner: E, config: &HeaderConfig) -> Result<Self, HeaderConfigError> {
        Ok(Self::dressed(inner, Arc::new(Dress::new(config)?)))
    }

    /// As [`Outer::new`], sharing what responses are given.
    pub fn dressed(inner: E, dress: Arc<Dress>) -> Self {
        Self { inner, dress }
    }
}

/// The request id [`Outer`] gave this request; empty outside of it.
pub fn request_id(headers: &HeaderMap) -> &str {
    headers
        .get(&REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default()
}

fn fixed_headers(hsts_s: u32) -> Vec<(HeaderName, HeaderValue)> {
    let mut fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
    .to_vec();
    if hsts_s > 0
        && let Ok(value) = HeaderValue::try_from(format!("max-age={hsts_s}; includeSubDomains"))
    {
        fixed.push((header::STRICT_TRANSPORT_SECURITY, value));
    }
    fixed
}

impl<E: Endpoint> Endpoint for Outer<E> {
    type Output = Response;

    async fn call(&self, req: Request) -> poem::Result<Response> {
        let id = take_request_id(req.headers());
        let route = match is_preflight(&req) {
            true => metrics::Route::Preflight,
            false => observe::route(req.method(), req.uri().path()),
        };
        let tally = Tally::open(id.to_str().unwrap_or_default(), route);
        Ok(tally::within(tally, self.serve(req, id, route)).await)
    }
}

impl<E: Endpoint> Outer<E> {
    async fn serve(&self, mut req: Request, id: HeaderValue, route: metrics::Route) -> Response {
        req.headers_mut().insert(&REQUEST_ID, id.clone());
        let origin = req.headers().get(header::ORIGIN).cloned();
        let wants_timing = observe::wants_timing(&req);
        let peer = req.remote_addr().as_socket_addr().map(SocketAddr::ip);
        let logged = self
            .dress
            .logs()
            .then(|| (req.method().clone(), req.uri().path().to_owned()));

        let mut response = if is_preflight(&req) {
            self.dress.cors.preflight(origin.as_ref())
        } else {
            self.traced(req, &id, route).await
        };

        self.dress.put_on(response.headers_mut(), origin.as_ref());
        let cost = tally::end(response.status().as_u16());
        if let Some(cost) = cost.filter(|_| wants_timing) {
            observe::show_timing(&mut response, &cost);
        }
        if let Some(((method, path), cost)) = logged.zip(cost) {
            let bytes = observe::bytes(&mut response);
            let line = Line {
                method: &method,
                path: &path,
                peer,
                id: id.to_str().unwrap_or_default(),
            };
            line.write(response.status(), &cost, bytes);
        }
        response.headers_mut().insert(&REQUEST_ID, id);
        response
    }

    /// As [`Outer::answer`], inside the request's span.
    async fn traced(&self, req: Request, id: &HeaderValue, route: metrics::Route) -> Response {
        let parent = req
            .headers()
            .get(&TRACEPARENT)
            .and_then(|parent| parent.to_str().ok());
        let text = id.to_str().unwrap_or_default();
        let span = spans::request(req.method().as_str(), route, text, parent);
        let response = self.answer(req, id).instrument(span.clone()).await;
        spans::ended(&span, response.status().as_u16());
        response
    }

    async fn answer(&self, req: Request, id: &HeaderValue) -> Response {
        let text = id.to_str().unwrap_or_default();
        match AssertUnwindSafe(self.inner.call(req)).catch_unwind().await {
            Ok(Ok(output)) => output.into_response(),
            Ok(Err(error)) => envelope(error, text),
            Err(payload) => ApiError::panicked(payload.as_ref(), text).into_response(),
        }
    }
}

/// The client's own id if it is short and plain, else a fresh one.
fn take_request_id(headers: &HeaderMap) -> HeaderValue {
    match headers.get(&REQUEST_ID) {
        Some(id) if is_plain(id.as_bytes()) => id.clone(),
        _ => fresh_request_id(),
    }
}

fn is_plain(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=64).contains(&id.len()) && id.iter().all(plain)
}

/// Sixteen hex digits, unique in this process and unlikely to repeat in another; no secret.
fn fresh_request_id() -> HeaderValue {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static START: std::sync::LazyLock<u64> =
        std::sync::LazyLock::new(|| RandomState::new().hash_one(0));
    // An odd factor makes this a permutation, so ids of one process never collide.
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let number = START.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut digits = [0_u8; 16];
    for (digit, shift) in digits.iter_mut().zip((0..16).rev()) {
        let nibble = (number >> (shift * 4)) as u8 & 15;
        *digit = if nibble < 10 {
            b'0' + nibble
        } else {
            b'a' + nibble - 10
        };
    }
    HeaderValue::from_bytes(&digits).unwrap_or(HeaderValue::from_static("none"))
}

fn is_preflight(req: &Request) -> bool {
    req.method() == Method::OPTIONS
        && req.headers().contains_key(header::ORIGIN)
        && req
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
