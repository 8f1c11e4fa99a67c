//! Documents: whatever the order of acts, no value and no link is lost, on both databases.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may stop where it stands"
)]

mod atomic;
mod compare;
mod concurrent;
mod log;
mod model;
mod play;
mod random;
mod sequences;
mod site;
mod stored;
#[path = "../support/mod.rs"]
mod support;
mod types;
