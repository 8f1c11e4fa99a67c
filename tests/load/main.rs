//! Clients that are many, slow or hostile, and a system without descriptors left.
//!
//! The clients are processes of their own (this very program, started again), because every connection takes a
//! descriptor on both of its ends. Times are printed and not judged: other work may share the machine.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    reason = "a test may stop where it stands"
)]

mod clients;
mod descriptors;
mod idle;
mod process;
mod slow;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use support::{Database, Server, http};

/// The tests take turns: each wants the machine for itself.
static TURN: Mutex<()> = Mutex::new(());

/// Waits for this test's turn, also after a test that failed in its own.
fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long anything that happens by itself may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database with an article that everybody may read, and settings for its server.
fn database(settings: &str) -> (Database, String) {
    let database = Database::sqlite();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leaks/schema");
    database.run(&["schema", "apply", schema.to_str().unwrap(), "--yes"]);
    database.run(&["role", "allow", "public", "article", "find", "findOne"]);
    let file = database.data().join("load.toml");
    std::fs::write(&file, settings).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (database, file)
}

/// A server with these settings.
fn server(settings: &str) -> Server {
    let (database, file) = database(settings);
    Server::start_with(database, &["--config", &file])
}

/// Answers of a connection in milliseconds, sorted; every one must be 200.
fn ask(server: &Server, count: usize) -> Vec<f64> {
    let mut connection = server.connect();
    let request = http::request("GET", "/api/articles", None, None);
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let asked = Instant::now();
        assert_eq!(connection.send(&request).unwrap().status, 200);
        times.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    times
}

fn p99(sorted: &[f64]) -> f64 {
    sorted[sorted.len() * 99 / 100]
}

/// Waits until there is something.
fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
