//! After any sequence of writes, restarts and crashes the index is as the database.

use serde_json::json;

use crate::site::Site;
use crate::support::Database;

#[test]
fn the_index_is_as_the_database_on_sqlite() {
    the_index_is_as_the_database(Database::sqlite(), 7);
}

#[test]
fn the_index_is_as_the_database_on_postgres() {
    the_index_is_as_the_database(Database::postgres(), 11);
}

const WORDS: [&str; 12] = [
    "amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "islet", "jetty",
    "knoll", "lagoon",
];

/// A small generator, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn words(&mut self) -> String {
        (0..3)
            .map(|_| WORDS[self.roll(WORDS.len())])
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn the_index_is_as_the_database(database: Database, seed: u64) {
    let mut site = Site::start(database);
    let mut dice = Dice(seed);
    let mut books: Vec<String> = Vec::new();
    for step in 0..240 {
        let locale = ["en", "de", "ja"][dice.roll(3)];
        let words = dice.words();
        let data = json!({ "title": words, "body": dice.words(), "seo": { "metaTitle": dice.words() }, "pages": step });
        let chosen = (!books.is_empty()).then(|| books[dice.roll(books.len())].clone());
        match (dice.roll(10), chosen) {
            (0..=2, _) | (_, None) => {
                books.push(site.make(&format!("/books?locale={locale}"), &data))
            }
            (3, _) => books.push(site.make(&format!("/books?locale={locale}&status=draft"), &data)),
            (4..=6, Some(book)) => {
                change(&site, &format!("/books/{book}?locale={locale}"), &data);
            }
            (7, Some(book)) => {
                change(
                    &site,
                    &format!("/books/{book}?locale={locale}&status=draft"),
                    &data,
                );
            }
            (8, Some(book)) => remove(&site, &format!("/books/{book}?locale={locale}")),
            (_, Some(book)) => {
                remove(&site, &format!("/books/{book}?locale=*"));
                books.retain(|kept| *kept != book);
            }
        }
        // The server dies in the middle of it, with whatever the index was doing.
        if step % 60 == 59 {
            site.server.kill();
            site.server.start_again();
        }
    }
    site.ready();
    site.index_is_as_the_database();
    for word in WORDS {
        let indexed = site.get(&format!("/books?_q={word}&locale=*&fields=title"), None)["meta"]["pagination"]["total"].clone();
        let compared = site.get(
            &format!(
                "/books?locale=*&fields=title&filters[$or][0][title][$containsi]={word}&filters[$or][1][body][$containsi]={word}\
                 &filters[$or][2][seo][metaTitle][$containsi]={word}"
            ),
            None,
        )["meta"]["pagination"]["total"]
            .clone();
        assert_eq!(indexed, compared, "{word}");
    }
}

/// Changes a book; one that lost its last locale is not there any more.
fn change(site: &Site, path: &str, data: &serde_json::Value) {
    let (status, body) = site.send("PUT", path, Some(&site.full), Some(data));
    assert!(matches!(status, 200 | 404), "{path}: {status} {body}");
}

fn remove(site: &Site, path: &str) {
    let (status, body) = site.send("DELETE", path, Some(&site.full), None);
    assert_eq!(status, 204, "{path}: {body}");
}
