//! Traces reach a collector whole and without secrets; a dead collector hurts nobody.

use std::net::TcpListener;
use std::time::Instant;

use serde_json::json;

use crate::collector::{Collector, Span};
use crate::site::CANARY;
use crate::support::Database;
use crate::{ask, header, site, wait};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

#[test]
fn spans_reach_the_collector_on_sqlite() {
    spans_reach_the_collector(Database::sqlite());
}

#[test]
fn spans_reach_the_collector_on_postgres() {
    spans_reach_the_collector(Database::postgres());
}

fn spans_reach_the_collector(database: Database) {
    let collector = Collector::start();
    let settings = format!(
        "[otel]\nendpoint = \"http://{}\"\nheaders = \"x-key=collector-secret\"\nservice = \"cms-under-test\"\n",
        collector.address
    );
    let site = site(database, &settings);
    let parent = format!("traceparent: 00-{TRACE}-{CALLER}-01");
    let path = "/api/articles?filters[title][$eq]=CNRY-value&populate=tags";
    let answer = ask(&site, "GET", path, &[&parent, "Cookie: s=CNRY-cookie"], "");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let id = header(&answer, "x-request-id").unwrap().to_owned();
    let body = json!({ "data": { "name": "CNRY-tag" } }).to_string();
    let token = format!("Authorization: Bearer {}", site.full);
    let json = "Content-Type: application/json";
    let second = parent.replace("0af7", "1af7");
    let answer = ask(&site, "POST", "/api/tags", &[&second, &token, json], &body);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let in_trace = |trace: &str| -> Vec<Span> {
        let spans = collector.spans().into_iter();
        spans.filter(|span| span.trace == trace).collect()
    };
    let read = wait("the trace of the read", || {
        let spans = in_trace(TRACE);
        let whole = spans.iter().any(|span| span.name == "list");
        whole.then_some(spans)
    });
    let request = read.iter().find(|span| span.name == "list").unwrap();
    assert_eq!(request.parent, CALLER);
    assert_eq!(request.attribute("http.response.status_code"), Some("200"));
    assert_eq!(request.attribute("request_id"), Some(id.as_str()));
    let statement = read.iter().find(|span| span.name == "sql").unwrap();
    assert_eq!(statement.parent, request.id);
    assert!(
        statement
            .attribute("db.query.text")
            .unwrap()
            .contains("select")
    );
    let write = wait("the trace of the write", || {
        let spans = in_trace(&TRACE.replace("0af7", "1af7"));
        let whole = spans.iter().any(|span| span.parent == CALLER);
        whole.then_some(spans)
    });
    let request = write.iter().find(|span| span.parent == CALLER).unwrap();
    assert_eq!(request.name, "write");
    assert!(
        write
            .iter()
            .any(|span| span.name == "write" && span.parent == request.id)
    );
    let sent = collector.text();
    for secret in [CANARY, site.full.as_str(), "collector-secret"] {
        assert!(!sent.contains(secret), "{secret} was sent to the collector");
    }
    assert!(sent.contains("cms-under-test"));
    assert!(
        collector
            .heads()
            .iter()
            .all(|head| head.contains("x-key: collector-secret"))
    );
    assert!(!site.server.log().contains("collector-secret"));
}

#[test]
fn a_dead_collector_hurts_nobody() {
    // It takes connections, as far as the system's queue goes, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let token = "0123456789abcdef";
    let settings = format!(
        "[otel]\nendpoint = \"http://{}\"\n[metrics]\ntoken = \"{token}\"\n[headers]\naccess_log = false\n",
        silent.local_addr().unwrap()
    );
    let site = site(Database::sqlite(), &settings);
    let mut connection = site.server.connect();
    let request = crate::support::http::request("GET", "/api/articles?fields=title", None, None);
    let started = Instant::now();
    for _ in 0..8000 {
        assert_eq!(connection.send(&request).unwrap().status, 200);
    }
    println!(
        "8,000 requests with a dead collector took {:?}",
        started.elapsed()
    );
    let request = crate::support::http::request("GET", "/metrics", Some(token), None);
    let page = String::from_utf8(connection.send(&request).unwrap().body.to_vec()).unwrap();
    let dropped = page.lines().find_map(|line| {
        line.strip_prefix("tympan_trace_spans_total{outcome=\"dropped\"} ")?
            .parse::<f64>()
            .ok()
    });
    assert!(
        dropped.is_some_and(|dropped| dropped > 100.0),
        "{dropped:?}"
    );
}
