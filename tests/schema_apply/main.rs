//! Plans carried out on both databases: what becomes of rows, links and items at every step.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test may stop where it stands"
)]

mod failures;
mod fields;
mod files;
mod locales;
mod random;
mod stages;
#[path = "../support/mod.rs"]
mod support;
mod world;
