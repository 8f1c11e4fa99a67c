//! A request body that must keep coming.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use poem::Endpoint;
use tokio::time::{Instant, Sleep};

use super::House;

/// Counts only the time spent waiting for the client against its pace, so a slow handler does
/// not make the client look slow. Ends in `TimedOut` when the client is too slow.
pub(super) struct Intake<E> {
    inner: Incoming,
    house: Arc<House<E>>,
    started: Instant,
    bytes: u64,
    waited: Duration,
    waiting: Option<Waiting>,
}

struct Waiting {
    since: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl<E: Endpoint> Intake<E> {
    pub(super) fn new(inner: Incoming, house: Arc<House<E>>) -> Self {
        Self {
            inner,
            house,
            started: Instant::now(),
            bytes: 0,
            waited: Duration::ZERO,
            waiting: None,
        }
    }

    fn deadline(&self, now: Instant) -> Instant {
        let config = &self.house.config;
        let pace = config.pace(config.body_grace_ms, self.bytes);
        let whole = self.started + Duration::from_millis(config.body_timeout_ms);
        whole.min(now + pace.saturating_sub(self.waited))
    }

    /// The client is late if this is ready.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting.is_none() {
            let since = Instant::now();
            let alarm = Box::pin(tokio::time::sleep_until(self.deadline(since)));
            self.waiting = Some(Waiting { since, alarm });
        }
        match &mut self.waiting {
            Some(waiting) => waiting.alarm.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<E: Endpoint + 'static> Body for Intake<E> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
            return self.poll_alarm(cx).map(|()| {
                let late = io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly");
                Some(Err(late))
            });
        };
        if let Some(waiting) = self.waiting.take() {
            self.waited += waiting.since.elapsed();
        }
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.bytes += data.len() as u64;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
