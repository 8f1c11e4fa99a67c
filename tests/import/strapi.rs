//! Archives of `strapi export`.

use std::path::PathBuf;

use serde_json::json;
use tympan::base::Stage;
use tympan::entries::{identity, store, tree::Document};
use tympan::platform::database::Statement;

use crate::fixture::{Folder, Parts, content_type, row, write};
use crate::pages::{DOC, site as pages};
use crate::site::Site;

const KEY: &str = "tympan-test-key";

fn archive() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/strapi_import/real/export.tar.gz.enc")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_arrives_whole_and_only_once() {
    for site in Site::both().await {
        let first = site.strapi(&archive(), Some(KEY)).await.unwrap();
        assert_eq!((first.created, first.updated, first.unchanged), (29, 0, 0));
        assert_eq!(first.media.written, 5);
        assert_eq!(site.number("select count(*) from documents").await, 29);
        assert_eq!(site.number("select count(*) from versions").await, 29);
        let before = site.sizes().await;

        let second = site.strapi(&archive(), Some(KEY)).await.unwrap();

        assert_eq!(
            (second.created, second.updated, second.unchanged),
            (0, 0, 29)
        );
        assert_eq!(second.schema, Vec::<String>::new());
        assert_eq!(site.sizes().await, before);
    }
}

/// A whole document as it is stored.
async fn document(site: &Site, uid: &str, id: &'static str) -> Document {
    let schema = site.schema().await;
    let content_type = schema.content_type(uid).unwrap().clone();
    let loaded = site.database.write(move |tx| {
        Box::pin(async move {
            let identity = identity::find(tx, id).await?.unwrap();
            store::load(tx, &content_type, &identity).await
        })
    });
    loaded.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_locales_items_and_links_of_a_page_arrive() {
    let folder = Folder::new("pages");
    let mut parts = pages();
    for (_, bytes) in &mut parts.0 {
        // The reader takes any name, but `meta` is reserved in Strapi and here.
        let text = String::from_utf8_lossy(bytes).replace("\"meta\"", "\"more\"");
        *bytes = text.into_bytes();
    }
    let path = write(&folder, "site.tar", &parts);
    for site in Site::both().await {
        let imported = site.strapi(&path, None).await.unwrap();
        assert_eq!(imported.created, 4, "{}", imported.report);
        let schema = site.schema().await;
        assert_eq!(schema.default_locale(), "de");
        let page = schema.content_type("page").unwrap();
        let title = page.field("title").unwrap().id;
        let home = document(&site, "page", DOC[0]).await;
        let draft = home.copy(Stage::Draft).unwrap();
        let published = home.copy(Stage::Published).unwrap();
        let locales = |copy: &tympan::entries::tree::Copy| -> Vec<String> {
            copy.rows.keys().cloned().collect()
        };
        assert_eq!(locales(draft), ["de", "en"]);
        assert_eq!(locales(published), ["en"]);
        assert_eq!(draft.rows["en"].id, published.rows["en"].id);
        assert_eq!(draft.rows["en"].created_at, "2026-01-02T03:04:05.678Z");
        let other = document(&site, "page", DOC[1]).await;
        let titles = [Stage::Draft, Stage::Published]
            .map(|stage| format!("{:?}", other.copy(stage).unwrap().shared[&title]));
        assert_eq!(titles, ["Text(\"New\")", "Text(\"Old\")"]);
        let items: Vec<i64> = draft.links.iter().map(|link| link.item).collect();
        assert!(
            items.iter().any(|item| *item > 0) && items.contains(&0),
            "{items:?}"
        );
        let related = page.field("related").unwrap().id;
        assert_eq!(published.targets(related, "en", 0), [home.doc, other.doc]);

        let again = site.strapi(&path, None).await.unwrap();

        assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 4));
        assert_eq!(document(&site, "page", DOC[0]).await, home);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_since_is_set_back_and_what_is_new_is_added() {
    let note = |extra: bool, rows: &[(u64, &'static str, &'static str)]| {
        let mut attributes = json!({"title": {"type": "string"}});
        if extra {
            attributes["rating"] = json!({"type": "integer"});
        }
        let rows: Vec<_> = rows
            .iter()
            .map(|(id, document, title)| {
                row(
                    "api::note.note",
                    *id,
                    document,
                    true,
                    json!({"title": title, "rating": 5}),
                )
            })
            .collect();
        Parts::new(&[content_type("note", true, attributes)], &rows, &[])
    };
    let folder = Folder::new("changed");
    let first = write(
        &folder,
        "a.tar",
        &note(false, &[(1, DOC[0], "One"), (2, DOC[1], "Two")]),
    );
    let rows = [
        (1, DOC[0], "One"),
        (2, DOC[1], "Second"),
        (3, DOC[2], "Three"),
    ];
    let second = write(&folder, "b.tar", &note(true, &rows[1..]));
    for site in Site::both().await {
        site.strapi(&first, None).await.unwrap();

        let imported = site.strapi(&second, None).await.unwrap();

        let counts = (imported.created, imported.updated, imported.unchanged);
        assert_eq!(counts, (1, 1, 0), "{}", imported.report);
        assert_eq!(imported.schema.len(), 1, "{:?}", imported.schema);
        let two = document(&site, "note", DOC[1]).await;
        assert_eq!(two.revision, 2);
        let schema = site.schema().await;
        let note = schema.content_type("note").unwrap();
        for name in ["title", "rating"] {
            let field = note.field(name).unwrap().id;
            assert!(
                two.published.as_ref().unwrap().rows[""]
                    .columns
                    .contains_key(&field)
            );
        }
        assert!(two.draft.is_none(), "the source has only a published row");
        let versions = "select count(*) from versions where action = 'update'";
        assert_eq!(site.number(versions).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_the_trash_here_stays_there() {
    let folder = Folder::new("trash");
    let attributes = json!({"title": {"type": "string"}});
    let note = |id, document| row("api::note.note", id, document, true, json!({"title": "A"}));
    let rows = [note(1, DOC[0]), note(2, DOC[1])];
    let parts = Parts::new(&[content_type("note", false, attributes)], &rows, &[]);
    let path = write(&folder, "a.tar", &parts);
    for site in Site::both().await {
        site.strapi(&path, None).await.unwrap();
        let statement =
            Statement::new("update documents set trashed_at = $1 where document_id = $2");
        let statement = statement.bind("2026-02-02T00:00:00.000Z").bind(DOC[0]);
        let trash = site
            .database
            .write(move |tx| Box::pin(async move { tx.execute(statement).await }));
        assert_eq!(trash.await.unwrap(), 1);

        let imported = site.strapi(&path, None).await.unwrap();

        assert_eq!(
            (imported.created, imported.updated, imported.unchanged),
            (0, 0, 1)
        );
        let report = imported.report.to_string();
        assert!(
            report.contains("in the trash") && report.contains(DOC[0]),
            "{report}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_folder_gives_its_types() {
    let folder = Folder::new("project");
    let schema = json!({
        "kind": "collectionType", "collectionName": "notes",
        "info": {"singularName": "note", "pluralName": "notes", "displayName": "Note"},
        "options": {"draftAndPublish": true}, "attributes": {"title": {"type": "string"}},
    });
    let place = "src/api/note/content-types/note/schema.json";
    folder.file(place, schema.to_string().as_bytes());
    for site in Site::both().await {
        let imported = site.strapi(&folder.0, None).await.unwrap();

        assert_eq!(imported.schema.len(), 1, "{:?}", imported.schema);
        assert!(site.schema().await.content_type("api::note.note").is_some());
        let again = site.strapi(&folder.0, None).await.unwrap();
        assert_eq!(again.schema, Vec::<String>::new());
    }
}
