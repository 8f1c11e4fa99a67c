//! The load generator: one thread that keeps a number of connections busy, each asking again as soon as it is answered.
//!
//! One thread, because it shares the processors with the server under measurement; a thread per caller cost a switch
//! per answer.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer, or the part of one that is looked at, must fit; what is behind the head is passed over.
const BUFFER: usize = 64 * 1024;

/// Requests as bytes, asked in turn; for creates, where the slug stands that every request replaces by a new one.
#[derive(Clone)]
pub(crate) struct Shot {
    pub(crate) variants: Vec<Vec<u8>>,
    pub(crate) slug: Option<std::ops::Range<usize>>,
}

/// What one run measured.
#[derive(Clone, Copy, Default)]
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

/// Fires the requests from `callers` connections: first to warm up, then timed.
pub(crate) fn run(
    address: SocketAddr,
    shot: &Shot,
    callers: usize,
    warm_up: Duration,
    timed: Duration,
) -> io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let tallies = runtime.block_on(async {
        let connections: Vec<io::Result<Connection>> =
            join_all((0..callers).map(|_| Connection::open(address))).await;
        let begin = Instant::now() + warm_up;
        let calls = connections
            .into_iter()
            .enumerate()
            .map(|(caller, connection)| {
                let shot = shot.clone();
                async move { call(address, connection?, shot, caller, begin, begin + timed).await }
            });
        join_all(calls).await
    });
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

async fn call(
    address: SocketAddr,
    mut connection: Connection,
    mut shot: Shot,
    caller: usize,
    begin: Instant,
    end: Instant,
) -> io::Result<Tally> {
    let mut tally = Tally {
        micros: Vec::with_capacity(1 << 16),
        bytes: 0,
        failures: 0,
    };
    let mut number = 0;
    loop {
        number += 1;
        let request = shot.next(caller, number);
        let asked = Instant::now();
        if asked >= end {
            return Ok(tally);
        }
        let answer = connection.send(request).await;
        let answered = Instant::now();
        let counts = asked >= begin && answered <= end;
        match answer {
            Ok((200..=299 | 304, bytes)) if counts => {
                tally.micros.push(micros(answered - asked));
                tally.bytes = bytes;
            }
            Ok((200..=299 | 304, _)) => {}
            Ok(_) => tally.failures += 1,
            Err(_) => {
                tally.failures += 1;
                connection = Connection::open(address).await?;
            }
        }
    }
}

impl Shot {
    /// A request that is always the same.
    pub(crate) fn one(request: Vec<u8>) -> Shot {
        Shot {
            variants: vec![request],
            slug: None,
        }
    }

    /// The next request; a create gets a slug that no other request of this run of the bench has.
    fn next(&mut self, caller: usize, number: usize) -> &[u8] {
        // Callers start at different places, so that they do not ask the same at the same time.
        let at = (caller * 31 + number) % self.variants.len();
        let request = &mut self.variants[at];
        if let Some(slug) = self.slug.clone() {
            let text = format!("{caller:03}-{number:09}");
            let width = text.len();
            request[slug.end - width..slug.end].copy_from_slice(text.as_bytes());
        }
        request
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let buffer = vec![0; BUFFER];
        Ok(Connection { stream, buffer })
    }

    /// Sends a request, reads its whole answer, and returns the status and the size of the body.
    async fn send(&mut self, request: &[u8]) -> io::Result<(u16, usize)> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let head = loop {
            filled += self.read(filled).await?;
            let read = &self.buffer[..filled];
            if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head])
            .map_err(|_| broken("a head that is not text"))?;
        let status = text.get(9..12).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| broken("no status line"))?;
        let length = length_of(text).unwrap_or(0);
        let mut missing = length.saturating_sub(filled - head);
        while missing > 0 {
            missing = missing.saturating_sub(self.read(0).await?);
        }
        Ok((status, length))
    }

    async fn read(&mut self, from: usize) -> io::Result<usize> {
        match self.stream.read(&mut self.buffer[from..]).await? {
            0 => Err(broken("an end in the middle of an answer")),
            count => Ok(count),
        }
    }
}

fn length_of(head: &str) -> Option<usize> {
    let mut lines = head.split("\r\n");
    let value = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    })?;
    value.trim().parse().ok()
}

fn broken(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the server sent {what}"),
    )
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
