//! Measures what a frontend sees: loads the workload into an empty database, starts the release binary, and asks.
//!
//! `README.md` beside this folder says how to run it and what each figure is. Start reading at `measure`.
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
mod options;
#[path = "../workload/mod.rs"]
mod workload;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::{Context, Result, bail};
use serde_json::json;

use options::{Options, USAGE};
use workload::dataset::{BODY, Dataset};
use workload::program::{Program, Running};
use workload::requests::Requests;
use workload::{load, seed};

/// The digest of the dataset in its usual size, taken from the generator that feeds the other systems.
const DIGEST: (usize, &str) = (
    10_000,
    "d9299a2396607e57b15f2e471d3247a1cd641a7611641ffe91be61fa69ae0cd0",
);
const IDLE_AFTER: Duration = Duration::from_secs(2);

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
    match Options::parse(arguments.into_iter()).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("delivery: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let folder = match &options.keep {
        Some(folder) => folder.clone(),
        None => env::temp_dir().join(format!("tympan-bench-{}", std::process::id())),
    };
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let folder = folder.canonicalize()?;
    let result = measure(options, &folder);
    if options.keep.is_none() {
        fs::remove_dir_all(&folder)?;
    }
    result
}

fn measure(options: &Options, folder: &Path) -> Result<()> {
    let dataset = Dataset::generate(options.articles, BODY);
    if options.articles == DIGEST.0 && dataset.digest() != DIGEST.1 {
        bail!(
            "the dataset is not the one that other systems are measured with: digest {}",
            dataset.digest()
        );
    }
    let program = Program {
        data: folder.join("data"),
        database: options.database.clone(),
        settings: Vec::new(),
    };
    let seed = seed::seeded(&program, &dataset, folder)?;
    let seconds = seed["importSeconds"].as_f64().unwrap_or(f64::NAN);
    let rate = seed["rowsPerSecond"].as_f64().unwrap_or(f64::NAN);
    println!(
        "import   {} articles in {seconds:.2} s, {rate:.0}/s",
        options.articles
    );
    if options.seed_only {
        return Ok(());
    }
    let server = start(&program, options.starts)?;
    let article = dataset.articles.first().context("no article")?.to_json();
    let values = json!({ "meta": dataset.meta, "seed": seed, "article": article });
    drop(dataset);
    table(options, &server, &Requests::new(&values)?)
}

/// Starts the server a few times, prints the median time and the idle memory, and leaves the last one running.
fn start(program: &Program, starts: usize) -> Result<Running> {
    let (mut server, mut times) = (None, Vec::new());
    for _ in 0..starts.max(1) {
        drop(server.take());
        let (running, time) = program.serve()?;
        times.push(time.as_secs_f64() * 1000.0);
        server = Some(running);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "start    {:.0} ms to the first answered list, median of {}",
        times[times.len() / 2],
        times.len()
    );
    let server = server.context("no server was started")?;
    thread::sleep(IDLE_AFTER);
    let memory = server.memory();
    println!(
        "idle     {:.1} MiB resident, {:.1} at its peak",
        memory.now, memory.peak
    );
    Ok(server)
}

fn table(options: &Options, server: &Running, requests: &Requests) -> Result<()> {
    let mut connection = http::Connection::open(server.address)?;
    let reads = options.only.iter().filter(|name| *name != "f");
    for name in reads.clone() {
        requests.check(name, &mut connection)?;
    }
    println!("\nrequest  callers  requests/s    p50 ms    p99 ms      bytes  failed  memory MiB");
    let (warm_up, timed) = (
        Duration::from_secs(options.warm_up),
        Duration::from_secs(options.seconds),
    );
    let writes = options.only.iter().filter(|name| *name == "f");
    let (mut run, mut failed) = (0, 0);
    // Creates come last, because they change what the lists answer.
    for name in reads.chain(writes) {
        for callers in &options.callers {
            run += 1;
            let shot = requests.shot(name, run)?;
            let outcome = load::run(server.address, &shot, *callers, warm_up, timed)
                .with_context(|| format!("request {name} with {callers} callers"))?;
            failed += outcome.failures;
            println!(
                "{name:<7}  {callers:>7}  {:>10.1}  {:>8.2}  {:>8.2}  {:>9}  {:>6}  {:>10.1}",
                outcome.per_second,
                outcome.p50_ms,
                outcome.p99_ms,
                outcome.bytes,
                outcome.failures,
                server.memory().now
            );
        }
    }
    println!("\npeak     {:.1} MiB resident", server.memory().peak);
    if failed > 0 {
        bail!("{failed} requests failed");
    }
    Ok(())
}
