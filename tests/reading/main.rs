//! Reading entries: the same data and the same queries on both databases give the same JSON.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop where it stands"
)]

mod aggregates;
mod components;
mod fixture;
mod lists;
mod locales;
#[path = "../support/mod.rs"]
mod support;
mod world;
