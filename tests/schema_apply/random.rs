//! Random schemas one after another: what stays keeps its values.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value as Json, json};
use tympan::schema::store::StoreError;
use tympan::schema::{FieldId, TypeId};

use crate::files::Files;
use crate::world::World;

const FIELDS: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];

fn attribute() -> impl Strategy<Value = Json> {
    let kind = prop_oneof![
        3 => Just(json!({ "type": "string" })),
        1 => Just(json!({ "type": "uid" })),
        2 => Just(json!({ "type": "integer" })),
        1 => Just(json!({ "type": "boolean" })),
        1 => Just(json!({ "type": "datetime" })),
        1 => Just(json!({ "type": "media", "multiple": true })),
        1 => Just(json!({ "type": "media" })),
        1 => Just(json!({ "type": "component", "component": "shared.one", "repeatable": true })),
        1 => Just(json!({ "type": "component", "component": "shared.one" })),
        1 => Just(json!({ "type": "dynamiczone", "components": ["shared.one"] })),
    ];
    (kind, any::<bool>()).prop_map(|(mut kind, localized)| {
        kind["pluginOptions"] = json!({ "i18n": { "localized": localized } });
        kind
    })
}

fn files() -> impl Strategy<Value = Files> {
    let names = proptest::sample::subsequence(FIELDS.to_vec(), 1..=5).prop_shuffle();
    let attributes =
        (names, proptest::collection::vec(attribute(), 5)).prop_map(|(names, kinds)| {
            let pairs = names
                .into_iter()
                .zip(kinds)
                .map(|(name, kind)| (name.to_owned(), kind));
            Json::Object(pairs.collect::<Map<_, _>>())
        });
    let inner = prop_oneof![Just("string"), Just("integer")];
    (
        attributes,
        any::<bool>(),
        any::<bool>(),
        inner,
        any::<bool>(),
    )
        .prop_map(|(attributes, localized, drafts, inner, german)| {
            let locales: &[&'static str] = if german { &["en", "de"] } else { &["en"] };
            Files::default()
                .with("article", localized, drafts, attributes)
                .component(
                    "shared.one",
                    json!({ "n": { "type": inner }, "pic": { "type": "media" } }),
                )
                .locales(locales)
        })
}

/// A value of each field that every kind it may become can hold.
async fn fill(world: &World, doc: i64) {
    let one = world.one("article");
    let component = world.schema.component("shared.one").unwrap().clone();
    let locales = if one.localized {
        world.schema.locales().len()
    } else {
        1
    };
    for stage in one.stages() {
        for locale in world.schema.locales().iter().take(locales) {
            let code = if one.localized {
                locale.code.as_str()
            } else {
                ""
            };
            let mut values = Map::new();
            for field in &one.fields {
                let value = match field.definition["type"].as_str().unwrap() {
                    "string" | "uid" => json!(format!("{doc}")),
                    "integer" => json!(doc),
                    "boolean" => json!(true),
                    "datetime" => json!("2026-01-02T00:00:00.000Z"),
                    "media" => continue,
                    "dynamiczone" => json!([{ "id": doc * 7, "c": component.id.0 }]),
                    _ => json!([{ "id": doc * 7 }]),
                };
                values.insert(field.name.clone(), value);
            }
            world
                .insert("article", *stage, (doc, code), Json::Object(values))
                .await;
            for field in one.fields.iter().filter(|field| field.kind.is_link()) {
                let code = if field.localized { code } else { "" };
                let known = world.links(field.id.0).await;
                let line = format!("{doc} {} {code} 0: {doc}", stage.number());
                if !known.contains(&line) {
                    world
                        .link(field.id.0, (doc, stage.number(), code, 0), &[doc])
                        .await;
                }
            }
        }
    }
}

/// What a document's fields hold in public: the default locale's values, as text by field.
async fn meaning(world: &World, doc: i64) -> Vec<(TypeId, FieldId, &'static str, String)> {
    let one = world.one("article");
    let rows = world.published("article").await;
    let doc = doc.to_string();
    let mut all = Vec::new();
    for field in &one.fields {
        let locale = if field.localized { "en" } else { "" };
        let value = match field.kind.is_link() {
            true => {
                let links = world.links(field.id.0).await;
                let start = format!("{doc} 1 {locale} ");
                let own: Vec<_> = links
                    .into_iter()
                    .filter(|line| line.starts_with(&start))
                    .collect();
                own.first()
                    .map(|line| line.replace(&start, ""))
                    .unwrap_or_default()
            }
            false => {
                let value = &rows[doc.as_str()][locale][field.name.as_str()];
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            }
        };
        all.push((one.id, field.id, field.kind.name(), value));
    }
    all
}

async fn run(world: &mut World, schemas: &[Files]) {
    for (doc, files) in (1000..).zip(schemas) {
        fill(world, doc).await;
        let before = meaning(world, doc).await;
        let plan = world.plan(files);
        match world.try_apply(&plan).await {
            // Converted values may be equal where a slug must be unique.
            Err(StoreError::Refused(_)) => continue,
            result => result.unwrap(),
        }
        assert!(world.plan(files).is_empty());
        let after = meaning(world, doc).await;
        for (owner, field, kind, value) in before {
            let same = after
                .iter()
                .find(|(_, id, now, _)| *id == field && *now == kind);
            if let Some((_, _, _, now)) = same {
                assert_eq!(&value, now, "field {field} of {owner} ({kind})");
            }
        }
        let one = world.one("article");
        for stage in one.stages() {
            world.values("article", *stage).await;
        }
    }
}

#[tokio::test]
async fn what_stays_keeps_its_values() {
    let mut runner = TestRunner::new(Config::default());
    let strategy = proptest::collection::vec(files(), 6..10);
    for round in 0..6 {
        let schemas = strategy.new_tree(&mut runner).unwrap().current();
        let mut worlds = match round {
            0..=3 => vec![World::sqlite(&schemas[0]).await],
            _ => vec![World::postgres(&schemas[0]).await],
        };
        for world in &mut worlds {
            run(world, &schemas[1..]).await;
        }
    }
}
