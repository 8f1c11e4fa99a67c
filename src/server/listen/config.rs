//! The numbers that bound clients.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

/// Bounds of connections and requests.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenConfig {
    /// Milliseconds a request's head may take from its first byte, and a new connection until
    /// that byte.
    pub header_timeout_ms: u64,
    /// Bytes of a request's head, request line included.
    pub max_header_bytes: usize,
    /// Header fields of one request; a number other than 100 costs some speed.
    pub max_headers: usize,
    /// Bytes of path and query.
    pub max_url_bytes: usize,
    /// Milliseconds a connection may stay open between requests.
    pub keep_alive_ms: u64,
    /// Connections at once; more wait in the kernel's queue.
    pub max_connections: usize,
    /// Connections at once from one address (IPv6: one /64); 0 is no cap.
    pub max_per_ip: usize,
    /// Addresses without that cap: the reverse proxies in front. Loopback by default.
    pub uncapped_peers: Vec<IpAddr>,
    /// Bytes per second a request body or a blocked response must move after the grace.
    pub min_bytes_per_second: u64,
    /// Milliseconds of waiting for body bytes before the least pace counts.
    pub body_grace_ms: u64,
    /// Milliseconds one request body may take in all.
    pub body_timeout_ms: u64,
    /// Milliseconds a response may be blocked by its reader before the least pace counts.
    pub write_stall_ms: u64,
    /// Milliseconds requests in flight may take after a stop.
    pub grace_ms: u64,
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            header_timeout_ms: 10_000,
            max_header_bytes: 32 * 1024,
            max_headers: 100,
            max_url_bytes: 8 * 1024,
            keep_alive_ms: 60_000,
            max_connections: 10_000,
            max_per_ip: 200,
            uncapped_peers: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            min_bytes_per_second: 1024,
            body_grace_ms: 10_000,
            body_timeout_ms: 600_000,
            write_stall_ms: 20_000,
            grace_ms: 30_000,
        }
    }
}

impl ListenConfig {
    pub(super) fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    pub(super) fn keep_alive(&self) -> Duration {
        Duration::from_millis(self.keep_alive_ms)
    }

    pub(super) fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms)
    }

    /// How long moving `bytes` may take, `start_ms` included.
    pub(super) fn pace(&self, start_ms: u64, bytes: u64) -> Duration {
        let earned = bytes.saturating_mul(1000) / self.min_bytes_per_second.max(1);
        Duration::from_millis(start_ms.saturating_add(earned))
    }
}
