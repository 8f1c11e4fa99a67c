//! A keep-alive HTTP/1.1 client that does as little as possible: the load generator of the bench uses it too.
//!
//! It looks at the status line, `content-length` and `transfer-encoding`, nothing else.

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);
const FIRST_BUFFER: usize = 256 * 1024;
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// One open connection; requests on it follow each other.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

/// What came back: the status, and the body as a slice of the connection's buffer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Connection {
            stream,
            buffer: vec![0; FIRST_BUFFER],
            filled: 0,
        })
    }

    /// Sends the bytes of a whole request and reads its answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request)?;
        self.filled = 0;
        let head = self.read_head()?;
        let text = std::str::from_utf8(&self.buffer[..head])
            .map_err(|_| broken("a head that is not text"))?;
        let status = status_of(text)?;
        let body = match framing(text)? {
            Framing::Length(length) => {
                self.read_until(head + length)?;
                head..head + length
            }
            Framing::Chunked => head..self.read_chunks(head)?,
        };
        Ok(Answer {
            status,
            body: &self.buffer[body],
        })
    }

    fn read_head(&mut self) -> io::Result<usize> {
        let mut searched = 0;
        loop {
            self.read_more()?;
            if let Some(at) = find(&self.buffer[searched..self.filled], b"\r\n\r\n") {
                return Ok(searched + at + 4);
            }
            searched = self.filled.saturating_sub(3);
        }
    }

    fn read_until(&mut self, end: usize) -> io::Result<()> {
        while self.filled < end {
            self.read_more()?;
        }
        Ok(())
    }

    fn read_more(&mut self) -> io::Result<()> {
        if self.filled == self.buffer.len() {
            if self.filled >= LARGEST_ANSWER {
                return Err(broken("an answer without end"));
            }
            self.buffer.resize(self.filled * 2, 0);
        }
        match self.stream.read(&mut self.buffer[self.filled..])? {
            0 => Err(Error::new(
                ErrorKind::UnexpectedEof,
                "the server closed the connection",
            )),
            count => {
                self.filled += count;
                Ok(())
            }
        }
    }

    /// Moves the chunks together behind the head and returns where the body ends.
    fn read_chunks(&mut self, head: usize) -> io::Result<usize> {
        let (mut at, mut end) = (head, head);
        loop {
            let line = loop {
                if let Some(length) = find(&self.buffer[at..self.filled], b"\r\n") {
                    break length;
                }
                self.read_more()?;
            };
            let size = std::str::from_utf8(&self.buffer[at..at + line])
                .ok()
                .and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
            let size = size
                .filter(|size| *size <= LARGEST_ANSWER)
                .ok_or_else(|| broken("a chunk without a size"))?;
            at += line + 2;
            self.read_until(at + size + 2)?;
            self.buffer.copy_within(at..at + size, end);
            (at, end) = (at + size + 2, end + size);
            if size == 0 {
                return Ok(end);
            }
        }
    }
}

/// The bytes of a request; a body is sent as JSON.
pub(crate) fn request(
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&str>,
) -> Vec<u8> {
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n");
    if let Some(token) = token {
        text.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    if let Some(body) = body {
        text.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    text.into_bytes()
}

enum Framing {
    Length(usize),
    Chunked,
}

fn status_of(head: &str) -> io::Result<u16> {
    head.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| broken("no status line"))
}

fn framing(head: &str) -> io::Result<Framing> {
    for line in head.split("\r\n") {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            return value
                .trim()
                .parse()
                .map(Framing::Length)
                .map_err(|_| broken("a content-length that is no number"));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(Framing::Chunked);
        }
    }
    Ok(Framing::Length(0))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the server sent {what}"))
}
