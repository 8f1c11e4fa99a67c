//! `GET /api/search`: several types, facets, snippets, conditions per type.

use serde_json::json;

use crate::site::Site;
use crate::support::Database;

#[test]
fn types_are_searched_together_on_sqlite() {
    types_are_searched_together(Database::sqlite());
}

#[test]
fn types_are_searched_together_on_postgres() {
    types_are_searched_together(Database::postgres());
}

fn types_are_searched_together(database: Database) {
    let site = Site::start(database);
    let red = site.make("/tags", &json!({ "name": "Red harbour", "slug": "red" }));
    let blue = site.make("/tags", &json!({ "name": "Blue", "slug": "blue" }));
    let shelf = site.make("/shelves", &json!({ "name": "North harbour", "room": "A" }));
    for (number, tags) in [(1, vec![&red]), (2, vec![&red, &blue]), (3, vec![])] {
        site.make("/books", &json!({
            "title": format!("Harbour {number}"), "summary": "ships & <b>cranes</b> at the harbour", "pages": number,
            "tags": tags, "shelf": (number < 3).then_some(&shelf),
        }));
    }
    site.index_is_as_the_database();

    let body = site.get(
        "/search?q=harbour&facets=type,tags.slug,shelf.room&highlight=true",
        None,
    );
    assert_eq!(body["meta"]["pagination"]["total"], 5, "{body}");
    assert_eq!(
        body["meta"]["facets"]["type"],
        json!([
            { "value": "books", "count": 3 }, { "value": "shelves", "count": 1 }, { "value": "tags", "count": 1 }
        ])
    );
    assert_eq!(
        body["meta"]["facets"]["tags.slug"],
        json!([
            { "value": "red", "count": 2 }, { "value": "blue", "count": 1 }
        ])
    );
    assert_eq!(
        body["meta"]["facets"]["shelf.room"],
        json!([{ "value": "A", "count": 2 }])
    );
    assert!(body["meta"].get("search").is_none());
    let book = body["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|hit| hit["type"] == "books")
        .unwrap();
    assert_eq!(book["locale"], "en");
    assert!(book["score"].as_f64().unwrap() > 0.0);
    assert_eq!(
        book["highlights"]["summary"][0],
        "ships &amp; &lt;b&gt;cranes&lt;/b&gt; at the <mark>harbour</mark>"
    );
    assert!(book["entry"]["title"].is_string() && book["entry"]["note"].is_null());

    // Conditions of one type, and of every type.
    assert_eq!(
        site.found("/search?q=harbour&types=books,tags&filters[books][pages][$gt]=2"),
        ["Harbour 3", "Red harbour"].map(String::from)
    );
    assert_eq!(
        site.found("/search?q=harbour&types=tags,shelves&filters[name][$startsWith]=North"),
        ["North harbour"]
    );
    let by_relation = site.get("/search?q=harbour&types=books&filters[tags][slug][$eq]=blue&facets=tags.slug&fields=title&populate[books]=tags", None);
    assert_eq!(by_relation["meta"]["pagination"]["total"], 1);
    assert_eq!(
        by_relation["meta"]["facets"]["tags.slug"],
        json!([{ "value": "blue", "count": 1 }, { "value": "red", "count": 1 }])
    );
    assert_eq!(
        by_relation["data"][0]["entry"]["tags"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert!(by_relation["data"][0]["entry"].get("summary").is_none());

    // Pages of one order.
    let all = site.found("/search?q=harbour");
    let mut pages = Vec::new();
    for page in 1..=3 {
        pages.extend(site.found(&format!(
            "/search?q=harbour&pagination[page]={page}&pagination[pageSize]=2"
        )));
    }
    assert_eq!(pages, all);

    // What does not exist is refused.
    for (path, key) in [
        ("/search?q=x&types=nothing", "nothing"),
        ("/search?q=x&types=vaults", "vaults"),
        ("/search?q=x&facets=nothing", "nothing"),
        ("/search?q=x&facets=note", "note"),
        ("/search?q=x&facets=vault.title", "vault.title"),
        ("/search?q=x&fields=note", "note"),
        ("/search?q=x&types=books&filters[note][$eq]=1", "note"),
        ("/search?q=x&filters[title][$eq]=1", "title"),
    ] {
        let (status, body) = site.send("GET", path, None, None);
        assert_eq!(
            (status, &body["error"]["details"]["key"]),
            (400, &json!(key)),
            "{path}: {body}"
        );
    }
    for path in [
        "/search",
        "/search?q=",
        "/search?q=x&pagination[cursor]=",
        "/search?q=x&wrong=1",
        "/search?q=x&highlight=maybe",
    ] {
        let (status, body) = site.send("GET", path, None, None);
        assert_eq!(status, 400, "{path}: {body}");
    }
    assert_eq!(
        site.send("POST", "/search?q=x", None, Some(&json!({}))).0,
        405
    );
    let description = site.get("/openapi.json", None);
    assert_eq!(
        description["paths"]["/search"]["get"]["operationId"],
        "search"
    );
    assert!(
        !description["paths"]["/search"]
            .to_string()
            .contains("vault")
    );
}
