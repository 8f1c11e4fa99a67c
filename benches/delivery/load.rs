//! The load generator: one thread and one connection per concurrent caller, each asking again as soon as it is answered.

use std::io;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::http::Connection;

const STACK: usize = 128 * 1024;

/// A request as bytes; for creates, where the slug stands that every request replaces by a new one.
#[derive(Clone)]
pub(crate) struct Shot {
    pub(crate) bytes: Vec<u8>,
    pub(crate) slug: Option<std::ops::Range<usize>>,
}

/// What one run measured.
pub(crate) struct Outcome {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) bytes: usize,
    pub(crate) failures: usize,
}

struct Tally {
    micros: Vec<u32>,
    bytes: usize,
    failures: usize,
}

/// Fires the same request from `callers` connections: first to warm up, then timed.
pub(crate) fn run(
    address: SocketAddr,
    shot: &Shot,
    callers: usize,
    warm_up: Duration,
    timed: Duration,
) -> io::Result<Outcome> {
    let start = Barrier::new(callers);
    let tallies: Vec<io::Result<Tally>> = thread::scope(|scope| {
        let mut threads = Vec::new();
        for caller in 0..callers {
            let start = &start;
            let body = move || call(address, shot.clone(), caller, start, warm_up, timed);
            threads.push(
                thread::Builder::new()
                    .stack_size(STACK)
                    .spawn_scoped(scope, body)?,
            );
        }
        io::Result::Ok(threads.into_iter().map(join).collect())
    })?;
    let mut all = Tally {
        micros: Vec::new(),
        bytes: 0,
        failures: 0,
    };
    for tally in tallies {
        let tally = tally?;
        all.micros.extend(tally.micros);
        all.bytes = all.bytes.max(tally.bytes);
        all.failures += tally.failures;
    }
    all.micros.sort_unstable();
    Ok(Outcome {
        per_second: all.micros.len() as f64 / timed.as_secs_f64(),
        p50_ms: percentile(&all.micros, 50),
        p99_ms: percentile(&all.micros, 99),
        bytes: all.bytes,
        failures: all.failures,
    })
}

fn join(thread: thread::ScopedJoinHandle<'_, io::Result<Tally>>) -> io::Result<Tally> {
    thread.join().unwrap_or_else(|_| {
        Err(io::Error::other(
            "a thread of the load generator ended early",
        ))
    })
}

fn call(
    address: SocketAddr,
    mut shot: Shot,
    caller: usize,
    start: &Barrier,
    warm_up: Duration,
    timed: Duration,
) -> io::Result<Tally> {
    let connected = Connection::open(address);
    start.wait();
    let mut connection = connected?;
    let begin = Instant::now() + warm_up;
    let end = begin + timed;
    let mut tally = Tally {
        micros: Vec::with_capacity(1 << 16),
        bytes: 0,
        failures: 0,
    };
    let mut number = 0;
    loop {
        number += 1;
        shot.renew(caller, number);
        let asked = Instant::now();
        if asked >= end {
            return Ok(tally);
        }
        let answer = connection
            .send(&shot.bytes)
            .map(|answer| (answer.status, answer.body.len()));
        let answered = Instant::now();
        let counts = asked >= begin && answered <= end;
        match answer {
            Ok((200..=299, bytes)) if counts => {
                tally.micros.push(micros(answered - asked));
                tally.bytes = bytes;
            }
            Ok((200..=299, _)) => {}
            Ok(_) => tally.failures += 1,
            Err(_) => {
                tally.failures += 1;
                connection = Connection::open(address)?;
            }
        }
    }
}

impl Shot {
    /// Writes a slug that no other request of this run of the bench has.
    fn renew(&mut self, caller: usize, number: usize) {
        if let Some(slug) = self.slug.clone() {
            let text = format!("{caller:03}-{number:09}");
            let width = text.len();
            self.bytes[slug.end - width..slug.end].copy_from_slice(text.as_bytes());
        }
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

fn percentile(sorted: &[u32], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted
        .get(at)
        .map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
}
