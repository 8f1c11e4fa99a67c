//! Kept answers: never stale after an acknowledgement, and thrown away only when touched.
#![allow(
    clippy::too_many_lines,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop where it stands"
)]

mod answers;
mod play;
mod questions;
#[path = "../documents/random.rs"]
mod random;
mod site;
mod stale;
#[path = "../support/mod.rs"]
mod support;
mod wire;
