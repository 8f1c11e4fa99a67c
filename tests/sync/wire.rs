//! Talking to the real binary: requests, and streams that do not end.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::support::{Database, Server, http};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn send(
    server: &Server,
    method: &str,
    path: &str,
    token: Option<&str>,
    data: Option<&Json>,
) -> (u16, String) {
    let body = data.map(|data| json!({ "data": data }).to_string());
    let request = http::request(method, path, token, body.as_deref());
    let mut connection = server.connect();
    let answer = connection.send(&request).unwrap();
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    (answer.status, text)
}

/// Creates an entry and returns its identity.
pub(crate) fn make(server: &Server, token: &str, path: &str, data: &Json) -> String {
    let (status, body) = send(server, "POST", path, Some(token), Some(data));
    assert_eq!(status, 201, "{path} {data}: {body}");
    let body: Json = serde_json::from_str(&body).unwrap();
    body["data"]["documentId"].as_str().unwrap().to_owned()
}

/// A database with the types of the leak tests and a full-access token.
pub(crate) fn prepared(database: &Database) -> String {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/leaks/schema");
    database.run(&["schema", "apply", schema, "--yes"]);
    for name in ["article", "tag"] {
        database.run(&["role", "allow", "public", name, "find", "findOne"]);
    }
    database.run(&["token", "create", "--name", "full", "--type", "full-access"])
}

/// Waits for a condition.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A server-sent event.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) data: Json,
}

/// An open stream.
pub(crate) struct Stream {
    pub(crate) status: u16,
    events: Receiver<Event>,
    /// The last id that came.
    pub(crate) last: Option<String>,
}

impl Stream {
    pub(crate) fn open(
        server: &Server,
        path: &str,
        token: Option<&str>,
        last: Option<&str>,
    ) -> Self {
        let mut socket = TcpStream::connect(server.address()).unwrap();
        let mut head =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n");
        if let Some(token) = token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if let Some(last) = last {
            head.push_str(&format!("Last-Event-ID: {last}\r\n"));
        }
        head.push_str("\r\n");
        socket.write_all(head.as_bytes()).unwrap();
        let mut lines = BufReader::new(socket);
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        while line != "\r\n" {
            line.clear();
            lines.read_line(&mut line).unwrap();
        }
        let (sender, events) = mpsc::channel();
        if status == 200 {
            std::thread::spawn(move || read(lines, &sender));
        }
        Self {
            status,
            events,
            last: None,
        }
    }

    /// The next event that has a name; none at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Event> {
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(event) => {
                    self.last = event.id.clone().or(self.last.take());
                    if !event.name.is_empty() {
                        return Some(event);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => panic!("the stream is silent"),
            }
        }
    }

    /// Waits for the first id.
    pub(crate) fn begun(&mut self) {
        let event = self.events.recv_timeout(PATIENCE).unwrap();
        self.last = event.id;
        assert!(self.last.is_some());
    }

    /// Waits for the next sign of life.
    pub(crate) fn begun_again(&mut self) {
        let event = self.events.recv_timeout(PATIENCE).unwrap();
        self.last = event.id.or(self.last.take());
    }

    /// Whether the stream ends within a time, whatever it says before.
    pub(crate) fn ends_within(&mut self, time: Duration) -> bool {
        let start = Instant::now();
        while start.elapsed() < time {
            let left = time.saturating_sub(start.elapsed());
            if let Err(RecvTimeoutError::Disconnected) = self.events.recv_timeout(left) {
                return true;
            }
        }
        false
    }
}

/// Reads chunks; a chunk may end anywhere, so only lines of the stream itself count.
fn read(mut lines: BufReader<TcpStream>, events: &mpsc::Sender<Event>) {
    let mut text: Vec<u8> = Vec::new();
    loop {
        let mut size = String::new();
        if lines.read_line(&mut size).unwrap_or(0) == 0 {
            return;
        }
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else {
            return;
        };
        if size == 0 {
            return;
        }
        let mut chunk = vec![0; size + 2];
        if std::io::Read::read_exact(&mut lines, &mut chunk).is_err() {
            return;
        }
        text.extend_from_slice(&chunk[..size]);
        while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            if events
                .send(parse(&String::from_utf8(event).unwrap()))
                .is_err()
            {
                return;
            }
        }
    }
}

fn parse(text: &str) -> Event {
    let mut event = Event::default();
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => event.id = Some(id.to_owned()),
            Some(("event", name)) => name.clone_into(&mut event.name),
            Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
            _ => {}
        }
    }
    event
}
