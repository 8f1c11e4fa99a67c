//! Webhooks: other programs are told what happened to content.
//!
//! A follower of the change log ([`follow`]) writes a delivery per event and endpoint in the transaction that moves
//! its cursor, so that every committed change is queued exactly once on any number of nodes. Senders ([`Sender`])
//! claim whole endpoints, so that each has a queue of its own and a receiver that is down delays nobody else; a claim
//! carries a number that fences off whoever lost it. A delivery that fails is tried again as the [`Schedule`] says and
//! then parked where it can be seen and replayed.
//!
//! Always true: id and body of a delivery never change; a receiver gets every event at least once or the delivery is
//! parked; what is sent is made from an [`access::View`](crate::access::View), so private fields, passwords, drafts
//! nobody asked for and types that are not listed are in no payload; times are those of the database's clock.
//! **Knows nothing about** HTTP beside the one client that sends. Start reading at [`follow`], then [`Sender::run`].

mod attempts;
pub mod endpoints;
mod event;
mod follow;
mod gone;
pub mod log;
mod payload;
mod prune;
mod queue;
mod retry;
mod schedule;
mod secret;
mod send;
mod template;
mod trial;

pub use endpoints::{Endpoint, Header, Spec};
pub use event::Event;
pub use follow::{Followed, follow};
pub use retry::wait as retry_after;
pub use schedule::Schedule;
pub use secret::{new_secret, signature};
pub use send::Sender;
pub use trial::{Trial, try_out};

use serde::{Deserialize, Serialize};

use crate::platform::database::{DatabaseError, Dialect};

/// How webhooks are delivered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookConfig {
    /// How long after each failure a delivery is tried again; after the last one it is parked.
    pub schedule: Schedule,
    /// Requests this node makes at once.
    pub concurrency: u32,
    /// Requests to one endpoint at once; more than one gives up the order.
    pub per_endpoint: u32,
    /// Bytes of an answer's body that are kept in the log.
    pub answer_bytes: u32,
    /// Bytes of one payload; a larger entry is sent as its identity only.
    pub payload_bytes: u32,
    /// Hours of nothing but failures after which an endpoint is paused; 0 = never.
    pub pause_after_hours: u32,
    /// Days a finished delivery is kept.
    pub keep_days: u32,
    /// Hours in which both secrets sign after a rotation.
    pub rotation_hours: u32,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            schedule: Schedule::default(),
            concurrency: 64,
            per_endpoint: 1,
            answer_bytes: 4096,
            payload_bytes: 1024 * 1024,
            pause_after_hours: 120,
            keep_days: 30,
            rotation_hours: 24,
        }
    }
}

/// Why an endpoint could not be made, changed or used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WebhookError {
    /// Something about it cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// There is one with this name.
    #[error("a webhook named `{0}` exists already; choose another name")]
    Exists(String),
    /// There is none.
    #[error("{0} does not exist")]
    Unknown(String),
    /// The schema of this process is older than the change it reads.
    #[error("the schema is being loaded")]
    Behind,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Milliseconds since 1970 by the clock of the database, as an SQL expression.
fn now(dialect: Dialect) -> &'static str {
    dialect.pick(
        "cast(unixepoch('subsec') * 1000 as integer)",
        "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
    )
}
