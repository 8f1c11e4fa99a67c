//! The access log: one line per request, without query, cookie or credential.

use poem::{
    Request,
    http::{HeaderValue, Method, StatusCode},
};

use crate::platform::tally::{Cached, Cost};

/// One line of the access log, opened before the request is given away.
pub(super) struct Line {
    method: Method,
    path: String,
    peer: String,
}

impl Line {
    pub(super) fn open(req: &Request) -> Option<Self> {
        if !tracing::enabled!(target: "access", tracing::Level::INFO) {
            return None;
        }
        let peer = req.remote_addr().as_socket_addr();
        Some(Self {
            method: req.method().clone(),
            path: req.uri().path().to_owned(),
            peer: peer.map(|peer| peer.ip().to_string()).unwrap_or_default(),
        })
    }

    pub(super) fn close(
        self,
        status: StatusCode,
        id: &HeaderValue,
        cost: &Cost,
        bytes: Option<u64>,
    ) {
        tracing::info!(
            target: "access",
            method = %self.method,
            path = self.path,
            route = cost.route.name(),
            status = status.as_u16(),
            us = u64::try_from(cost.total.as_micros()).unwrap_or(u64::MAX),
            bytes,
            cache = cost.cached.map(Cached::name),
            peer = self.peer,
            request_id = id.to_str().unwrap_or_default(),
        );
    }
}
