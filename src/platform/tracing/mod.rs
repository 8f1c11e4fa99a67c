//! Spans for a collector of traces (OpenTelemetry over HTTP), off unless an endpoint is configured.
//!
//! **Always true**: without an endpoint a span is one comparison; a collector that is slow, wrong or dead costs
//! bounded memory and nothing else; no span holds a value of content, a query, a path or a credential.
//! **Knows nothing about** HTTP servers and content. Start reading at [`request`], then [`Exporting`].

mod client;
mod config;
mod export;
mod parent;
mod queue;
mod spans;

pub use config::{TraceConfig, TraceError};
pub use export::{Exporting, Outbound};
pub use parent::traceparent;
pub use spans::{are_on, ended, follower, outbound, request, statement, transaction};

/// The target of all spans made here; the log does not show them.
pub const TARGET: &str = "tympan::spans";
