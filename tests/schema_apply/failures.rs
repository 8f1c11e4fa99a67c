//! Whatever goes wrong, nothing has happened.

use serde_json::json;
use tympan::base::Stage;
use tympan::platform::database::Statement;
use tympan::schema::plan::plan;
use tympan::schema::store::{self, StoreError};

use crate::files::Files;
use crate::world::{World, open};

/// Every table with its columns, as text.
async fn shape(world: &World) -> String {
    let sql = match world.url.starts_with("sqlite") {
        true => "select coalesce(group_concat(sql, ';' order by name), '') from sqlite_master",
        false => {
            "select string_agg(table_name || '.' || column_name, ';' order by table_name, column_name) \
             from information_schema.columns where table_schema = 'public'"
        }
    };
    let row = world
        .database
        .fetch_optional(Statement::new(sql))
        .await
        .unwrap();
    row.unwrap().text(0).unwrap().to_owned()
}

#[tokio::test]
async fn a_step_that_fails_undoes_all_before_it() {
    let before = Files::article(json!({ "a": { "type": "string" }, "z": { "type": "string" } }));
    let after = Files::article(json!({
        "a": { "type": "integer" }, "z": { "type": "string", "unique": true }, "new": { "type": "date" }
    }))
    .with("extra", true, true, json!({ "x": { "type": "string" } }));
    for mut world in World::both(&before).await {
        for doc in [1, 2] {
            let values = json!({ "a": "1", "z": "same" });
            world
                .insert("article", Stage::Published, (doc, ""), values)
                .await;
        }
        let (shape_before, values) = (shape(&world).await, world.published("article").await);
        let changes = world.number("select count(*) from changes").await;
        let plan = world.plan(&after);
        assert!(matches!(
            world.try_apply(&plan).await,
            Err(StoreError::Refused(_))
        ));

        assert_eq!(shape(&world).await, shape_before);
        assert_eq!(world.published("article").await, values);
        assert_eq!(world.number("select count(*) from changes").await, changes);
        let loaded = store::load(&world.database).await.unwrap();
        assert_eq!(loaded.generation, world.schema.generation);
    }
}

#[tokio::test]
async fn of_two_processes_one_plans_again() {
    let first = Files::article(json!({ "a": { "type": "string" } }));
    let second = Files::article(json!({ "b": { "type": "string" } }));
    for world in World::both(&Files::default()).await {
        let other = open(&world.url).await;
        let plans =
            [&first, &second].map(|files| plan(&world.schema, &world.trash, &files.definitions()));
        let (left, right) = tokio::join!(
            store::apply(
                &world.database,
                &world.schema,
                &world.trash,
                &plans[0],
                None
            ),
            store::apply(&other, &world.schema, &world.trash, &plans[1], None),
        );
        let changed = [&left, &right]
            .into_iter()
            .filter(|result| matches!(result, Err(StoreError::Changed)))
            .count();
        assert_eq!(changed, 1, "{left:?} {right:?}");
        assert!(left.is_ok() || right.is_ok());
        other.close().await;
    }
}

#[tokio::test]
async fn an_empty_plan_changes_nothing_and_a_change_is_logged() {
    for mut world in World::both(&Files::default()).await {
        let empty = world.plan(&Files::default());
        let generation = world.schema.generation;
        world.try_apply(&empty).await.unwrap();
        assert_eq!(world.schema.generation, generation);
        world.become_(&Files::article(json!({}))).await;
        let logged = "select count(*) from changes where kind = 'schema' and author = 'ada'";
        assert_eq!(world.number(logged).await, 1);
    }
}
