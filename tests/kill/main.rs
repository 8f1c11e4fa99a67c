//! Kills the server at random moments while several clients write, and compares what is left with what was acknowledged.
//!
//! Every write carries one version number into every part of its document: scalars, components, components in components,
//! and links. So a partial write shows as parts that disagree. Each client works on documents of its own; of each only the
//! last request can be in doubt when the server dies, and that one may have happened wholly or not at all.
//!
//! `TYMPAN_KILL_ROUNDS` changes the number of rounds, `TYMPAN_KILL_SEED` repeats a run. Start reading at the test.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may stop where it stands"
)]

mod document;
mod reader;
#[path = "../support/mod.rs"]
mod support;
mod writer;

use std::env;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use document::Targets;
use support::{Database, Server};
use writer::{Random, Writer};

const ROUNDS: u64 = 200;
const WRITERS: u64 = 6;
const MOST_WRITES: u64 = 120;

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let rounds = number_from("TYMPAN_KILL_ROUNDS").unwrap_or(ROUNDS);
    let seed = number_from("TYMPAN_KILL_SEED").unwrap_or_else(now);
    eprintln!("TYMPAN_KILL_SEED={seed}");
    let database = Database::sqlite();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strapi/schema");
    database.run(&["schema", "apply", &schema.display().to_string(), "--yes"]);
    let token = database.run(&["token", "create", "--name", "kill", "--type", "full-access"]);
    let mut server = Server::start(database);
    let targets = Targets::make(&mut server.connect(), &token);
    let mut random = Random::new(seed);
    let mut writers: Vec<Writer> = (0..WRITERS)
        .map(|index| Writer::new(index, random.next()))
        .collect();
    let mut acknowledged = 0;
    for round in 0..rounds {
        acknowledged +=
            write_until_killed(&mut server, &mut writers, &token, &targets, &mut random);
        server.start_again();
        let found = reader::read_all(&mut server.connect(), &token, &targets);
        let found = found.unwrap_or_else(|why| panic!("round {round}, seed {seed}: {why}"));
        if let Err(why) = reader::compare(&found, &mut writers) {
            panic!("round {round}, seed {seed}: {why}");
        }
    }
    assert!(
        acknowledged > rounds,
        "only {acknowledged} writes in {rounds} rounds: that proves nothing"
    );
    server.kill();
    server.database().run(&["check"]);
}

/// Lets all writers work, kills the server after a random number of acknowledged writes, and returns how many there were.
fn write_until_killed(
    server: &mut Server,
    writers: &mut [Writer],
    token: &str,
    targets: &Targets,
    random: &mut Random,
) -> u64 {
    let address = server.address();
    let enough = random.below(MOST_WRITES);
    let (acknowledge, acknowledged) = mpsc::channel();
    thread::scope(|scope| {
        for writer in writers {
            let acknowledge = acknowledge.clone();
            scope.spawn(move || writer.work(address, token, targets, &acknowledge));
        }
        drop(acknowledge);
        let waited = acknowledged.iter().take(enough as usize).count() as u64;
        server.kill();
        waited + acknowledged.iter().count() as u64
    })
}

fn number_from(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is not a number")),
    )
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_micros() as u64
}
