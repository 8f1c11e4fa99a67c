//! Side by side: in each round, everything that is compared runs one after the other; ratios are made within a
//! round, and their median is what is shown.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::constant::Constant;
use crate::http::{Connection, request};
use crate::nginx::Nginx;
use crate::options::Options;
use crate::workload::load::{self, Outcome, Shot};
use crate::workload::program::Running;
use crate::writes;

/// What is compared for one request.
struct Case<'a> {
    name: &'a str,
    callers: usize,
    server: SocketAddr,
    constant: SocketAddr,
    nginx: Option<SocketAddr>,
    path: String,
    /// The tag of the server's answer, if it sends one.
    tag: Option<String>,
    token: &'a str,
    /// An entry that the answer shows.
    shown: Vec<String>,
    /// Entries that it does not show.
    others: &'a [String],
}

/// One thing that is measured, in all rounds.
struct Row {
    what: &'static str,
    rounds: Vec<Outcome>,
    /// Ratios to other rows: their name and the row's number.
    against: Vec<(&'static str, usize)>,
}

/// Compares one request at every number of callers.
pub(crate) fn compare(
    options: &Options,
    name: &str,
    path: &str,
    server: &Running,
    token: &str,
    others: &[String],
    folder: &Path,
) -> Result<()> {
    let mut connection = Connection::open(server.address)?;
    let answer = connection.send(&request("GET", path, None, None))?;
    let body = answer.body.to_vec();
    let shown = documents(&body)?;
    fs::write(folder.join("answer.json"), &body)?;
    let tag = tag(server.address, path)?;
    let constant = Constant::start(&folder.join("answer.json"))?;
    let nginx = Nginx::start(folder)?;
    if nginx.is_none() {
        println!("nginx is not installed: its rows are left out");
    }
    if tag.is_none() {
        println!("this build sends no ETag: the rows of 304 answers are left out");
    }
    let others: Vec<String> = others
        .iter()
        .filter(|other| !shown.contains(other))
        .cloned()
        .collect();
    for callers in &options.callers {
        let case = Case {
            name,
            callers: *callers,
            server: server.address,
            constant: constant.address,
            nginx: nginx.as_ref().map(|nginx| nginx.address),
            path: path.to_owned(),
            tag: tag.clone(),
            token,
            shown: shown.iter().take(1).cloned().collect(),
            others: &others,
        };
        case.measure(options)?;
    }
    Ok(())
}

impl Case<'_> {
    fn measure(&self, options: &Options) -> Result<()> {
        let plain = Shot::one(request("GET", &self.path, None, None));
        let mut rows = vec![
            Row::new("constant", &[]),
            Row::new("this server", &[("of constant", 0)]),
        ];
        rows.push(Row::new(
            "this server, 5 writes/s elsewhere",
            &[("of constant", 0), ("of quiet", 1)],
        ));
        rows.push(Row::new(
            "this server, 5 writes/s to what is shown",
            &[("of constant", 0), ("of quiet", 1)],
        ));
        if self.nginx.is_some() {
            let at = rows.len();
            rows.push(Row::new("nginx", &[]));
            rows[1].against.push(("of nginx", at));
        }
        if self.tag.is_some() {
            let at = rows.len();
            rows.push(Row::new("constant, 304", &[]));
            rows.push(Row::new(
                "this server, 304",
                &[("of constant, 304", at), ("of quiet", 1)],
            ));
        }
        for _ in 0..options.rounds {
            for row in &mut rows {
                let outcome = self.run(row.what, &plain, options)?;
                row.rounds.push(outcome);
            }
        }
        for row in &rows {
            println!("{}", row.line(self, &rows));
        }
        Ok(())
    }

    fn run(&self, what: &str, plain: &Shot, options: &Options) -> Result<Outcome> {
        let (warm_up, timed) = (
            Duration::from_millis(options.warm_up_ms),
            Duration::from_secs(options.seconds),
        );
        let ask = |address, shot: &Shot| load::run(address, shot, self.callers, warm_up, timed);
        let condition =
            |line: &str| Shot::one(with_line(&request("GET", &self.path, None, None), line));
        let outcome = match what {
            "constant" => ask(self.constant, plain),
            "nginx" => {
                let shot = Shot::one(request("GET", "/answer.json", None, None));
                ask(self.nginx.context("no nginx")?, &shot)
            }
            "constant, 304" => ask(self.constant, &condition(&Constant::condition())),
            "this server, 304" => {
                let tag = self.tag.as_ref().context("no tag")?;
                ask(
                    self.server,
                    &condition(&format!("If-None-Match: {tag}\r\n")),
                )
            }
            "this server, 5 writes/s elsewhere" => {
                writes::during(self.server, self.token, self.others, || {
                    ask(self.server, plain)
                })
            }
            "this server, 5 writes/s to what is shown" => {
                writes::during(self.server, self.token, &self.shown, || {
                    ask(self.server, plain)
                })
            }
            _ => ask(self.server, plain),
        };
        outcome.with_context(|| {
            format!(
                "request {} with {} callers: {what}",
                self.name, self.callers
            )
        })
    }
}

impl Row {
    fn new(what: &'static str, against: &[(&'static str, usize)]) -> Row {
        Row {
            what,
            rounds: Vec::new(),
            against: against.to_vec(),
        }
    }

    fn line(&self, case: &Case<'_>, rows: &[Row]) -> String {
        let middle = |of: fn(&Outcome) -> f64| median(self.rounds.iter().map(of).collect());
        let ratios: Vec<String> = self
            .against
            .iter()
            .map(|(words, at)| {
                let pairs = self.rounds.iter().zip(&rows[*at].rounds);
                let ratio = median(
                    pairs
                        .map(|(ours, theirs)| ours.per_second / theirs.per_second)
                        .collect(),
                );
                format!("{ratio:.2} {words}")
            })
            .collect();
        let failures: usize = self.rounds.iter().map(|outcome| outcome.failures).sum();
        format!(
            "{:<3} {:>3}  {:<42} {:>9.0} {:>8.3} {:>8.3} {:>8} {:>6}  {}",
            case.name,
            case.callers,
            self.what,
            middle(|outcome| outcome.per_second),
            middle(|outcome| outcome.p50_ms),
            middle(|outcome| outcome.p99_ms),
            self.rounds.first().map_or(0, |outcome| outcome.bytes),
            failures,
            ratios.join(", "),
        )
    }
}

/// The heading of the lines.
pub(crate) fn heading() {
    println!(
        "\n{:<3} {:>3}  {:<42} {:>9} {:>8} {:>8} {:>8} {:>6}  ratios",
        "", "par", "", "req/s", "p50 ms", "p99 ms", "bytes", "failed"
    );
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The request with one more header line.
fn with_line(request: &[u8], line: &str) -> Vec<u8> {
    let head = request.len() - 2;
    [&request[..head], line.as_bytes(), b"\r\n"].concat()
}

/// The documents an answer is about.
fn documents(body: &[u8]) -> Result<Vec<String>> {
    let body: Value = serde_json::from_slice(body).context("the answer is not JSON")?;
    let entries = body["data"].as_array().into_iter().flatten();
    let ids = entries.filter_map(|entry| entry["documentId"].as_str().map(str::to_owned));
    Ok(ids.collect())
}

/// The tag of the answer to a request.
fn tag(address: SocketAddr, path: &str) -> io::Result<Option<String>> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(&with_line(
        &request("GET", path, None, None),
        "Connection: close\r\n",
    ))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(name, _)| name.eq_ignore_ascii_case("etag"));
    Ok(found.map(|(_, tag)| tag.to_owned()))
}
