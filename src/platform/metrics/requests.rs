//! Requests by what they were for and how they ended.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::counter::{Counter, Gauge, SHARDS, shard};
use super::histogram::Histogram;
use super::page::{Kind, Page};

/// What a request is for, as far as it is worth telling apart. Never a path: there would be no end of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// A page of entries.
    List,
    /// One entry or single type.
    One,
    /// An aggregation.
    Aggregate,
    /// A search over several types.
    Search,
    /// Changes since a token.
    Sync,
    /// A stream of live events; it is counted when it begins.
    Events,
    /// Anything that writes.
    Write,
    /// Description and reference of the API.
    Docs,
    /// Uploaded files.
    Media,
    /// Health checks.
    Health,
    /// This page's own readers.
    Metrics,
    /// A browser's question before the request.
    Preflight,
    /// Everything else, such as paths that do not exist.
    Other,
}

impl Route {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::List,
        Self::One,
        Self::Aggregate,
        Self::Search,
        Self::Sync,
        Self::Events,
        Self::Write,
        Self::Docs,
        Self::Media,
        Self::Health,
        Self::Metrics,
        Self::Preflight,
        Self::Other,
    ];

    /// The word shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::One => "one",
            Self::Aggregate => "aggregate",
            Self::Search => "search",
            Self::Sync => "sync",
            Self::Events => "events",
            Self::Write => "write",
            Self::Docs => "docs",
            Self::Media => "media",
            Self::Health => "health",
            Self::Metrics => "metrics",
            Self::Preflight => "preflight",
            Self::Other => "other",
        }
    }
}

/// The statuses that are told apart; any other counts as 0. 499 is a client that left before its answer.
const STATUSES: [u16; 32] = [
    0, 200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 409,
    410, 412, 413, 414, 415, 416, 422, 429, 499, 500, 501, 503, 507,
];
/// Where a status stands in [`STATUSES`], by status.
const PLACES: [u8; 600] = {
    let mut places = [0; 600];
    let mut at = 1;
    while at < STATUSES.len() {
        places[STATUSES[at] as usize] = at as u8;
        at += 1;
    }
    places
};

/// The requests of this process.
pub static REQUESTS: Requests = Requests::new();

/// Counts of requests.
#[derive(Debug)]
pub struct Requests {
    ended: [Ended; SHARDS],
    took: [Histogram; Route::ALL.len()],
    in_flight: Gauge,
    /// Bytes written to sockets, heads included.
    pub sent: Counter,
}

#[derive(Debug)]
#[repr(align(128))]
struct Ended([[AtomicU64; STATUSES.len()]; Route::ALL.len()]);

impl Requests {
    const fn new() -> Self {
        const NONE: Ended =
            Ended([const { [const { AtomicU64::new(0) }; STATUSES.len()] }; Route::ALL.len()]);
        Self {
            ended: [const { NONE }; SHARDS],
            took: [const { Histogram::new() }; Route::ALL.len()],
            in_flight: Gauge::new(),
            sent: Counter::new(),
        }
    }

    /// Counts a request that began.
    pub fn begin(&self) {
        self.in_flight.add(1);
    }

    /// Counts a request that ended.
    pub fn end(&self, route: Route, status: u16, took: Duration) {
        self.in_flight.add(-1);
        let place = PLACES.get(usize::from(status)).copied().unwrap_or_default();
        let shard = self.ended.get(shard());
        let counts = shard.and_then(|shard| shard.0.get(route as usize));
        if let Some(count) = counts.and_then(|counts| counts.get(usize::from(place))) {
            count.fetch_add(1, Relaxed);
        }
        if let Some(histogram) = self.took.get(route as usize) {
            histogram.record(took);
        }
    }

    fn ended(&self, route: Route, place: usize) -> u64 {
        let shards = self.ended.iter();
        let counts = shards.filter_map(|shard| shard.0.get(route as usize)?.get(place));
        counts.map(|count| count.load(Relaxed)).sum()
    }

    pub(super) fn write(&self, page: &mut Page) {
        let name = "tympan_http_requests_total";
        page.family(
            name,
            Kind::Counter,
            "Requests by route class and status; 499: the client left, 0: another status.",
        );
        for route in Route::ALL {
            for (place, status) in STATUSES.iter().enumerate() {
                let ended = self.ended(route, place);
                // A family of 400 zeros helps nobody; 200 is always there, so that rates begin at zero.
                if ended > 0 || *status == 200 {
                    let status = status.to_string();
                    page.value(
                        name,
                        &[("route", route.name()), ("status", &status)],
                        ended as f64,
                    );
                }
            }
        }
        let name = "tympan_http_request_duration_seconds";
        page.family(
            name,
            Kind::Histogram,
            "From the request's head to the answer's head, by route class.",
        );
        for (route, histogram) in Route::ALL.iter().zip(&self.took) {
            if histogram.count() > 0 {
                histogram.write(page, name, &[("route", route.name())]);
            }
        }
        page.one(
            "tympan_http_requests_in_flight",
            Kind::Gauge,
            "Requests being answered.",
            self.in_flight.get() as f64,
        );
        page.one(
            "tympan_http_sent_bytes_total",
            Kind::Counter,
            "Bytes written to sockets, heads included.",
            self.sent.get() as f64,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_its_own_place_and_unknown_statuses_count_as_zero() {
        static COUNTED: Requests = Requests::new();
        for (number, route) in Route::ALL.into_iter().enumerate() {
            assert_eq!(route as usize, number);
            COUNTED.begin();
            COUNTED.end(route, 200, Duration::from_micros(10));
        }
        for status in [418, 999, 65_535] {
            COUNTED.begin();
            COUNTED.end(Route::Other, status, Duration::ZERO);
        }
        let mut page = Page::default();
        COUNTED.write(&mut page);
        let text = page.into_text();
        for line in [
            "tympan_http_requests_total{route=\"list\",status=\"200\"} 1\n",
            "tympan_http_requests_total{route=\"other\",status=\"0\"} 3\n",
            "tympan_http_request_duration_seconds_count{route=\"other\"} 4\n",
            "tympan_http_requests_in_flight 0\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }
}
