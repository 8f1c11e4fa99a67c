//! Letting connections in: where they come from, how many per address, and what to do when
//! the system has no descriptor left.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::Instant,
};

/// Where connections come from: a TCP listener, or a double in tests.
pub trait Accept: Send {
    /// One connection.
    type Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Socket, SocketAddr)>> + Send;

    /// The address connections come in at.
    fn local_addr(&self) -> Option<SocketAddr>;
}

impl Accept for TcpListener {
    type Socket = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (socket, peer) = TcpListener::accept(self).await?;
        // Fails only on a connection that is already gone; reading from it will say so.
        let _ = socket.set_nodelay(true);
        Ok((socket, peer))
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        TcpListener::local_addr(self).ok()
    }
}

/// Pauses after failed accepts, growing from 5 ms to 1 s, and logs at most once per second.
#[derive(Default)]
pub(super) struct Backoff {
    failures: u32,
    unlogged: u64,
    logged: Option<Instant>,
}

impl Backoff {
    /// Pauses if the failure is the system's; returns whether it was. A client that left while
    /// it was in the queue is no reason to wait.
    pub(super) async fn wait(&mut self, error: &io::Error) -> bool {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        if let ConnectionAborted | ConnectionReset | Interrupted = error.kind() {
            tokio::task::yield_now().await;
            return false;
        }
        self.log(error);
        let pause = Duration::from_millis(5 << self.failures.min(8));
        self.failures += 1;
        tokio::time::sleep(pause.min(Duration::from_secs(1))).await;
        true
    }

    fn log(&mut self, error: &io::Error) {
        self.unlogged += 1;
        let now = Instant::now();
        if self
            .logged
            .is_some_and(|last| now - last < Duration::from_secs(1))
        {
            return;
        }
        tracing::warn!(
            %error,
            times = self.unlogged,
            "cannot accept connections; raise the limit of open files if this lasts"
        );
        self.logged = Some(now);
        self.unlogged = 0;
    }

    /// The system is well again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

type Counts = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Counts connections per address.
#[derive(Clone)]
pub(super) struct Peers {
    limit: usize,
    uncapped: Arc<[IpAddr]>,
    counts: Counts,
}

/// A connection's place in the count; given back on drop.
pub(super) struct Place {
    home: Option<(Counts, IpAddr)>,
}

impl Peers {
    pub(super) fn new(limit: usize, uncapped: Vec<IpAddr>) -> Self {
        Self {
            limit,
            uncapped: uncapped.into(),
            counts: Arc::default(),
        }
    }

    /// A place for one more connection from this address, or `None` at the cap.
    pub(super) fn enter(&self, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        if self.limit == 0 || self.uncapped.contains(&peer) {
            return Some(Place { home: None });
        }
        let network = network(peer);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(network).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Place {
            home: Some((Arc::clone(&self.counts), network)),
        })
    }
}

/// One household: an IPv4 address or an IPv6 /64, within which addresses are free to take.
fn network(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((counts, network)) = self.home.take() else {
            return;
        };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&network);
            }
        }
    }
}

const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\n\
content-length: 136\r\nretry-after: 10\r\nconnection: close\r\n\r\n\
{\"data\":null,\"error\":{\"status\":429,\"name\":\"RateLimitError\",\
\"message\":\"too many connections from your address; reuse them\",\"details\":{}}}";

/// Says why, if the socket takes it at once, and closes it.
pub(super) async fn refuse<S: AsyncWrite + Unpin>(socket: &mut S) {
    std::future::poll_fn(|cx| {
        let _ = Pin::new(&mut *socket).poll_write(cx, TOO_MANY);
        std::task::Poll::Ready(())
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_states_its_length() {
        let text = std::str::from_utf8(TOO_MANY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}\r\n", body.len())),
            "{}",
            body.len()
        );
        serde_json::from_str::<serde_json::Value>(body).unwrap();
    }

    #[test]
    fn counts_an_address_or_a_network_and_gives_back() {
        let peers = Peers::new(1, vec!["10.0.0.1".parse().unwrap()]);
        let enter = |address: &str| peers.enter(address.parse().unwrap());
        let first = enter("192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_none());
        assert!(enter("::ffff:192.0.2.1").is_none());
        let six = enter("2001:db8::1").unwrap();
        assert!(enter("2001:db8::2").is_none());
        assert!(enter("2001:db8:0:1::1").is_some());
        let _free = (enter("10.0.0.1").unwrap(), enter("10.0.0.1").unwrap());
        drop((first, six));
        assert!(peers.counts.lock().unwrap().is_empty());
        assert!(enter("192.0.2.1").is_some());
    }
}
