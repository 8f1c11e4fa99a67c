//! What people type by mistake finds what they meant, first, in every language.

use serde_json::json;

use crate::corpus::{MISSPELT, TITLES, made_up};
use crate::site::{Site, encoded};
use crate::support::Database;

#[test]
fn misspelt_searches_find_what_was_meant_on_sqlite() {
    misspelt_searches_find_what_was_meant(Database::sqlite());
}

#[test]
fn misspelt_searches_find_what_was_meant_on_postgres() {
    misspelt_searches_find_what_was_meant(Database::postgres());
}

fn misspelt_searches_find_what_was_meant(database: Database) {
    let site = Site::start(database);
    for title in made_up() {
        site.make("/books", &json!({ "title": title }));
    }
    for (locale, titles) in TITLES {
        for title in titles {
            site.make(
                &format!("/books?locale={locale}"),
                &json!({ "title": title }),
            );
        }
    }
    site.index_is_as_the_database();
    let mut wrong = Vec::new();
    for (locale, typed, meant) in MISSPELT {
        for path in [
            format!("/search?q={}&locale={locale}", encoded(typed)),
            format!("/books?_q={}&locale={locale}", encoded(typed)),
        ] {
            let found = site.found(&path);
            if found.first().map(String::as_str) != Some(meant) {
                wrong.push(format!(
                    "{typed:?} ({locale}) finds {found:?} and not {meant:?} first"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Every known title finds itself, also by a part of a text without spaces.
    for (locale, titles) in TITLES {
        for title in titles {
            let found = site.found(&format!("/search?q={}&locale={locale}", encoded(title)));
            assert_eq!(found.first().map(String::as_str), Some(*title));
        }
    }
    // What nobody wrote is not found, and typos can be switched off.
    assert_eq!(site.found("/search?q=xylophonist"), Vec::<String>::new());
    assert_eq!(
        site.found("/search?q=frankenstien&typos=false"),
        Vec::<String>::new()
    );
    assert_eq!(
        site.found("/search?q=frankenst&prefix=false&typos=false"),
        Vec::<String>::new()
    );
    let meta = &site.get("/search?q=frankenstien", None)["meta"];
    assert_eq!(meta["search"]["misspelt"], true);
}
