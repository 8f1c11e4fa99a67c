//! `tympan serve`.

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::failure::Failure;
use super::{open, print};
use crate::app::App;
use crate::config::Config;
use crate::jobs::{Background, Outward};
use crate::platform::tracing::Exporting;
use crate::server::metrics::MetricsConfig;
use crate::server::{self, ServerConfig};

/// The shortest token for the metrics.
const LEAST_TOKEN: usize = 16;

/// Serves the content over HTTP.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:1337, environment: TYMPAN_SERVER_LISTEN].
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) listen: Option<String>,
}

pub(super) async fn run(config: &Config, traces: Option<Exporting>) -> anyhow::Result<()> {
    let signals = signals().context("cannot listen for signals")?;
    let app = open::open(config).await?;
    let listener = bind(&config.server.listen).await?;
    greet(config, listener.local_addr()?);
    let (stop_traces, stopped) = watch::channel(0);
    let traces = traces.map(|traces| tokio::spawn(traces.run(reached(stopped, 1))));
    let background = background(&app, config)?;
    let settings = ServerConfig {
        listen: config.connections.clone(),
        headers: config.headers.clone(),
        body: config.body,
        api: config.api.clone(),
        metrics: config.metrics.clone(),
    };
    let mut metrics = metrics(config, &app, &settings, signals.clone()).await?;
    let served = server::serve(
        Arc::clone(&app),
        listener,
        settings,
        reached(signals.clone(), 1),
        reached(signals, 2),
    )
    .await;
    drop(background);
    metrics.abort_all();
    stop_traces.send_replace(1);
    if let Some(traces) = traces {
        // Bounded by itself.
        let _ = traces.await;
    }
    app.close().await;
    served?;
    tracing::info!("stopped");
    Ok(())
}

/// Serves the metrics on an address of their own if one is configured.
async fn metrics(
    config: &Config,
    app: &Arc<App>,
    settings: &ServerConfig,
    signals: watch::Receiver<u32>,
) -> anyhow::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    let MetricsConfig { listen, token } = &config.metrics;
    if !token.is_empty() && token.len() < LEAST_TOKEN {
        let failure = Failure::new(format!(
            "`metrics.token` has less than {LEAST_TOKEN} characters"
        ));
        return Err(failure.hint("make one with `openssl rand -hex 32`").into());
    }
    if listen.is_empty() {
        return Ok(tasks);
    }
    let listener = bind(listen).await?;
    print::note(format!(
        "metrics on http://{}/metrics",
        listener.local_addr()?
    ));
    let (app, settings) = (Arc::clone(app), settings.clone());
    tasks.spawn(async move {
        if let Err(error) =
            server::serve_metrics(app, listener, settings, reached(signals, 1)).await
        {
            tracing::error!(%error, "the metrics are not served");
        }
    });
    Ok(tasks)
}

/// Everything that runs beside requests.
fn background(app: &Arc<App>, config: &Config) -> anyhow::Result<Background> {
    let mut background = Background::start(app);
    let outward = Outward {
        outbound: config.outbound.clone(),
        webhooks: config.webhooks.clone(),
        purge: config.purge.clone(),
    };
    background.tell_others(app, outward)?;
    Ok(background)
}

async fn bind(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let shown = address.escape_debug();
        let failure = Failure::new(format!("cannot listen: {shown}: {error}"));
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program has this port; pass another with `--listen HOST:PORT`, port 0 takes a free one"
            }
            io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; pass a higher one with `--listen`",
            _ => "write the address as HOST:PORT, such as 127.0.0.1:1337",
        };
        failure.hint(hint).into()
    })
}

/// Tests and scripts wait for the first line; the rest is for people.
fn greet(config: &Config, address: SocketAddr) {
    print::note(format!("listening on http://{address}"));
    if !io::stderr().is_terminal() {
        return;
    }
    print::note(format!(
        "\n  content    http://{address}/api\
         \n  reference  http://{address}/api/docs\
         \n  database   {}\n\
         \n  Nobody may read anything until it is allowed. In another terminal:\
         \n  tympan init                                          a sample magazine to look at\
         \n  tympan role allow public TYPE find findOne           what everybody may read\
         \n  tympan token create --name site --type read-only     a token for a frontend\n",
        open::place(config)
    ));
}

/// Counts the signals that ask the server to stop.
fn signals() -> io::Result<watch::Receiver<u32>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (count, counted) = watch::channel(0);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            count.send_modify(|count| *count += 1);
            tracing::info!("stopping; a second signal cuts open requests");
        }
    });
    Ok(counted)
}

async fn reached(mut signals: watch::Receiver<u32>, count: u32) {
    if signals.wait_for(|seen| *seen >= count).await.is_err() {
        std::future::pending::<()>().await;
    }
}
