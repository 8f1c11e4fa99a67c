//! Damaged and hostile archives are refused with a reason, before anything is handed over.
use serde_json::{Value, json};
use tympan::imports::strapi::{ArchiveLimits, StrapiArchive};

use crate::fixture::*;
use crate::site::site;

fn error(name: &str, file: &str, bytes: &[u8], key: Option<&str>) -> String {
    let folder = Folder::new(name);
    read(&folder.file(file, bytes), key).unwrap_err()
}

/// Replaces the content of one part.
fn changed(path: &str, bytes: &[u8]) -> Vec<u8> {
    let mut parts = site();
    let part = parts.0.iter_mut().find(|(name, _)| name == path).unwrap();
    part.1 = bytes.to_vec();
    parts.tar()
}

#[test]
fn a_cut_off_archive_is_refused_wherever_it_ends() {
    let folder = Folder::new("cut");
    let tar = site().tar();
    let gz = gzip(&tar);
    let enc = encrypt(&gz, b"strapi-data-transfer");
    // The last two blocks of a tar file only mark its end.
    let whole = tar.len() - 1024;
    for (name, bytes, end) in [("a.tar", &tar, whole), ("a.tar.gz", &gz, gz.len())] {
        for length in (0..end).step_by(41).chain([end - 513, end - 1]) {
            let path = folder.file(name, &bytes[..length]);
            let error = read(&path, None).expect_err(&format!("{name} of {length} bytes"));
            assert!(!error.is_empty());
        }
    }
    for length in (0..enc.len())
        .step_by(enc.len() / 8)
        .chain([enc.len() - 16, enc.len() - 1])
    {
        let path = folder.file("a.tar.gz.enc", &enc[..length]);
        read(&path, Some(KEY)).expect_err(&format!("encrypted, {length} bytes"));
    }
}

#[test]
fn a_flipped_byte_never_panics_and_is_noticed_where_there_is_a_checksum() {
    let folder = Folder::new("flip");
    let tar = site().tar();
    let plain = read(&folder.file("plain.tar", &tar), None).unwrap();
    for place in (0..tar.len()).step_by(37) {
        let mut bytes = tar.clone();
        bytes[place] ^= 1 << (place % 8);
        let _ = read(&folder.file("a.tar", &bytes), None);
    }
    let gz = gzip(&tar);
    for place in 0..gz.len() {
        let mut bytes = gz.clone();
        bytes[place] ^= 1 << (place % 8);
        if let Ok(records) = read(&folder.file("a.tar.gz", &bytes), None) {
            assert_eq!(records, plain, "byte {place}");
        }
    }
}

#[test]
fn keys_and_other_files_get_clear_answers() {
    let enc = encrypt(&gzip(&site().tar()), b"");
    let wrong = error("key1", "a.tar.gz.enc", &enc, Some("other"));
    assert!(wrong.contains("the key does not open"), "{wrong}");
    let missing = error("key2", "a.tar.gz.enc", &enc, None);
    assert!(missing.contains("is encrypted; give the key"), "{missing}");
    for bytes in [&b""[..], b"PK\x03\x04", &[7; 4096]] {
        let other = error("key3", "a.zip", bytes, None);
        assert!(
            other.contains("is neither a Strapi project folder nor an archive"),
            "{other}"
        );
    }
    let gz = error("key4", "a.tar.gz", &gzip(b"hello"), None);
    assert!(gz.contains("a.tar.gz"), "{gz}");
}

#[test]
fn entries_that_could_do_harm_are_refused() {
    for path in [
        "../../etc/cron.d/x",
        "/etc/passwd",
        "assets/uploads/../x",
        "assets/uploads/.x",
    ] {
        let refused = error("path", "a.tar", &site().with(path, b"x").tar(), None);
        assert!(refused.contains("is refused"), "{refused}");
    }
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Char,
    ] {
        let mut bytes = header("assets/uploads/a", 0, kind).as_bytes().to_vec();
        bytes.extend(site().tar());
        let refused = error("link", "a.tar", &bytes, None);
        assert!(refused.contains("it is a link or a device"), "{refused}");
    }
}

#[test]
fn errors_name_the_part_and_the_line() {
    let good = row(
        "api::page.page",
        1,
        "aaaaaaaaaaaaaaaaaaaaaaa1",
        true,
        json!({}),
    );
    let entities = "entities/entities_00001.jsonl";
    let second = |line: &str| {
        let text = format!("{good}\n{line}");
        error("lines", "a.tar", &changed(entities, text.as_bytes()), None)
    };
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for line in [
        "{",
        "[]",
        "{\"type\":1}",
        "{\"type\":\"api::page.page\",\"id\":-1,\"data\":{}}",
        "{\"type\":\"api::page.page\",\"id\":2,\"data\":[]}",
        "{\"type\":\"api::page.page\",\"id\":2,\"data\":{\"title\":1e999}}",
        "{\"type\":\"api::page.page\",\"id\":2,\"data\":{\"zone\":[{\"__component\":\"no.no\"}]}}",
        "{\"type\":\"api::page.page\",\"id\":2,\"data\":{\"seo\":7}}",
        &format!("{{\"type\":\"api::page.page\",\"id\":2,\"data\":{{\"title\":{deep}}}}}"),
    ] {
        let error = second(line);
        assert!(
            error.starts_with("entities/entities_00001.jsonl line 2: "),
            "{line:.60}: {error}"
        );
    }
    assert!(second(&good.to_string()).contains("row 1 of api::page.page comes twice"));
    let text = error("utf8", "a.tar", &changed(entities, b"{\"\xff\"}"), None);
    assert!(text.contains("line 1: the text is not UTF-8"), "{text}");
    let version = json!({"strapi": {"version": "4.25.1"}}).to_string();
    let old = error(
        "old",
        "a.tar",
        &changed("metadata.json", version.as_bytes()),
        None,
    );
    assert!(old.contains("was written by Strapi 4.25.1"), "{old}");
}

#[test]
fn every_limit_is_kept() {
    let folder = Folder::new("limits");
    let open = |bytes: &[u8], limits: ArchiveLimits| {
        let path = folder.file("a.tar", bytes);
        StrapiArchive::open(&path, None, limits)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let tar = site().tar();
    let limits = ArchiveLimits::default;
    open(&tar, limits()).unwrap();
    for (limits, what) in [
        (
            ArchiveLimits {
                entries: 4,
                ..limits()
            },
            "the number of entries is over the limit of 4",
        ),
        (
            ArchiveLimits {
                assets: 1,
                ..limits()
            },
            "the number of entries is over the limit of 1",
        ),
        (
            ArchiveLimits {
                line_bytes: 100,
                ..limits()
            },
            "line 1: its length is over the limit of 100",
        ),
    ] {
        let error = open(&tar, limits).unwrap_err();
        assert!(error.contains(what), "{error}");
    }
    let bomb = site()
        .with("assets/uploads/zeros", &vec![0; 80 << 20])
        .tar();
    let error = open(&gzip(&bomb), limits()).unwrap_err();
    assert!(error.contains("100 times larger than the file"), "{error}");
}

#[test]
fn ids_that_are_not_ours_are_replaced_alike_every_time() {
    let schemas = [content_type(
        "page",
        false,
        json!({"name": {"type": "string"}}),
    )];
    let rows: Vec<Value> = (1..=3)
        .map(|id| {
            row(
                "api::page.page",
                id,
                ["X", "X", "y/../y"][id as usize - 1],
                true,
                json!({}),
            )
        })
        .collect();
    let folder = Folder::new("ids");
    let path = write(&folder, "a.tar", &Parts::new(&schemas, &rows, &[]));
    let first = read(&path, None).unwrap();
    assert_eq!(first, read(&path, None).unwrap());
    assert_eq!(first.len(), 2, "two rows are the same document");
    for record in &first {
        let id = &record.document_id;
        assert!(
            id.len() == 24
                && id
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        );
    }
}
