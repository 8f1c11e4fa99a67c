//! An archive that Strapi 5.54.0 itself wrote and encrypted (`strapi export --key`).
use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;
use tympan::imports::record::{ImportRecord, ImportStage, PathStep};
use tympan::imports::strapi::{ArchiveLimits, Counts, StrapiArchive};

use crate::fixture::{Folder, KEY, read};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/strapi_import/real/export.tar.gz.enc")
}

fn titled<'r>(records: &'r [ImportRecord], title: &str) -> &'r ImportRecord {
    records
        .iter()
        .find(|r| r.values.get("title") == Some(&json!(title)))
        .unwrap()
}

#[test]
fn everything_that_strapi_counted_arrives() {
    let archive = StrapiArchive::open(&path(), Some(KEY), ArchiveLimits::default()).unwrap();
    assert_eq!(archive.version(), "5.54.0");
    assert_eq!(
        archive.counts(),
        Counts {
            documents: 29,
            records: 33,
            links: 135,
            media: 5
        }
    );
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    for (uid, _) in archive.documents() {
        *types.entry(uid).or_default() += 1;
    }
    assert_eq!(types["api::article.article"], 8);
    assert_eq!(types["plugin::upload.file"], 3);
    let report = archive.report().to_string();
    for lost in [
        "links to",
        "links of rows",
        "links of fields",
        "unknown",
        "media",
    ] {
        assert!(!report.contains(lost), "{report}");
    }
    let folder = Folder::new("real");
    assert_eq!(
        archive.copy_media(&folder.0.join("media")).unwrap().written,
        5
    );
}

#[test]
fn an_article_arrives_with_all_that_hangs_on_it() {
    let records = read(&path(), Some(KEY)).unwrap();
    let pie = titled(&records, "Apple pie");
    assert_eq!(pie.stage, ImportStage::Both);
    assert_eq!(pie.values["views"], json!("9007199254740992"));
    assert_eq!(pie.values["readTime"], json!("08:30:00.000"));
    assert_eq!(
        pie.values["extra"]["nested"]["list"],
        json!([1, "two", null])
    );
    assert_eq!(
        pie.values["seo"]["metaSocial"][1]["title"],
        json!("Pie on T")
    );
    assert!(!pie.values.contains_key("secret"));
    let targets = |path: &[PathStep]| {
        let link = pie.relations.iter().find(|link| link.path == path);
        link.map_or(0, |link| link.targets.len())
    };
    let field = |name: &str| PathStep::Field(name.to_owned());
    assert_eq!(targets(&[field("tags")]), 3);
    assert_eq!(targets(&[field("gallery")]), 3);
    let nested = [
        field("seo"),
        field("metaSocial"),
        PathStep::Item(0),
        field("image"),
    ];
    assert_eq!(targets(&nested), 1);
    let edited = titled(&records, "Edited draft");
    let published = titled(&records, "Published then edited");
    assert_eq!(
        (edited.stage, published.stage),
        (ImportStage::Draft, ImportStage::Published)
    );
    assert_eq!(edited.document_id, published.document_id);
}
