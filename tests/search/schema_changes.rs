//! When the schema changes the index is built anew beside the old one, and what became hidden is not found meanwhile.

use std::fs;

use serde_json::{Value as Json, json};

use crate::site::{Site, folder};
use crate::support::{Database, Folder};

#[test]
fn the_index_follows_the_schema_on_sqlite() {
    the_index_follows_the_schema(Database::sqlite());
}

#[test]
fn the_index_follows_the_schema_on_postgres() {
    the_index_follows_the_schema(Database::postgres());
}

fn the_index_follows_the_schema(database: Database) {
    let site = Site::start(database);
    for number in 0..20 {
        site.make("/books", &json!({ "title": format!("Compass {number}"), "summary": "magnetic", "note": "private rumour" }));
    }
    site.make("/books", &json!({ "title": "Sextant", "summary": "brass" }));
    site.index_is_as_the_database();
    assert_eq!(site.found("/books?_q=rumour").len(), 0);
    assert_eq!(site.found("/books?_q=brass"), ["Sextant"]);
    // What was private becomes readable; what was readable becomes private.
    change(&site, |attributes| {
        attributes["note"]
            .as_object_mut()
            .unwrap()
            .remove("private");
        attributes["summary"]["private"] = json!(true);
        attributes["motto"] = json!({ "type": "string", "search": { "boost": 9 } });
    });
    site.finds("/books?_q=brass", &[]);
    site.index_is_as_the_database();
    assert_eq!(site.found("/books?_q=rumour").len(), 20);
    site.make(
        "/books",
        &json!({ "title": "Astrolabe", "motto": "ad astra compass" }),
    );
    site.index_is_as_the_database();
    // A weight of the schema puts the motto before the titles.
    assert_eq!(
        site.found("/books?_q=compass").first().unwrap(),
        "Astrolabe"
    );
    // Searches go on while it is built: the type that did not change loses nothing.
    assert_eq!(site.send("GET", "/books?_q=compass", None, None).0, 200);
}

fn change(site: &Site, edit: impl Fn(&mut Json)) {
    let copy = Folder::new();
    let run = std::process::Command::new("cp")
        .arg("-r")
        .arg(folder("schema"))
        .arg(copy.path())
        .status();
    assert!(run.unwrap().success());
    let schema = copy.path().join("schema");
    let file = schema.join("types/book.json");
    let mut book: Json = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    edit(&mut book["attributes"]);
    fs::write(&file, book.to_string()).unwrap();
    site.server
        .database()
        .run(&["schema", "apply", schema.to_str().unwrap(), "--yes"]);
}
