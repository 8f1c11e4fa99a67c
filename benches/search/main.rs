//! Measures search: builds the dataset of the delivery bench in any size, lets the release binary index it, and asks
//! for a common word.
//!
//! Up to 10,000 articles are imported; more are copies of these with identities of their own, made in the database,
//! so that a million take minutes. `README.md` beside this folder says how to run it. Start reading at `measure`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are printed"
)]
#![allow(
    clippy::string_slice,
    reason = "the texts are made here and are plain ASCII"
)]

#[path = "../../tests/support/http.rs"]
mod http;
mod multiply;
#[path = "../workload/mod.rs"]
mod workload;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use workload::dataset::{BODY, Dataset};
use workload::load::Shot;
use workload::program::{Program, Running};
use workload::{load, seed};

const USAGE: &str = "\
cargo bench --bench search -- [OPTIONS]

  --articles 10000  size of the dataset; beyond 10000 a multiple of 10000
  --conc 1,32       how many callers at once, one run each
  --seconds 5       length of a timed run
  --warmup 2        seconds of warm-up before it
  --keep DIR        work in this folder and leave it; a second run with it does not import again";

/// Articles that are imported; a larger set is made of copies.
const IMPORTED: usize = 10_000;
const READY_WITHIN: Duration = Duration::from_secs(3600);

/// What is asked. The index remembers the last searches until it changes; where `#` stands every request has another
/// text, as many callers would have: a word that nothing holds and that must not be there, so that nothing is
/// remembered and the hits stay the same.
const REQUESTS: [(&str, &str); 6] = [
    (
        "common, list",
        "/api/articles?fields=title,slug&_q=qommon%20-#",
    ),
    (
        "common, remembered",
        "/api/articles?fields=title,slug&_q=qommon",
    ),
    (
        "common, search",
        "/api/search?types=articles&fields=title,slug&highlight=true&q=qommon%20-#",
    ),
    (
        "rare, list",
        "/api/articles?fields=title,slug&_q=qarerare%20-#",
    ),
    (
        "misspelt, search",
        "/api/search?types=articles&fields=title,slug&q=qarerrae%20-#",
    ),
    (
        "common, filtered",
        "/api/articles?filters[featured]=true&fields=title,slug&_q=qommon%20-#",
    ),
];

struct Options {
    articles: usize,
    callers: Vec<usize>,
    seconds: u64,
    warm_up: u64,
    keep: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    // `cargo test --all-targets` starts benches too, in a debug build and without this flag.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    match options(arguments.into_iter()).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("search: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn options(arguments: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options {
        articles: IMPORTED,
        callers: vec![1, 32],
        seconds: 5,
        warm_up: 2,
        keep: None,
    };
    let mut arguments = arguments.filter(|argument| argument != "--bench");
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .with_context(|| format!("{name} needs a value\n\n{USAGE}"))?;
        match name.as_str() {
            "--articles" => options.articles = value.parse()?,
            "--conc" => {
                options.callers = value.split(',').map(str::parse).collect::<Result<_, _>>()?;
            }
            "--seconds" => options.seconds = value.parse()?,
            "--warmup" => options.warm_up = value.parse()?,
            "--keep" => options.keep = Some(PathBuf::from(value)),
            _ => bail!("unknown option {name}\n\n{USAGE}"),
        }
    }
    if options.articles < 2500
        || (options.articles > IMPORTED && !options.articles.is_multiple_of(IMPORTED))
    {
        bail!(
            "--articles {}: at least 2500, and a multiple of {IMPORTED} beyond that",
            options.articles
        );
    }
    Ok(options)
}

fn run(options: &Options) -> Result<()> {
    let folder = match &options.keep {
        Some(folder) => folder.clone(),
        None => env::temp_dir().join(format!("tympan-bench-search-{}", std::process::id())),
    };
    fs::create_dir_all(&folder)?;
    let result = measure(options, &folder.canonicalize()?);
    if options.keep.is_none() {
        fs::remove_dir_all(&folder)?;
    }
    result
}

fn measure(options: &Options, folder: &Path) -> Result<()> {
    let program = Program {
        data: folder.join("data"),
        database: None,
        settings: Vec::new(),
    };
    if !folder.join("seed.json").exists() {
        fs::create_dir_all(&program.data)?;
        let dataset = Dataset::generate(options.articles.min(IMPORTED), BODY);
        seed::seed(&program, &dataset, folder)?;
        let times = options.articles / IMPORTED;
        if times > 1 {
            multiply::articles(&program.data.join("tympan.db"), times)?;
        }
    }
    let started = Instant::now();
    let said = program.run(&["search", "rebuild"])?;
    let index = size_of(&program.data.join("search"));
    println!(
        "index    {said} in {:.1} s, {:.1} MiB on disk",
        started.elapsed().as_secs_f64(),
        index / 1024.0 / 1024.0
    );
    let (server, _) = program.serve()?;
    ready(&server)?;
    table(options, &server)
}

fn size_of(folder: &Path) -> f64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size_of(&entry.path()),
            Ok(found) => found.len() as f64,
            Err(_) => 0.0,
        })
        .sum()
}

/// Waits until searches are answered from the index.
fn ready(server: &Running) -> Result<()> {
    let end = Instant::now() + READY_WITHIN;
    let mut connection = http::Connection::open(server.address)?;
    let request = http::request("GET", "/api/search?q=qommon&types=articles", None, None);
    while Instant::now() < end {
        let answer = connection.send(&request)?;
        let body: Value = serde_json::from_slice(answer.body)?;
        if body["meta"]["search"]["index"].is_null() {
            let total = &body["meta"]["pagination"]["total"];
            println!("hits     {total} articles hold the common word");
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("there was no index within {READY_WITHIN:?}")
}

fn table(options: &Options, server: &Running) -> Result<()> {
    println!(
        "\nrequest               callers  requests/s    p50 ms    p99 ms      bytes  failed  memory MiB"
    );
    let mut failed = 0;
    for (name, path) in REQUESTS {
        for callers in &options.callers {
            let shot = shot(path);
            let (warm_up, timed) = (
                Duration::from_secs(options.warm_up),
                Duration::from_secs(options.seconds),
            );
            let outcome = load::run(server.address, &shot, *callers, warm_up, timed)?;
            failed += outcome.failures;
            println!(
                "{name:<20}  {callers:>7}  {:>10.1}  {:>8.2}  {:>8.2}  {:>9}  {:>6}  {:>10.1}",
                outcome.per_second,
                outcome.p50_ms,
                outcome.p99_ms,
                outcome.bytes,
                outcome.failures,
                server.memory().now
            );
        }
    }
    if failed > 0 {
        bail!("{failed} requests failed");
    }
    Ok(())
}

/// A request; the load generator writes another text of the width of this one into each.
fn shot(path: &str) -> Shot {
    const TEXT: &str = "000-000000000";
    let bytes = http::request("GET", &path.replace('#', TEXT), None, None);
    let at = bytes
        .windows(TEXT.len())
        .position(|window| window == TEXT.as_bytes());
    Shot {
        variants: vec![bytes],
        slug: at.map(|at| at..at + TEXT.len()),
    }
}
