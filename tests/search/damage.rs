//! Whatever happens to the folder of the index: reads go on, nothing answers 5xx, and it is built anew by itself.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::site::{Site, eventually};
use crate::support::Database;

#[test]
fn a_hurt_index_heals_on_sqlite() {
    a_hurt_index_heals(Database::sqlite());
}

#[test]
fn a_hurt_index_heals_on_postgres() {
    a_hurt_index_heals(Database::postgres());
}

fn a_hurt_index_heals(database: Database) {
    let mut site = Site::start(database);
    for number in 0..30 {
        site.make(
            "/books",
            &json!({ "title": format!("Lighthouse {number}"), "body": "storm and sea" }),
        );
    }
    site.index_is_as_the_database();
    while_it_runs(&site, "the index is deleted", |site| {
        fs::remove_dir_all(site.index()).unwrap()
    });
    while_it_runs(&site, "the whole folder is deleted", |site| {
        fs::remove_dir_all(site.data()).unwrap()
    });
    while_it_runs(&site, "meta.json is deleted", |site| {
        fs::remove_file(site.index().join("meta.json")).unwrap()
    });
    while_it_runs(&site, "a rebuild is asked for", |site| {
        let said = site.server.database().run(&["search", "rebuild"]);
        assert!(said.contains("rows"), "{said}");
    });
    while_it_runs(&site, "a file is cut off under it", |site| {
        let file = largest(&site.index(), "idx");
        let half = fs::metadata(&file).unwrap().len() / 2;
        fs::OpenOptions::new()
            .write(true)
            .open(file)
            .unwrap()
            .set_len(half)
            .unwrap();
    });
    between_runs(&mut site, "meta.json is cut off", |index| {
        let meta = fs::read(index.join("meta.json")).unwrap();
        fs::write(index.join("meta.json"), &meta[..meta.len() / 2]).unwrap();
    });
    between_runs(&mut site, "a byte is flipped", |index| {
        flip(&largest(index, "idx"))
    });
    between_runs(&mut site, "the terms are flipped", |index| {
        flip(&largest(index, "term"))
    });
    between_runs(&mut site, "a file is cut off", |index| {
        let file = largest(index, "fast");
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    });
    between_runs(&mut site, "a file is gone", |index| {
        fs::remove_file(largest(index, "pos")).unwrap()
    });
    between_runs(&mut site, "the index is gone", |index| {
        fs::remove_dir_all(index).unwrap()
    });
    between_runs(&mut site, "it names another index", |index| {
        fs::write(index.parent().unwrap().join("current"), "index-999").unwrap();
    });
    between_runs(&mut site, "what it was made for cannot be read", |index| {
        fs::write(index.join("mapping.json"), "{").unwrap();
    });
    // Locks that a dead process left mean nothing.
    between_runs(&mut site, "locks were left", |index| {
        for lock in [".tantivy-writer.lock", ".tantivy-meta.lock"] {
            fs::write(index.join(lock), "").unwrap();
        }
        fs::write(index.parent().unwrap().join("lock"), "4711").unwrap();
    });
}

/// Hurts the index under the running server; every search meanwhile is answered, and in the end from a whole index.
fn while_it_runs(site: &Site, what: &str, hurt: impl Fn(&Site)) {
    let before = fs::read_to_string(site.data().join("current")).ok();
    hurt(site);
    let title = format!("Lighthouse after {what}");
    site.make("/books", &json!({ "title": title }));
    eventually(what, || {
        for path in [
            "/books?_q=lighthouse&fields=title",
            "/search?q=lighthouse&highlight=true&types=books",
            "/books?fields=title",
        ] {
            let (status, body) = site.send("GET", path, None, None);
            assert_eq!(status, 200, "{what}: {path}: {body}");
        }
        let now = fs::read_to_string(site.data().join("current")).ok();
        (now.is_some() && (now != before || site.index().join("meta.json").exists())).then_some(())
    });
    whole(site, what);
}

/// Hurts the index while no server runs; the next one is ready with a whole index.
fn between_runs(site: &mut Site, what: &str, hurt: impl Fn(&Path)) {
    let index = site.index();
    site.server.kill();
    hurt(&index);
    site.server.start_again();
    let (status, body) = site.send("GET", "/books?_q=lighthouse", None, None);
    assert_eq!(status, 200, "{what}: {body}");
    whole(site, what);
}

fn whole(site: &Site, what: &str) {
    site.ready();
    site.index_is_as_the_database();
    let found = site.found("/search?q=lighthouse&pagination[pageSize]=1");
    assert_eq!(found.len(), 1, "{what}");
}

fn largest(index: &Path, extension: &str) -> PathBuf {
    let files = fs::read_dir(index)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let of_kind = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    of_kind
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap()
}

fn flip(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 0xFF;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_second_server_on_one_folder_goes_without_an_index() {
    let site = Site::start(Database::postgres());
    site.make("/books", &json!({ "title": "Lighthouse" }));
    site.finds("/books?_q=lighthouse", &["Lighthouse"]);
    let database = site.server.database();
    let mut second = database.command(&["serve", "--listen", "127.0.0.1:0"]);
    second.stderr(std::process::Stdio::piped());
    let mut second = Second(second.spawn().unwrap());
    let address = second.address();
    let request =
        crate::support::http::request("GET", "/api/books?_q=lighthouse&fields=title", None, None);
    let mut connection = crate::support::http::Connection::open(address).unwrap();
    let answer = connection.send(&request).unwrap();
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(answer.body).contains("Lighthouse"));
    site.index_is_as_the_database();
}

struct Second(std::process::Child);

impl Second {
    fn address(&mut self) -> std::net::SocketAddr {
        let stderr = self.0.stderr.take().unwrap();
        let mut lines =
            std::io::BufRead::lines(std::io::BufReader::new(stderr)).map_while(Result::ok);
        let address = lines.find_map(|line| {
            let (_, address) = line.split_once("listening on http://")?;
            address.trim().parse().ok()
        });
        // Somebody must read what it goes on to write.
        std::thread::spawn(move || lines.for_each(drop));
        if let Some(address) = address {
            return address;
        }
        panic!("the second server did not listen")
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_that_dies_while_it_commits_goes_on_where_it_was() {
    let mut site = Site::start(Database::sqlite());
    for round in 0..8 {
        // The last of these writes are being committed to the index when the process dies.
        for number in 0..(5 + round * 3) {
            site.make(
                "/books",
                &json!({ "title": format!("Buoy {round} {number}") }),
            );
        }
        site.server.kill();
        site.server.start_again();
    }
    site.ready();
    site.index_is_as_the_database();
    assert!(
        !site.server.log().contains("built anew"),
        "{}",
        site.server.log()
    );
}
