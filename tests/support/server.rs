//! The binary under test: one-off commands and a running server.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::http::Connection;
use super::postgres::Postgres;

const READY_WITHIN: Duration = Duration::from_secs(60);
const READY_LINE: &str = "listening on http://";
const KEPT_LINES: usize = 200;

/// A folder under the system's temporary folder that vanishes with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "tympan-test-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a temporary folder can be made");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where a test keeps its content: a data folder, and a Postgres database if it is not SQLite in that folder.
pub(crate) struct Database {
    folder: Folder,
    url: Option<String>,
}

impl Database {
    pub(crate) fn sqlite() -> Database {
        Database {
            folder: Folder::new(),
            url: None,
        }
    }

    /// A fresh database in the cluster of this test process.
    pub(crate) fn postgres() -> Database {
        Database {
            folder: Folder::new(),
            url: Some(Postgres::shared().fresh_database()),
        }
    }

    /// A database that another value made, for a second node; the data folder is its own.
    pub(crate) fn at(url: &str) -> Database {
        Database {
            folder: Folder::new(),
            url: Some(url.to_owned()),
        }
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The binary with a subcommand and its arguments, pointed at this database.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tympan"));
        // The settings of the tests themselves are none of the program's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TYMPAN_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).arg("--data").arg(self.data());
        if let Some(url) = &self.url {
            command.args(["--database", url]);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed and returns its standard output, trimmed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        run(&mut self.command(arguments))
    }
}

/// Runs a command that must succeed and returns its standard output, trimmed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{command:?} failed with {}\nstdout: {out}\nstderr: {err}",
        output.status
    );
    out.trim().to_owned()
}

/// A running `tympan serve`.
pub(crate) struct Server {
    address: SocketAddr,
    process: Child,
    arguments: Vec<String>,
    database: Database,
    lines: Lines,
}

type Lines = Arc<Mutex<VecDeque<String>>>;

impl Server {
    /// Starts the binary on a free port and waits until it says that it listens.
    pub(crate) fn start(database: Database) -> Server {
        Server::start_with(database, &[])
    }

    /// As [`Server::start`], with more arguments for `serve`.
    pub(crate) fn start_with(database: Database, arguments: &[&str]) -> Server {
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| (*argument).to_owned())
            .collect();
        let (process, address, lines) = spawn(&database, &arguments);
        Server {
            address,
            process,
            arguments,
            database,
            lines,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address).expect("a server that listens accepts connections")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What the server wrote to standard error, the last lines of it.
    pub(crate) fn log(&self) -> String {
        joined(&self.lines)
    }

    /// Ends the process at once, as `kill -9` does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts the server again on the same database after [`Server::kill`]; the port is a new one.
    pub(crate) fn start_again(&mut self) {
        (self.process, self.address, self.lines) = spawn(&self.database, &self.arguments);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- the server's last lines\n{}", self.log());
        }
    }
}

fn spawn(database: &Database, arguments: &[String]) -> (Child, SocketAddr, Lines) {
    let mut command = database.command(&["serve", "--listen", "127.0.0.1:0"]);
    command
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut process = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let lines = Lines::default();
    let address = ready_address(
        process.stderr.take().expect("standard error is piped"),
        &lines,
    );
    match address {
        Ok(address) => (process, address, lines),
        Err(why) => {
            let _ = process.kill();
            let _ = process.wait();
            panic!("{command:?} {why}\n{}", joined(&lines));
        }
    }
}

/// Reads the server's lines for as long as it lives and returns the address from the line that names it.
fn ready_address(stderr: ChildStderr, lines: &Lines) -> Result<SocketAddr, &'static str> {
    let (found, wait) = mpsc::channel();
    let kept = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line) {
                let _ = found.send(address);
            }
            let mut kept = kept.lock().unwrap();
            if kept.len() == KEPT_LINES {
                kept.pop_front();
            }
            kept.push_back(line);
        }
    });
    wait.recv_timeout(READY_WITHIN)
        .map_err(|error| match error {
            RecvTimeoutError::Timeout => "did not listen in time",
            RecvTimeoutError::Disconnected => "ended before it listened",
        })
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(READY_LINE)?;
    let end = rest
        .find(|c: char| !(c.is_ascii_hexdigit() || ".:[]".contains(c)))
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

fn joined(lines: &Lines) -> String {
    lines
        .lock()
        .unwrap()
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n")
}
