//! A server without a descriptor left: it neither spins nor floods its log, and goes on when there are some again.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::http::{Connection, request};
use crate::{database, process, turn, wait};

/// Descriptors of the server.
const LIMIT: usize = 120;
/// How long it has none left.
const STALL: Duration = Duration::from_secs(6);

/// A server under a limit of its own; killed with the value.
struct Limited(Child);

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_without_descriptors_waits_and_recovers() {
    let _turn = turn();
    let (database, file) =
        database("[connections]\nkeep_alive_ms = 600000\nheader_timeout_ms = 600000\n");
    let plain = database.command(&["serve", "--listen", "127.0.0.1:0", "--config", &file]);
    let mut command = std::process::Command::new("sh");
    command
        .arg("-c")
        .arg(format!("ulimit -n {LIMIT}; exec \"$0\" \"$@\""))
        .arg(plain.get_program())
        .args(plain.get_args());
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TYMPAN_"))
    {
        command.env_remove(name);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&lines);
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let server = Limited(child);
    thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            kept.lock().unwrap().push(line);
        }
    });
    let address: SocketAddr = wait("the server", || {
        let lines = lines.lock().unwrap();
        lines
            .iter()
            .find_map(|line| line.strip_prefix("listening on http://")?.parse().ok())
    });
    let pid = server.0.id();
    // As many as the limit, which the server cannot hold beside its own; the rest waits in the kernel's queue.
    let held: Vec<TcpStream> = (0..LIMIT)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let complaints = || {
        let lines = lines.lock().unwrap();
        lines
            .iter()
            .filter(|line| line.contains("cannot accept connections"))
            .count()
    };
    wait("the first complaint", || (complaints() > 0).then_some(()));
    let (busy, said, started) = (process::processor(pid), complaints(), Instant::now());
    // The fault is a span of time; nothing is waited for.
    thread::sleep(STALL);
    let took = process::processor(pid) - busy;
    let said = complaints() - said;
    println!(
        "{:.1?} without descriptors: {took:.2} s of processor time, {said} lines",
        started.elapsed()
    );
    // Half a second of six leaves room for a debug build that polls its database meanwhile.
    assert!(
        took < 0.5 * started.elapsed().as_secs_f64() / 6.0 * 2.0,
        "{took} s: it spins"
    );
    let most = started.elapsed().as_secs() + 1;
    assert!(said as u64 <= most, "{said} lines in {most} s");
    drop(held);
    let healed = Instant::now();
    wait("an answer", || {
        let mut connection = Connection::open(address).ok()?;
        let answer = connection
            .send(&request("GET", "/api/articles", None, None))
            .ok()?;
        (answer.status == 200).then_some(())
    });
    println!(
        "answered {:.1?} after descriptors were there again",
        healed.elapsed()
    );
    assert!(process::descriptors(pid) < LIMIT);
}
