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
///
/// A connection that has waited for a while rests: nothing of it stays in memory but its socket and its clock,
/// until the next byte comes. Ten thousand of them would hold 170 MiB of empty buffers.
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
    let mut socket = Socket::new(socket, Arc::clone(&pulse));
    let config = house.config.clone();
    loop {
        let awake = serve(
            socket,
            peer,
            Arc::clone(&pulse),
            Arc::clone(&house),
            &mut stopped,
        );
        // In a box, which is gone while the connection rests.
        match Box::pin(awake).await {
            Some(resting) => socket = resting,
            None => return,
        }
        if !rest(&mut socket, &pulse, &config, &mut stopped).await {
            return;
        }
    }
}

/// Serves requests; gives the socket back if none came for a while, and none if the connection is over.
async fn serve<S, E>(
    socket: Socket<S>,
    peer: SocketAddr,
    pulse: Arc<Pulse>,
    house: Arc<House<E>>,
    stopped: &mut watch::Receiver<Stop>,
) -> Option<Socket<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    E: Endpoint<Output = Response> + 'static,
{
    let service = Arc::new(Service {
        pulse: Arc::clone(&pulse),
        local: LocalAddr(address(house.local)),
        remote: RemoteAddr(address(Some(peer))),
        house: Arc::clone(&house),
    });
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        // In a box of its own: hyper keeps the place of a future for as long as the connection is open.
        Box::pin(async move { Ok::<_, Infallible>(service.answer(request).await) })
    });
    let mut connection = protocol(&house.config).serve_connection(TokioIo::new(socket), answer);
    let mut clock = Clock::new(&pulse, &house.config);
    // A stop that came before this connection's receiver is seen at once as well.
    stopped.mark_changed();
    loop {
        let mut run = pin!(std::future::poll_fn(|cx| {
            // An error is the client's: malformed, gone or broken off. hyper has answered it.
            match Pin::new(&mut connection).poll(cx) {
                Poll::Ready(_) => Poll::Ready(Due::End),
                Poll::Pending => clock.poll(cx),
            }
        }));
        tokio::select! {
            biased;
            due = &mut run => match due {
                Due::End => return None,
                // Nothing is half-way: the last answer is written, and no byte of another request has come.
                Due::Rest => {
                    let parts = connection.into_parts();
                    return parts.read_buf.is_empty().then(|| parts.io.into_inner());
                }
            },
            changed = stopped.changed() => if changed.is_err() { return None },
        }
        let stop = *stopped.borrow_and_update();
        match stop {
            Stop::Not => {}
            Stop::Finish => Pin::new(&mut connection).graceful_shutdown(),
            Stop::Now => return None,
        }
    }
}

/// Waits for the next byte; whether it came, before the clock ran out or the server stopped.
async fn rest<S>(
    socket: &mut Socket<S>,
    pulse: &Pulse,
    config: &ListenConfig,
    stopped: &mut watch::Receiver<Stop>,
) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let deadline = pulse.deadline(config).unwrap_or_else(Instant::now);
    tokio::select! {
        biased;
        // Nothing is in flight, so any stop is the end.
        _ = stopped.wait_for(|stop| *stop != Stop::Not) => false,
        woken = socket.wake() => woken,
        () = tokio::time::sleep_until(deadline) => false,
    }
}

/// What a connection's clock says.
enum Due {
    /// It is over.
    End,
    /// It may rest.
    Rest,
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

    /// Ready when the connection must be cut or may rest.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        let Some(deadline) = self.pulse.deadline(self.config) else {
            return Poll::Pending;
        };
        let rest = self.pulse.rest();
        let next = rest.map_or(deadline, |rest| rest.min(deadline));
        if next < self.alarm.deadline() {
            self.alarm.as_mut().reset(next);
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if deadline <= now {
                return Poll::Ready(Due::End);
            }
            if next <= now {
                return Poll::Ready(Due::Rest);
            }
            self.alarm.as_mut().reset(next);
        }
        Poll::Pending
    }
}
