//! `_q` on lists: with conditions, order, pages, counts and drafts as on every list.

use serde_json::{Value as Json, json};

use crate::site::{Site, encoded};
use crate::support::Database;

#[test]
fn lists_are_searched_on_sqlite() {
    lists_are_searched(Database::sqlite());
}

#[test]
fn lists_are_searched_on_postgres() {
    lists_are_searched(Database::postgres());
}

fn lists_are_searched(database: Database) {
    let site = Site::start(database);
    fill(&site);
    site.index_is_as_the_database();
    the_best_comes_first(&site);
    conditions_and_order_hold(&site);
    pages_are_exact(&site);
    locales_and_drafts_are_apart(&site);
    aggregations_are_of_what_is_found(&site);
    nonsense_is_refused(&site);
}

fn fill(site: &Site) {
    for number in 1..=40 {
        let word = if number % 2 == 0 { "even" } else { "odd" };
        site.make(
            "/books",
            &json!({
                "title": format!("Volume {number:02} of the lantern"), "summary": format!("An {word} number"),
                "pages": number, "price": f64::from(number) + 0.25, "inPrint": number % 4 == 0,
            }),
        );
    }
    site.make(
        "/books",
        &json!({ "title": "Another", "summary": "about a lantern and a lamp", "pages": 999 }),
    );
    site.make("/books", &json!({
        "title": "Rich", "body": "# Heading\n\nWith **zebras** and [a link](https://hidden.example)",
        "content": [{ "type": "paragraph", "children": [{ "type": "text", "text": "about giraffes" }] }],
        "seo": { "metaTitle": "okapi", "metaText": "<p class=\"quagga\">tapir</p>" },
        "zone": [{ "__component": "parts.seo", "metaTitle": "pangolin" }],
        "unlisted": "aardvark",
    }));
    let book = site.make("/books?locale=en", &json!({ "title": "Walking home" }));
    site.write(
        "PUT",
        &format!("/books/{book}?locale=de"),
        &json!({ "title": "Der Weg nach Hause" }),
    );
    site.write(
        "PUT",
        &format!("/books/{book}?status=draft"),
        &json!({ "title": "Cycling home" }),
    );
}

fn the_best_comes_first(site: &Site) {
    // A hit in a title counts more than one in a summary.
    let found = site.found("/books?_q=lantern&pagination[pageSize]=100");
    assert_eq!(found.len(), 41);
    assert_eq!(found.last().unwrap(), "Another");
    for (word, title) in [
        ("zebra", "Rich"),
        ("giraffe", "Rich"),
        ("okapi", "Rich"),
        ("tapir", "Rich"),
        ("pangolin", "Rich"),
        ("999", "Another"),
        ("40.25", "Volume 40 of the lantern"),
        ("\"a lamp\"", "Another"),
        ("lantern -volume", "Another"),
    ] {
        assert_eq!(
            site.found(&format!("/books?_q={}", encoded(word))),
            [title],
            "{word}"
        );
    }
    for nothing in [
        "quagga",
        "aardvark",
        "hidden",
        "metaTitle",
        "paragraph",
        "\"lamp a\"",
        "_",
        "%",
        "-lantern",
    ] {
        assert_eq!(
            site.found(&format!("/books?_q={}", encoded(nothing))),
            Vec::<String>::new(),
            "{nothing}"
        );
    }
    let document = site.get("/books?_q=okapi", None)["data"][0]["documentId"].clone();
    let found = site.found(&format!("/books?_q={}", document.as_str().unwrap()));
    assert_eq!(found, ["Rich"]);
    assert_eq!(
        site.found(&format!("/tags?_q={}", document.as_str().unwrap())),
        Vec::<String>::new()
    );
}

fn conditions_and_order_hold(site: &Site) {
    let few = "/books?_q=lantern&filters[pages][$lte]=4&filters[inPrint][$eq]=false";
    assert_eq!(
        site.found(&format!("{few}&sort=pages:desc")),
        [
            "Volume 03 of the lantern",
            "Volume 02 of the lantern",
            "Volume 01 of the lantern"
        ]
    );
    // Without an order of its own what scores the same comes newest first.
    assert_eq!(
        site.found(few),
        [
            "Volume 03 of the lantern",
            "Volume 02 of the lantern",
            "Volume 01 of the lantern"
        ]
    );
    let body = site.get(
        &format!("{few}&pagination[pageSize]=2&fields=title&populate=tags"),
        None,
    );
    assert_eq!(
        body["meta"]["pagination"],
        json!({ "page": 1, "pageSize": 2, "pageCount": 2, "total": 3 })
    );
    assert_eq!(body["data"][0]["tags"], json!([]));
    assert!(body["data"][0].get("pages").is_none());
}

fn pages_are_exact(site: &Site) {
    for more in ["", "&filters[pages][$lt]=1000", "&sort=title"] {
        let whole = site.found(&format!("/books?_q=lantern&pagination[pageSize]=100{more}"));
        let mut seen = Vec::new();
        for page in 1..=5 {
            let path =
                format!("/books?_q=lantern&pagination[page]={page}&pagination[pageSize]=10{more}");
            let body = site.get(&path, None);
            assert_eq!(body["meta"]["pagination"]["total"], 41);
            assert_eq!(body["meta"]["pagination"]["pageCount"], 5);
            seen.extend(site.found(&path));
        }
        assert_eq!(seen, whole, "{more}");
        let part = site.found(&format!(
            "/books?_q=lantern&pagination[start]=7&pagination[limit]=3{more}"
        ));
        assert_eq!(part, whole[7..10]);
    }
    let mut cursor = String::new();
    let mut count = 0;
    loop {
        let body = site.get(
            &format!(
                "/books?_q=lantern&sort=title&pagination[cursor]={cursor}&pagination[pageSize]=20"
            ),
            None,
        );
        count += body["data"].as_array().unwrap().len();
        match body["meta"]["pagination"]["nextCursor"].as_str() {
            Some(next) => cursor = encoded(next),
            None => break,
        }
    }
    assert_eq!(count, 41);
}

fn locales_and_drafts_are_apart(site: &Site) {
    assert_eq!(site.found("/books?_q=walk"), ["Walking home"]);
    assert_eq!(site.found("/books?_q=hause"), Vec::<String>::new());
    assert_eq!(
        site.found("/books?_q=hause&locale=de"),
        ["Der Weg nach Hause"]
    );
    assert_eq!(
        site.found("/books?_q=hause&locale=*"),
        ["Der Weg nach Hause"]
    );
    assert_eq!(site.found("/books?_q=cycling"), Vec::<String>::new());
    assert_eq!(
        site.found_by("/books?_q=cycling&status=draft", Some(&site.full)),
        ["Cycling home"]
    );
    assert_eq!(
        site.found_by("/books?_q=walking&status=draft", Some(&site.full)),
        Vec::<String>::new()
    );
    let (status, _) = site.send(
        "GET",
        "/books?_q=cycling&status=draft",
        Some(&site.reader),
        None,
    );
    assert_eq!(status, 403);
}

fn aggregations_are_of_what_is_found(site: &Site) {
    let body = site.get(
        "/books/aggregate?_q=even&groupBy=inPrint&measures=count",
        None,
    );
    let count = |group: bool| {
        let groups = body["data"].as_array().unwrap().iter();
        let of = groups.clone().find(|of| of["group"]["inPrint"] == group);
        of.map_or(Json::Null, |of| of["measures"]["count"].clone())
    };
    assert_eq!(
        (count(true), count(false)),
        (json!(10), json!(10)),
        "{body}"
    );
}

fn nonsense_is_refused(site: &Site) {
    let many = vec!["word"; 40].join("%20");
    for path in [
        format!("/books?_q={many}"),
        format!("/search?q={many}"),
        "/books?_q=lantern&pagination[page]=99999&pagination[pageSize]=100".into(),
    ] {
        let (status, body) = site.send("GET", &path, None, None);
        assert_eq!(status, 400, "{path}: {body}");
    }
    for odd in [
        "%22",
        "%22%22",
        "-",
        "--",
        "-%22",
        "%E2%80%8B",
        "%F0%9F%98%80",
        "a%00b",
        "()*%5E~",
        "AND",
        "%22open",
        "%EF%BC%A1",
    ] {
        for path in [
            format!("/books?_q={odd}"),
            format!("/search?q={odd}&highlight=true&facets=type"),
        ] {
            let (status, body) = site.send("GET", &path, None, None);
            assert!(matches!(status, 200 | 400), "{path}: {status} {body}");
        }
    }
}
