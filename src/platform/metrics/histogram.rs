//! How long things took, in classes.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::counter::{SHARDS, shard};
use super::page::Page;

/// Upper bounds of the classes in microseconds, from what a cached answer takes to what nobody waits for.
const BOUNDS: [u64; 17] = [
    50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// Durations counted in classes of a fixed width.
#[derive(Debug)]
pub struct Histogram([Shard; SHARDS]);

#[derive(Debug)]
#[repr(align(128))]
struct Shard {
    /// One more than there are bounds: what is longer than all of them.
    classes: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Histogram {
    /// An empty one.
    pub const fn new() -> Self {
        const EMPTY: Shard = Shard {
            classes: [const { AtomicU64::new(0) }; BOUNDS.len() + 1],
            nanos: AtomicU64::new(0),
        };
        Self([const { EMPTY }; SHARDS])
    }

    /// Counts one duration.
    pub fn record(&self, took: Duration) {
        let Some(shard) = self.0.get(shard()) else {
            return;
        };
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let micros = nanos.div_ceil(1000);
        let class = BOUNDS.iter().position(|bound| micros <= *bound);
        if let Some(class) = shard.classes.get(class.unwrap_or(BOUNDS.len())) {
            class.fetch_add(1, Relaxed);
        }
        shard.nanos.fetch_add(nanos, Relaxed);
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        let classes = self.0.iter().flat_map(|shard| &shard.classes);
        classes.map(|class| class.load(Relaxed)).sum()
    }

    /// Writes the classes as Prometheus wants them: each with all that are shorter.
    pub(super) fn write(&self, page: &mut Page, name: &str, labels: &[(&str, &str)]) {
        let mut so_far = 0;
        for class in 0..=BOUNDS.len() {
            let counted = self.0.iter().filter_map(|shard| shard.classes.get(class));
            so_far += counted.map(|class| class.load(Relaxed)).sum::<u64>();
            let bound = BOUNDS
                .get(class)
                .map(|micros| Duration::from_micros(*micros).as_secs_f64());
            let bound = bound.map_or("+Inf".to_owned(), |seconds| seconds.to_string());
            let labels: Vec<(&str, &str)> = labels
                .iter()
                .copied()
                .chain([("le", bound.as_str())])
                .collect();
            page.value(&format!("{name}_bucket"), &labels, so_far as f64);
        }
        let nanos: u64 = self.0.iter().map(|shard| shard.nanos.load(Relaxed)).sum();
        page.value(&format!("{name}_sum"), labels, nanos as f64 / 1e9);
        page.value(&format!("{name}_count"), labels, so_far as f64);
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_all_that_is_shorter() {
        let histogram = Histogram::new();
        for micros in [1, 50, 51, 9_999_999, 20_000_000] {
            histogram.record(Duration::from_micros(micros));
        }
        let mut page = Page::default();
        histogram.write(&mut page, "x_seconds", &[("route", "list")]);
        let text = page.into_text();
        for line in [
            "x_seconds_bucket{route=\"list\",le=\"0.00005\"} 2\n",
            "x_seconds_bucket{route=\"list\",le=\"0.0001\"} 3\n",
            "x_seconds_bucket{route=\"list\",le=\"5\"} 3\n",
            "x_seconds_bucket{route=\"list\",le=\"10\"} 4\n",
            "x_seconds_bucket{route=\"list\",le=\"+Inf\"} 5\n",
            "x_seconds_sum{route=\"list\"} 30.000101\n",
            "x_seconds_count{route=\"list\"} 5\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }
}
