//! Imports end to end, on both databases: what the source holds is there afterwards, once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop where it stands"
)]

mod site;
mod strapi;
#[path = "../support/mod.rs"]
mod support;
mod wordpress;
