//! Rows and links arrive as documents, with nothing lost on the way.
use serde_json::{Value, json};
use tympan::imports::record::{ImportRecord, ImportStage, PathStep};
use tympan::imports::strapi::{ArchiveLimits, StrapiArchive};

use crate::fixture::*;
use crate::site::{DOC, PAGE, site};

fn links_of(record: &ImportRecord) -> Vec<(String, Vec<&str>)> {
    let step = |step: &PathStep| match step {
        PathStep::Field(name) => name.clone(),
        PathStep::Item(place) => place.to_string(),
    };
    let path = |path: &[PathStep]| path.iter().map(step).collect::<Vec<_>>().join(".");
    let targets = record.relations.iter().map(|link| {
        (
            path(&link.path),
            link.targets
                .iter()
                .map(|t| t.document_id.as_str())
                .collect(),
        )
    });
    targets.collect()
}

#[test]
fn rows_of_a_document_find_each_other_and_links_reach_every_level() {
    let folder = Folder::new("mapping");
    let records = read(&write(&folder, "a.tar", &site()), None).unwrap();
    let outline: Vec<_> = records
        .iter()
        .map(|r| (r.document_id.as_str(), r.locale.as_deref(), r.stage))
        .collect();
    assert_eq!(
        outline,
        [
            (DOC[0], Some("en"), ImportStage::Both),
            (DOC[0], Some("de"), ImportStage::Draft),
            (DOC[1], Some("en"), ImportStage::Draft),
            (DOC[1], Some("en"), ImportStage::Published),
            (DOC[2], None, ImportStage::Published),
            (DOC[3], None, ImportStage::Published),
        ]
    );
    assert_eq!(
        Value::Object(records[0].values.clone()),
        json!({"title": "Home", "seo": {"title": "s"}, "zone": [{"text": "Ä \u{1F600} \"q\"", "cards": [
            {"label": "one", "meta": {"id": 1}}, {"label": "two", "meta": null}], "__component": "block.hero"}]})
    );
    let mut links = links_of(&records[0]);
    links.sort();
    assert_eq!(
        links,
        [
            ("gallery".to_owned(), vec![DOC[3], DOC[2]]),
            ("related".to_owned(), vec![DOC[0], DOC[1]]),
            ("seo.image".to_owned(), vec![DOC[2]]),
            ("zone.0.cards.0.image".to_owned(), vec![DOC[3]]),
            ("zone.0.cards.1.link".to_owned(), vec![DOC[1]]),
        ]
    );
    assert_eq!(records[0].published_at.as_deref(), Some(NOW));
    assert_eq!(records[1].published_at, None);
    assert_eq!(records[4].values["folder"], json!("/Press/2026"));
}

#[test]
fn definitions_locales_and_the_report_say_what_there_is() {
    let folder = Folder::new("definitions");
    let path = write(&folder, "a.tar", &site());
    let archive = StrapiArchive::open(&path, None, ArchiveLimits::default()).unwrap();
    let uids: Vec<_> = archive
        .definitions()
        .iter()
        .map(|d| d.uid.as_str())
        .collect();
    assert_eq!(uids, [PAGE, "block.card", "block.hero", "block.seo"]);
    let attributes = archive.definitions()[0].definition["attributes"]
        .as_object()
        .unwrap();
    assert!(!attributes.contains_key("createdAt") && !attributes.contains_key("owner"));
    assert_eq!(
        attributes["gallery"],
        json!({"type": "media", "multiple": true})
    );
    let locales: Vec<_> = archive
        .locales()
        .into_iter()
        .map(|l| (l.code, l.is_default))
        .collect();
    assert_eq!(locales, [("en".to_owned(), false), ("de".to_owned(), true)]);
    assert_eq!(archive.documents().count(), 4);
    let report = archive.report().to_string();
    for line in [
        "1 × entries of admin::user, not imported",
        "1 × links to rows that are not in the archive, left out: api::page.page row 1",
        "2 × links of rows that are not in the archive, left out: api::page.page row 99, block.card row 77",
        "1 × media files whose bytes are not in the archive: row 2",
        "5 × passwords",
        "api::page.page owner → admin::user",
    ] {
        assert!(report.contains(line), "{line:?} is not in:\n{report}");
    }
}

#[test]
fn every_wrapping_gives_the_same_records() {
    let folder = Folder::new("wrappings");
    let (parts, tar) = (site(), site().tar());
    let plain = read(&folder.file("a.tar", &tar), None).unwrap();
    let gz = gzip(&tar);
    for (name, bytes) in [
        ("a.tar.gz", gz.clone()),
        ("a.tar.gz.enc", encrypt(&gz, b"")),
        ("b.tar.gz.enc", encrypt(&gz, b"strapi-data-transfer")),
        ("a.tar.enc", encrypt(&tar, b"")),
    ] {
        assert_eq!(
            read(&folder.file(name, &bytes), Some(KEY)).unwrap(),
            plain,
            "{name}"
        );
    }
    let unpacked = Folder::new("unpacked");
    parts.unpack(&unpacked);
    assert_eq!(read(&unpacked.0, None).unwrap(), plain);
}

#[test]
fn the_order_of_parts_does_not_matter() {
    let folder = Folder::new("order");
    let mut parts = site();
    let plain = read(&write(&folder, "a.tar", &parts), None).unwrap();
    parts.0.reverse();
    assert_eq!(read(&write(&folder, "b.tar", &parts), None).unwrap(), plain);
}

#[test]
fn media_is_copied_once_and_never_over_other_bytes() {
    let folder = Folder::new("media");
    let path = write(&folder, "a.tar", &site());
    let archive = StrapiArchive::open(&path, None, ArchiveLimits::default()).unwrap();
    assert!(archive.has_media("a_1.jpg") && !archive.has_media("b_2.jpg"));
    let target = folder.0.join("media");
    assert_eq!(archive.copy_media(&target).unwrap().written, 1);
    assert_eq!(archive.copy_media(&target).unwrap().same, 1);
    assert_eq!(
        std::fs::read(target.join("a_1.jpg")).unwrap(),
        b"bytes of a"
    );
    std::fs::write(target.join("a_1.jpg"), b"bytes of x").unwrap();
    assert_eq!(archive.copy_media(&target).unwrap().conflicts, ["a_1.jpg"]);
    assert_eq!(
        std::fs::read(target.join("a_1.jpg")).unwrap(),
        b"bytes of x"
    );
    assert_eq!(std::fs::read_dir(&target).unwrap().count(), 1);
}
