//! Several nodes on one database, jobs and schedules, and what happens when parts of it go away.
//!
//! Every node is the real program; databases are clusters of the tests that are stopped, paused and promoted. Where a
//! test waits it waits for a condition, with a deadline. Start reading at `schedules.rs`.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::print_stderr,
    reason = "a test may stop where it stands"
)]

mod due;
mod faults;
mod log;
mod neighbours;
mod queue;
mod rate;
mod replica;
mod schedules;
mod site;
#[path = "../support/mod.rs"]
mod support;
