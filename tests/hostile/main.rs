//! Requests meant to harm: each gets a refusal of its own, quickly, from a server that stays as it is.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop where it stands"
)]

mod bodies;
mod limits;
mod queries;
#[path = "../leaks/site.rs"]
#[allow(dead_code, reason = "the tests of leaks use more of it")]
mod site;
#[path = "../support/mod.rs"]
mod support;
mod wire;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use site::Site;
use support::Database;

/// No request of these tests may take longer, on a busy machine and without optimisation.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn hostile_requests_are_refused_on_sqlite() {
    hostile_requests_are_refused(Database::sqlite());
}

#[test]
fn hostile_requests_are_refused_on_postgres() {
    hostile_requests_are_refused(Database::postgres());
}

fn hostile_requests_are_refused(database: Database) {
    let mut site = Site::start(database, &[]);
    let pid = site.server.pid();
    wire::requests_that_are_no_http(&site);
    wire::paths_and_methods(&site);
    bodies::bodies(&site);
    queries::queries(&site);
    queries::payloads_in_every_position(&site);
    let log = site.server.log();
    assert!(!log.contains("panic") && !log.contains("ERROR"), "{log}");
    assert_eq!(pid, site.server.pid());
    assert_eq!(
        site.get("/articles", None).0,
        200,
        "the server still answers"
    );
    let health = send(&site, b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(health.0, 200, "{}", health.1);
    site.server.kill();
}

/// Sends bytes on a connection of their own; 0 is a connection that was closed without an answer.
fn send(site: &Site, request: &[u8]) -> (u16, String) {
    let started = Instant::now();
    let mut stream = TcpStream::connect(site.server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The server may refuse before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let mut part = [0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..count]);
        if is_whole(&answer) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
    assert!(started.elapsed() < PATIENCE, "too slow: {shown}");
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.unwrap_or(0);
    assert!(status < 500, "{shown}\n{text}");
    (status, text)
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length
        .and_then(|length| length.parse::<usize>().ok())
        .is_some_and(|length| body.len() >= length)
}

/// A request with a body as the one who may everything.
fn with_body(site: &Site, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, String) {
    let head = format!(
        "{method} /api{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        site.full,
        body.len()
    );
    send(site, &[head.as_bytes(), body].concat())
}
