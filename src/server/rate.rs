//! Rate limits of requests: who counts as one caller, and the answer to one who asks too often.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use poem::Request;
use poem::http::HeaderMap;

use super::error::ApiError;
use crate::app::{App, Caller};
use crate::rate::{Limiter, Pace, RateConfig};

/// Requests that can be saved up at least.
const BURST: u32 = 10;
/// Addresses of `X-Forwarded-For` that are looked at, from its end.
const MOST_HOPS: usize = 16;

/// The limits of the delivery API.
#[derive(Debug)]
pub struct Rates {
    public: Option<Limiter>,
    token: Option<Limiter>,
    proxies: Vec<IpAddr>,
}

impl Rates {
    /// The configured limits; `proxies` are believed when they say for whom they ask.
    pub fn new(app: &App, config: &RateConfig, proxies: &[IpAddr]) -> Self {
        let limiter = |name, per_minute| {
            (per_minute > 0).then(|| {
                let pace = Pace::per_minute(per_minute, BURST);
                Limiter::new(Arc::clone(&app.database), name, pace)
            })
        };
        Self {
            public: limiter("public", config.public_per_minute),
            token: limiter("token", config.token_per_minute),
            proxies: proxies.to_vec(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// 429 with `Retry-After` for one too many.
    pub async fn check(&self, request: &Request, caller: &Caller) -> Result<(), ApiError> {
        match (&self.public, &self.token, &caller.author) {
            (_, Some(limiter), Some(author)) => checked(limiter, author).await,
            (Some(limiter), _, None) => self.address(limiter, request).await,
            _ => Ok(()),
        }
    }

    /// Counts a request whose credential is none: guessing is no way around the limit.
    ///
    /// # Errors
    /// As [`Rates::check`].
    pub async fn check_stranger(&self, request: &Request) -> Result<(), ApiError> {
        match &self.public {
            Some(limiter) => self.address(limiter, request).await,
            None => Ok(()),
        }
    }

    async fn address(&self, limiter: &Limiter, request: &Request) -> Result<(), ApiError> {
        let peer = request.remote_addr().as_socket_addr().map(|peer| peer.ip());
        let Some(peer) = peer else { return Ok(()) };
        let client = client(peer, request.headers(), &self.proxies);
        checked(limiter, &network(client).to_string()).await
    }
}

async fn checked(limiter: &Limiter, name: &str) -> Result<(), ApiError> {
    limiter.check(name).await.map_err(|denied| {
        let seconds = denied.retry_after.as_millis().div_ceil(1000);
        ApiError::too_many(u32::try_from(seconds).unwrap_or(u32::MAX).max(1))
    })
}

/// Who asks: the peer, or whom our own proxies say they ask for. Read from the end, because what stands before the
/// first address that is no proxy of ours was written by the client.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops.take(MOST_HOPS) {
        if !proxies.contains(&client) {
            break;
        }
        let Some(address) = address(hop.trim()) else {
            break;
        };
        client = address.to_canonical();
    }
    client
}

/// An address as proxies write it, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    plain
        .parse()
        .ok()
        .or_else(|| Some(text.parse::<std::net::SocketAddr>().ok()?.ip()))
}

/// What one caller can use many of: an IPv6 network of 64 bits counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let proxies = ["127.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap()];
        network(client(peer.parse().unwrap(), &headers, &proxies)).to_string()
    }

    #[test]
    fn only_proxies_of_ours_are_believed() {
        assert_eq!(of("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(of("127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        // The client wrote the first one.
        assert_eq!(of("127.0.0.1", &["6.6.6.6, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            of("127.0.0.1", &["6.6.6.6", "198.51.100.7, 10.0.0.1"]),
            "198.51.100.7"
        );
        assert_eq!(
            of("::ffff:127.0.0.1", &["198.51.100.7:4711"]),
            "198.51.100.7"
        );
        assert_eq!(of("127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(of("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(of("127.0.0.1", &["[2001:db8::1]:80"]), "2001:db8::");
        assert_eq!(of("2001:db8:0:0:ffff::1", &[]), "2001:db8::");
    }
}
