//! The accept loop and the bounds of each connection.
//!
//! Why not the framework's own server: it sets no header timeout and no cap on connections, and
//! spins when accepting fails.
//!
//! **Always true**: no client can hold a connection without sending or reading at the least
//! pace for longer than the configured times; accepting never spins; after a stop no new
//! request begins, and [`serve`] returns within the grace time.
//! **Knows nothing about** routes, content or TLS.
//! **Start reading at** [`serve`]; then `connection.rs` for what bounds one connection.
mod accept;
mod config;
mod connection;
mod intake;
mod pulse;
mod service;
mod socket;
#[cfg(test)]
mod tests;

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use poem::http::{HeaderMap, Method, Uri};
use poem::{Endpoint, Response};
use tokio::sync::{Semaphore, watch};

pub use accept::Accept;
use accept::{Backoff, Peers};
pub use config::ListenConfig;
use connection::Stop;

use crate::platform::metrics::CONNECTIONS;

/// What is served.
pub struct Offer<E> {
    /// What answers requests.
    pub endpoint: E,
    /// What is asked first.
    pub quick: Option<Box<dyn Quick>>,
}

/// Answers what needs no waiting and no body, before a request is handed on.
pub trait Quick: Send + Sync + 'static {
    /// The whole answer, if there is one at hand.
    fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Option<poem::http::Response<Bytes>>;
}

/// What happened while serving.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Connections served.
    pub accepted: u64,
    /// Connections refused because their address had too many.
    pub refused: u64,
    /// Times accepting failed for want of descriptors or memory.
    pub accept_errors: u64,
    /// Connections cut because their requests outlasted the grace time.
    pub cut: usize,
}

/// Serves `endpoint` until `shutdown` is done, then lets requests in flight finish.
pub async fn serve<A, E>(
    listener: A,
    endpoint: E,
    config: ListenConfig,
    shutdown: impl Future<Output = ()>,
) -> Report
where
    A: Accept,
    E: Endpoint<Output = Response> + 'static,
{
    let offer = Offer {
        endpoint,
        quick: None,
    };
    serve_until(listener, offer, config, shutdown, std::future::pending()).await
}

/// As [`serve`]; once `hurry` is done as well (a second signal), what is left is cut at once.
pub async fn serve_until<A, E>(
    mut listener: A,
    offer: Offer<E>,
    config: ListenConfig,
    shutdown: impl Future<Output = ()>,
    hurry: impl Future<Output = ()>,
) -> Report
where
    A: Accept,
    E: Endpoint<Output = Response> + 'static,
{
    let house = Arc::new(House {
        slots: Arc::new(Semaphore::new(config.max_connections)),
        peers: Peers::new(config.max_per_ip, config.uncapped_peers.clone()),
        local: listener.local_addr(),
        config,
        endpoint: offer.endpoint,
        quick: offer.quick,
    });
    let (stop, stopped) = watch::channel(Stop::Not);
    let mut report = Report::default();
    tokio::select! {
        () = shutdown => {}
        () = admit(&mut listener, &house, &stopped, &mut report) => {}
    }
    drop(listener);
    drop(stopped);
    report.cut = drain(stop, &house.config, hurry).await;
    report
}

/// What all connections share.
struct House<E> {
    slots: Arc<Semaphore>,
    peers: Peers,
    local: Option<SocketAddr>,
    config: ListenConfig,
    endpoint: E,
    quick: Option<Box<dyn Quick>>,
}

/// Accepts for ever. At the cap it waits for a slot and the kernel's queue holds newcomers.
async fn admit<A, E>(
    listener: &mut A,
    house: &Arc<House<E>>,
    stopped: &watch::Receiver<Stop>,
    report: &mut Report,
) where
    A: Accept,
    E: Endpoint<Output = Response> + 'static,
{
    let mut backoff = Backoff::default();
    loop {
        let Ok(slot) = Arc::clone(&house.slots).acquire_owned().await else {
            return;
        };
        let (mut socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                let ours = backoff.wait(&error).await;
                report.accept_errors += u64::from(ours);
                CONNECTIONS.failed.add(u64::from(ours));
                continue;
            }
        };
        backoff.reset();
        let Some(place) = house.peers.enter(peer.ip()) else {
            report.refused += 1;
            CONNECTIONS.refused.count();
            accept::refuse(&mut socket).await;
            continue;
        };
        report.accepted += 1;
        CONNECTIONS.accepted.count();
        let open = CONNECTIONS.open.hold();
        let house = Arc::clone(house);
        let stopped = stopped.clone();
        tokio::spawn(async move {
            connection::drive(socket, peer, house, stopped).await;
            drop((slot, place, open));
        });
    }
}

/// Waits for the connections, at most the grace time; returns how many were cut.
async fn drain(
    stop: watch::Sender<Stop>,
    config: &ListenConfig,
    hurry: impl Future<Output = ()>,
) -> usize {
    stop.send_replace(Stop::Finish);
    let grace = tokio::time::sleep(config.grace());
    tokio::select! {
        () = stop.closed() => return 0,
        () = grace => {}
        () = hurry => {}
    }
    let cut = stop.receiver_count();
    tracing::warn!(
        connections = cut,
        "cutting connections that did not finish in time"
    );
    stop.send_replace(Stop::Now);
    stop.closed().await;
    cut
}
