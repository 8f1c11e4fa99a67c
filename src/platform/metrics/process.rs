//! The process itself, as `/proc` tells; elsewhere than on Linux these are left out.

use std::fs;
use std::sync::OnceLock;

use super::page::{Kind, Page};
use crate::base::clock;

/// Ticks per second of processor times in `/proc`: always 100 for programs on Linux.
const TICKS: f64 = 100.0;

static STARTED: OnceLock<i64> = OnceLock::new();

/// Notes that the process starts now.
pub fn start() {
    STARTED.get_or_init(clock::now_ms);
}

pub(super) fn write(page: &mut Page) {
    page.family("tympan_build_info", Kind::Gauge, "The version that runs.");
    page.value(
        "tympan_build_info",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1.0,
    );
    let mut gauge = |name, help, value: Option<f64>| {
        if let Some(value) = value {
            page.one(name, Kind::Gauge, help, value);
        }
    };
    let started = STARTED.get().map(|ms| *ms as f64 / 1000.0);
    gauge(
        "process_start_time_seconds",
        "When the process started, in seconds since 1970.",
        started,
    );
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| -> Option<f64> {
        let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
        rest.split_whitespace().next()?.parse().ok()
    };
    let memory = field("VmRSS:").map(|kib| kib * 1024.0);
    gauge("process_resident_memory_bytes", "Resident memory.", memory);
    gauge("process_threads", "Threads.", field("Threads:"));
    // Less the one this reading takes.
    let open = fs::read_dir("/proc/self/fd")
        .ok()
        .map(|files| files.count().saturating_sub(1) as f64);
    gauge("process_open_fds", "Open files and sockets.", open);
    gauge("process_max_fds", "How many may be open.", most_files());
    if let Some(seconds) = processor_seconds() {
        page.one(
            "process_cpu_seconds_total",
            Kind::Counter,
            "Processor time used.",
            seconds,
        );
    }
}

fn most_files() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let rest = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in brackets may hold spaces; the numbers follow it.
    let (_, numbers) = stat.rsplit_once(") ")?;
    let mut times = numbers.split(' ').skip(11).map(str::parse::<f64>);
    Some((times.next()?.ok()? + times.next()?.ok()?) / TICKS)
}
