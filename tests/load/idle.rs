//! Ten thousand connections that wait, beside five hundred that ask.

use crate::clients::{Clients, Manner};
use crate::{ask, p99, process, server, turn};

/// Descriptors a server needs for itself.
const OWN: usize = 500;
const IDLE: usize = 10_000;
const ACTIVE: usize = 500;

#[test]
fn thousands_of_waiting_connections_disturb_nobody() {
    let _turn = turn();
    // A machine that lends fewer descriptors gets as many connections as it can hold.
    let idle = IDLE.min(process::most_descriptors().saturating_sub(ACTIVE + OWN));
    assert!(
        idle >= 100,
        "too few descriptors for any connections at all: raise the limit of open files"
    );
    let server = server(
        "[connections]\nmax_connections = 12000\nmax_per_ip = 0\n[headers]\naccess_log = false\n",
    );
    let pid = server.pid();
    // Once warm, so that what the first requests allocate counts for none of the two.
    ask(&server, 500);
    let quiet = ask(&server, 1000);
    let before = process::memory(pid);
    let waiting: Vec<Clients> = (0..2)
        .map(|_| Clients::start(server.address(), Manner::Idle, idle / 2))
        .collect();
    let slowest = waiting.iter().map(Clients::connected).fold(0.0, f64::max);
    let after_idle = process::memory(pid);
    let active = Clients::start(server.address(), Manner::Active, ACTIVE);
    active.connected();
    let open = process::descriptors(pid);
    assert!(open >= idle / 2 * 2 + ACTIVE, "{open} descriptors");
    let busy = ask(&server, 1000);
    let after = process::memory(pid);
    let [_, good, bad] = active.end();
    let cut: usize = waiting.into_iter().map(|clients| clients.end()[0]).sum();
    println!(
        "{idle} idle and {ACTIVE} active connections: p99 {:.2} ms beside {:.2} ms before ({:.1} times), memory {before:.0} \
         MiB before, {after_idle:.0} with the idle ones, {after:.0} with all; slowest connection {slowest:.0} ms; \
         {good} answers to the active ones",
        p99(&busy),
        p99(&quiet),
        p99(&busy) / p99(&quiet),
    );
    assert_eq!(
        (bad, cut),
        (0, 0),
        "failed answers, connections that were cut"
    );
    assert!(good >= ACTIVE, "{good}");
    assert!(
        after - before < 150.0,
        "memory grew by {:.0} MiB",
        after - before
    );
    // No connection waited for another; a queue that stands still shows as seconds.
    assert!(slowest < 10_000.0, "{slowest} ms");
}
