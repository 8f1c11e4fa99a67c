//! Types and fields become localised or shared; locales go.

use serde_json::{Value as Json, json};
use tympan::base::Stage;

use crate::files::Files;
use crate::world::World;

fn localized(json: Json) -> Json {
    let mut json = json;
    json["pluginOptions"] = json!({ "i18n": { "localized": true } });
    json
}

/// A title that is localised if the type is, shared views, tags, and parts with a picture inside.
fn files(in_locales: bool, title: Json, parts: bool) -> Files {
    let component = json!({ "type": "component", "component": "shared.one", "repeatable": true });
    let parts = if parts {
        localized(component)
    } else {
        component
    };
    Files::default()
        .with("tag", false, false, json!({}))
        .with(
            "article",
            in_locales,
            false,
            json!({
                "title": title, "views": { "type": "integer" }, "parts": parts,
                "tags": { "type": "relation", "relation": "manyToMany", "target": "tag" }
            }),
        )
        .component("shared.one", json!({ "pic": { "type": "media" } }))
        .locales(&["en", "de"])
}

fn string() -> Json {
    json!({ "type": "string", "unique": true })
}

fn ids(world: &World) -> (i64, i64) {
    let tags = world.one("article").field("tags").unwrap().id.0;
    let pic = world.schema.component("shared.one").unwrap().fields[0].id.0;
    (tags, pic)
}

#[tokio::test]
async fn a_type_becomes_localised_and_back() {
    let plain = files(false, localized(string()), true);
    let in_locales = files(true, localized(string()), true);
    for mut world in World::both(&plain).await {
        let (tags, pic) = ids(&world);
        let values = json!({ "title": "a", "views": 3, "parts": [{ "id": 71 }] });
        world
            .insert("article", Stage::Published, (1, ""), values)
            .await;
        world.link(tags, (1, 1, "", 0), &[8, 9]).await;
        world.link(pic, (1, 1, "", 71), &[5]).await;

        world.become_(&in_locales).await;
        assert_eq!(
            world.published("article").await,
            json!({ "1": { "": { "views": 3 }, "en": { "title": "a", "parts": [{ "id": 71 }] } } })
        );
        assert_eq!(world.links(tags).await, ["1 1 en 0: 8", "1 1 en 0: 9"]);
        assert_eq!(world.links(pic).await, ["1 1 en 71: 5"]);
        let rows = format!(
            "select count(*) from {} where id = 1 and doc = 1 and updated_at = 'changed1'",
            world.one("article").locale_table(Stage::Published)
        );
        assert_eq!(world.number(&rows).await, 1);

        let german = json!({ "title": "A", "parts": [{ "id": 72 }] });
        world
            .insert("article", Stage::Published, (1, "de"), german)
            .await;
        world.link(tags, (1, 1, "de", 0), &[7]).await;
        world.link(pic, (1, 1, "de", 72), &[6]).await;
        let only = json!({ "title": "B", "views": 4 });
        world
            .insert("article", Stage::Published, (2, "de"), only)
            .await;
        world.link(tags, (2, 1, "de", 0), &[7]).await;
        assert_eq!(world.measured(&plain).await, 2);

        world.become_(&plain).await;
        assert_eq!(
            world.published("article").await,
            json!({
                "1": { "": { "title": "a", "views": 3, "parts": [{ "id": 71 }] } },
                "2": { "": { "title": "B", "views": 4, "parts": null } }
            })
        );
        assert_eq!(
            world.links(tags).await,
            ["1 1  0: 8", "1 1  0: 9", "2 1  0: 7"]
        );
        assert_eq!(world.links(pic).await, ["1 1  71: 5"]);
        let aside = format!(
            "select count(*) from {}_was{}",
            world.one("article").locale_table(Stage::Published),
            world.schema.generation
        );
        assert_eq!(world.number(&aside).await, 3);
        world.become_(&in_locales).await;
        world.become_(&plain).await;
    }
}

#[tokio::test]
async fn a_field_is_shared_and_localised_again() {
    let own = files(true, localized(json!({ "type": "string" })), true);
    let shared = files(true, json!({ "type": "string" }), false);
    for mut world in World::both(&own).await {
        let (_, pic) = ids(&world);
        let values = json!({ "title": "a", "views": 3, "parts": [{ "id": 71 }] });
        world
            .insert("article", Stage::Published, (1, "en"), values)
            .await;
        let values = json!({ "title": "A", "parts": [{ "id": 72 }] });
        world
            .insert("article", Stage::Published, (1, "de"), values)
            .await;
        world.link(pic, (1, 1, "en", 71), &[5]).await;
        world.link(pic, (1, 1, "de", 72), &[6]).await;

        world.become_(&shared).await;
        assert_eq!(
            world.published("article").await,
            json!({ "1": { "": { "title": "a", "views": 3, "parts": [{ "id": 71 }] }, "en": {}, "de": {} } })
        );
        assert_eq!(world.links(pic).await, ["1 1  71: 5"]);

        world.become_(&own).await;
        let row = json!({ "title": "a", "parts": [{ "id": 71 }] });
        assert_eq!(
            world.published("article").await,
            json!({ "1": { "": { "views": 3 }, "en": row, "de": row } })
        );
        assert_eq!(world.links(pic).await, ["1 1 de 71: 5", "1 1 en 71: 5"]);
    }
}

#[tokio::test]
async fn a_field_comes_back_from_the_trash_to_where_it_belongs_now() {
    let without = |in_locales: bool| {
        Files::default()
            .with(
                "article",
                in_locales,
                false,
                json!({ "views": { "type": "integer" } }),
            )
            .locales(&["en", "de"])
    };
    let with = |in_locales: bool| {
        let attributes = json!({ "views": { "type": "integer" }, "title": localized(string()) });
        Files::default()
            .with("article", in_locales, false, attributes)
            .locales(&["en", "de"])
    };
    for mut world in World::both(&with(false)).await {
        let values = json!({ "title": "a", "views": 1 });
        world
            .insert("article", Stage::Published, (1, ""), values)
            .await;
        world.become_(&without(false)).await;
        world.become_(&without(true)).await;
        world.become_(&with(true)).await;
        assert_eq!(
            world.published("article").await,
            json!({ "1": { "": { "views": 1 }, "en": { "title": "a" } } })
        );
        world.become_(&without(true)).await;
        world.become_(&without(false)).await;
        world.become_(&with(false)).await;
        assert_eq!(
            world.published("article").await,
            json!({ "1": { "": { "views": 1, "title": "a" } } })
        );
    }
}

#[tokio::test]
async fn a_locale_goes_with_everything_written_in_it() {
    let both = files(true, localized(string()), true);
    let english = files(true, localized(string()), true).locales(&["en"]);
    for mut world in World::both(&both).await {
        let (tags, _) = ids(&world);
        for (doc, locale) in [(1, "en"), (1, "de"), (2, "de")] {
            let values = json!({ "title": format!("{doc}{locale}") });
            world
                .insert("article", Stage::Published, (doc, locale), values)
                .await;
            world.link(tags, (doc, 1, locale, 0), &[9]).await;
        }
        assert_eq!(world.measured(&english).await, 2);
        world.become_(&english).await;

        let published = world.published("article").await;
        assert_eq!(published["1"]["en"]["title"], "1en");
        assert_eq!(published["1"].get("de"), None);
        assert_eq!(published.get("2"), None);
        assert_eq!(world.links(tags).await, ["1 1 en 0: 9"]);
        let gone = "select count(*) from documents where trashed_at is not null and doc = 2";
        assert_eq!(world.number(gone).await, 1);
    }
}
