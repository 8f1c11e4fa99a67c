//! The log: every line whole, with the id of its request, and without secrets whatever its level.

use serde_json::Value as Json;

use crate::site::{CANARY, MISSING, Site};
use crate::support::Database;
use crate::{ask, header, site, wait};

#[test]
fn no_secret_is_logged_at_any_level_on_sqlite() {
    no_secret_is_logged(Database::sqlite());
}

#[test]
fn no_secret_is_logged_at_any_level_on_postgres() {
    no_secret_is_logged(Database::postgres());
}

fn no_secret_is_logged(database: Database) {
    let settings = "[log]\nlevel = \"trace\"\nformat = \"json\"\n[database]\nslow_ms = 0\n";
    let site = site(database, settings);
    let full = format!("Authorization: Bearer {}", site.full);
    let json = "Content-Type: application/json";
    let article = &site.article;
    let forged = "Authorization: Bearer tympan_CNRYforged";
    for (method, path, headers, body) in [
        (
            "GET",
            "/api/articles?filters[title][$eq]=CNRY",
            vec![full.as_str()],
            "",
        ),
        (
            "GET",
            "/api/articles?filters[passphrase][$eq]=CNRY",
            vec![],
            "",
        ),
        ("GET", "/api/articles?token=CNRY&filters[=CNRY", vec![], ""),
        ("GET", "/api/articles?sort=CNRY", vec![forged], ""),
        (
            "GET",
            "/api/articles",
            vec!["Cookie: session=CNRY", "X-Api-Key: CNRY"],
            "",
        ),
        (
            "GET",
            "/api/articles",
            vec!["Authorization: Basic Q05SWTpDTlJZ"],
            "",
        ),
        (
            "POST",
            "/api/articles",
            vec![&full, json],
            "{\"data\":{\"title\":\"CNRY\",\"passphrase\":\"CNRY\"}}",
        ),
        (
            "POST",
            "/api/articles",
            vec![&full, json],
            "{\"data\":{\"title\":\"CNRY\"",
        ),
        (
            "POST",
            "/api/articles",
            vec![&full, json],
            "{\"data\":{\"price\":\"CNRY\"}}",
        ),
        (
            "POST",
            "/api/articles",
            vec![json],
            "{\"data\":{\"title\":\"CNRY\"}}",
        ),
        ("DELETE", "/api/articles?x=CNRY", vec![&full], ""),
        (
            "GET",
            "/health/ready?CNRY",
            vec!["X-Request-Id: CNRY CNRY"],
            "",
        ),
        (
            "GET",
            "/api/articles?populate[tags][filters][name][$contains]=CNRY",
            vec![],
            "",
        ),
    ] {
        ask(&site, method, path, &headers, body);
    }
    ask(
        &site,
        "GET",
        &format!("/api/articles/{article}"),
        &["X-Request-Id: the-last"],
        "",
    );
    let log = wait("the last line", || {
        let log = site.server.log();
        log.contains("the-last").then_some(log)
    });
    let lines: Vec<Json> = log
        .lines()
        .filter(|line| !line.starts_with("listening on"))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert!(lines.len() >= 14, "{log}");
    for secret in [
        CANARY,
        "Q05SWTpDTlJZ",
        site.full.as_str(),
        site.reader.as_str(),
    ] {
        assert!(!log.contains(secret), "{secret} stands in the log:\n{log}");
    }
}

#[test]
fn a_line_of_a_request_says_what_it_was_and_cost() {
    let site = site(Database::sqlite(), "[log]\nformat = \"json\"\n");
    let answer = ask(&site, "GET", "/api/articles?sort=title", &[], "");
    let id = header(&answer, "x-request-id").unwrap().to_owned();
    let line = line_of(&site, &id);
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    assert_eq!(line["target"], "access");
    assert_eq!(line["method"], "GET");
    assert_eq!(line["path"], "/api/articles");
    assert_eq!(line["route"], "list");
    assert_eq!(line["status"], 200);
    assert_eq!(line["bytes"], body.len());
    assert_eq!(line["peer"], "127.0.0.1");
    assert!(line["us"].as_u64().is_some_and(|us| us > 0));
}

#[test]
fn a_forged_line_stays_inside_its_own() {
    let text = site(Database::sqlite(), "");
    let path =
        format!("/api/articles/{MISSING}%0a2026-01-01T00:00:00.000Z%20%20INFO%20access:%20forged");
    ask(&text, "GET", &path, &["X-Request-Id: forger"], "");
    let log = wait("the line", || {
        let log = text.server.log();
        log.contains("forger").then_some(log)
    });
    assert!(
        !log.lines().any(|line| line.starts_with("2026-01-01T00")),
        "{log}"
    );
}

#[test]
fn what_was_logged_last_is_there_after_a_stop() {
    let site = site(Database::sqlite(), "[log]\nformat = \"json\"\n");
    for _ in 0..50 {
        assert_eq!(site.get("/articles?fields=title", None).0, 200);
    }
    let pid = site.server.pid().to_string();
    let stopped = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .unwrap();
    assert!(stopped.success());
    wait("the last line", || {
        site.server.log().contains("\"stopped\"").then_some(())
    });
    let log = site.server.log();
    let reads = log
        .lines()
        .filter(|line| line.contains("\"/api/articles\"") && line.contains("\"GET\""));
    assert_eq!(reads.count(), 50, "{log}");
}

/// The line of a request.
fn line_of(site: &Site, id: &str) -> Json {
    wait("the line of a request", || {
        let log = site.server.log();
        let line = log.lines().find(|line| line.contains(id))?;
        Some(serde_json::from_str(line).unwrap())
    })
}
