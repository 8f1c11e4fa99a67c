//! Clients that hold connections by doing next to nothing.

use std::time::Instant;

use crate::clients::{Clients, Manner};
use crate::{ask, process, server, turn, wait};

const EACH: usize = 1000;

#[test]
fn slow_clients_are_cut_in_time_and_nobody_else_notices() {
    let _turn = turn();
    let server = server(
        "[connections]\nheader_timeout_ms = 3000\nbody_grace_ms = 3000\nwrite_stall_ms = 3000\nmax_per_ip = 0\n\
         [headers]\naccess_log = false\n",
    );
    let pid = server.pid();
    ask(&server, 200);
    let own = process::descriptors(pid);
    let before = process::memory(pid);
    let started = Instant::now();
    let manners = [Manner::SlowHead, Manner::SlowBody, Manner::NeverRead];
    let clients: Vec<Clients> = manners
        .map(|manner| Clients::start(server.address(), manner, EACH))
        .into();
    for clients in &clients {
        clients.connected();
    }
    // Everybody else is served meanwhile: each of these must be 200.
    let mut asked = 0;
    let mut peak = before;
    let reaped = wait("the slow connections to be cut", || {
        asked += ask(&server, 100).len();
        peak = peak.max(process::memory(pid));
        (process::descriptors(pid) <= own + 20).then(|| started.elapsed())
    });
    let cut: Vec<usize> = clients
        .into_iter()
        .map(|clients| clients.end()[0])
        .collect();
    println!(
        "{} slow connections were cut within {reaped:.1?}; {asked} answers meanwhile, all 200; memory {before:.0} MiB \
         before, {peak:.0} at its peak",
        3 * EACH
    );
    // All those of the first two kinds, and of the third all whose answers did not fit into the system's buffers.
    assert!(cut.iter().all(|cut| *cut >= EACH * 99 / 100), "{cut:?}");
}
