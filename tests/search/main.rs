//! Search: what it finds, what it must not tell, how soon it knows, and what it does when its index is hurt.
//!
//! Everything is asked of the real server over HTTP, on both databases. Start reading at `site.rs`.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::print_stderr,
    reason = "a test may stop where it stands"
)]

mod across;
mod corpus;
mod damage;
mod fresh;
mod leaks;
mod lists;
mod misspelt;
mod random;
mod schema_changes;
mod site;
#[path = "../support/mod.rs"]
mod support;
