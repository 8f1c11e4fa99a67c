//! The configuration: defaults < `tympan.toml` < `TYMPAN_*` environment < flags.
//!
//! Each module owns a struct with its numbers; this one collects them under section names. A setting is named
//! `section.key` everywhere: `[server] listen = …` in the file, `TYMPAN_SERVER_LISTEN` in the environment.
//!
//! **Always true**: `Default` of the structs is the only source of defaults; a name that no setting has is
//! refused with the nearest one that exists, whether it stands in the file or in the environment.
//! **Knows nothing about** the command line's grammar. Start reading at [`Loaded::load`].

mod bounds;
mod layers;
mod nearest;
mod show;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use layers::{Loaded, Override, Setting, Source};
pub use nearest::nearest;

use crate::base::json::JsonLimits;
use crate::base::limits::QueryLimits;
use crate::changes::ChangesConfig;
use crate::delivery::cache::CacheConfig;
use crate::jobs::JobsConfig;
use crate::platform::database::DatabaseConfig;
use crate::platform::http_client::OutboundConfig;
use crate::platform::tracing::TraceConfig;
use crate::purges::PurgeConfig;
use crate::rate::RateConfig;
use crate::search::SearchConfig;
use crate::server::delivery::ApiConfig;
use crate::server::headers::HeaderConfig;
use crate::server::listen::ListenConfig;
use crate::server::metrics::MetricsConfig;
use crate::sync::SyncConfig;
use crate::sync::node::FollowConfig;
use crate::webhooks::WebhookConfig;

/// The file that is read from the working directory if it is there.
pub const FILE: &str = "tympan.toml";
/// What every environment variable begins with.
pub const PREFIX: &str = "TYMPAN_";
/// Names the configuration file, as `--config` does.
pub const FILE_VARIABLE: &str = "TYMPAN_CONFIG";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The folder of everything that is stored in files.
    pub data: String,
    /// The database.
    pub database: DatabaseConfig,
    /// Where the server listens.
    pub server: AddressConfig,
    /// Bounds of connections.
    pub connections: ListenConfig,
    /// What every response carries.
    pub headers: HeaderConfig,
    /// Bounds of request bodies.
    pub body: JsonLimits,
    /// Bounds of queries.
    pub limits: QueryLimits,
    /// What the delivery API accepts.
    pub api: ApiConfig,
    /// How often callers may ask.
    pub rate: RateConfig,
    /// The change log.
    pub changes: ChangesConfig,
    /// Work beside requests.
    pub jobs: JobsConfig,
    /// Bounds of the sync feed and of live streams.
    pub sync: SyncConfig,
    /// Whom a read node follows.
    pub follow: FollowConfig,
    /// Full-text search.
    pub search: SearchConfig,
    /// How answers are kept.
    pub cache: CacheConfig,
    /// What is written to standard error.
    pub log: LogConfig,
    /// Bounds of requests that leave.
    pub outbound: OutboundConfig,
    /// How webhooks are delivered.
    pub webhooks: WebhookConfig,
    /// Which CDN is told what it must forget.
    pub purge: PurgeConfig,
    /// Who may read the metrics.
    pub metrics: MetricsConfig,
    /// What is traced and where to.
    pub otel: TraceConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "./data".to_owned(),
            database: DatabaseConfig::default(),
            server: AddressConfig::default(),
            connections: ListenConfig::default(),
            headers: HeaderConfig::default(),
            body: JsonLimits::default(),
            limits: QueryLimits::default(),
            api: ApiConfig::default(),
            rate: RateConfig::default(),
            changes: ChangesConfig::default(),
            jobs: JobsConfig::default(),
            sync: SyncConfig::default(),
            follow: FollowConfig::default(),
            search: SearchConfig::default(),
            cache: CacheConfig::default(),
            log: LogConfig::default(),
            outbound: OutboundConfig::default(),
            webhooks: WebhookConfig::default(),
            purge: PurgeConfig::default(),
            metrics: MetricsConfig::default(),
            otel: TraceConfig::default(),
        }
    }
}

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AddressConfig {
    /// `HOST:PORT`; port 0 takes a free one.
    pub listen: String,
}

impl Default for AddressConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:1337".to_owned(),
        }
    }
}

/// What is written to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// The least important lines that are written.
    pub level: LogLevel,
    /// How a line looks.
    pub format: LogFormat,
}

/// How important a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing at all.
    Off,
    /// What failed.
    Error,
    /// What somebody should look at.
    Warn,
    /// What happened, requests included.
    #[default]
    Info,
    /// Details for those who search a fault.
    Debug,
    /// Everything.
    Trace,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Why the configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration: {}: {cause}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The file is not TOML.
    #[error("the configuration is not TOML: {}, line {line}: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A key of the file that no setting has.
    #[error("unknown key in {}: `{key}`; the nearest known key is `{near}`", file.display())]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// A setting's key.
        near: String,
    },
    /// An environment variable that no setting has.
    #[error("unknown environment variable: `{name}`; the nearest known one is `{near}`")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// A setting's variable.
        near: String,
    },
    /// A value that a setting cannot have.
    #[error("`{key}` cannot be {value}: {message} (set by {source_name})")]
    Invalid {
        /// The setting's key.
        key: String,
        /// The value as given.
        value: String,
        /// What is wrong.
        message: String,
        /// Where it was given.
        source_name: String,
    },
}
