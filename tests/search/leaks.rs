//! Searches tell nothing of private attributes, drafts, types one may not find and what was taken back: two sites that
//! differ only in secrets answer the same, byte for byte.

use serde_json::{Value as Json, json};

use crate::site::{Site, encoded};
use crate::support::Database;

#[test]
fn secrets_do_not_show_on_sqlite() {
    secrets_do_not_show(Database::sqlite(), Database::sqlite());
}

#[test]
fn secrets_do_not_show_on_postgres() {
    secrets_do_not_show(Database::postgres(), Database::postgres());
}

fn secrets_do_not_show(one: Database, other: Database) {
    let full = Site::start(one);
    let empty = Site::start(other);
    fill(&full, "canary secret lantern");
    fill(&empty, "other hidden things");
    full.index_is_as_the_database();
    empty.index_is_as_the_database();
    let mut compared = 0;
    for text in [
        "canary",
        "secret",
        "lantern",
        "canry",
        "lanter",
        "\"secret lantern\"",
        "open",
        "opne",
        "open -canary",
        "o",
        "words",
        "5",
    ] {
        let text = encoded(text);
        for path in [
            format!("/books?_q={text}"),
            format!("/books?_q={text}&sort=title&filters[pages][$lt]=100"),
            format!("/books?_q={text}&locale=*"),
            format!("/tags?_q={text}"),
            format!("/books/aggregate?_q={text}&measures=count"),
            format!("/search?q={text}&highlight=true&facets=type,tags.name,pages"),
            format!(
                "/search?q={text}&types=books&highlight=true&filters[tags][name][$notNull]=true"
            ),
        ] {
            for token in [|_: &Site| None, |site: &Site| Some(site.reader.clone())] {
                let path = if token(&full).is_some() {
                    path.replace(",shelves", "")
                } else {
                    path.clone()
                };
                let (a, b) = (
                    answer(&full, &path, token(&full).as_deref()),
                    answer(&empty, &path, token(&empty).as_deref()),
                );
                assert_eq!(a, b, "{path}");
                assert!(!a.1.contains("canary"), "{path}: {}", a.1);
                compared += 1;
            }
        }
    }
    assert!(compared > 100);
    // They are there for those who may see them.
    assert_eq!(
        full.get("/search?q=canary&types=vaults", Some(&full.full))["meta"]["pagination"]["total"],
        1
    );
    let drafts = full.get(
        "/search?q=canary&status=draft&types=books,tags",
        Some(&full.full),
    );
    assert_eq!(drafts["meta"]["pagination"]["total"], 3, "{drafts}");
    assert_eq!(
        full.get("/search?q=canary&types=books", Some(&full.full))["meta"]["pagination"]["total"],
        0
    );
    // Forbidden and unknown look the same, but for the name that was typed.
    for site in [&full, &empty] {
        for (hidden, unknown) in [
            ("/search?q=x&types=vaults", "/search?q=x&types=nothin"),
            (
                "/search?q=x&types=books&facets=note",
                "/search?q=x&types=books&facets=nope",
            ),
            (
                "/search?q=x&types=books&facets=vault.title",
                "/search?q=x&types=books&facets=nthng.title",
            ),
            (
                "/search?q=x&types=books&filters[vault][title]=1",
                "/search?q=x&types=books&filters[nthng][title]=1",
            ),
        ] {
            let (a, b) = (site.bytes(hidden, None), site.bytes(unknown, None));
            let b = (
                b.0,
                b.1.replace("nothin", "vaults")
                    .replace("nope", "note")
                    .replace("nthng", "vault"),
            );
            assert_eq!(a, b, "{hidden}");
        }
    }
}

/// The same content, and secrets in every place where they can be.
fn fill(site: &Site, secret: &str) {
    let vault = site.make("/vaults", &json!({ "title": secret }));
    let tag = site.make("/tags?status=draft", &json!({ "name": secret }));
    let open = site.make("/tags", &json!({ "name": "open tag" }));
    let book = site.make("/books", &json!({
        "title": "Open book", "body": "open words", "pages": 5, "tags": [open, tag], "note": secret,
        "passphrase": secret, "vault": vault, "seo": { "metaTitle": "open", "editorHint": secret },
        "zone": [{ "__component": "parts.seo", "metaTitle": "open", "editorHint": secret }],
    }));
    // A draft of what is public, and one that never was.
    site.write(
        "PUT",
        &format!("/books/{book}?status=draft"),
        &json!({ "title": format!("Open {secret}") }),
    );
    site.make(
        "/books?status=draft",
        &json!({ "title": secret, "summary": "open" }),
    );
    // What was public and is not any more.
    let gone = site.make(
        "/books",
        &json!({ "title": secret, "summary": format!("{secret} open") }),
    );
    site.delete(&format!("/books/{gone}"));
    let german = site.make("/books?locale=de", &json!({ "title": "Offen" }));
    site.write(
        "PUT",
        &format!("/books/{german}?locale=fr"),
        &json!({ "title": secret }),
    );
    site.delete(&format!("/books/{german}?locale=fr"));
}

/// The answer without what differs between any two sites: identities, numbers and times.
fn answer(site: &Site, path: &str, token: Option<&str>) -> (u16, String) {
    let (status, text) = site.bytes(path, token);
    let mut body: Json = serde_json::from_str(&text).unwrap();
    blank(&mut body);
    (status, body.to_string())
}

fn blank(value: &mut Json) {
    match value {
        Json::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "id" | "documentId" | "createdAt" | "updatedAt" | "publishedAt" => {
                        *value = Json::Null
                    }
                    _ => blank(value),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(blank),
        _ => {}
    }
}
