//! Rate limits that hold over all nodes.
//!
//! Each caller earns requests at a steady pace and may have saved up some (a token bucket). The bucket is a row:
//! the moment at which the caller will have earned all they have asked for. A node takes a block of requests from
//! it in one statement and gives them out from memory, so that most requests touch no database.
//!
//! **Always true**: over any time, all nodes together let through no more than was saved up and earned in it, plus
//! what they hold in blocks (a twentieth of the savings per node) and, while the database is away or has no time,
//! what each node counts by itself; memory is bounded whatever the number of callers.
//! **Knows nothing about** who calls: names are given to it. Start reading at [`Limiter::check`].

mod bucket;
mod limiter;

pub use bucket::Pace;
pub use limiter::{Denied, Limiter, prune};

use serde::{Deserialize, Serialize};

/// How often callers may ask; 0 = as often as they like.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateConfig {
    /// Requests per minute of one client address (IPv6: one /64) without a token, over all nodes.
    pub public_per_minute: u32,
    /// Requests per minute of one API token, over all nodes.
    pub token_per_minute: u32,
}
