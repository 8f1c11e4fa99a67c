//! Connections, lines of the log and exported traces.

use super::counter::{Counter, Gauge};
use super::page::{Kind, Page};

/// The connections of this process.
pub static CONNECTIONS: Connections = Connections {
    open: Gauge::new(),
    accepted: Counter::new(),
    refused: Counter::new(),
    failed: Counter::new(),
};

/// Counts of connections.
#[derive(Debug)]
pub struct Connections {
    /// Open now.
    pub open: Gauge,
    /// Let in.
    pub accepted: Counter,
    /// Turned away because their address had too many.
    pub refused: Counter,
    /// Not accepted for want of descriptors or memory.
    pub failed: Counter,
}

impl Connections {
    pub(super) fn write(&self, page: &mut Page) {
        let open = self.open.get() as f64;
        page.one(
            "tympan_connections_open",
            Kind::Gauge,
            "Open connections.",
            open,
        );
        let name = "tympan_connections_total";
        page.family(
            name,
            Kind::Counter,
            "Connections by what became of them; failed: no descriptor or memory was left.",
        );
        for (outcome, counter) in [
            ("accepted", &self.accepted),
            ("refused", &self.refused),
            ("failed", &self.failed),
        ] {
            page.value(name, &[("outcome", outcome)], counter.get() as f64);
        }
    }
}

/// The log of this process.
pub static LOG: Log = Log {
    lost: Counter::new(),
};

/// Counts of the log.
#[derive(Debug)]
pub struct Log {
    /// Lines that were lost because standard error did not take them in time.
    pub lost: Counter,
}

impl Log {
    pub(super) fn write(&self, page: &mut Page) {
        page.one(
            "tympan_log_lost_lines_total",
            Kind::Counter,
            "Lines of the log that standard error did not take in time.",
            self.lost.get() as f64,
        );
    }
}

/// The exported traces of this process.
pub static TRACES: Traces = Traces {
    sent: Counter::new(),
    dropped: Counter::new(),
    failed: Counter::new(),
};

/// Counts of spans.
#[derive(Debug)]
pub struct Traces {
    /// Spans a collector took.
    pub sent: Counter,
    /// Spans that found the queue full.
    pub dropped: Counter,
    /// Spans a collector did not take.
    pub failed: Counter,
}

impl Traces {
    pub(super) fn write(&self, page: &mut Page) {
        let name = "tympan_trace_spans_total";
        page.family(
            name,
            Kind::Counter,
            "Spans by what became of them; dropped: the queue was full, failed: the collector did not take them.",
        );
        for (outcome, counter) in [
            ("sent", &self.sent),
            ("dropped", &self.dropped),
            ("failed", &self.failed),
        ] {
            page.value(name, &[("outcome", outcome)], counter.get() as f64);
        }
    }
}
