//! The official npm client `@strapi/client` against the binary, on both databases.
//!
//! What is asked and expected stands in `tests/client/*.test.mjs`; here is only the server for it. `./test` installs the
//! npm packages.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop where it stands"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Database, Folder, Server};

const LOCALES: &str = r#"[
  { "code": "en", "name": "English", "isDefault": true },
  { "code": "fr", "name": "French" }
]"#;

#[test]
fn the_official_client_works_on_sqlite() {
    ask_with_the_client(Database::sqlite());
}

#[test]
fn the_official_client_works_on_postgres() {
    ask_with_the_client(Database::postgres());
}

fn ask_with_the_client(database: Database) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let suite = here.join("client");
    assert!(
        suite.join("node_modules/@strapi/client").exists(),
        "the npm packages of tests/client are not installed: run ./test, which does"
    );
    apply_schema(&database, &here.join("strapi/schema"));
    let token = database.run(&[
        "token",
        "create",
        "--name",
        "client",
        "--type",
        "full-access",
    ]);
    let server = Server::start(database);
    let mut node = Command::new("node");
    node.arg("--test")
        .args(test_files(&suite))
        .current_dir(&suite)
        .stdin(Stdio::null());
    node.env("TYMPAN_URL", server.url())
        .env("TYMPAN_TOKEN", token);
    let output = node
        .output()
        .unwrap_or_else(|error| panic!("node cannot be started: {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "node --test failed with {}\n{said}",
        output.status
    );
}

/// The types of a marketing site, with a second locale beside the first.
fn apply_schema(database: &Database, types: &Path) {
    let folder = Folder::new();
    copy(types, folder.path());
    fs::write(folder.path().join("locales.json"), LOCALES).unwrap();
    database.run(&[
        "schema",
        "apply",
        &folder.path().display().to_string(),
        "--yes",
    ]);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// One process after the other would do as well; the files share nothing but the server.
fn test_files(suite: &Path) -> Vec<PathBuf> {
    ["documents", "queries", "populate"]
        .iter()
        .map(|name| suite.join(format!("{name}.test.mjs")))
        .collect()
}
