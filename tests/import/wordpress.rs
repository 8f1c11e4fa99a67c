//! The export that the makers of WordPress test themes with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value as Json;
use tympan::base::Stage;
use tympan::imports::{ImportError, Imported, import_wordpress};
use tympan::schema::Schema;

use crate::site::Site;

type Lists = BTreeMap<String, BTreeSet<String>>;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wordpress")
}

fn expected() -> Json {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

async fn import(site: &Site, name: &str) -> Result<Imported, ImportError> {
    import_wordpress(&site.database, &folder().join(name), |_| {}).await
}

/// The documents of a type in a stage.
async fn count(site: &Site, schema: &Schema, name: &str, stage: Stage) -> i64 {
    let content_type = schema.content_type(name).unwrap();
    let table = content_type.table(content_type.stage(stage));
    site.number(&format!("select count(*) from {table}")).await
}

/// The slugs of the published posts by the slug of what they link to through a field.
async fn posts_by(site: &Site, schema: &Schema, field: &str, target: &str) -> Lists {
    let posts = schema.content_type("post").unwrap();
    let target = schema.content_type(target).unwrap();
    let sql = format!(
        "select t.{}, p.{} from links l join {} p on p.id = l.owner join {} t on t.id = l.target \
         where l.stage = 1 and l.field = {}",
        target.field("slug").unwrap().column(),
        posts.field("slug").unwrap().column(),
        posts.table(Stage::Published),
        target.table(Stage::Published),
        posts.field(field).unwrap().id,
    );
    let mut lists = Lists::new();
    for row in site.rows(&sql).await {
        let (target, post) = (row.text(0).unwrap(), row.text(1).unwrap());
        lists
            .entry(target.to_owned())
            .or_default()
            .insert(post.to_owned());
    }
    lists
}

fn lists(json: &Json) -> Lists {
    let lists: Lists = serde_json::from_value(json.clone()).unwrap();
    lists
        .into_iter()
        .filter(|(_, posts)| !posts.is_empty())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_theme_test_arrives_whole_and_only_once() {
    let expected = expected();
    for site in Site::both().await {
        let first = import(&site, "theme-test.xml").await.unwrap();
        assert_eq!((first.updated, first.unchanged), (0, 0));
        let schema = site.schema().await;
        for (name, key) in [
            ("post", "posts"),
            ("page", "pages"),
            ("menu-item", "menuItems"),
            ("plugin::upload.file", "attachments"),
            ("author", "authors"),
            ("category", "categories"),
            ("tag", "tags"),
            ("menu", "menus"),
            ("comment", "comments"),
        ] {
            let found = count(&site, &schema, name, Stage::Draft).await;
            assert_eq!(Some(found), expected["counts"][key].as_i64(), "{name}");
        }
        let published = count(&site, &schema, "post", Stage::Published).await;
        assert_eq!(
            Some(published),
            expected["counts"]["publishedPosts"].as_i64()
        );
        let by_category = posts_by(&site, &schema, "categories", "category").await;
        assert_eq!(by_category, lists(&expected["categories"]["published"]));
        let by_tag = posts_by(&site, &schema, "tags", "tag").await;
        assert_eq!(by_tag, lists(&expected["tags"]["published"]));
        let before = site.sizes().await;

        let second = import(&site, "theme-test.xml").await.unwrap();

        assert_eq!((second.created, second.updated), (0, 0));
        assert_eq!(second.unchanged, first.created);
        assert_eq!(site.sizes().await, before);
    }
}
