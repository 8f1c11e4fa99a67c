//! Measures answers that were asked before: beside the same server answering the same bytes as a constant, and
//! beside nginx serving them as a file; quiet and with writes going on.
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

mod compare;
mod constant;
#[path = "../../tests/support/http.rs"]
mod http;
mod log;
mod nginx;
mod options;
mod scale;
#[path = "../workload/mod.rs"]
mod workload;
mod writes;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use options::{Options, USAGE};
use workload::dataset::{BODY, Dataset};
use workload::program::Program;
use workload::requests::Requests;
use workload::{archive, seed};

/// The program's allocator, so that the constant is served on the same ground.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, file] = arguments.as_slice()
        && flag == constant::FLAG
    {
        return done(constant::serve(Path::new(file)));
    }
    if arguments.iter().any(|argument| argument == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    // `cargo test --all-targets` starts benches too, in a debug build and without this flag.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    done(Options::parse(arguments.into_iter()).and_then(|options| run(&options)))
}

fn done(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serving: {error:#}");
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
    let result = match options.scale.is_empty() {
        true => measure(options, &folder),
        false => scale::scale(options, &folder),
    };
    if options.keep.is_none() {
        fs::remove_dir_all(&folder)?;
    }
    result
}

fn measure(options: &Options, folder: &Path) -> Result<()> {
    let dataset = Dataset::generate(options.articles, BODY);
    let program = Program {
        data: folder.join("data"),
        database: None,
        // The constant and nginx write none either; `--log` shows what it costs.
        settings: vec![("TYMPAN_HEADERS_ACCESS_LOG", "false".to_owned())],
    };
    let imported = seed::seeded(&program, &dataset, folder)?;
    let article = dataset.articles.first().context("no article")?.to_json();
    let values = json!({ "meta": dataset.meta, "seed": imported, "article": article });
    let token = imported["token"].as_str().context("no token")?;
    let others: Vec<String> = (0..options.articles)
        .step_by(7)
        .map(|index| archive::document_id("article", index))
        .collect();
    drop(dataset);
    let requests = Requests::new(&values)?;
    let (server, _) = program.serve()?;
    compare::heading();
    for name in &options.only {
        // A new one: the server closes what lies idle while the callers ask.
        let mut connection = http::Connection::open(server.address)?;
        requests.check(name, &mut connection)?;
        let path = requests.path(name)?;
        compare::compare(options, name, &path, &server, token, &others, folder)?;
    }
    println!(
        "\nmemory: {:.0} MiB resident, {:.0} at its peak",
        server.memory().now,
        server.memory().peak
    );
    drop(server);
    if options.log {
        log::measure(options, &program, &requests)?;
    }
    let _: Value = values;
    Ok(())
}
