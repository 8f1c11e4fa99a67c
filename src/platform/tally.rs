//! What the request of the moment is and what it cost so far.
//!
//! It goes with the task that answers the request, so that every floor can add to it without being handed it: the
//! database its time, the cache what it did, the log the request's id. Outside of a request all of this does nothing.
//!
//! **Always true**: every request that began is counted exactly once, also if its client left or its handler
//! panicked. **Knows nothing about** HTTP. Start reading at [`Tally::open`] and [`within`].

use std::cell::Cell;
use std::future::Future;
use std::time::{Duration, Instant};

use crate::platform::metrics::{REQUESTS, Route};

tokio::task_local! {
    static TALLY: Tally;
}

/// What the cache of answers did for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cached {
    /// The answer was kept.
    Hit,
    /// The answer had to be made.
    Miss,
}

impl Cached {
    /// The word shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

/// One request and what it cost.
#[derive(Debug)]
pub struct Tally {
    id: Id,
    start: Instant,
    route: Cell<Route>,
    cached: Cell<Option<Cached>>,
    statements: Cell<u32>,
    database: Cell<Duration>,
    status: Cell<Option<u16>>,
}

/// What a request cost, to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// What the request was for.
    pub route: Route,
    /// Time since it began.
    pub total: Duration,
    /// Time spent waiting for the database.
    pub database: Duration,
    /// Statements and transactions.
    pub statements: u32,
    /// What the cache did, if it was asked.
    pub cached: Option<Cached>,
}

/// A request's id; short ones only, so that it needs no memory of its own.
#[derive(Debug, Clone, Copy)]
struct Id {
    bytes: [u8; 64],
    length: usize,
}

impl Id {
    fn new(text: &str) -> Self {
        let mut bytes = [0; 64];
        let length = text.len().min(bytes.len());
        for (place, byte) in bytes.iter_mut().zip(text.as_bytes()) {
            *place = *byte;
        }
        Self { bytes, length }
    }

    fn text(&self) -> &str {
        let used = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(used).unwrap_or_default()
    }
}

impl Tally {
    /// Begins the count of a request.
    pub fn open(id: &str, route: Route) -> Self {
        REQUESTS.begin();
        Self {
            id: Id::new(id),
            start: Instant::now(),
            route: Cell::new(route),
            cached: Cell::new(None),
            statements: Cell::new(0),
            database: Cell::new(Duration::ZERO),
            status: Cell::new(None),
        }
    }

    fn cost(&self) -> Cost {
        Cost {
            route: self.route.get(),
            total: self.start.elapsed(),
            database: self.database.get(),
            statements: self.statements.get(),
            cached: self.cached.get(),
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        // Without a status nobody waited for the answer any more.
        let status = self.status.get().unwrap_or(499);
        REQUESTS.end(self.route.get(), status, self.start.elapsed());
    }
}

/// Runs what answers the request; meanwhile the functions of this module are about it.
pub async fn within<T>(tally: Tally, answer: impl Future<Output = T>) -> T {
    TALLY.scope(tally, answer).await
}

/// Says better what the request is for.
pub fn route(route: Route) {
    let _ = TALLY.try_with(|tally| tally.route.set(route));
}

/// Says what the cache did.
pub fn cached(cached: Cached) {
    let _ = TALLY.try_with(|tally| tally.cached.set(Some(cached)));
}

/// Adds a statement or transaction and the time it took.
pub fn statement(took: Duration) {
    let _ = TALLY.try_with(|tally| {
        tally.statements.set(tally.statements.get() + 1);
        tally.database.set(tally.database.get() + took);
    });
}

/// Says how the request ended and tells what it cost.
pub fn end(status: u16) -> Option<Cost> {
    let ended = TALLY.try_with(|tally| {
        tally.status.set(Some(status));
        tally.cost()
    });
    ended.ok()
}

/// Shows the request's id, if there is a request.
pub fn with_id(show: impl FnOnce(&str)) {
    let _ = TALLY.try_with(|tally| show(tally.id.text()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_floor_adds_to_the_request_of_its_task() {
        statement(Duration::from_secs(9));
        let cost = within(Tally::open("abc", Route::List), async {
            let mut seen = String::new();
            with_id(|id| seen.push_str(id));
            assert_eq!(seen, "abc");
            statement(Duration::from_millis(2));
            tokio::task::yield_now().await;
            statement(Duration::from_millis(3));
            cached(Cached::Miss);
            route(Route::One);
            end(200)
        });
        let cost = cost.await.unwrap();
        assert_eq!((cost.route, cost.statements), (Route::One, 2));
        assert_eq!(cost.database, Duration::from_millis(5));
        assert_eq!(cost.cached, Some(Cached::Miss));
        assert!(end(200).is_none());
    }
}
