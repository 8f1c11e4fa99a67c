//! What a real Strapi answered to a thousand requests, asked again: Tympan on both databases.
//!
//! The recorded cases and the rules of the replay stand in `tests/strapi/README.md`. Every answer is either equal or
//! stands, with the reason, in `tests/strapi/deviations.json`.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may stop where it stands"
)]

mod strapi_replay;
mod support;

use strapi_replay::{Kind, replay};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_as_strapi_did_on_sqlite() {
    replay(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_as_strapi_did_on_postgres() {
    replay(Kind::Postgres).await;
}
