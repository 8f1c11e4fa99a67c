//! What a connection is doing, as its socket, its service and its clock see it.

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
};

use tokio::time::Instant;

use super::config::ListenConfig;

/// Nothing has come in since the connection was opened.
const NEW: u8 = 0;
/// Between two requests.
const IDLE: u8 = 1;
/// A request's head is coming in.
const HEAD: u8 = 2;
/// A request is being answered.
const BUSY: u8 = 3;

/// Milliseconds after which a waiting connection rests.
const REST: u64 = 1000;

/// No time: nothing is blocked.
const NEVER: u64 = u64::MAX;

/// Written by the socket and the service of one connection, read by its clock. All of them run
/// in one task, so relaxed atomics are enough.
pub(super) struct Pulse {
    opened: Instant,
    phase: AtomicU8,
    /// Milliseconds after `opened` at which the phase began.
    since: AtomicU64,
    /// Milliseconds after `opened` since which the reader blocks a response, or [`NEVER`].
    blocked: AtomicU64,
    /// Bytes the reader took since then.
    drained: AtomicU64,
}

impl Pulse {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            phase: AtomicU8::new(NEW),
            since: AtomicU64::new(0),
            blocked: AtomicU64::new(NEVER),
            drained: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }

    fn begin(&self, phase: u8) {
        self.since.store(self.now(), Relaxed);
        self.phase.store(phase, Relaxed);
    }

    /// Bytes came in.
    pub(super) fn read(&self) {
        match self.phase.load(Relaxed) {
            IDLE => self.begin(HEAD),
            // A new connection has one deadline for waiting and head together.
            NEW => self.phase.store(HEAD, Relaxed),
            _ => {}
        }
    }

    /// A whole head was read.
    pub(super) fn request(&self) {
        self.phase.store(BUSY, Relaxed);
    }

    /// The response was handed to the socket, or given up.
    pub(super) fn response_ended(&self) {
        self.begin(IDLE);
    }

    /// The socket takes no more bytes for now.
    pub(super) fn write_blocked(&self) {
        if self.blocked.load(Relaxed) == NEVER {
            self.drained.store(0, Relaxed);
            self.blocked.store(self.now(), Relaxed);
        }
    }

    /// The socket took some bytes.
    pub(super) fn written(&self, bytes: usize) {
        if self.blocked.load(Relaxed) != NEVER {
            self.drained.fetch_add(bytes as u64, Relaxed);
        }
    }

    /// Everything there was to write is written.
    pub(super) fn flushed(&self) {
        self.blocked.store(NEVER, Relaxed);
    }

    /// When this connection is to be cut if nothing changes.
    pub(super) fn deadline(&self, config: &ListenConfig) -> Option<Instant> {
        let blocked = self.blocked.load(Relaxed);
        if blocked != NEVER {
            let pace = config.pace(config.write_stall_ms, self.drained.load(Relaxed));
            return Some(self.at(blocked) + pace);
        }
        let limit = match self.phase.load(Relaxed) {
            NEW | HEAD => config.header_timeout(),
            IDLE => config.keep_alive(),
            _ => return None,
        };
        Some(self.at(self.since.load(Relaxed)) + limit)
    }

    /// When this connection may rest if nothing changes: it waits for a request and everything is written.
    pub(super) fn rest(&self) -> Option<Instant> {
        let idle = self.phase.load(Relaxed) == IDLE && self.blocked.load(Relaxed) == NEVER;
        idle.then(|| self.at(self.since.load(Relaxed).saturating_add(REST)))
    }

    fn at(&self, millis: u64) -> Instant {
        self.opened + std::time::Duration::from_millis(millis)
    }
}
