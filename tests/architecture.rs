//! Keeps the floors of `src/`: imports point down only, and each outside crate has one home.
//!
//! It reads the source text, so it needs no build of the library. Comments and tests do not count.
//! A new edge between modules is made by editing the tables below, with a reason.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop where it stands"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// The floor of every top module. A module may import from lower floors only.
const FLOORS: &[(&str, u8)] = &[
    ("main", 7),
    ("cli", 7),
    ("server", 6),
    ("jobs", 6),
    ("app", 5),
    ("config", 7),
    ("delivery", 4),
    ("schedules", 4),
    ("imports", 4),
    ("sync", 4),
    ("search", 4),
    ("webhooks", 4),
    ("purges", 4),
    ("entries", 3),
    ("accounts", 3),
    ("schema", 2),
    ("access", 2),
    ("query", 2),
    ("changes", 2),
    ("queue", 2),
    ("rate", 2),
    ("platform", 1),
    ("base", 0),
];

/// Edges on one floor that are allowed, each with its reason.
const SIBLINGS: &[(&str, &str, &str)] = &[
    ("access", "schema", "a rule names the types it is about"),
    (
        "schema",
        "changes",
        "a schema change is logged like every other",
    ),
    ("query", "schema", "a query is checked against the schema"),
    (
        "query",
        "access",
        "a query is cut to what the caller may see",
    ),
    (
        "sync",
        "delivery",
        "an entry in the feed is what the delivery API answers",
    ),
    (
        "search",
        "delivery",
        "hits of a search become entries as those of lists do",
    ),
    (
        "webhooks",
        "delivery",
        "what is sent is an entry as delivery would answer it",
    ),
    (
        "purges",
        "webhooks",
        "what is sent is signed in the same way",
    ),
    ("cli", "config", "commands are configured"),
    ("main", "cli", "main runs the command"),
];

/// Text that may stand only under certain paths, and where it belongs instead.
const HOMES: &[(&str, &[&str])] = &[
    ("sqlx::", &["platform/database"]),
    ("tantivy::", &["search"]),
    ("poem::", &["server"]),
    ("poem_openapi::", &["server"]),
    ("hyper::", &["server"]),
    ("hyper_util::", &["server"]),
    ("reqwest::", &["platform/http_client"]),
    ("rustls::", &["platform/http_client"]),
    ("opentelemetry::", &["platform/tracing"]),
    ("opentelemetry_sdk::", &["platform/tracing"]),
    ("opentelemetry_http::", &["platform/tracing"]),
    ("opentelemetry_otlp::", &["platform/tracing"]),
    ("tracing_opentelemetry::", &["platform/tracing"]),
    ("tracing_subscriber::", &["platform/tracing", "cli/logging"]),
    ("clap::", &["cli", "config.rs", "main.rs"]),
    ("anyhow::", &["cli", "main.rs"]),
    ("println!", &["cli", "main.rs"]),
    ("print!", &["cli", "main.rs"]),
    ("SystemTime::now", &["base/clock.rs"]),
    ("Utc::now", &["base/clock.rs"]),
    ("env::var", &["cli", "config"]),
];

/// Marks of unfinished or unsafe work.
const NOWHERE: &[&str] = &[
    "todo!(",
    "unimplemented!(",
    "dbg!(",
    "unsafe {",
    "unsafe fn",
    "std::process::exit",
];

/// Folder and file names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "helpers", "helper", "common", "manager", "misc",
];

struct Source {
    /// Relative to `src/`, with `/` between the parts.
    path: String,
    /// The text without comments and without the test module at its foot.
    code: String,
}

#[test]
fn imports_point_down_only() {
    let mut broken = Vec::new();
    for source in sources() {
        let from = top_module(&source.path);
        if from == "lib" {
            continue;
        }
        let Some(floor) = floor_of(from) else {
            broken.push(format!("src/{}: the module `{from}` has no floor; add it to FLOORS in tests/architecture.rs", source.path));
            continue;
        };
        for to in imported_modules(&source.code) {
            let Some(target) = floor_of(&to) else {
                continue;
            };
            let sibling = SIBLINGS.iter().any(|(a, b, _)| *a == from && *b == to);
            if to != from && target >= floor && !sibling {
                broken.push(format!("src/{}: imports crate::{to} (floor {target}) from floor {floor}; imports point down only", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn outside_crates_and_printing_have_one_home() {
    let mut broken = Vec::new();
    for source in sources() {
        for (word, homes) in HOMES {
            let at_home = homes.iter().any(|home| source.path.starts_with(home));
            if !at_home && names(&source.code, word) {
                broken.push(format!(
                    "src/{}: names `{word}`, which belongs to {}",
                    source.path,
                    homes.join(", ")
                ));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn nothing_is_left_unfinished() {
    let mut broken = Vec::new();
    for source in sources() {
        for word in NOWHERE {
            if source.code.contains(word) {
                broken.push(format!("src/{}: contains `{word}`", source.path));
            }
        }
        let vague = source
            .path
            .split('/')
            .any(|part| EMPTY_NAMES.contains(&part.trim_end_matches(".rs")));
        if vague {
            broken.push(format!(
                "src/{}: the name does not say what is inside",
                source.path
            ));
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_groups_and_skips_comments() {
    let code = strip(
        "// use crate::server::X;\nuse crate::{\n  schema::{Schema, a::b},\n  base, query as q,\n};\nfn f() { crate::access::may(); }\n#[cfg(test)]\nmod tests { use crate::cli; }\n",
    );
    assert_eq!(
        imported_modules(&code),
        ["schema", "base", "query", "access"]
    );
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(!files.is_empty(), "no source file under {}", root.display());
    files
        .into_iter()
        .map(|file| Source {
            path: file
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/"),
            code: strip(&fs::read_to_string(&file).unwrap()),
        })
        .filter(|source| !source.path.ends_with("tests.rs"))
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "tests") {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// Cuts comments and everything from the test module on, which stands at the foot of a file.
fn strip(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines()
        .map(|line| {
            if line.trim_start().starts_with("//") {
                ""
            } else {
                line.split(" // ").next().unwrap_or(line)
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn top_module(path: &str) -> &str {
    path.split('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".rs")
}

fn floor_of(module: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, floor)| *floor)
}

/// The top modules named behind `crate::`, one by one or in a group.
fn imported_modules(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = code.get(at + "crate::".len()..).unwrap_or_default();
        if let Some(group) = rest.strip_prefix('{') {
            found.extend(first_names(group));
        } else {
            found.push(leading_name(rest));
        }
    }
    found
}

/// The first name of each member of a `{…}` group whose opening brace was read.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut fresh, mut found) = (0usize, true, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                found.push(leading_name(group.get(at..).unwrap_or_default()));
                fresh = false;
            }
            _ => {}
        }
    }
    found
}

fn leading_name(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// Whether the code names the word as a word of its own, not as the end of a longer one.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}
