//! What goes over the wire with kept answers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use poem::http::Method;
use serde_json::json;
use tympan::access::Action;
use tympan::accounts::tokens::{self, TokenKind};
use tympan::delivery::cache::CacheConfig;

use crate::site::{On, Seen, Site};

/// Asks until the answer is as wanted.
async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !done().await {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        tokio::task::yield_now().await;
    }
}

async fn articles(site: &Site, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let data = json!({ "title": format!("t{number}"), "body": "lorem ipsum ".repeat(100), "views": number });
        ids.push(site.create("articles", &data).await);
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn validators_and_directives_are_as_caches_expect() {
    let site = Site::open(On::Sqlite, CacheConfig::default()).await;
    articles(&site, 3).await;
    let path = "/api/articles?sort=title";
    for _ in 0..3 {
        let seen = site.node.get(path).await;
        assert_eq!(
            (seen.status, seen.header("cache-control")),
            (200, "no-cache")
        );
        let vary: Vec<_> = seen.headers.get_all("vary").iter().collect();
        assert_eq!(
            vary,
            [
                "authorization, strapi-response-format, accept-encoding",
                "Origin"
            ]
        );
        let etag = seen.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.len() == 34, "{etag}");
        for tags in [
            etag.clone(),
            format!("W/{etag}"),
            format!("\"x\", {etag}"),
            "*".to_owned(),
        ] {
            let headers = [("if-none-match", tags.as_str())];
            let again = site.node.send(Method::GET, path, &headers, None).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{tags}");
            assert_eq!(again.header("etag"), etag);
            assert_eq!(again.header("cache-control"), "no-cache");
        }
        let headers = [("if-none-match", "\"other\"")];
        let other = site.node.send(Method::GET, path, &headers, None).await;
        assert_eq!((other.status, other.body), (200, seen.body));
    }
    let owned = [("authorization", site.token.as_str())];
    let mine = site.node.send(Method::GET, path, &owned, None).await;
    assert_eq!(mine.header("cache-control"), "private, no-store");
    assert!(!mine.header("etag").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_entry_has_another_validator() {
    let site = Site::open(On::Sqlite, CacheConfig::default()).await;
    let id = articles(&site, 1).await.remove(0);
    let path = format!("/api/articles/{id}");
    let old = site.node.get(&path).await.header("etag").to_owned();
    site.write(Method::PUT, &path, &json!({ "title": "new" }))
        .await;
    let headers = [("if-none-match", old.as_str())];
    let seen = site.node.send(Method::GET, &path, &headers, None).await;
    assert_eq!(seen.status, 200);
    assert_ne!(seen.header("etag"), old);
    // Only a draft: nothing public changed, the answer stays.
    let draft = format!("{path}?status=draft");
    site.write(Method::PUT, &draft, &json!({ "title": "later" }))
        .await;
    assert!(site.node.kept(&path).is_some());
}

fn unpacked(seen: &Seen) -> Vec<u8> {
    let mut bytes = Vec::new();
    let body = seen.body.as_slice();
    match seen.header("content-encoding") {
        "br" => {
            brotli::Decompressor::new(body, 4096)
                .read_to_end(&mut bytes)
                .unwrap();
        }
        "gzip" => {
            flate2::read::GzDecoder::new(body)
                .read_to_end(&mut bytes)
                .unwrap();
        }
        "zstd" => bytes = zstd::stream::decode_all(body).unwrap(),
        _ => bytes.extend_from_slice(body),
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn every_encoding_holds_the_same_bytes() {
    let site = Site::open(On::Sqlite, CacheConfig::default()).await;
    articles(&site, 5).await;
    let path = "/api/articles?sort=title";
    let plain = site.node.get(path).await;
    for (accepted, named) in [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "br"),
    ] {
        let headers = [("accept-encoding", accepted)];
        let packed = async || site.node.send(Method::GET, path, &headers, None).await;
        until(accepted, async || {
            packed().await.header("content-encoding") == named
        })
        .await;
        let seen = packed().await;
        assert_eq!(unpacked(&seen), plain.body);
        assert!(seen.body.len() < plain.body.len() / 2);
        assert_eq!(
            seen.header("etag"),
            plain
                .header("etag")
                .replace("\"", "")
                .pipe(|name| format!("\"{name}-{named}\""))
        );
        let known = [
            ("accept-encoding", accepted),
            ("if-none-match", seen.header("etag")),
        ];
        let again = site.node.send(Method::GET, path, &known, None).await;
        assert_eq!(again.status, 304);
    }
    let refused = [("accept-encoding", "br;q=0, identity")];
    let seen = site.node.send(Method::GET, path, &refused, None).await;
    assert_eq!(
        (seen.header("content-encoding"), &seen.body),
        ("", &plain.body)
    );
}

/// `value.pipe(f)` reads as `f(value)` where the value is long.
trait Pipe: Sized {
    fn pipe<T>(self, f: impl FnOnce(Self) -> T) -> T {
        f(self)
    }
}

impl Pipe for String {}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_their_own_answer_in_every_order() {
    let site = Site::open(On::Sqlite, CacheConfig::default()).await;
    let author = site.create("authors", &json!({ "name": "a" })).await;
    site.create("articles", &json!({ "title": "t", "author": author }))
        .await;
    let database = &site.node.app.database;
    let only_articles = BTreeMap::from([(
        "api::article.article".to_owned(),
        BTreeSet::from([Action::Find]),
    )]);
    let narrow = tokens::create(database, "narrow", TokenKind::Custom(only_articles), None)
        .await
        .unwrap();
    let reading = tokens::create(
        database,
        "reading",
        TokenKind::ReadOnly { drafts: false },
        None,
    )
    .await
    .unwrap();
    site.node.app.refresh().await.unwrap();
    let (narrow, reading) = (format!("Bearer {narrow}"), format!("Bearer {reading}"));
    let callers: Vec<Option<&str>> = vec![None, Some(&site.token), Some(&narrow), Some(&reading)];
    let path = "/api/articles?populate=*";
    let ask = async |caller: Option<&str>| {
        let headers: Vec<_> = caller
            .map(|token| ("authorization", token))
            .into_iter()
            .collect();
        site.node.send(Method::GET, path, &headers, None).await
    };
    let mut own = Vec::new();
    for caller in &callers {
        site.node.app.cache.clear();
        own.push(ask(*caller).await.body);
    }
    assert_ne!(own[0], own[2], "the narrow token may not see authors");
    for first in 0..callers.len() {
        site.node.app.cache.clear();
        for step in 0..callers.len() * 2 {
            let which = (first + step * 3) % callers.len();
            let seen = ask(callers[which]).await;
            assert_eq!(seen.body, own[which], "caller {which} after {first}");
            let public = seen.header("cache-control") == "no-cache";
            assert_eq!(public, callers[which].is_none());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_serves_all_spellings_and_all_who_wait() {
    let site = Arc::new(Site::open(On::Sqlite, CacheConfig::default()).await);
    articles(&site, 5).await;
    let before = site.node.app.cache.numbers().misses;
    let asking = (0..40).map(|_| {
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            site.node
                .get("/api/articles?sort=title&fields=title")
                .await
                .body
        })
    });
    let bodies = futures_util::future::join_all(asking).await;
    let first = bodies[0].as_ref().unwrap();
    assert!(bodies.iter().all(|body| body.as_ref().unwrap() == first));
    for spelling in [
        "fields=title&sort=title",
        "fields%5B0%5D=title&sort=title",
        "sort=title&fields=%74itle",
    ] {
        let seen = site.node.get(&format!("/api/articles?{spelling}")).await;
        assert_eq!(&seen.body, first, "{spelling}");
    }
    let misses = site.node.app.cache.numbers().misses - before;
    // `fields[0]` is a list and a text is not: they mean the same, and are two questions.
    assert_eq!(misses, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_within_its_bound() {
    let config = CacheConfig {
        memory_mib: 1,
        ..CacheConfig::default()
    };
    let site = Site::open(On::Sqlite, config).await;
    articles(&site, 10).await;
    for number in 0..600 {
        let seen = site
            .node
            .get(&format!("/api/articles?filters[views][$gt]=-{number}"))
            .await;
        assert_eq!(seen.status, 200);
    }
    let numbers = site.node.app.cache.numbers();
    assert!(numbers.bytes <= 1024 * 1024, "{numbers:?}");
    assert!(numbers.crowded > 300, "{numbers:?}");
    assert!(numbers.answers < 200 && numbers.answers > 5, "{numbers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_kept_until_it_does() {
    let site = Site::open(On::Sqlite, CacheConfig::default()).await;
    assert_eq!(site.node.get("/api/homepage").await.status, 404);
    assert!(site.node.kept("/api/homepage").is_some());
    site.write(Method::PUT, "/api/homepage", &json!({ "headline": "h" }))
        .await;
    assert_eq!(site.node.get("/api/homepage").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_beside_writers_never_see_less_than_was_acknowledged() {
    let site = Arc::new(Site::open(On::Sqlite, CacheConfig::default()).await);
    let id = articles(&site, 3).await.remove(0);
    let (acknowledged, rounds) = (Arc::new(AtomicI64::new(0)), 150);
    let readers: Vec<_> = (0..4)
        .map(|reader| {
            let (site, acknowledged, id) =
                (Arc::clone(&site), Arc::clone(&acknowledged), id.clone());
            tokio::spawn(async move {
                let path = match reader % 2 {
                    0 => format!("/api/articles/{id}"),
                    _ => "/api/articles?filters[slug][$eq]=t0".to_owned(),
                };
                let mut reads = 0;
                while acknowledged.load(Ordering::SeqCst) < rounds {
                    // Kept answers come without waiting: others must get their turn.
                    tokio::task::yield_now().await;
                    let least = acknowledged.load(Ordering::SeqCst);
                    let seen = site.node.get(&path).await.json();
                    let views = &seen["data"];
                    let views = views.get(0).unwrap_or(views)["views"].as_i64().unwrap();
                    assert!(
                        views >= least,
                        "{views} was read after {least} was acknowledged"
                    );
                    reads += 1;
                }
                reads
            })
        })
        .collect();
    for views in 1..=rounds {
        let path = format!("/api/articles/{id}");
        let seen = site
            .write(Method::PUT, &path, &json!({ "views": views }))
            .await;
        assert_eq!(seen.status, 200);
        acknowledged.store(views, Ordering::SeqCst);
    }
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_serves_what_this_one_wrote_soon() {
    let site = Site::open(On::Postgres, CacheConfig::default()).await;
    let other = site.other.as_ref().unwrap();
    let id = articles(&site, 2).await.remove(0);
    let path = format!("/api/articles/{id}");
    until("the other node shows the new entry", async || {
        other.get(&path).await.status == 200
    })
    .await;
    until("the other node keeps it", async || {
        other.get(&path).await;
        other.kept(&path).is_some()
    })
    .await;
    for views in 100..110 {
        site.write(Method::PUT, &path, &json!({ "views": views }))
            .await;
        until("the other node follows", async || {
            other.get(&path).await.json()["data"]["views"] == json!(views)
        })
        .await;
    }
}
