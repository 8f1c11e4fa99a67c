//! Lines on their way to standard error.
//!
//! A write per line costs more than answering from memory does, and a reader that stops reading would stop the
//! server. So a server's lines gather in memory and a thread writes them together, a few milliseconds later. What
//! does not fit is lost, counted, and said so; that happens only if standard error does not move for a while.

use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::platform::metrics::LOG;

/// Bytes that may wait; warnings and errors may wait beyond that in a reserve of their own.
const ROOM: usize = 4 * 1024 * 1024;
const RESERVE: usize = 1024 * 1024;
/// How long lines gather before they are written.
const GATHER: Duration = Duration::from_millis(5);
/// How long an ending process waits for standard error.
const LAST_WAIT: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
struct Waiting {
    text: String,
    lost: u64,
    /// Whether the writing thread sleeps until it is rung.
    asleep: bool,
    writing: bool,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    rung: Condvar,
    written: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes lines.
#[derive(Debug)]
pub(super) struct Sink(Option<Arc<Shared>>);

impl Sink {
    /// One that gathers lines, or one that writes each at once.
    pub(super) fn new(gathers: bool) -> Self {
        if !gathers {
            return Self(None);
        }
        let shared = Arc::new(Shared::default());
        let thread = std::thread::Builder::new().name("log".to_owned());
        let theirs = Arc::clone(&shared);
        let started = thread.spawn(move || write_for_ever(&theirs, &mut io::stderr()));
        Self(started.is_ok().then_some(shared))
    }

    /// Takes a line with its end.
    pub(super) fn put(&self, line: &str, urgent: bool) {
        let Some(shared) = &self.0 else {
            // Nobody could be told that nobody can be told.
            let _ = io::stderr().lock().write_all(line.as_bytes());
            return;
        };
        shared.put(line, urgent);
    }

    /// Waits until everything is written, if standard error takes it.
    pub(super) fn flush(&self) {
        let Some(shared) = &self.0 else {
            return;
        };
        let waiting = shared.lock();
        let pending = |waiting: &mut Waiting| waiting.writing || !waiting.text.is_empty();
        drop(
            shared
                .written
                .wait_timeout_while(waiting, LAST_WAIT, pending),
        );
    }
}

impl Shared {
    fn put(&self, line: &str, urgent: bool) {
        let mut waiting = self.lock();
        let room = if urgent { ROOM + RESERVE } else { ROOM };
        if waiting.text.len() + line.len() > room {
            waiting.lost += 1;
            LOG.lost.count();
            return;
        }
        waiting.text.push_str(line);
        let asleep = std::mem::take(&mut waiting.asleep);
        drop(waiting);
        if asleep {
            self.rung.notify_one();
        }
    }
}

/// The writing thread.
fn write_for_ever(shared: &Shared, out: &mut impl io::Write) {
    let mut text = String::new();
    loop {
        let mut waiting = shared.lock();
        waiting.writing = false;
        while waiting.text.is_empty() {
            shared.written.notify_all();
            waiting.asleep = true;
            waiting = shared
                .rung
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(waiting);
        std::thread::sleep(GATHER);
        write_once(shared, &mut text, out);
    }
}

/// Writes what has gathered.
fn write_once(shared: &Shared, text: &mut String, out: &mut impl io::Write) {
    text.clear();
    let mut waiting = shared.lock();
    std::mem::swap(&mut waiting.text, text);
    waiting.writing = true;
    let lost = std::mem::take(&mut waiting.lost);
    drop(waiting);
    let _ = out.write_all(text.as_bytes());
    if lost > 0 {
        let _ = writeln!(
            out,
            "{lost} lines of the log were lost: standard error did not take them in time"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_and_errors_have_room_left() {
        let shared = Shared::default();
        let line = "x".repeat(1023) + "\n";
        for _ in 0..ROOM / 1024 {
            shared.put(&line, false);
        }
        shared.put(&line, false);
        shared.put(&line, false);
        shared.put("an error\n", true);
        let (mut text, mut out) = (String::new(), Vec::new());
        write_once(&shared, &mut text, &mut out);
        let out = String::from_utf8(out).unwrap();
        assert_eq!(
            out.lines().filter(|line| line.starts_with('x')).count(),
            ROOM / 1024
        );
        assert!(out.contains("an error\n2 lines of the log were lost"));
        shared.put("after\n", false);
        let mut out = Vec::new();
        write_once(&shared, &mut text, &mut out);
        assert_eq!(out, b"after\n");
    }
}
