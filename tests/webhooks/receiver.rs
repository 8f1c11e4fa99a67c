//! A receiver on a real socket that behaves as badly as a test wants, and remembers what it got.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value as Json;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(given, _)| given == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What is done with a request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// A status and further lines of the head.
    Answer(u16, String),
    /// A body of its own.
    Body(u16, String),
    /// No answer for so long.
    Hang(Duration),
    /// 200, but so late.
    Late(Duration),
    /// An answer whose body breaks off.
    Break,
    /// A body that never ends.
    Flood,
}

pub(crate) const OK: Act = Act::Answer(200, String::new());

pub(crate) fn status(status: u16) -> Act {
    Act::Answer(status, String::new())
}

type Script = Arc<dyn Fn(&Got, usize) -> Act + Send + Sync>;

/// The receiver; it goes down when dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    tls: bool,
    got: Arc<Mutex<Vec<Got>>>,
    down: Arc<AtomicBool>,
    accepting: Option<thread::JoinHandle<()>>,
}

impl Receiver {
    /// One that takes everything.
    pub(crate) fn new() -> Receiver {
        Receiver::with(|_, _| OK)
    }

    /// One that does what the script says; it is given the request and how many came before it to the same
    /// path with the same id.
    pub(crate) fn with(script: impl Fn(&Got, usize) -> Act + Send + Sync + 'static) -> Receiver {
        Receiver::on("127.0.0.1:0".parse().unwrap(), script)
    }

    pub(crate) fn on(
        address: SocketAddr,
        script: impl Fn(&Got, usize) -> Act + Send + Sync + 'static,
    ) -> Receiver {
        Receiver::start(address, None, script)
    }

    /// One that takes everything behind TLS.
    pub(crate) fn tls(config: ServerConfig) -> Receiver {
        let address = "127.0.0.1:0".parse().unwrap();
        Receiver::start(address, Some(Arc::new(config)), |_, _| OK)
    }

    fn start(
        address: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        script: impl Fn(&Got, usize) -> Act + Send + Sync + 'static,
    ) -> Receiver {
        let listener = TcpListener::bind(address).unwrap();
        let (got, down) = (
            Arc::<Mutex<Vec<Got>>>::default(),
            Arc::<AtomicBool>::default(),
        );
        let script: Script = Arc::new(script);
        let address = listener.local_addr().unwrap();
        let (kept, ended) = (Arc::clone(&got), Arc::clone(&down));
        let has_tls = tls.is_some();
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (got, script, down) =
                    (Arc::clone(&kept), Arc::clone(&script), Arc::clone(&ended));
                let tls = tls.clone();
                thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
                    match tls {
                        None => serve(stream, &got, &script, &down),
                        Some(config) => {
                            let connection = ServerConnection::new(config).unwrap();
                            let stream = StreamOwned::new(connection, stream);
                            serve(stream, &got, &script, &down);
                        }
                    }
                });
            }
        });
        Receiver {
            address,
            tls: has_tls,
            got,
            down,
            accepting: Some(accepting),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until there are so many requests, and returns them.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Got> {
        self.wait_until(&format!("{count} requests"), |got| got.len() >= count)
    }

    pub(crate) fn wait_until(&self, what: &str, enough: impl Fn(&[Got]) -> bool) -> Vec<Got> {
        let until = Instant::now() + crate::PATIENCE;
        loop {
            // Without a copy: there may be thousands.
            let got = self.got.lock().unwrap();
            if enough(&got) {
                return got.clone();
            }
            if Instant::now() > until {
                let seen: Vec<String> = got
                    .iter()
                    .map(|got| format!("{} {}", got.path, got.id()))
                    .collect();
                panic!(
                    "waited in vain for {what}; got {}:\n{}",
                    got.len(),
                    seen.join("\n")
                );
            }
            drop(got);
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.down.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn serve(mut stream: impl Read + Write, got: &Mutex<Vec<Got>>, script: &Script, down: &AtomicBool) {
    while let Some(request) = read(&mut stream) {
        if down.load(Ordering::SeqCst) {
            return;
        }
        let before = {
            let mut got = got.lock().unwrap();
            let before = got
                .iter()
                .filter(|other| (other.id(), &other.path) == (request.id(), &request.path))
                .count();
            got.push(request.clone());
            before
        };
        let done = match script(&request, before) {
            Act::Answer(status, more) => {
                let text = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n{more}\r\nok");
                stream.write_all(text.as_bytes())
            }
            Act::Body(status, body) => {
                let length = body.len();
                let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
                stream.write_all(text.as_bytes())
            }
            Act::Hang(time) => {
                let until = Instant::now() + time;
                while Instant::now() < until && !down.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(20));
                }
                return;
            }
            Act::Late(time) => {
                thread::sleep(time);
                stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 0\r\n\r\n")
            }
            Act::Break => {
                let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\nhalf");
                return;
            }
            Act::Flood => {
                let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 10737418240\r\n\r\n");
                while stream.write_all(&[b'x'; 65_536]).is_ok() {}
                return;
            }
        };
        if done.is_err() {
            return;
        }
    }
}

fn read(stream: &mut impl Read) -> Option<Got> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16_384];
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head + length {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    Some(Got {
        method,
        path,
        headers,
        body: String::from_utf8(bytes[head..head + length].to_vec()).unwrap(),
        at: Instant::now(),
    })
}
