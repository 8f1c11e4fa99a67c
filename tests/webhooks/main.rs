//! Webhooks and purges against receivers that are down, slow, redirecting, lying or gone; with kills and two nodes.
//!
//! Everything is seen from outside: the real binary sends over real sockets, schedules are set to milliseconds.
//! Nothing waits by sleeping: each wait is for something that must come.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "a test may stop where it stands"
)]

mod content;
mod crash;
mod faults;
mod fleet;
mod manage;
mod purges;
mod receiver;
mod site;
#[path = "../support/mod.rs"]
mod support;
mod trust;

use std::time::Duration;

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);
