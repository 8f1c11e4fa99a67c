//! What the cache of answers counts; the cache itself stands on a higher floor and calls in here.

use super::counter::{Counter, Gauge};
use super::page::{Kind, Page};

/// The cache of this process.
pub static CACHE: Cache = Cache::new();

/// Counts of a cache of answers.
#[derive(Debug)]
pub struct Cache {
    /// Answers that were kept.
    pub hits: Counter,
    /// Answers that had to be made.
    pub misses: Counter,
    /// Requests that waited for another's answer being made.
    pub joined: Counter,
    /// Requests whose answers are never kept.
    pub bypassed: Counter,
    /// Answers with 304 because the client has the bytes.
    pub not_modified: Counter,
    /// Answers thrown away because something they show changed.
    pub evicted_by_change: Counter,
    /// Answers thrown away because memory is bounded.
    pub evicted_for_room: Counter,
    /// Answers that were made before a change and therefore not kept.
    pub refused: Counter,
    /// Answers kept now.
    pub entries: Gauge,
    /// Bytes they take, variants included.
    pub bytes: Gauge,
}

impl Cache {
    const fn new() -> Self {
        Self {
            hits: Counter::new(),
            misses: Counter::new(),
            joined: Counter::new(),
            bypassed: Counter::new(),
            not_modified: Counter::new(),
            evicted_by_change: Counter::new(),
            evicted_for_room: Counter::new(),
            refused: Counter::new(),
            entries: Gauge::new(),
            bytes: Gauge::new(),
        }
    }

    pub(super) fn write(&self, page: &mut Page) {
        let name = "tympan_cache_requests_total";
        page.family(
            name,
            Kind::Counter,
            "Reads by what the cache of answers did; the hit ratio is hit / (hit + miss + joined).",
        );
        for (result, counter) in [
            ("hit", &self.hits),
            ("miss", &self.misses),
            ("joined", &self.joined),
            ("bypass", &self.bypassed),
        ] {
            page.value(name, &[("result", result)], counter.get() as f64);
        }
        let name = "tympan_cache_evictions_total";
        page.family(name, Kind::Counter, "Kept answers thrown away, by reason.");
        for (reason, counter) in [
            ("change", &self.evicted_by_change),
            ("room", &self.evicted_for_room),
        ] {
            page.value(name, &[("reason", reason)], counter.get() as f64);
        }
        page.one(
            "tympan_cache_refused_fills_total",
            Kind::Counter,
            "Answers not kept because something changed while they were made.",
            self.refused.get() as f64,
        );
        page.one(
            "tympan_cache_not_modified_total",
            Kind::Counter,
            "Answers with 304.",
            self.not_modified.get() as f64,
        );
        page.one(
            "tympan_cache_entries",
            Kind::Gauge,
            "Answers kept.",
            self.entries.get() as f64,
        );
        page.one(
            "tympan_cache_bytes",
            Kind::Gauge,
            "Bytes of the answers kept.",
            self.bytes.get() as f64,
        );
    }
}
