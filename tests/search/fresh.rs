//! What was written is found, and what was taken back is not, within a second on the node that wrote.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::site::{Site, eventually};
use crate::support::Database;

/// A second is promised; a machine that builds beside it may take longer.
const BOUND: Duration = Duration::from_secs(10);

#[test]
fn writes_are_found_at_once_on_sqlite() {
    writes_are_found_at_once(Database::sqlite());
}

#[test]
fn writes_are_found_at_once_on_postgres() {
    writes_are_found_at_once(Database::postgres());
}

fn writes_are_found_at_once(database: Database) {
    let site = Site::start(database);
    let mut times = Vec::new();
    let mut timed = |what: &str, path: &str, count: usize| {
        let begun = Instant::now();
        eventually(what, || (site.found(path).len() == count).then_some(()));
        times.push(begun.elapsed());
    };
    for round in 0..10 {
        let word = format!("unicorn{round}x");
        let path = format!("/books?_q={word}");
        let book = site.make("/books", &json!({ "title": format!("The {word}") }));
        timed("a new book is found", &path, 1);
        site.write(
            "PUT",
            &format!("/books/{book}"),
            &json!({ "title": "Something else" }),
        );
        timed("a changed book is not found by its old title", &path, 0);
        site.write(
            "PUT",
            &format!("/books/{book}"),
            &json!({ "title": format!("Again the {word}") }),
        );
        timed("a changed book is found by its new title", &path, 1);
        site.delete(&format!("/books/{book}"));
        timed("a deleted book is gone", &path, 0);
    }
    times.sort();
    let (middle, worst) = (times[times.len() / 2], times[times.len() - 1]);
    eprintln!(
        "found after {middle:?} (median), {worst:?} (longest of {})",
        times.len()
    );
    assert!(worst < BOUND, "found only after {worst:?}");
    // Many at once are gathered into few commits and still found in time.
    for number in 0..200 {
        site.make("/books", &json!({ "title": format!("Herd {number}") }));
    }
    let begun = Instant::now();
    eventually("all of the herd is found", || {
        let total =
            site.get("/books?_q=herd&fields=title", None)["meta"]["pagination"]["total"].as_u64();
        (total == Some(200)).then_some(())
    });
    assert!(begun.elapsed() < BOUND);
    site.index_is_as_the_database();
}
