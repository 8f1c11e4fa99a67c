//! The access log: one line per request, without query, cookie or credential.

use std::time::Instant;

use poem::{
    Request,
    http::{HeaderValue, Method, StatusCode},
};

/// One line of the access log, opened before the request is given away.
pub(super) struct Line {
    start: Instant,
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
            start: Instant::now(),
            method: req.method().clone(),
            path: req.uri().path().to_owned(),
            peer: peer.map(|peer| peer.ip().to_string()).unwrap_or_default(),
        })
    }

    pub(super) fn close(self, status: StatusCode, id: &HeaderValue) {
        tracing::info!(
            target: "access",
            method = %self.method,
            path = self.path,
            status = status.as_u16(),
            us = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
            peer = self.peer,
            request_id = id.to_str().unwrap_or_default(),
        );
    }
}
