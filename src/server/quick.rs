//! Public answers that are kept, sent without going through the routes.
//!
//! A read that was asked before needs nothing that waits: no body, no credential, no database. It is found by its URL
//! and sent with headers that were made when it was first sent.
//!
//! **Always true**: what leaves here is, byte for byte and header for header, what the routes would have sent; what is
//! not plain (credentials, other origins, timing, traces) goes through them.
//! Start reading at [`Quick::answer`](listen::Quick::answer).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use poem::http::{HeaderMap, Method, Response, Uri, header};

use super::delivery::{feed, kept};
use super::headers::{Asking, Dress};
use super::{listen, observe};
use crate::app::App;
use crate::delivery::cache::Asked;
use crate::platform::metrics::REQUESTS;
use crate::platform::tally::{Cached, Cost};
use crate::platform::tracing as spans;

/// What answers at once.
pub(super) struct Quick {
    app: Arc<App>,
    dress: Arc<Dress>,
}

impl Quick {
    pub(super) fn new(app: Arc<App>, dress: Arc<Dress>) -> Self {
        Self { app, dress }
    }
}

/// Headers with which a request goes through the routes.
fn is_plain(headers: &HeaderMap) -> bool {
    let special = [
        &header::AUTHORIZATION,
        &header::ORIGIN,
        &header::COOKIE,
        &header::RANGE,
        &observe::WANTS_TIMING,
        &kept::RESPONSE_FORMAT,
    ];
    !special.into_iter().any(|name| headers.contains_key(name))
}

impl listen::Quick for Quick {
    fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Option<Response<Bytes>> {
        let path = uri.path().strip_prefix("/api/")?;
        if *method != Method::GET || !is_plain(headers) || spans::are_on() {
            return None;
        }
        if feed::asks_for_stream(path, headers) {
            return None;
        }
        let start = Instant::now();
        let answer = self.app.cache.get(Asked {
            scope: self.app.public_scope(),
            path,
            query: uri.query().unwrap_or_default(),
            v4: false,
        })?;
        // What does not exist goes through the routes, which say so.
        let (status, mut dressed, body) = kept::plain(&answer, headers, &self.dress)?;
        let route = observe::route(method, uri.path());
        REQUESTS.begin();
        let cost = Cost {
            route,
            total: start.elapsed(),
            database: std::time::Duration::ZERO,
            statements: 0,
            cached: Some(Cached::Hit),
        };
        let asking = Asking {
            method,
            path: uri.path(),
            headers,
            peer,
        };
        self.dress
            .finish(asking, (status, &mut dressed), &cost, body.len());
        REQUESTS.end(route, status.as_u16(), start.elapsed());
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = dressed;
        Some(response)
    }
}
