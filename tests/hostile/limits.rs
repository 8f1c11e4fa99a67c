//! Every bound of a request is in force, and is the one of the configuration.

use std::fs;

use serde_json::{Value as Json, json};

use crate::site::Site;
use crate::support::{Database, Folder};
use crate::with_body;

const BOUNDS: &str = r#"
[limits]
default_page_size = 2
max_page_size = 4
populate_depth = 2
populated_rows = 3
filter_nodes = 5
filter_depth = 3
in_values = 3
sort_keys = 2
value_bytes = 20
parameters = 8
parameter_depth = 8
response_bytes = 6000

[body]
bytes = 4000
depth = 6
nodes = 60
"#;

/// A slow statement needs rows, so that one is measured on a server of its own.
const SHORT: &str = "[database]\nstatement_ms = 50\n";

fn start(database: Database, bounds: &str) -> (Site, Folder) {
    let folder = Folder::new();
    let file = folder.path().join("bounds.toml");
    fs::write(&file, bounds).unwrap();
    let site = Site::start(database, &["--config", file.to_str().unwrap()]);
    (site, folder)
}

/// Below the bound it answers, above it refuses.
fn bound(site: &Site, below: &str, above: &str, said: &str) {
    let (status, body) = site.get(below, Some(&site.full));
    assert_eq!(status, 200, "{below}: {body}");
    let (status, body) = site.get(above, Some(&site.full));
    assert_eq!(status, 400, "{above}: {body}");
    assert!(body.contains(said), "{above}: {body}");
}

#[test]
fn bounds_of_queries() {
    let (site, _folder) = start(Database::sqlite(), BOUNDS);
    let list = |count: usize| {
        (0..count)
            .map(|n| format!("filters[title][$in][{n}]=a"))
            .collect::<Vec<_>>()
            .join("&")
    };
    bound(
        &site,
        &format!("/articles?{}", list(3)),
        &format!("/articles?{}", list(4)),
        "3",
    );
    let or = |count: usize| {
        (0..count)
            .map(|n| format!("filters[$or][{n}][id]=1"))
            .collect::<Vec<_>>()
            .join("&")
    };
    bound(
        &site,
        &format!("/articles?{}", or(2)),
        &format!("/articles?{}", or(6)),
        "5",
    );
    bound(
        &site,
        "/articles?filters[tags][name]=a",
        "/articles?filters[tags][articles][tags][articles][title]=a",
        "3",
    );
    bound(
        &site,
        "/articles?populate[tags][populate][articles]=true",
        "/articles?populate[tags][populate][articles][populate][tags]=true",
        "2",
    );
    bound(
        &site,
        "/articles?sort=title,id",
        "/articles?sort=title,id,slug",
        "2",
    );
    bound(
        &site,
        &format!("/articles?_q={}", "a".repeat(20)),
        &format!("/articles?_q={}", "a".repeat(21)),
        "20",
    );
    bound(
        &site,
        &format!("/articles?filters[title]={}", "a".repeat(20)),
        &format!("/articles?filters[title]={}", "a".repeat(21)),
        "20",
    );
    bound(
        &site,
        "/articles?fields[0]=title&fields[1]=slug",
        &format!("/articles?{}", ["_q=a"; 9].join("&")),
        "8",
    );
    bound(
        &site,
        "/articles",
        &format!("/articles?filters{}=1", "[a]".repeat(9)),
        "8",
    );
}

#[test]
fn bounds_of_answers() {
    let (site, _folder) = start(Database::sqlite(), BOUNDS);
    let ids: Vec<String> = (0..6)
        .map(|n| site.make("/tags", &json!({ "name": format!("tag {n}") })))
        .collect();
    let sizes = |query: &str| {
        let (status, body) = site.get(&format!("/tags?fields=name&{query}"), Some(&site.full));
        assert_eq!(status, 200, "{body}");
        let body: Json = serde_json::from_str(&body).unwrap();
        body["data"].as_array().unwrap().len()
    };
    assert_eq!(
        (
            sizes(""),
            sizes("pagination[pageSize]=3"),
            sizes("pagination[pageSize]=1000")
        ),
        (2, 3, 4)
    );
    assert_eq!(
        (
            sizes("pagination[limit]=1000"),
            sizes("pagination[limit]=-1")
        ),
        (4, 1)
    );
    let few = site.make("/articles", &json!({ "title": "few", "tags": &ids[..3] }));
    let many = site.make("/articles", &json!({ "title": "many", "tags": &ids[..4] }));
    let tags = |id: &str| format!("/articles/{id}?populate=tags");
    bound(&site, &tags(&few), &tags(&many), "more than 3 rows");
    let body = |length: usize| json!({ "title": "long", "body": "b".repeat(length) });
    for _ in 0..3 {
        site.make("/articles", &body(2500));
    }
    let longs = |size: u8| format!("/articles?filters[title]=long&pagination[pageSize]={size}");
    bound(&site, &longs(2), &longs(3), "6000 bytes");
    let post = |body: String| {
        with_body(
            &site,
            "POST",
            "/articles",
            "application/json",
            body.as_bytes(),
        )
        .0
    };
    assert_eq!(
        post(format!(
            "{{\"data\":{{\"title\":\"{}\"}}}}",
            "a".repeat(5000)
        )),
        413
    );
    assert_eq!(
        post(format!(
            "{{\"data\":{{\"extra\":{}{}}}}}",
            "[".repeat(4),
            "]".repeat(4)
        )),
        201
    );
    assert_eq!(
        post(format!(
            "{{\"data\":{{\"extra\":{}{}}}}}",
            "[".repeat(5),
            "]".repeat(5)
        )),
        400
    );
    assert_eq!(
        post(format!("{{\"data\":{{\"extra\":[{}1]}}}}", "1,".repeat(60))),
        400
    );
}

#[test]
fn a_long_statement_is_stopped_on_sqlite() {
    long_statements_are_stopped(Database::sqlite());
}

#[test]
fn a_long_statement_is_stopped_on_postgres() {
    long_statements_are_stopped(Database::postgres());
}

fn long_statements_are_stopped(database: Database) {
    let (site, _folder) = start(database, SHORT);
    let tag = site.make("/tags", &json!({ "name": "crowd" }));
    for n in 0..40 {
        site.make(
            "/articles",
            &json!({ "title": format!("number {n}"), "tags": [tag] }),
        );
    }
    let hops = "[tags][articles]".repeat(3);
    let slow = format!(
        "/articles?filters{hops}[title][$contains]=nosuch&filters[$or][0]{hops}[body][$contains]=nosuch"
    );
    bound(
        &site,
        "/articles?filters[tags][name]=crowd",
        &slow,
        "ran longer than 50 ms",
    );
    bound(
        &site,
        "/articles/aggregate?measures=count",
        &slow.replace("articles?", "articles/aggregate?"),
        "ran longer than 50 ms",
    );
}
