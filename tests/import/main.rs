//! Imports end to end, on both databases: what the source holds is there afterwards, once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "a test may stop where it stands, and fixtures are long"
)]

#[path = "../strapi_import/fixture.rs"]
#[allow(dead_code, reason = "the reader's tests use more of it")]
mod fixture;
#[path = "../strapi_import/site.rs"]
#[allow(dead_code, reason = "the reader's tests use more of it")]
mod pages;
mod refused;
mod site;
mod strapi;
#[path = "../support/mod.rs"]
mod support;
mod wordpress;
