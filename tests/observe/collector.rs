//! A collector of traces: takes what OTLP over HTTP sends and reads as much of it as the tests ask about.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A span as it was sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    /// Attributes that are text or whole numbers.
    pub(crate) attributes: Vec<(String, String)>,
}

impl Span {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Taken {
    heads: Vec<String>,
    bodies: Vec<Vec<u8>>,
}

/// A collector on a free port.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Taken>>,
}

impl Collector {
    pub(crate) fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::<Mutex<Taken>>::default();
        let theirs = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let taken = Arc::clone(&theirs);
                thread::spawn(move || while take(&stream, &taken).is_some() {});
            }
        });
        Collector { address, taken }
    }

    /// The heads of the requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.taken.lock().unwrap().heads.clone()
    }

    /// All bytes so far, as far as they are text.
    pub(crate) fn text(&self) -> String {
        let taken = self.taken.lock().unwrap();
        String::from_utf8_lossy(&taken.bodies.concat()).into_owned()
    }

    /// The spans so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let taken = self.taken.lock().unwrap();
        // Resource spans, scope spans, spans.
        let of = |field| {
            move |(number, value): &(u64, Vec<u8>)| (*number == field).then(|| value.clone())
        };
        let bodies = taken.bodies.iter();
        let resources = bodies
            .flat_map(|body| fields(body))
            .filter_map(|field| of(1)(&field));
        let scopes = resources
            .flat_map(|body| fields(&body))
            .filter_map(|field| of(2)(&field));
        let spans = scopes
            .flat_map(|body| fields(&body))
            .filter_map(|field| of(2)(&field));
        spans.map(|body| span(&body)).collect()
    }
}

/// Takes one request; none if the connection ended.
fn take(mut stream: &TcpStream, taken: &Mutex<Taken>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut taken = taken.lock().unwrap();
    taken.heads.push(head);
    taken.bodies.push(body);
    drop(taken);
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .ok()
}

/// The fields of a protobuf message: numbers as their digits, everything else as its bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = match key & 7 {
            0 => varint(&mut bytes).to_string().into_bytes(),
            1 => cut(&mut bytes, 8),
            2 => {
                let length = varint(&mut bytes);
                cut(&mut bytes, usize::try_from(length).unwrap())
            }
            5 => cut(&mut bytes, 4),
            kind => panic!("no such kind of field: {kind}"),
        };
        found.push((key >> 3, value));
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        shift += 7;
        if first & 0x80 == 0 {
            return value;
        }
    }
}

fn cut(bytes: &mut &[u8], length: usize) -> Vec<u8> {
    let (value, rest) = bytes.split_at(length);
    *bytes = rest;
    value.to_vec()
}

fn span(body: &[u8]) -> Span {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut span = Span::default();
    for (number, value) in fields(body) {
        match number {
            1 => span.trace = hex(&value),
            2 => span.id = hex(&value),
            4 => span.parent = hex(&value),
            5 => span.name = String::from_utf8(value).unwrap(),
            9 => span.attributes.push(attribute(&value)),
            _ => {}
        }
    }
    span
}

/// A key and its value, which is wrapped once more.
fn attribute(body: &[u8]) -> (String, String) {
    let (mut name, mut text) = (String::new(), String::new());
    for (number, value) in fields(body) {
        match number {
            1 => name = String::from_utf8(value).unwrap(),
            _ => {
                let value = fields(&value).into_iter().next().map(|(_, value)| value);
                text = String::from_utf8_lossy(&value.unwrap_or_default()).into_owned();
            }
        }
    }
    (name, text)
}
