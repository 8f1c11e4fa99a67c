//! What the system says of a process.

use std::fs;

/// Resident memory in MiB.
pub(crate) fn memory(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kib: f64 = line.split_whitespace().next().unwrap().parse().unwrap();
    kib / 1024.0
}

/// Processor time in seconds.
pub(crate) fn processor(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, numbers) = stat.rsplit_once(") ").unwrap();
    let mut times = numbers
        .split(' ')
        .skip(11)
        .map(|ticks| ticks.parse::<f64>().unwrap());
    (times.next().unwrap() + times.next().unwrap()) / 100.0
}

/// Open descriptors.
pub(crate) fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// How many descriptors this process may have.
pub(crate) fn most_descriptors() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .unwrap();
    line.split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap_or(usize::MAX)
}
