//! Fields appear, go, come back, and change their kind.

use serde_json::{Value as Json, json};
use tympan::base::Stage;
use tympan::schema::store::StoreError;

use crate::files::Files;
use crate::world::World;

fn title() -> Json {
    json!({ "title": { "type": "string" } })
}

#[tokio::test]
async fn a_field_appears_in_a_table_with_rows() {
    for mut world in World::both(&Files::article(title())).await {
        world
            .insert(
                "article",
                Stage::Published,
                (1, ""),
                json!({ "title": "a" }),
            )
            .await;
        let wider = Files::article(json!({
            "title": { "type": "string" }, "views": { "type": "integer" }, "slug": { "type": "uid" }
        }));
        world.become_(&wider).await;
        world
            .insert(
                "article",
                Stage::Published,
                (2, ""),
                json!({ "title": "b", "views": 7, "slug": "b" }),
            )
            .await;

        assert_eq!(
            world.published("article").await,
            json!({
                "1": { "": { "title": "a", "views": null, "slug": null } },
                "2": { "": { "title": "b", "views": 7, "slug": "b" } }
            })
        );
    }
}

#[tokio::test]
async fn what_is_dropped_comes_back_with_its_values() {
    let both = Files::article(json!({ "title": { "type": "string" }, "slug": { "type": "uid" } }));
    for mut world in World::both(&both).await {
        world
            .insert(
                "article",
                Stage::Published,
                (1, ""),
                json!({ "title": "a", "slug": "x" }),
            )
            .await;
        world.become_(&Files::article(title())).await;
        world
            .insert(
                "article",
                Stage::Published,
                (2, ""),
                json!({ "title": "b" }),
            )
            .await;
        assert_eq!(world.trash.fields.len(), 1);

        world.become_(&both).await;
        assert_eq!(
            world.published("article").await,
            json!({ "1": { "": { "title": "a", "slug": "x" } }, "2": { "": { "title": "b", "slug": null } } })
        );
        assert_eq!(world.trash.fields.len(), 0);

        world.become_(&Files::default()).await;
        assert!(world.schema.content_type("article").is_none());
        assert_eq!(world.trash.types.len(), 1);
        world.become_(&both).await;
        assert_eq!(world.published("article").await["1"][""]["slug"], "x");
    }
}

#[tokio::test]
async fn renames_touch_no_row() {
    for mut world in World::both(&Files::article(title())).await {
        world
            .insert(
                "article",
                Stage::Published,
                (1, ""),
                json!({ "title": "a" }),
            )
            .await;
        let mut renamed = Files::default().with(
            "post",
            false,
            false,
            json!({ "head": { "type": "text", "renamedFrom": "title" } }),
        );
        renamed.types[0]["renamedFrom"] = json!("article");
        world.become_(&renamed).await;
        assert_eq!(
            world.published("post").await,
            json!({ "1": { "": { "head": "a" } } })
        );
    }
}

#[tokio::test]
async fn values_are_converted_and_the_old_ones_stay_aside() {
    let before = Files::article(json!({
        "a": { "type": "string" }, "b": { "type": "integer" }, "c": { "type": "boolean" },
        "d": { "type": "datetime" }, "e": { "type": "json" }
    }));
    let after = Files::article(json!({
        "a": { "type": "integer" }, "b": { "type": "string" }, "c": { "type": "float" },
        "d": { "type": "date" }, "e": { "type": "json" }
    }));
    for mut world in World::both(&before).await {
        let moment = "2026-01-02T03:04:05.000Z";
        let first = json!({ "a": "12", "b": 5, "c": true, "d": moment, "e": { "x": [1] } });
        world
            .insert("article", Stage::Published, (1, ""), first)
            .await;
        world
            .insert(
                "article",
                Stage::Published,
                (2, ""),
                json!({ "a": "twelve" }),
            )
            .await;
        assert_eq!(world.measured(&after).await, 1);
        world.become_(&after).await;

        assert_eq!(
            world.published("article").await,
            json!({
                "1": { "": { "a": 12, "b": "5", "c": 1.0, "d": "2026-01-02", "e": { "x": [1] } } },
                "2": { "": { "a": null, "b": null, "c": null, "d": null, "e": null } }
            })
        );
        let one = world.one("article");
        let aside = format!(
            "select count({}_was{}) from {}",
            one.field("a").unwrap().column(),
            world.schema.generation,
            one.table(Stage::Published)
        );
        assert_eq!(world.number(&aside).await, 2);
    }
}

#[tokio::test]
async fn more_rows_than_a_page_are_converted() {
    for mut world in World::both(&Files::article(title())).await {
        for doc in 1..=450 {
            world
                .insert(
                    "article",
                    Stage::Published,
                    (doc, ""),
                    json!({ "title": doc.to_string() }),
                )
                .await;
        }
        world
            .become_(&Files::article(
                json!({ "title": { "type": "biginteger" } }),
            ))
            .await;
        let sql = format!(
            "select cast(sum({}) as bigint) from {}",
            world.one("article").field("title").unwrap().column(),
            world.one("article").table(Stage::Published)
        );
        assert_eq!(world.number(&sql).await, 450 * 451 / 2);
    }
}

#[tokio::test]
async fn a_value_becomes_unique_only_if_it_is() {
    let unique = Files::article(json!({ "title": { "type": "string", "unique": true } }));
    for mut world in World::both(&Files::article(title())).await {
        for doc in [1, 2] {
            world
                .insert(
                    "article",
                    Stage::Published,
                    (doc, ""),
                    json!({ "title": "same" }),
                )
                .await;
        }
        let plan = world.plan(&unique);
        assert_eq!(world.measured(&unique).await, 1);
        let refused = world.try_apply(&plan).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "article.title cannot be unique: 2 documents have \"same\"; change them first"
        );
        assert!(matches!(refused, StoreError::Refused(_)));
        let sql = format!(
            "delete from {} where id = 2",
            world.one("article").table(Stage::Published)
        );
        world
            .execute(vec![tympan::platform::database::Statement::new(sql)])
            .await;
        world.become_(&unique).await;
    }
}

fn page(kind: Json) -> Files {
    Files::default()
        .with("page", false, false, json!({ "parts": kind }))
        .component(
            "shared.one",
            json!({ "n": { "type": "string" }, "pic": { "type": "media" } }),
        )
        .component(
            "shared.two",
            json!({ "inner": { "type": "component", "component": "shared.one" } }),
        )
}

#[tokio::test]
async fn items_that_do_not_fit_are_cut_with_their_links() {
    let many = page(json!({ "type": "component", "component": "shared.one", "repeatable": true }));
    let single = page(json!({ "type": "component", "component": "shared.one" }));
    for mut world in World::both(&many).await {
        let one = world.schema.component("shared.one").unwrap().clone();
        let (text, pic) = (one.fields[0].column(), one.fields[1].id.0);
        let parts = json!([{ "id": 71, &text: "a" }, { "id": 72, &text: "b" }]);
        world
            .insert("page", Stage::Published, (1, ""), json!({ "parts": parts }))
            .await;
        world.link(pic, (1, 1, "", 71), &[9]).await;
        world.link(pic, (1, 1, "", 72), &[9]).await;
        assert_eq!(world.measured(&single).await, 1);
        world.become_(&single).await;

        assert_eq!(
            world.published("page").await["1"][""]["parts"],
            json!([{ "id": 71, &text: "a" }])
        );
        assert_eq!(world.links(pic).await, ["1 1  71: 9"]);
    }
}

#[tokio::test]
async fn a_zone_that_gets_narrower_drops_other_components() {
    let wide = page(json!({ "type": "dynamiczone", "components": ["shared.one", "shared.two"] }));
    let narrow = page(json!({ "type": "dynamiczone", "components": ["shared.two"] }));
    for mut world in World::both(&wide).await {
        let (one, two) = (
            world.schema.component("shared.one").unwrap().clone(),
            world.schema.component("shared.two").unwrap().clone(),
        );
        let (pic, inner) = (one.fields[1].id.0, two.fields[0].column());
        let parts = json!([{ "id": 71, "c": one.id.0 }, { "id": 72, "c": two.id.0, &inner: [{ "id": 73 }] }]);
        world
            .insert("page", Stage::Published, (1, ""), json!({ "parts": parts }))
            .await;
        world.link(pic, (1, 1, "", 71), &[9]).await;
        world.link(pic, (1, 1, "", 73), &[9]).await;
        assert_eq!(world.measured(&narrow).await, 1);
        world.become_(&narrow).await;
        assert_eq!(
            world.published("page").await["1"][""]["parts"],
            json!([{ "id": 72, "c": two.id.0, &inner: [{ "id": 73 }] }])
        );
        assert_eq!(world.links(pic).await, ["1 1  73: 9"]);
    }
}

#[tokio::test]
async fn values_inside_components_are_converted_at_any_depth() {
    let zone = json!({ "type": "dynamiczone", "components": ["shared.one", "shared.two"] });
    let before = page(zone.clone());
    let mut after = page(zone);
    after.components[0].1["attributes"]["n"]["type"] = json!("integer");
    for mut world in World::both(&before).await {
        let (one, two) = (
            world.schema.component("shared.one").unwrap().clone(),
            world.schema.component("shared.two").unwrap().clone(),
        );
        let (n, inner) = (one.fields[0].column(), two.fields[0].column());
        let parts = json!([
            { "id": 71, "c": one.id.0, &n: "5" },
            { "id": 72, "c": two.id.0, &inner: [{ "id": 73, &n: "six" }] }
        ]);
        world
            .insert("page", Stage::Published, (1, ""), json!({ "parts": parts }))
            .await;
        assert_eq!(world.measured(&after).await, 1);
        world.become_(&after).await;
        let kept = format!("{n}_was{}", world.schema.generation);
        assert_eq!(
            world.published("page").await["1"][""]["parts"],
            json!([
                { "id": 71, "c": one.id.0, &n: 5 },
                { "id": 72, "c": two.id.0, &inner: [{ "id": 73, &kept: "six" }] }
            ])
        );
    }
}

#[tokio::test]
async fn lists_of_links_are_cut_to_what_the_new_kind_holds() {
    let with = |kind: &str| {
        Files::default().with("tag", false, false, json!({})).with(
            "article",
            false,
            false,
            json!({
                "tags": { "type": "relation", "relation": kind, "target": "tag" },
                "files": { "type": "media", "multiple": kind == "manyToMany" }
            }),
        )
    };
    for mut world in World::both(&with("manyToMany")).await {
        let one = world.one("article");
        let (tags, media) = (one.fields[0].id.0, one.fields[1].id.0);
        world.link(tags, (1, 1, "", 0), &[7, 8]).await;
        world.link(tags, (2, 1, "", 0), &[7, 9]).await;
        world.link(media, (1, 1, "", 0), &[5, 6]).await;
        let narrow = with("oneToMany");
        assert_eq!(world.measured(&narrow).await, 1);
        world.become_(&with("oneToMany")).await;
        assert_eq!(
            world.links(tags).await,
            ["1 1  0: 7", "1 1  0: 8", "2 1  0: 9"]
        );
        assert_eq!(world.links(media).await, ["1 1  0: 5"]);
        world.become_(&with("oneToOne")).await;
        assert_eq!(world.links(tags).await, ["1 1  0: 7", "2 1  0: 9"]);
    }
}
