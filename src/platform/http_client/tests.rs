//! The client against names that change their mind and servers that do not behave.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A server on the loopback that counts connections and answers each with the same bytes.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

async fn head(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while !text.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => text.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

async fn drip(mut stream: TcpStream) {
    while stream.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Server {
    async fn new(answer: &str, then: Then) -> Self {
        Self::on("127.0.0.1:0", answer, then).await
    }

    async fn on(address: &str, answer: &str, then: Then) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (connections, requests) = (
            Arc::clone(&server.connections),
            Arc::clone(&server.requests),
        );
        let answer = answer.to_owned();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (requests, answer) = (Arc::clone(&requests), answer.clone());
                tokio::spawn(async move {
                    let head = head(&mut stream).await;
                    requests.lock().unwrap().push(head);
                    let _ = stream.write_all(answer.as_bytes()).await;
                    match then {
                        Then::Close => {}
                        Then::Hang => tokio::time::sleep(Duration::from_secs(600)).await,
                        Then::Flood => while stream.write_all(&[b'x'; 65_536]).await.is_ok() {},
                        Then::Drip => drip(stream).await,
                    }
                });
            }
        });
        server
    }

    fn url(&self) -> String {
        format!("http://{}/path?secret=CNRY", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

#[derive(Clone, Copy)]
enum Then {
    Close,
    Hang,
    Flood,
    Drip,
}

fn get(url: &str) -> Request {
    Request {
        method: "GET",
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        answer_bytes: 1000,
    }
}

fn config(allow: &[&str]) -> OutboundConfig {
    OutboundConfig {
        allow: allow.iter().map(|entry| (*entry).to_owned()).collect(),
        timeout_ms: 1500,
        ..OutboundConfig::default()
    }
}

fn client(allow: &[&str]) -> Client {
    Client::new(&config(allow)).unwrap()
}

/// A resolver that gives one answer after the other, the last one for ever.
#[derive(Debug)]
struct Scripted(Mutex<VecDeque<Vec<IpAddr>>>);

impl Scripted {
    fn giving(answers: &[&[&str]]) -> Arc<dyn Lookup> {
        let answers = answers.iter().map(|answer| {
            let addresses = answer.iter().map(|address| address.parse().unwrap());
            addresses.collect()
        });
        Arc::new(Self(Mutex::new(answers.collect())))
    }
}

impl Lookup for Scripted {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut answers = self.0.lock().unwrap();
        let answer = match answers.len() {
            0 | 1 => answers.front().cloned().unwrap_or_default(),
            _ => answers.pop_front().unwrap(),
        };
        Box::pin(std::future::ready(Ok(answer)))
    }
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_connected_to() {
    let server = Server::on("0.0.0.0:0", "HTTP/1.1 200 OK\r\n\r\n", Then::Close).await;
    let client = client(&[]);
    let port = server.address.port();
    for host in [
        "127.0.0.1",
        "127.0.0.2",
        "127.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "0x7f000001",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
    ] {
        let error = client.send(get(&format!("http://{host}:{port}/"))).await;
        // Not every system resolves the name with a dot.
        let unknown = host == "localhost." && error == Err(OutboundError::NotFound);
        assert!(
            unknown || error == Err(OutboundError::Refused),
            "{host}: {error:?}"
        );
    }
    for (url, why) in [
        ("http://good@127.0.0.1/", "name or password"),
        ("http://a:b@example.com/", "name or password"),
        ("file:///etc/passwd", "only http"),
        ("gopher://127.0.0.1/", "only http"),
        ("ftp://127.0.0.1/", "only http"),
        ("unix:/run/x", "only http"),
        ("http://[fe80::1%25lo]/", "not a URL"),
        ("http://", "not a URL"),
        ("//127.0.0.1/", "not a URL"),
        ("http://127.0.0.1:99999/", "not a URL"),
    ] {
        let error = client.send(get(url)).await.unwrap_err().to_string();
        assert!(error.contains(why), "{url}: {error}");
    }
    let hidden = client
        .send(get(&format!("http://127.0.0.1:{port}#@good")))
        .await;
    assert_eq!(hidden, Err(OutboundError::Refused));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_open_and_a_closed_port_of_a_refused_address_are_answered_alike() {
    let open = Server::new("", Then::Close).await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let client = client(&[]);
    let (open, closed) = (
        client.send(get(&open.url())).await.unwrap_err().to_string(),
        client
            .send(get(&format!("http://{closed}/")))
            .await
            .unwrap_err()
            .to_string(),
    );
    assert_eq!(open, closed);
    assert!(
        !open.contains("127.0.0.1") && !open.contains("CNRY"),
        "{open}"
    );
}

#[tokio::test]
async fn a_name_that_changes_its_address_never_leads_to_a_private_one() {
    let server = Server::new("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Then::Close).await;
    let port = server.address.port();
    for answers in [
        // What a check would see first is public; what a connection would get is not.
        &[&["192.0.0.1"][..], &["127.0.0.1"]][..],
        &[&["127.0.0.1"]],
        &[&["8.8.8.8", "127.0.0.1"]],
        &[&["::1", "8.8.8.8"]],
        &[&["::ffff:127.0.0.1"]],
        &[&["64:ff9b::7f00:1"]],
    ] {
        let client = Client::with_lookup(&config(&[]), &Scripted::giving(answers)).unwrap();
        for _ in 0..3 {
            let error = client
                .send(get(&format!("http://rebind.example:{port}/")))
                .await;
            assert_eq!(error, Err(OutboundError::Refused), "{answers:?}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let listed = Server::on("127.0.0.5:0", ok, Then::Close).await;
    let port = listed.address.port();
    let other = Server::on(&format!("127.0.0.6:{port}"), ok, Then::Close).await;
    let lookup = Scripted::giving(&[&["127.0.0.5"], &["127.0.0.6"]]);
    let client = Client::with_lookup(&config(&["127.0.0.5"]), &lookup).unwrap();
    let url = format!("http://rebind.example:{port}/");
    assert_eq!(client.send(get(&url)).await.unwrap().status, 200);
    assert_eq!(client.send(get(&url)).await, Err(OutboundError::Refused));
    assert_eq!((listed.connections(), other.connections()), (1, 0));
}

#[tokio::test]
async fn what_is_listed_may_be_reached() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let server = Server::new(ok, Then::Close).await;
    let port = server.address.port();
    let with_port = format!("127.0.0.1:{port}");
    let name_with_port = format!("inside.example:{port}");
    for (allow, host) in [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.0/8", "127.0.0.1"),
        ("127.0.0.0/8", "inside.example"),
        (with_port.as_str(), "127.0.0.1"),
        (with_port.as_str(), "[::ffff:127.0.0.1]"),
        ("inside.example", "Inside.Example."),
        (name_with_port.as_str(), "inside.example"),
    ] {
        let lookup = Scripted::giving(&[&["127.0.0.1"]]);
        let client = Client::with_lookup(&config(&[allow]), &lookup).unwrap();
        let answer = client.send(get(&format!("http://{host}:{port}/"))).await;
        assert_eq!(
            answer.map(|answer| answer.status),
            Ok(200),
            "{allow} {host}"
        );
    }
    for (allow, host) in [
        (with_port.as_str(), "inside.example"),
        ("inside.example:1", "inside.example"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("inside.example", "other.example"),
        ("127.0.0.2", "127.0.0.1"),
    ] {
        let lookup = Scripted::giving(&[&["127.0.0.1"]]);
        let client = Client::with_lookup(&config(&[allow]), &lookup).unwrap();
        let answer = client.send(get(&format!("http://{host}:{port}/"))).await;
        assert_eq!(answer, Err(OutboundError::Refused), "{allow} {host}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let canary = Server::new("HTTP/1.1 200 OK\r\n\r\n", Then::Close).await;
    for status in [301, 302, 303, 307, 308] {
        for location in [
            canary.url(),
            "/relative".into(),
            "file:///etc/passwd".into(),
        ] {
            let text = format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
            );
            let server = Server::new(&text, Then::Close).await;
            let client = client(&[&server.address.to_string()]);
            assert_eq!(
                client.send(get(&server.url())).await.unwrap().status,
                status
            );
            assert_eq!(server.connections(), 1);
        }
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn nothing_is_sent_that_was_not_given() {
    let server = Server::new(
        "HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    )
    .await;
    let client = client(&["127.0.0.0/8"]);
    for _ in 0..2 {
        client.send(get(&server.url())).await.unwrap();
    }
    let requests = server.requests.lock().unwrap().clone();
    let mut names: Vec<String> = requests[1]
        .lines()
        .skip(1)
        .filter_map(|line| Some(line.split_once(':')?.0.to_lowercase()))
        .collect();
    names.sort();
    assert_eq!(names, ["accept", "host", "user-agent"], "{requests:?}");
}

#[tokio::test]
async fn more_than_was_asked_for_is_not_read() {
    let ten_gigabytes = "HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n";
    for head in [ten_gigabytes, "HTTP/1.1 200 OK\r\n\r\n"] {
        let server = Server::new(head, Then::Flood).await;
        let began = Instant::now();
        let answer = client(&["127.0.0.1"])
            .send(get(&server.url()))
            .await
            .unwrap();
        assert_eq!((answer.status, answer.body.len()), (200, 1000));
        assert_eq!(answer.ending, Ending::Cut);
        assert!(began.elapsed() < Duration::from_secs(30));
    }
    // A body that calls itself compressed stays as it came.
    let text = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd";
    let server = Server::new(text, Then::Close).await;
    let answer = client(&["127.0.0.1"])
        .send(get(&server.url()))
        .await
        .unwrap();
    assert_eq!(
        (answer.body.as_slice(), answer.ending),
        (&b"abcd"[..], Ending::Whole)
    );
}

#[tokio::test]
async fn a_body_that_is_shorter_than_promised_is_broken() {
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\nabc",
    ] {
        let server = Server::new(head, Then::Close).await;
        let answer = client(&["127.0.0.1"])
            .send(get(&server.url()))
            .await
            .unwrap();
        assert_eq!(answer.body, b"abc");
        assert!(matches!(answer.ending, Ending::Broken(_)), "{answer:?}");
    }
    let longer = Server::new(
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcdef",
        Then::Close,
    )
    .await;
    let answer = client(&["127.0.0.1"])
        .send(get(&longer.url()))
        .await
        .unwrap();
    assert_eq!(
        (answer.body.as_slice(), answer.ending),
        (&b"abc"[..], Ending::Whole)
    );
}

#[tokio::test]
async fn who_hangs_or_drips_is_left_after_the_whole_time() {
    for (head, then) in [("", Then::Hang), ("HTTP/1.1 200 OK\r\nx: ", Then::Drip)] {
        let server = Server::new(head, then).await;
        let began = Instant::now();
        let error = client(&["127.0.0.1"]).send(get(&server.url())).await;
        assert_eq!(error, Err(OutboundError::TimedOut));
        assert!(began.elapsed() < Duration::from_secs(30));
    }
    for then in [Then::Hang, Then::Drip] {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n";
        let server = Server::new(head, then).await;
        let request = Request {
            answer_bytes: 100_000,
            ..get(&server.url())
        };
        let answer = client(&["127.0.0.1"]).send(request).await.unwrap();
        assert!(matches!(answer.ending, Ending::Broken(_)), "{answer:?}");
    }
}

#[tokio::test]
async fn garbage_and_a_closed_port_are_errors_that_hide_the_url() {
    let garbage = Server::new("\u{0}\u{1}not http\r\n\r\n", Then::Close).await;
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let client = client(&["127.0.0.1"]);
    for url in [garbage.url(), format!("http://{gone}/path?secret=CNRY")] {
        let error = client.send(get(&url)).await.unwrap_err().to_string();
        assert!(
            !error.contains("CNRY") && !error.contains("127.0.0.1"),
            "{error}"
        );
    }
    let lookup = Scripted::giving(&[&[]]);
    let nowhere = Client::with_lookup(&config(&[]), &lookup).unwrap();
    let error = nowhere.send(get("http://nowhere.example/")).await;
    assert_eq!(error, Err(OutboundError::NotFound));
}

#[tokio::test]
async fn headers_cannot_be_smuggled() {
    let server = Server::new("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Then::Close).await;
    let client = client(&["127.0.0.1"]);
    for (name, value) in [
        ("x-a", "b\r\nx-c: d"),
        ("x a", "b"),
        ("x-a\r\n", "b"),
        ("", "b"),
    ] {
        let request = Request {
            headers: vec![(name.into(), value.into())],
            ..get(&server.url())
        };
        let error = client.send(request).await;
        assert!(
            matches!(error, Err(OutboundError::Header(_))),
            "{name:?} {value:?}"
        );
    }
    assert_eq!(server.connections(), 0);
}
