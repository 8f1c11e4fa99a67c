//! What the database door counts.

use super::counter::Counter;
use super::histogram::Histogram;
use super::page::{Kind, Page};

/// The database of this process.
pub static DATABASE: DatabaseCounts = DatabaseCounts::new();

/// Counts of statements and transactions.
#[derive(Debug)]
pub struct DatabaseCounts {
    /// Reading statements, waiting for a connection included.
    pub reads: Histogram,
    /// Write transactions, from asking to durable.
    pub writes: Histogram,
    /// Reads and writes that failed, other than by the rules of the content.
    pub failures: Counter,
    /// Statements that took longer than `database.slow_ms`.
    pub slow: Counter,
}

impl DatabaseCounts {
    const fn new() -> Self {
        Self {
            reads: Histogram::new(),
            writes: Histogram::new(),
            failures: Counter::new(),
            slow: Counter::new(),
        }
    }

    pub(super) fn write(&self, page: &mut Page) {
        let name = "tympan_database_duration_seconds";
        page.family(
            name,
            Kind::Histogram,
            "Reading statements and write transactions, waiting for a connection included.",
        );
        self.reads.write(page, name, &[("kind", "read")]);
        self.writes.write(page, name, &[("kind", "write")]);
        page.one(
            "tympan_database_failures_total",
            Kind::Counter,
            "Reads that failed: busy, too slow, unreachable.",
            self.failures.get() as f64,
        );
        page.one(
            "tympan_database_slow_statements_total",
            Kind::Counter,
            "Reading statements slower than database.slow_ms.",
            self.slow.get() as f64,
        );
    }
}
