//! Clients in a process of their own: this program, started again for one of its tests with the job in its
//! environment. They say on standard output how far they are, and go on until their standard input ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{env, thread};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

const JOB: &str = "LOAD_TEST_JOB";
/// What a client process says before its numbers; the test runner's own lines have none.
const SAYS: &str = "clients: ";

/// What the connections of a client process do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Ask once, read the answer, and stay.
    Idle,
    /// Ask, read, and ask again after a while.
    Active,
    /// Send a head byte by byte and never end it.
    SlowHead,
    /// Announce a body and send it byte by byte.
    SlowBody,
    /// Ask for more than fits into the system's buffers and never read it.
    NeverRead,
}

impl Manner {
    const ALL: [(&'static str, Self); 5] = [
        ("idle", Self::Idle),
        ("active", Self::Active),
        ("slow-head", Self::SlowHead),
        ("slow-body", Self::SlowBody),
        ("never-read", Self::NeverRead),
    ];
}

/// A process of clients; it ends with the value.
pub(crate) struct Clients {
    process: Child,
    input: Option<ChildStdin>,
    said: Receiver<String>,
}

impl Clients {
    pub(crate) fn start(server: SocketAddr, manner: Manner, connections: usize) -> Clients {
        let (name, _) = Manner::ALL
            .iter()
            .find(|(_, found)| *found == manner)
            .unwrap();
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["clients::be_clients", "--exact", "--nocapture"])
            .env(JOB, format!("{server} {name} {connections}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let out = BufReader::new(process.stdout.take().unwrap());
        let (says, said) = mpsc::channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if let Some((_, words)) = line.split_once(SAYS) {
                    let _ = says.send(words.to_owned());
                }
            }
        });
        let input = process.stdin.take();
        Clients {
            process,
            input,
            said,
        }
    }

    /// Waits until all connections are made; returns how long the slowest took, in milliseconds.
    pub(crate) fn connected(&self) -> f64 {
        let words = self
            .said
            .recv_timeout(crate::PATIENCE)
            .expect("clients connect in time");
        words.strip_prefix("connected ").unwrap().parse().unwrap()
    }

    /// Ends the clients and returns how many of them the server had cut, how many answers were 200 and how many not.
    pub(crate) fn end(mut self) -> [usize; 3] {
        drop(self.input.take());
        let words = self
            .said
            .recv_timeout(crate::PATIENCE)
            .expect("clients end in time");
        let _ = self.process.wait();
        let numbers = words.strip_prefix("ended ").unwrap();
        let mut numbers = numbers.split(' ').map(|number| number.parse().unwrap());
        std::array::from_fn(|_| numbers.next().unwrap())
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Not a test by itself: what a client process runs.
#[test]
fn be_clients() {
    let Ok(job) = env::var(JOB) else {
        return;
    };
    let words: Vec<&str> = job.split(' ').collect();
    let [server, name, count] = words.as_slice() else {
        panic!("{job}");
    };
    let (_, manner) = Manner::ALL
        .into_iter()
        .find(|(found, _)| found == name)
        .unwrap();
    let (server, count) = (server.parse().unwrap(), count.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(server, manner, count));
}

async fn run(server: SocketAddr, manner: Manner, count: usize) {
    let (mut sockets, mut slowest) = (Vec::with_capacity(count), Duration::ZERO);
    for number in 0..count {
        let asked = Instant::now();
        let mut socket = connect(server, number).await;
        // Served at once: a connection that only waits in the kernel's queue would not be answered.
        if matches!(manner, Manner::Idle | Manner::Active) {
            assert!(
                get(&mut socket).await,
                "connection {number} was not answered"
            );
        }
        slowest = slowest.max(asked.elapsed());
        sockets.push(socket);
    }
    say(&format!("connected {}", slowest.as_secs_f64() * 1000.0));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        stop.send_replace(true);
    });
    let tasks: Vec<_> = sockets
        .into_iter()
        .enumerate()
        .map(|(number, socket)| tokio::spawn(behave(socket, manner, number, stopped.clone())))
        .collect();
    let (mut cut, mut good, mut bad) = (0, 0, 0);
    for task in tasks {
        let ended = task.await.unwrap();
        cut += usize::from(ended.cut);
        good += ended.good;
        bad += ended.bad;
    }
    say(&format!("ended {cut} {good} {bad}"));
}

fn say(words: &str) {
    println!("\n{SAYS}{words}");
    let _ = std::io::stdout().flush();
}

/// From one of several addresses, as one of them has too few ports for all connections of a test.
async fn connect(server: SocketAddr, number: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let host = 2 + u8::try_from(number % 16).unwrap();
    let here = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, host), 0);
    socket.bind(here.into()).unwrap();
    socket.connect(server).await.unwrap()
}

const GET: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";

/// Asks once; whether the answer is 200.
async fn get(socket: &mut TcpStream) -> bool {
    if socket.write_all(GET).await.is_err() {
        return false;
    }
    let (mut answer, mut part) = (Vec::new(), [0; 2048]);
    while !answer.ends_with(b"}") {
        match socket.read(&mut part).await {
            Ok(count @ 1..) => answer.extend_from_slice(&part[..count]),
            _ => return false,
        }
    }
    answer.starts_with(b"HTTP/1.1 200 ")
}

#[derive(Default)]
struct Ended {
    cut: bool,
    good: usize,
    bad: usize,
}

async fn behave(
    mut socket: TcpStream,
    manner: Manner,
    number: usize,
    mut stopped: tokio::sync::watch::Receiver<bool>,
) -> Ended {
    let mut ended = Ended::default();
    let stop = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let job = async {
        match manner {
            Manner::Idle => ended.cut = is_cut(&mut socket).await,
            Manner::Active => loop {
                match get(&mut socket).await {
                    true => ended.good += 1,
                    false => {
                        ended.bad += 1;
                        return;
                    }
                }
                let pause = 50 + u64::try_from(number % 50).unwrap();
                tokio::time::sleep(Duration::from_millis(pause)).await;
            },
            Manner::SlowHead => {
                ended.cut = drip(
                    &mut socket,
                    b"GET /api/articles HTTP/1.1\r\nHost: x\r\nX-Slow: ",
                )
                .await
            }
            Manner::SlowBody => {
                let head = b"POST /api/articles HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
                ended.cut = drip(&mut socket, head).await;
            }
            Manner::NeverRead => ended.cut = fill(&mut socket).await,
        }
    };
    tokio::select! {
        () = job => {}
        () = stop => {}
    }
    ended
}

/// Waits for the server to close the connection.
async fn is_cut(socket: &mut TcpStream) -> bool {
    let mut part = [0; 512];
    loop {
        match socket.read(&mut part).await {
            Ok(1..) => {}
            _ => return true,
        }
    }
}

/// Sends a beginning and then a byte now and then, until the server closes the connection.
async fn drip(socket: &mut TcpStream, beginning: &[u8]) -> bool {
    if socket.write_all(beginning).await.is_err() {
        return true;
    }
    let (mut reader, mut writer) = socket.split();
    let write = async {
        loop {
            tokio::time::sleep(Duration::from_millis(400)).await;
            if writer.write_all(b"a").await.is_err() {
                return;
            }
        }
    };
    let mut part = [0; 512];
    let read = async { while let Ok(1..) = reader.read(&mut part).await {} };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
    true
}

/// Asks for something large and never reads, until the server closes the connection.
async fn fill(socket: &mut TcpStream) -> bool {
    let request = b"GET /api/docs/explorer.js HTTP/1.1\r\nHost: x\r\n\r\n";
    if socket.write_all(request).await.is_err() {
        return true;
    }
    loop {
        tokio::time::sleep(Duration::from_millis(400)).await;
        // Tells whether there is still somebody.
        if socket.write_all(b"G").await.is_err() {
            return true;
        }
    }
}
