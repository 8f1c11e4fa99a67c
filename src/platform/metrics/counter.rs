//! Numbers that many threads add to.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Places a number is spread over, so that processors do not fight for one cache line.
pub(super) const SHARDS: usize = 8;

/// The place of this thread.
pub(super) fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: usize = NEXT.fetch_add(1, Relaxed) % SHARDS;
    }
    MINE.with(|mine| *mine)
}

/// A cache line (two, as processors fetch them in pairs) of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(AtomicU64);

/// A number that only grows.
#[derive(Debug)]
pub struct Counter([Padded; SHARDS]);

impl Counter {
    /// Zero.
    pub const fn new() -> Self {
        Self([const { Padded(AtomicU64::new(0)) }; SHARDS])
    }

    /// Adds one.
    pub fn count(&self) {
        self.add(1);
    }

    /// Adds a number.
    pub fn add(&self, number: u64) {
        if let Some(place) = self.0.get(shard()) {
            place.0.fetch_add(number, Relaxed);
        }
    }

    /// The number.
    pub fn get(&self) -> u64 {
        self.0.iter().map(|place| place.0.load(Relaxed)).sum()
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

/// A number that goes up and down.
#[derive(Debug)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Zero.
    pub const fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    /// Adds a number, which may be negative.
    pub fn add(&self, number: i64) {
        self.0.fetch_add(number, Relaxed);
    }

    /// Sets the number.
    pub fn set(&self, number: i64) {
        self.0.store(number, Relaxed);
    }

    /// The number.
    pub fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }

    /// Counts one up until the guard is dropped.
    pub fn hold(&'static self) -> Held {
        self.add(1);
        Held(self)
    }
}

impl Default for Gauge {
    fn default() -> Self {
        Self::new()
    }
}

/// Gives back what [`Gauge::hold`] counted.
#[derive(Debug)]
pub struct Held(&'static Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.add(-1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_between_threads() {
        static COUNTED: Counter = Counter::new();
        static HELD: Gauge = Gauge::new();
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let _held = HELD.hold();
                    (0..10_000).for_each(|_| COUNTED.count());
                });
            }
        });
        assert_eq!((COUNTED.get(), HELD.get()), (160_000, 0));
    }
}
