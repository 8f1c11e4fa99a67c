//! `/metrics`: for whom it is there, that it is well-formed, and that what it says is so.

use std::collections::{BTreeMap, HashSet};

use serde_json::json;

use crate::site::{CANARY, MISSING, Site};
use crate::support::Database;
use crate::{ask, site, wait};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Values by name and labels as they stand on the page.
type Values = BTreeMap<String, f64>;

#[test]
fn counts_are_exact_on_sqlite() {
    counts_are_exact(Database::sqlite());
}

#[test]
fn counts_are_exact_on_postgres() {
    counts_are_exact(Database::postgres());
}

fn counts_are_exact(database: Database) {
    let site = site(database, &format!("[metrics]\ntoken = \"{TOKEN}\"\n"));
    let before = values(&site);
    let article = &site.article;
    for _ in 0..3 {
        assert_eq!(site.get("/articles?sort=title", None).0, 200);
    }
    assert_eq!(site.get(&format!("/articles/{article}"), None).0, 200);
    assert_eq!(site.get(&format!("/articles/{MISSING}"), None).0, 404);
    assert_eq!(site.get("/articles?filters[CNRY]=1", None).0, 400);
    site.make("/tags", &json!({ "name": "counted" }));
    ask(&site, "GET", "/CNRY/nowhere", &[], "");
    // A request is counted when its answer is on its way, so the last may be missing for a moment.
    wait("the last request to be counted", || {
        let after = values(&site);
        let grown = |name: &str| after.get(name).unwrap_or(&0.0) - before.get(name).unwrap_or(&0.0);
        let other = grown("tympan_http_requests_total{route=\"other\",status=\"404\"}");
        if other < 1.0 {
            return None;
        }
        let expected = [
            (
                "tympan_http_requests_total{route=\"list\",status=\"200\"}",
                3.0,
            ),
            (
                "tympan_http_requests_total{route=\"list\",status=\"400\"}",
                1.0,
            ),
            (
                "tympan_http_requests_total{route=\"one\",status=\"200\"}",
                1.0,
            ),
            (
                "tympan_http_requests_total{route=\"one\",status=\"404\"}",
                1.0,
            ),
            (
                "tympan_http_requests_total{route=\"write\",status=\"201\"}",
                1.0,
            ),
            (
                "tympan_http_request_duration_seconds_count{route=\"list\"}",
                4.0,
            ),
            (
                "tympan_http_requests_total{route=\"other\",status=\"404\"}",
                1.0,
            ),
        ];
        for (name, count) in expected {
            assert!(
                (grown(name) - count).abs() < 0.1,
                "{name}: {} and not {count}",
                grown(name)
            );
        }
        assert!(grown("tympan_database_duration_seconds_count{kind=\"write\"}") >= 1.0);
        assert!(grown("tympan_database_duration_seconds_count{kind=\"read\"}") >= 4.0);
        assert!(grown("tympan_http_sent_bytes_total") > 1000.0);
        assert!(grown("tympan_cache_requests_total{result=\"hit\"}") >= 2.0);
        assert!(grown("tympan_cache_requests_total{result=\"miss\"}") >= 1.0);
        assert!(after.contains_key("tympan_follower_lag_changes{follower=\"cache\"}"));
        assert!(
            after["tympan_http_requests_in_flight"] >= 1.0,
            "this very request"
        );
        assert!(after["process_resident_memory_bytes"] > 1e6);
        assert!(after["process_open_fds"] > 3.0);
        assert!(after["tympan_schema_generation"] >= 1.0);
        Some(())
    });
}

#[test]
fn it_does_not_exist_for_those_without_the_token() {
    let closed = site(Database::sqlite(), "");
    let nowhere = |site: &Site, headers: &[&str]| {
        let answer = ask(site, "GET", "/metrics", headers, "");
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    };
    nowhere(&closed, &[]);
    nowhere(&closed, &["Authorization: Bearer "]);
    let full = format!("Authorization: Bearer {}", closed.full);
    nowhere(&closed, &[&full]);
    let guarded = site(
        Database::sqlite(),
        &format!("[metrics]\ntoken = \"{TOKEN}\"\n"),
    );
    nowhere(&guarded, &[]);
    nowhere(
        &guarded,
        &["Authorization: Bearer 0123456789abcdef0123456789abcdeX"],
    );
    nowhere(&guarded, &[&format!("Authorization: Basic {TOKEN}")]);
    // Being near is no credential: a proxy on this machine would make everybody near.
    nowhere(&guarded, &["X-Forwarded-For: 127.0.0.1"]);
    assert!(!values(&guarded).is_empty());
}

#[test]
fn an_address_of_its_own_serves_the_metrics_and_nothing_else() {
    let site = site(Database::sqlite(), "[metrics]\nlisten = \"127.0.0.1:0\"\n");
    let address = wait("the address", || {
        let log = site.server.log();
        let (_, rest) = log.split_once("metrics on http://")?;
        rest.split('/').next()?.parse().ok()
    });
    let mut connection = crate::support::http::Connection::open(address).unwrap();
    let mut get = |path: &str| {
        let request = crate::support::http::request("GET", path, None, None);
        let answer = connection.send(&request).unwrap();
        (
            answer.status,
            String::from_utf8(answer.body.to_vec()).unwrap(),
        )
    };
    let (status, page) = get("/metrics");
    assert_eq!(status, 200);
    assert!(page.contains("tympan_build_info{version="), "{page}");
    for path in ["/api/articles", "/health/live", "/"] {
        assert_eq!(get(path).0, 404, "{path}");
    }
}

#[test]
fn a_short_token_is_refused() {
    let database = Database::sqlite();
    let mut command = database.command(&["serve", "--listen", "127.0.0.1:0"]);
    let output = command
        .env("TYMPAN_METRICS_TOKEN", "guessme")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        complaint.contains("metrics.token") && !complaint.contains("guessme"),
        "{complaint}"
    );
    let mut command = database.command(&["config"]);
    let output = command
        .env("TYMPAN_METRICS_TOKEN", "guessme")
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&output.stdout).contains("guessme"));
}

/// Reads the page as strictly as Prometheus does.
fn values(site: &Site) -> Values {
    let token = format!("Authorization: Bearer {TOKEN}");
    let answer = ask(site, "GET", "/metrics", &[&token], "");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(
        !answer.contains(CANARY) && !answer.contains(&site.article),
        "{answer}"
    );
    let (_, page) = answer.split_once("\r\n\r\n").unwrap();
    let (mut families, mut values) = (HashSet::new(), Values::new());
    let mut family = "";
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            family = rest.split(' ').next().unwrap();
            assert!(families.insert(family), "{family} stands there twice");
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        assert!(line.starts_with(family), "{line} in the family {family}");
        let (name, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap();
        assert!(
            values.insert(name.to_owned(), value).is_none(),
            "{name} stands there twice"
        );
    }
    values
}
