//! The bounds, seen from the client's end of a loopback or in-memory connection.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use poem::{Endpoint, EndpointExt, Request, Response, Route, endpoint::make, get};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};

use super::*;

/// Connections made of memory, so that time can be paused.
struct Memory {
    queue: mpsc::Receiver<io::Result<(DuplexStream, SocketAddr)>>,
}

impl Accept for Memory {
    type Socket = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        match self.queue.recv().await {
            Some(next) => next,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> Option<SocketAddr> {
        None
    }
}

struct Server {
    queue: mpsc::Sender<io::Result<(DuplexStream, SocketAddr)>>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Report>,
}

fn start(endpoint: impl Endpoint<Output = Response> + 'static, config: ListenConfig) -> Server {
    let (queue, receiver) = mpsc::channel(100);
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let done = tokio::spawn(serve(
        Memory { queue: receiver },
        endpoint,
        config,
        shutdown,
    ));
    Server { queue, stop, done }
}

impl Server {
    async fn connect(&self) -> DuplexStream {
        let (client, server) = duplex(1024);
        let peer = "192.0.2.7:1".parse().unwrap();
        self.queue.send(Ok((server, peer))).await.unwrap();
        client
    }

    async fn finish(self) -> Report {
        self.stop.send(()).unwrap();
        self.done.await.unwrap()
    }
}

fn hello() -> impl Endpoint<Output = Response> + 'static {
    make(async |_: Request| Response::from("hello")).map_to_response()
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// Reads one response with a content length.
async fn answer(client: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    loop {
        let seen = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = seen.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return seen;
            }
        }
        let byte = client.read_u8().await;
        text.push(byte.expect("the connection ended before its answer"));
    }
}

async fn rest(client: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    // A reset after an answer is an end too.
    let _ = client.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_is_cut() {
    let server = start(hello(), ListenConfig::default());
    let mut client = server.connect().await;
    let began = Instant::now();
    client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut lines = 0;
    loop {
        tokio::select! {
            read = client.read_u8() => break assert!(read.is_err()),
            () = tokio::time::sleep(Duration::from_secs(1)) => {
                let _ = client.write_all(b"x: y\r\n").await;
                lines += 1;
            }
        }
    }
    assert!((9..=10).contains(&lines), "{lines}");
    assert!(began.elapsed() <= Duration::from_millis(10_100));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_at_the_header_timeout_and_idleness_at_the_keep_alive() {
    let server = start(hello(), ListenConfig::default());
    let began = Instant::now();
    let mut silent = server.connect().await;
    assert_eq!(rest(&mut silent).await, "");
    assert_eq!(began.elapsed().as_secs(), 10);

    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    assert!(answer(&mut idle).await.ends_with("hello"));
    let began = Instant::now();
    assert_eq!(rest(&mut idle).await, "");
    assert_eq!(began.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_head_after_idleness_has_the_header_timeout_again() {
    let server = start(hello(), ListenConfig::default());
    let mut client = server.connect().await;
    client.write_all(GET).await.unwrap();
    answer(&mut client).await;
    tokio::time::advance(Duration::from_secs(30)).await;
    let began = Instant::now();
    client.write_all(b"GET / HT").await.unwrap();
    rest(&mut client).await;
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_answered_408() {
    let echo = make(async |mut req: Request| {
        let body = req.take_body();
        crate::server::body::read_bytes(req.headers(), body, 1000).await?;
        Ok::<_, poem::Error>(Response::from("read"))
    });
    let server = start(echo, ListenConfig::default());
    let mut client = server.connect().await;
    let began = Instant::now();
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc";
    client.write_all(head).await.unwrap();
    let text = answer(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_reading_is_cut_and_a_slow_handler_is_not() {
    let big = make(async |_: Request| Response::from(vec![b'x'; 100_000])).map_to_response();
    let server = start(big, ListenConfig::default());
    let mut client = server.connect().await;
    client.write_all(GET).await.unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(rest(&mut client).await.len() < 5000);

    let slow = make(async |_: Request| {
        tokio::time::sleep(Duration::from_secs(300)).await;
        Response::from("slow")
    });
    let server = start(slow.map_to_response(), ListenConfig::default());
    let mut client = server.connect().await;
    client.write_all(GET).await.unwrap();
    assert!(answer(&mut client).await.ends_with("slow"));
}

#[tokio::test(start_paused = true)]
async fn at_the_cap_newcomers_wait_for_a_slot() {
    let config = ListenConfig {
        max_connections: 1,
        ..ListenConfig::default()
    };
    let server = start(hello(), config);
    let mut first = server.connect().await;
    first.write_all(GET).await.unwrap();
    answer(&mut first).await;
    let mut second = server.connect().await;
    second.write_all(GET).await.unwrap();
    let early = tokio::time::timeout(Duration::from_secs(5), answer(&mut second)).await;
    assert!(early.is_err());
    drop(first);
    assert!(answer(&mut second).await.ends_with("hello"));
    assert_eq!(server.finish().await.accepted, 2);
}

#[tokio::test(start_paused = true)]
async fn an_address_with_too_many_connections_is_told_so() {
    let config = ListenConfig {
        max_per_ip: 1,
        ..ListenConfig::default()
    };
    let server = start(hello(), config);
    let _first = server.connect().await;
    let mut second = server.connect().await;
    assert!(rest(&mut second).await.starts_with("HTTP/1.1 429 "));
    assert_eq!(server.finish().await.refused, 1);
}

#[tokio::test(start_paused = true)]
async fn failing_accepts_do_not_spin_and_heal() {
    let server = start(hello(), ListenConfig::default());
    let began = Instant::now();
    for _ in 0..20 {
        // EMFILE
        server
            .queue
            .send(Err(io::Error::from_raw_os_error(24)))
            .await
            .unwrap();
    }
    let mut client = server.connect().await;
    client.write_all(GET).await.unwrap();
    assert!(answer(&mut client).await.ends_with("hello"));
    // 5 + 10 + … + 640 ms, then 1 s each.
    assert_eq!(began.elapsed().as_secs(), 13);
    assert_eq!(server.finish().await.accept_errors, 20);
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_what_is_in_flight_and_closes_what_is_idle() {
    let gate = Arc::new(Notify::new());
    let inside = Arc::new(Notify::new());
    let (gate2, inside2) = (Arc::clone(&gate), Arc::clone(&inside));
    let route = make(move |req: Request| {
        let (gate, inside) = (Arc::clone(&gate2), Arc::clone(&inside2));
        async move {
            if req.uri().path() == "/wait" {
                inside.notify_one();
                gate.notified().await;
            }
            Response::from("done")
        }
    });
    let server = start(route.map_to_response(), ListenConfig::default());
    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    answer(&mut idle).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    inside.notified().await;

    let began = Instant::now();
    server.stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "");
    assert_eq!(began.elapsed(), Duration::ZERO);
    gate.notify_one();
    let text = rest(&mut busy).await;
    assert!(
        text.contains("connection: close") && text.ends_with("done"),
        "{text}"
    );
    assert_eq!(server.done.await.unwrap().cut, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_cut_after_the_grace() {
    let route = make(async |_: Request| std::future::pending::<Response>().await);
    let server = start(route.map_to_response(), ListenConfig::default());
    let mut busy = server.connect().await;
    busy.write_all(GET).await.unwrap();
    tokio::task::yield_now().await;
    let began = Instant::now();
    assert_eq!(server.finish().await.cut, 1);
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_connection_goes_on() {
    let calls = AtomicUsize::new(0);
    let route = make(move |_: Request| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        async move {
            assert_ne!(call, 0, "on purpose");
            Response::from("fine")
        }
    });
    let server = start(route.map_to_response(), ListenConfig::default());
    let mut client = server.connect().await;
    client.write_all(GET).await.unwrap();
    let text = answer(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 500 "), "{text}");
    assert!(text.ends_with(
        r#""name":"InternalServerError","message":"Internal Server Error","details":{}}}"#
    ));
    client.write_all(GET).await.unwrap();
    assert!(answer(&mut client).await.ends_with("fine"));
}

#[tokio::test]
async fn over_tcp_pipelined_requests_are_answered_in_order() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let path = make(async |req: Request| Response::from(req.uri().path().to_owned()));
    tokio::spawn(serve(
        listener,
        path.map_to_response(),
        ListenConfig::default(),
        std::future::pending(),
    ));
    let mut client = TcpStream::connect(address).await.unwrap();
    let three = "GET /a HTTP/1.1\r\nhost: a\r\n\r\nGET /b HTTP/1.1\r\nhost: a\r\n\r\n\
                 GET /c HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    client.write_all(three.as_bytes()).await.unwrap();
    let text = rest(&mut client).await;
    let at = |needle: &str| text.find(needle).unwrap();
    assert!(at("\r\n\r\n/a") < at("\r\n\r\n/b") && at("\r\n\r\n/b") < at("\r\n\r\n/c"));
}

#[tokio::test]
async fn oversized_urls_and_heads_and_nonsense_are_the_clients_fault() {
    let route = || Route::new().at("/", get(hello())).map_to_response();
    let url = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(8 * 1024));
    let head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(40 * 1024));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(101));
    let cases = [
        (url.as_str(), "414"),
        (&head, "431"),
        (&many, "431"),
        ("nonsense\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", "400"),
        (
            "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "400",
        ),
        ("POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", "400"),
    ];
    for (request, status) in cases {
        let server = start(route(), ListenConfig::default());
        let mut client = server.connect().await;
        let (mut reader, mut writer) = tokio::io::split(&mut client);
        let send = async {
            let _ = writer.write_all(request.as_bytes()).await;
        };
        let (text, ()) = tokio::join!(answer(&mut reader), send);
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_cuts_at_once() {
    let route = make(async |_: Request| std::future::pending::<Response>().await);
    let (queue, receiver) = mpsc::channel(1);
    let (client, server) = duplex(1024);
    let inside = Arc::new(Notify::new());
    let (first, second) = (Arc::clone(&inside), Arc::new(Notify::new()));
    let route = route.map_to_response().before(move |req| {
        inside.notify_one();
        async move { Ok(req) }
    });
    let hurry = Arc::clone(&second);
    let memory = Memory { queue: receiver };
    queue
        .send(Ok((server, "192.0.2.7:1".parse().unwrap())))
        .await
        .unwrap();
    let (mut client, began) = (client, Instant::now());
    client.write_all(GET).await.unwrap();
    second.notify_one();
    let config = ListenConfig::default();
    let offer = Offer {
        endpoint: route,
        quick: None,
    };
    let report = serve_until(memory, offer, config, first.notified(), hurry.notified()).await;
    assert_eq!((report.cut, began.elapsed()), (1, Duration::ZERO));
}
