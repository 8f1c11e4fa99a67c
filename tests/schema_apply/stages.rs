//! Types get and lose drafts, and become single.

use serde_json::{Value as Json, json};
use tympan::base::Stage;

use crate::files::Files;
use crate::world::World;

fn files(drafts: bool, attributes: Json) -> Files {
    let tag = Files::default().with("tag", false, false, json!({}));
    tag.with("article", false, drafts, attributes)
}

fn attributes() -> Json {
    json!({
        "slug": { "type": "uid" },
        "tags": { "type": "relation", "relation": "manyToMany", "target": "tag" }
    })
}

#[tokio::test]
async fn drafts_begin_as_copies_of_what_is_published() {
    for mut world in World::both(&files(false, attributes())).await {
        let tags = world.one("article").field("tags").unwrap().id.0;
        world
            .insert("article", Stage::Published, (1, ""), json!({ "slug": "a" }))
            .await;
        world.link(tags, (1, 1, "", 0), &[9]).await;
        world.become_(&files(true, attributes())).await;

        let expected = json!({ "1": { "": { "slug": "a" } } });
        assert_eq!(world.values("article", Stage::Draft).await, expected);
        assert_eq!(world.links(tags).await, ["1 0  0: 9", "1 1  0: 9"]);
        let unpublished = format!(
            "select count(*) from {} where published_at is null and updated_at = 'changed1'",
            world.one("article").table(Stage::Draft)
        );
        assert_eq!(world.number(&unpublished).await, 1);
    }
}

#[tokio::test]
async fn hidden_drafts_come_back_in_the_shape_of_the_day() {
    for mut world in World::both(&files(true, attributes())).await {
        let tags = world.one("article").field("tags").unwrap().id.0;
        for (doc, slug) in [(1, "a"), (2, "b"), (3, "c")] {
            world
                .insert("article", Stage::Draft, (doc, ""), json!({ "slug": slug }))
                .await;
        }
        world
            .insert(
                "article",
                Stage::Published,
                (1, ""),
                json!({ "slug": "a-public" }),
            )
            .await;
        world.link(tags, (1, 0, "", 0), &[9]).await;
        world.link(tags, (1, 1, "", 0), &[8]).await;
        assert_eq!(world.measured(&files(false, attributes())).await, 3);

        world.become_(&files(false, attributes())).await;
        assert_eq!(world.links(tags).await, ["1 0  0: 9", "1 1  0: 8"]);
        // Meanwhile a field appears, and a published document takes the slug of a hidden draft.
        let mut wider = attributes();
        wider["views"] = json!({ "type": "integer" });
        world.become_(&files(false, wider.clone())).await;
        let taken = json!({ "slug": "b", "views": 5 });
        world
            .insert("article", Stage::Published, (4, ""), taken)
            .await;

        world.become_(&files(true, wider)).await;
        assert_eq!(
            world.values("article", Stage::Draft).await,
            json!({
                "1": { "": { "slug": "a-public", "views": null } },
                "2": { "": { "slug": null, "views": null } },
                "3": { "": { "slug": "c", "views": null } },
                "4": { "": { "slug": "b", "views": 5 } }
            })
        );
        assert_eq!(world.links(tags).await, ["1 0  0: 8", "1 1  0: 8"]);
    }
}

#[tokio::test]
async fn only_one_document_fits_a_single_type() {
    let collection = Files::article(json!({ "title": { "type": "string" } }));
    let mut single = collection.clone();
    single.types[0]["kind"] = json!("singleType");
    for mut world in World::both(&collection).await {
        for doc in [1, 2] {
            world
                .insert("article", Stage::Published, (doc, ""), json!({}))
                .await;
        }
        let plan = world.plan(&single);
        assert_eq!(world.measured(&single).await, 1);
        assert_eq!(
            world.try_apply(&plan).await.unwrap_err().to_string(),
            "api::article.article cannot become a single type: it has 2 documents; delete all but one first"
        );
        let trashed = "update documents set trashed_at = 'now' where doc = 2";
        world
            .execute(vec![tympan::platform::database::Statement::new(trashed)])
            .await;
        world.become_(&single).await;
    }
}
