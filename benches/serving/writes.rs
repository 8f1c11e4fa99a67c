//! Writes that go on while reads are measured.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{io, thread};

use serde_json::json;

use crate::http::{Connection, request};

/// Five a second.
const EVERY: Duration = Duration::from_millis(200);

/// Writes to these documents in turn while `measured` runs.
pub(crate) fn during<T>(
    address: SocketAddr,
    token: &str,
    documents: &[String],
    measured: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| write(address, token, documents, &stop));
        let result = measured();
        stop.store(true, Ordering::Relaxed);
        writer
            .join()
            .map_err(|_| io::Error::other("the writer ended early"))??;
        result
    })
}

fn write(
    address: SocketAddr,
    token: &str,
    documents: &[String],
    stop: &AtomicBool,
) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut connection = Connection::open(address)?;
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let document = &documents[usize::try_from(number).unwrap_or_default() % documents.len()];
        let body = json!({ "data": { "views": 10_000 + number % 10_000 } }).to_string();
        let path = format!("/api/articles/{document}");
        let answer = connection.send(&request("PUT", &path, Some(token), Some(&body)))?;
        if answer.status != 200 {
            let why = String::from_utf8_lossy(answer.body).into_owned();
            return Err(io::Error::other(format!(
                "a write was answered {}: {why}",
                answer.status
            )));
        }
        due += EVERY;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}
