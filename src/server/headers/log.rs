//! The access log: one line per request, without query, cookie or credential.

use std::net::IpAddr;

use poem::http::{Method, StatusCode};

use crate::platform::tally::{Cached, Cost};

/// What a line says of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) peer: Option<IpAddr>,
    pub(super) id: &'a str,
}

/// Whether lines are written at all.
pub(super) fn is_on() -> bool {
    tracing::enabled!(target: "access", tracing::Level::INFO)
}

impl Line<'_> {
    pub(super) fn write(self, status: StatusCode, cost: &Cost, bytes: Option<u64>) {
        tracing::info!(
            target: "access",
            method = %self.method,
            path = self.path,
            route = cost.route.name(),
            status = status.as_u16(),
            us = u64::try_from(cost.total.as_micros()).unwrap_or(u64::MAX),
            bytes,
            cache = cost.cached.map(Cached::name),
            peer = self.peer.map(tracing::field::display),
            request_id = self.id,
        );
    }
}
