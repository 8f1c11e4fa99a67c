//! The command line: one file per subcommand.
//!
//! **Always true**: only this module prints; what a command answers goes to standard output, everything for
//! people beside it to standard error; a failure is one clear line there and exit code 1 (2 for wrong usage).
//! Every command works beside a running server on the same database.
//! Start reading at [`run`].

mod check;
mod config;
mod failure;
mod follow;
mod import;
mod init;
mod jobs;
mod logging;
mod open;
mod openapi;
mod print;
mod purge;
mod role;
mod schedule;
mod schema;
mod search;
mod serve;
mod token;
mod user;
mod webhook;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Loaded, Override, PREFIX};
use crate::platform::http_client::Client;
use crate::platform::metrics;
use crate::platform::tracing::Exporting;
use failure::Failure;

/// A headless CMS in one binary: write, publish, and serve content over HTTP.
#[derive(Debug, Parser)]
#[command(name = "tympan", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
struct Global {
    /// Folder of everything that is stored [default: ./data, environment: TYMPAN_DATA].
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<String>,
    /// `sqlite:PATH` or `postgres://…` [default: sqlite:DATA/tympan.db, environment: TYMPAN_DATABASE_URL].
    #[arg(long, value_name = "URL", global = true)]
    database: Option<String>,
    /// Configuration file [default: tympan.toml if there is one, environment: TYMPAN_CONFIG].
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Init(init::Init),
    #[command(subcommand)]
    Schema(schema::Command),
    #[command(subcommand)]
    Import(import::Import),
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    #[command(subcommand)]
    Jobs(jobs::Jobs),
    #[command(subcommand)]
    Token(token::Token),
    #[command(subcommand)]
    Role(role::Role),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    Purge(purge::Purge),
    Config(config::Show),
    Openapi(openapi::OpenApi),
    Check(check::Check),
    #[command(subcommand)]
    Search(search::Command),
}

/// Reads the command line, does what it says and tells how it went.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => {
            // Help and version arrive here as well; clap knows which stream and code belong to them.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print::note(failure::lines(&error));
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<()> {
    let loaded = load(&arguments)?;
    let is_server = matches!(arguments.command, Command::Serve(_));
    let traces = match is_server {
        true => traces(&loaded.config)?,
        false => None,
    };
    let layer = traces.as_ref().map(Exporting::layer);
    let _log = logging::start(&loaded.config.log, is_server, layer);
    metrics::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(dispatch(arguments.command, &loaded, traces))
}

/// The export of traces, if a collector is named.
fn traces(config: &Config) -> anyhow::Result<Option<Exporting>> {
    if config.otel.endpoint.is_empty() {
        return Ok(None);
    }
    let outbound = config.outbound.clone().allowing(&config.otel.endpoint);
    Ok(Exporting::new(&config.otel, Client::new(&outbound)?)?)
}

async fn dispatch(
    command: Command,
    loaded: &Loaded,
    traces: Option<Exporting>,
) -> anyhow::Result<()> {
    let config = &loaded.config;
    match command {
        Command::Serve(_) => serve::run(config, traces).await,
        Command::Init(init) => init::run(&init, config).await,
        Command::Schema(schema) => schema::run(schema, config).await,
        Command::Import(import) => import::run(import, config).await,
        Command::Schedule(schedule) => schedule::run(schedule, config).await,
        Command::Jobs(jobs) => jobs::run(jobs, config).await,
        Command::Token(token) => token::run(token, config).await,
        Command::Role(role) => role::run(role, config).await,
        Command::User(user) => user::run(user, config).await,
        Command::Purge(purge) => purge::run(purge, config).await,
        Command::Webhook(webhook) => webhook::run(webhook, config).await,
        Command::Config(_) => config::run(loaded),
        Command::Openapi(openapi) => openapi::run(&openapi, config).await,
        Command::Check(_) => check::run(config).await,
        Command::Search(search) => search::run(search, config).await,
    }
}

fn load(arguments: &Arguments) -> anyhow::Result<Loaded> {
    let global = &arguments.global;
    let serve = match &arguments.command {
        Command::Serve(serve) => Some(serve),
        _ => None,
    };
    let served = |flag: fn(&serve::Serve) -> Option<&String>| serve.and_then(flag);
    let flags = [
        ("data", "--data", global.data.as_ref()),
        ("database.url", "--database", global.database.as_ref()),
        (
            "server.listen",
            "--listen",
            served(|serve| serve.listen.as_ref()),
        ),
        (
            "follow.url",
            "--follow",
            served(|serve| serve.follow.as_ref()),
        ),
        (
            "follow.token",
            "--token",
            served(|serve| serve.token.as_ref()),
        ),
    ];
    let flags: Vec<Override> = flags
        .into_iter()
        .filter_map(|(key, flag, value)| {
            let value = value?.clone();
            Some(Override { key, flag, value })
        })
        .collect();
    let environment = environment()?;
    Ok(Loaded::load(
        global.config.as_deref(),
        &environment,
        &flags,
    )?)
}

/// The variables that are ours.
fn environment() -> anyhow::Result<Vec<(String, String)>> {
    let mut ours = Vec::new();
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if !name.starts_with(PREFIX) {
            continue;
        }
        let Ok(value) = value.into_string() else {
            let message = format!("the environment variable {name} is not UTF-8");
            return Err(Failure::new(message).into());
        };
        ours.push((name.into_owned(), value));
    }
    ours.sort();
    Ok(ours)
}
