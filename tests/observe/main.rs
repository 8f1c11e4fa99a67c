//! What an operator sees of a running server: metrics, traces, the log, and where the time of a request goes.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test may stop where it stands"
)]

mod collector;
mod lags;
mod logs;
mod metrics;
#[path = "../leaks/site.rs"]
#[allow(dead_code, reason = "the tests of leaks use more of it")]
mod site;
#[path = "../support/mod.rs"]
mod support;
mod timing;
mod traces;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use site::Site;
use support::Database;

/// How long anything that happens by itself may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A site whose server has these settings.
fn site(database: Database, settings: &str) -> Site {
    let file = database.data().join("observed.toml");
    fs::write(&file, settings).unwrap();
    Site::start(database, &["--config", file.to_str().unwrap()])
}

/// Sends a request with these header lines on a connection of its own and returns the whole answer.
fn ask(site: &Site, method: &str, path: &str, headers: &[&str], body: &str) -> String {
    let mut stream = TcpStream::connect(site.server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of a header of an answer.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Waits until there is something.
fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
