//! The sync feed, live events and read nodes, on both databases.
//!
//! `site.rs` is a Tympan inside the test, `http.rs` a client of the real binary.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    reason = "a test may stop where it stands"
)]

mod events;
mod follow;
mod leaks;
mod node;
mod play;
mod site;
#[allow(dead_code, reason = "the replay itself is another test")]
#[path = "../strapi_replay/mod.rs"]
mod strapi_replay;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod wire;
