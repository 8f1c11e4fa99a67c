//! The program under measurement: its commands, a running server, and the memory of that.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::http::{Connection, request};

const READY_PATH: &str = "/api/articles?pagination[pageSize]=1";
const READY_WITHIN: Duration = Duration::from_secs(30);
const BETWEEN_TRIES: Duration = Duration::from_micros(500);

/// Where the binary keeps its content.
pub(crate) struct Program {
    pub(crate) data: PathBuf,
    pub(crate) database: Option<String>,
    /// Environment variables of the server.
    pub(crate) settings: Vec<(&'static str, String)>,
}

impl Program {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tympan"));
        command
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .stdin(Stdio::null());
        if let Some(url) = &self.database {
            command.args(["--database", url]);
        }
        command
    }

    /// Runs a command that must succeed and returns what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self
            .command(arguments)
            .output()
            .context("the binary cannot be started")?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            bail!(
                "tympan {}: {}\n{complaint}",
                arguments.join(" "),
                output.status
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Starts the server and asks until the first list is answered; the time is that from start to answer.
    pub(crate) fn serve(&self) -> Result<(Running, Duration)> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = fs::File::create(self.data.join("serve.log"))?;
        let mut command = self.command(&["serve", "--listen", &address.to_string()]);
        command.stdout(Stdio::null()).stderr(log);
        command.envs(self.settings.iter().map(|(name, value)| (*name, value)));
        let started = Instant::now();
        let mut running = Running {
            process: command.spawn()?,
            address,
        };
        while !running.answers() {
            if let Some(status) = running.process.try_wait()? {
                let log = fs::read_to_string(self.data.join("serve.log")).unwrap_or_default();
                bail!("tympan serve ended with {status}\n{log}");
            }
            if started.elapsed() > READY_WITHIN {
                bail!(
                    "tympan serve did not answer GET {READY_PATH} with 200 within {READY_WITHIN:?}"
                );
            }
            thread::sleep(BETWEEN_TRIES);
        }
        Ok((running, started.elapsed()))
    }
}

/// A server process; it is ended with the value.
pub(crate) struct Running {
    process: Child,
    pub(crate) address: SocketAddr,
}

/// Resident memory in MiB.
pub(crate) struct Memory {
    pub(crate) now: f64,
    pub(crate) peak: f64,
}

impl Running {
    fn answers(&self) -> bool {
        let Ok(mut connection) = Connection::open(self.address) else {
            return false;
        };
        let answer = connection.send(&request("GET", READY_PATH, None, None));
        answer.is_ok_and(|answer| answer.status == 200)
    }

    pub(crate) fn memory(&self) -> Memory {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(path).unwrap_or_default();
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|rest| rest.split_whitespace().nth(1));
            kib.and_then(|kib| kib.parse::<f64>().ok())
                .map_or(f64::NAN, |kib| kib / 1024.0)
        };
        Memory {
            now: mib("VmRSS"),
            peak: mib("VmHWM"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
