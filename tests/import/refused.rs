//! Imports that must not happen: the site is as it was before.

use serde_json::json;

use crate::fixture::{Folder, Parts, content_type, gzip, row, write};
use crate::pages::{DOC, site as pages};
use crate::site::Site;

const NOTE: &str = "api::note.note";

/// Notes with these documents and slugs.
fn notes(slugs: &[(&str, &str)], title: &str) -> Parts {
    let attributes = json!({
        "title": {"type": title},
        "slug": {"type": "uid", "targetField": "title"},
    });
    let schemas = [content_type("note", false, attributes)];
    let rows: Vec<_> = (1..)
        .zip(slugs)
        .map(|(id, (document, slug))| {
            row(
                NOTE,
                id,
                document,
                true,
                json!({"title": "A note", "slug": slug}),
            )
        })
        .collect();
    Parts::new(&schemas, &rows, &[])
}

/// What people see of the schema.
async fn uids(site: &Site) -> Vec<String> {
    let schema = site.schema().await;
    let uids = schema.types().iter().map(|one| one.uid.clone());
    let locales = schema.locales().iter().map(|one| one.code.clone());
    uids.chain(locales).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_off_archive_changes_nothing() {
    let folder = Folder::new("cut");
    let whole = gzip(&pages().tar());
    let path = folder.file("cut.tar.gz", &whole[..whole.len() - 40]);
    for site in Site::both().await {
        let (before, schema) = (site.sizes().await, uids(&site).await);

        let error = site.strapi(&path, None).await.unwrap_err().to_string();

        assert!(error.contains("cut off"), "{error}");
        assert_eq!(site.sizes().await, before);
        assert_eq!(uids(&site).await, schema);
        assert!(!site.media().exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_slugs_in_the_source_are_named_and_nothing_is_written() {
    let folder = Folder::new("slugs");
    let path = write(
        &folder,
        "a.tar",
        &notes(&[(DOC[0], "same"), (DOC[1], "same")], "string"),
    );
    for site in Site::both().await {
        let schema = uids(&site).await;

        let error = site.strapi(&path, None).await.unwrap_err().to_string();

        for part in [NOTE, DOC[1], "`slug`", "\"same\""] {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(site.number("select count(*) from documents").await, 0);
        assert_eq!(uids(&site).await, schema);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slugs_that_exist_here_are_named_and_nothing_is_written() {
    let folder = Folder::new("taken");
    let first = write(&folder, "a.tar", &notes(&[(DOC[0], "same")], "string"));
    let rows = [(DOC[1], "other"), (DOC[2], "same")];
    let second = write(&folder, "b.tar", &notes(&rows, "string"));
    for site in Site::both().await {
        site.strapi(&first, None).await.unwrap();
        let before = site.sizes().await;

        let error = site.strapi(&second, None).await.unwrap_err().to_string();

        for part in [NOTE, DOC[2], "`slug`"] {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(site.sizes().await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_contradict_each_other_are_named_and_nothing_is_written() {
    let folder = Folder::new("types");
    let first = write(&folder, "a.tar", &notes(&[(DOC[0], "one")], "string"));
    let second = write(&folder, "b.tar", &notes(&[(DOC[1], "two")], "integer"));
    for site in Site::both().await {
        site.strapi(&first, None).await.unwrap();
        let before = site.sizes().await;

        let error = site.strapi(&second, None).await.unwrap_err().to_string();

        for part in [NOTE, "`title`", "string", "integer"] {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(site.sizes().await, before);
    }
}
