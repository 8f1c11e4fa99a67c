//! The log on standard error, for people or for machines.
//!
//! **Always true**: a line of a request carries its id; lines of libraries are shown from `info` up only, because
//! nobody can vouch for what they print below; no thread that serves requests waits for standard error.
//! **Knows nothing about** what is logged. Start reading at [`start`], then `layer.rs`.

mod layer;
mod line;
mod sink;

use std::sync::Arc;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry};

use crate::config::{LogConfig, LogLevel};
use layer::Lines;
use sink::Sink;

/// Another layer that gets what is traced.
pub(super) type Tracing = Box<dyn tracing_subscriber::Layer<Registry> + Send + Sync>;

/// The log of this process; what is still in memory is written when this is dropped.
#[derive(Debug)]
pub(super) struct Log(Arc<Sink>);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// Starts the log. A command that is not the server tells only what somebody should look at, and at once.
pub(super) fn start(config: &LogConfig, is_server: bool, tracing: Option<Tracing>) -> Log {
    let wanted = match config.level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let quiet = wanted == LevelFilter::INFO && !is_server;
    let level = if quiet { LevelFilter::WARN } else { wanted };
    let filter = Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_target("tympan", level)
        .with_target("access", level)
        // Spans that only a collector of traces is for.
        .with_target(crate::platform::tracing::TARGET, LevelFilter::OFF);
    let sink = Arc::new(Sink::new(is_server));
    let lines = Lines::new(Arc::clone(&sink), config.format).with_filter(filter);
    // The log has been started already only if a test runs two commands in one process.
    let _ = tracing_subscriber::registry()
        .with(tracing)
        .with(lines)
        .try_init();
    Log(sink)
}
