//! What integration tests stand on: the real binary on a real database, and a small HTTP client.
//!
//! Always true: every server has a folder (or a Postgres database) of its own, listens on a free port of 127.0.0.1, and
//! is killed when the value is dropped. Nothing waits by sleeping: a server is ready when it has printed its address.
//! Start reading at [`Server::start`]; Postgres is in `postgres.rs`, the HTTP client in `http.rs`.
#![allow(
    dead_code,
    unused_imports,
    reason = "every test binary uses its own part of this module"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may stop where it stands"
)]

pub(crate) mod cluster;
pub(crate) mod http;
mod postgres;
mod server;

pub(crate) use postgres::Postgres;
pub(crate) use server::{Database, Folder, Server, run};
