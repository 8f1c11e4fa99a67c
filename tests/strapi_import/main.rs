//! `tympan import strapi`, the reading half: archives become records.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "a test may stop where it stands, and fixtures are long"
)]
mod fixture;
mod hostile;
mod mapping;
mod real;
mod site;
