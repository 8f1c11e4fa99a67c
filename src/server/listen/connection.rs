//! One connection, from accept to close, under a clock.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use poem::{
    Endpoint, Response,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, Sleep},
};

use super::{
    House,
    config::ListenConfig,
    pulse::Pulse,
    service::{Service, address},
    socket::Socket,
};

/// How far a stop has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Serve.
    Not,
    /// Finish the request in flight, take no other.
    Finish,
    /// Close now.
    Now,
}

/// The write and read buffers of one connection; hyper's own default is 400 KiB.
const BUFFER: usize = 128 * 1024;

/// Serves the connection until it ends, its clock runs out or the server stops.
pub(super) async fn drive<S, E>(
    socket: S,
    peer: SocketAddr,
    house: Arc<House<E>>,
    mut stopped: watch::Receiver<Stop>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    E: Endpoint<Output = Response> + 'static,
{
    let pulse = Pulse::new();
    let service = Arc::new(Service {
        pulse: Arc::clone(&pulse),
        local: LocalAddr(address(house.local)),
        remote: RemoteAddr(address(Some(peer))),
        house: Arc::clone(&house),
    });
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        // In a box of its own: hyper keeps the place of a future for as long as the connection is open, and ten
        // thousand idle ones would take 100 MiB more.
        Box::pin(async move { Ok::<_, Infallible>(service.answer(request).await) })
    });
    let socket = TokioIo::new(Socket::new(socket, Arc::clone(&pulse)));
    let mut connection = pin!(protocol(&house.config).serve_connection(socket, answer));
    let mut clock = Clock::new(&pulse, &house.config);
    // A stop that came before this connection's receiver is seen at once as well.
    stopped.mark_changed();
    loop {
        let mut run = pin!(std::future::poll_fn(|cx| {
            // An error is the client's: malformed, gone or broken off. hyper has answered it.
            match connection.as_mut().poll(cx) {
                Poll::Ready(_) => Poll::Ready(()),
                Poll::Pending => clock.poll(cx),
            }
        }));
        tokio::select! {
            biased;
            () = &mut run => return,
            changed = stopped.changed() => if changed.is_err() { return },
        }
        let stop = *stopped.borrow_and_update();
        match stop {
            Stop::Not => {}
            Stop::Finish => connection.as_mut().graceful_shutdown(),
            Stop::Now => return,
        }
    }
}

fn protocol(config: &ListenConfig) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        // The clock bounds the head; hyper's timer would start anew for each request.
        .header_read_timeout(None)
        .max_header_size(config.max_header_bytes)
        .max_buf_size(BUFFER.max(config.max_header_bytes));
    if config.max_headers != 100 {
        protocol.max_headers(config.max_headers);
    }
    protocol
}

/// One timer per connection. It is moved forward only when it goes off or a nearer deadline
/// appears, so a busy connection touches no timer.
struct Clock<'a> {
    pulse: &'a Pulse,
    config: &'a ListenConfig,
    alarm: Pin<Box<Sleep>>,
}

impl<'a> Clock<'a> {
    fn new(pulse: &'a Pulse, config: &'a ListenConfig) -> Self {
        let first = Instant::now() + config.header_timeout();
        Self {
            pulse,
            config,
            alarm: Box::pin(tokio::time::sleep_until(first)),
        }
    }

    /// Ready when the connection must be cut.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.pulse.deadline(self.config) else {
            return Poll::Pending;
        };
        if deadline < self.alarm.deadline() {
            self.alarm.as_mut().reset(deadline);
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
