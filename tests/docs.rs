//! The manual is true: the commands in it run, and the table of settings is what the program says.
//!
//! A fenced block marked `sh test` is run by `sh` in a folder of the page's own, beside a running server, in the order
//! of the page; variables live on. A `json` or `text` block right below it is what must come out: JSON may leave keys
//! out, text is the lines that must appear in this order, and `…` stands for anything.
#![allow(
    clippy::too_many_lines,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop where it stands"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;
use support::{Database, Folder, Server, run};

const ANYTHING: &str = "…";
/// The address that the pages name.
const ADDRESS: &str = "127.0.0.1:1337";
/// What the README types before there is a `tympan` in the path.
const CARGO: &str = "cargo run --release --";
/// Variables live on from block to block in the file `$STATE`; `$1` is the block.
const RUNNER: &str = r#"
set -eu
if [ -f "$STATE" ]; then . "$STATE"; fi
set -a
eval "$1"
export -p > "$STATE"
"#;

#[test]
fn the_readme_is_true() {
    play("README.md", 3);
}

#[test]
fn the_developer_page_is_true() {
    play("docs/developer.md", 20);
}

#[test]
fn the_operator_page_is_true() {
    play("docs/operator.md", 3);
}

#[test]
fn the_table_of_settings_is_what_the_program_says() {
    let folder = Folder::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tympan"));
    let printed = run(command.arg("config").current_dir(folder.path()));
    let printed: toml::Table = printed.parse().unwrap();
    let mut said = BTreeMap::new();
    for (name, value) in printed {
        match value {
            toml::Value::Table(section) => said.extend(
                section
                    .into_iter()
                    .map(|(key, value)| (format!("{name}.{key}"), value.to_string())),
            ),
            value => drop(said.insert(name, value.to_string())),
        }
    }
    let page = page("docs/operator.md");
    let written: BTreeMap<String, String> = page.lines().filter_map(setting).collect();
    let missing: Vec<_> = said
        .iter()
        .filter(|(key, value)| written.get(*key) != Some(value))
        .collect();
    assert!(
        missing.is_empty(),
        "the table lacks or has another default of {missing:?}"
    );
    let unknown: Vec<_> = written
        .keys()
        .filter(|key| !said.contains_key(*key))
        .collect();
    assert!(
        unknown.is_empty(),
        "the table has {unknown:?}, which are no settings"
    );
}

/// The key and the default of a table's row such as "| `log.level` | `"info"` | … |".
fn setting(line: &str) -> Option<(String, String)> {
    let mut cells = line.strip_prefix("| `")?.split('|');
    let key = cells.next()?.trim().strip_suffix('`')?;
    let default = cells.next()?.trim();
    let default = default.strip_prefix('`')?.strip_suffix('`')?;
    cells.next()?;
    Some((key.to_owned(), default.to_owned()))
}

#[test]
fn links_between_pages_lead_somewhere() {
    for name in [
        "README.md",
        "docs/README.md",
        "docs/developer.md",
        "docs/operator.md",
    ] {
        let text = page(name);
        let folder = Path::new(name).parent().unwrap();
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => name.to_owned(),
                file => folder.join(file).to_str().unwrap().to_owned(),
            };
            let text = page(&target);
            let found = heading.is_empty() || text.lines().any(|line| anchor(line) == heading);
            assert!(found, "{name}: {link}: there is no such heading");
        }
    }
}

/// The anchor of a heading, as GitHub makes it; empty if the line is none.
fn anchor(line: &str) -> String {
    let Some(title) = line.strip_prefix('#') else {
        return String::new();
    };
    let title = title.trim_start_matches('#').trim().to_lowercase();
    let letters = title
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    letters
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

/// A fenced block of a page.
struct Block {
    /// The line of its opening fence, from 1.
    line: usize,
    info: String,
    text: String,
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, text) in (1..).zip(page.lines()) {
        match (text.strip_prefix("```"), open.take()) {
            (Some(info), None) => {
                let info = info.trim().to_owned();
                open = Some(Block {
                    line,
                    info,
                    text: String::new(),
                });
            }
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some(mut block)) => {
                block.text.push_str(text);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// Runs the marked blocks of a page, at least as many as it is known to have.
fn play(name: &str, least: usize) {
    let folder = Folder::new();
    let mut server = Server::start(Database::sqlite());
    let blocks = blocks(&page(name));
    let mut ran = 0;
    for (at, block) in blocks
        .iter()
        .enumerate()
        .filter(|(_, block)| block.info == "sh test")
    {
        ran += 1;
        let output = shell(&block.text, &server, folder.path());
        let place = format!("{name}:{}", block.line);
        let shown = shown(&output);
        assert!(
            output.status.success(),
            "{place}: {}\n{shown}",
            output.status
        );
        let below = block.line + block.text.lines().count() + 3;
        let expected = blocks.get(at + 1).filter(|next| next.line == below);
        match expected.map(|next| (next.info.as_str(), &next.text)) {
            Some(("json", text)) => assert_json(text, &output, &place),
            Some(("text", text)) => assert_lines(text, &shown, &place),
            _ => {}
        }
        if block.text.contains("tympan ") || block.text.contains(CARGO) {
            // A server notices what a command did after a moment; a fresh one knows it at once.
            server.kill();
            server.start_again();
        }
    }
    assert!(
        ran >= least,
        "{name} has only {ran} blocks marked `sh test`"
    );
}

fn shell(text: &str, server: &Server, folder: &Path) -> Output {
    let text = text
        .replace(ADDRESS, &server.address().to_string())
        .replace(CARGO, "tympan");
    let binary = Path::new(env!("CARGO_BIN_EXE_tympan")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new("sh")
        .args(["-c", RUNNER, "sh", &text])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", binary.display()))
        .env("STATE", folder.join(".state"))
        .env("TYMPAN_DATA", server.database().data())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Both streams, as a person at a terminal sees them.
fn shown(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

fn assert_json(expected: &str, output: &Output, place: &str) {
    let expected: Json = serde_json::from_str(expected)
        .unwrap_or_else(|error| panic!("{place}: the block below: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    let found: Json = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{place}: no JSON came: {error}\n{}", shown(output)));
    assert!(
        holds(&found, &expected),
        "{place}: expected\n{expected:#}\nfound\n{found:#}"
    );
}

/// Whether everything that is expected is there.
fn holds(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (_, Json::String(text)) if text == ANYTHING => true,
        (Json::Object(found), Json::Object(expected)) => expected
            .iter()
            .all(|(key, value)| found.get(key).is_some_and(|found| holds(found, value))),
        (Json::Array(found), Json::Array(expected)) => {
            found.len() == expected.len()
                && found
                    .iter()
                    .zip(expected)
                    .all(|(found, expected)| holds(found, expected))
        }
        (found, expected) => found == expected,
    }
}

fn assert_lines(expected: &str, shown: &str, place: &str) {
    let mut rest = shown.lines();
    for line in expected.lines() {
        assert!(
            rest.any(|found| fits(found, line)),
            "{place}: there is no line `{line}`\n{shown}"
        );
    }
}

/// Whether a line is the expected one, `…` standing for anything.
fn fits(found: &str, expected: &str) -> bool {
    let mut parts = expected.trim().split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = found.trim().strip_prefix(first) else {
        return false;
    };
    let mut last = first;
    let mut whole = true;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        (rest, last, whole) = (after, part, false);
    }
    rest.is_empty() || (!whole && last.is_empty())
}
