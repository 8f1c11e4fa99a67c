//! Dressing responses: those of the endpoint, and those that are answered without it.

use std::net::IpAddr;

use poem::http::header::{self, Entry};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::cors::Cors;
use super::log::{self, Line};
use super::{Dress, HeaderConfig, HeaderConfigError, REQUEST_ID, fixed_headers, take_request_id};
use crate::platform::tally::Cost;

/// A request that is answered without the endpoint.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Asking<'a> {
    pub(in crate::server) method: &'a Method,
    pub(in crate::server) path: &'a str,
    pub(in crate::server) headers: &'a HeaderMap,
    pub(in crate::server) peer: Option<IpAddr>,
}

impl Dress {
    /// Refuses origins and header names that could never match.
    ///
    /// # Errors
    /// What cannot be used.
    pub fn new(config: &HeaderConfig) -> Result<Self, HeaderConfigError> {
        Ok(Self {
            cors: Cors::new(config)?,
            fixed: fixed_headers(config.hsts_s),
            access_log: config.access_log,
        })
    }

    /// Whether requests are logged.
    pub(super) fn logs(&self) -> bool {
        self.access_log && log::is_on()
    }

    /// As [`Dress::put_on`], with room for the request id, so that it is put in without growing the map.
    pub(in crate::server) fn dressed(&self, headers: &HeaderMap) -> HeaderMap {
        let mut headers = headers.clone();
        self.put_on(&mut headers, None);
        headers.insert(&REQUEST_ID, HeaderValue::from_static("-"));
        headers
    }

    /// Adds what every response carries, without its request id.
    pub(in crate::server) fn put_on(&self, headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
        headers.reserve(self.fixed.len() + 4);
        for (name, value) in &self.fixed {
            if let Entry::Vacant(slot) = headers.entry(name) {
                slot.insert(value.clone());
            }
        }
        headers.remove(header::SERVER);
        self.cors.mark(headers, origin);
    }

    /// Gives a dressed response its request id and logs it.
    pub(in crate::server) fn finish(
        &self,
        asking: Asking<'_>,
        (status, headers): (StatusCode, &mut HeaderMap),
        cost: &Cost,
        bytes: usize,
    ) {
        let id = take_request_id(asking.headers);
        if self.logs() {
            let line = Line {
                method: asking.method,
                path: asking.path,
                peer: asking.peer,
                id: id.to_str().unwrap_or_default(),
            };
            line.write(status, cost, u64::try_from(bytes).ok());
        }
        headers.insert(&REQUEST_ID, id);
    }
}
