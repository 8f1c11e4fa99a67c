use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::schema::{check, parse};

fn ids() -> impl FnMut(Kind) -> i64 {
    let mut last = 0;
    move |_| {
        last += 1;
        last
    }
}

/// Definitions from `(singular, file)` and `(uid, file)`, checked.
fn definitions(types: &[Value], components: &[(&str, Value)]) -> Definitions {
    let mut problems = Vec::new();
    let types = types
        .iter()
        .filter_map(|json| parse::content_type("types/x.json", None, json, &mut problems))
        .map(|definition| TypeDefinition {
            file: crate::schema::files::type_file(&definition.singular),
            ..definition
        })
        .collect();
    let components = components
        .iter()
        .filter_map(|(uid, json)| {
            parse::component(
                &crate::schema::files::component_file(uid),
                uid,
                json,
                &mut problems,
            )
        })
        .collect();
    assert_eq!(problems, []);
    check::check(Definitions {
        types,
        components,
        locales: None,
    })
    .unwrap()
}

fn content_type(singular: &str, attributes: Value) -> Value {
    json!({
        "kind": "collectionType",
        "info": { "singularName": singular, "pluralName": format!("{singular}s"), "displayName": singular },
        "attributes": attributes
    })
}

fn carried_out(
    schema: &Schema,
    trash: &Trash,
    plan: &Plan,
    next_id: &mut dyn FnMut(Kind) -> i64,
) -> (Schema, Trash) {
    let mut working = Working::new(schema, trash);
    for step in &plan.steps {
        working.apply(step, next_id);
    }
    working.finish(schema.generation + 1)
}

/// The schema of these definitions, made from nothing.
fn schema_of(wanted: &Definitions, next_id: &mut dyn FnMut(Kind) -> i64) -> Schema {
    let empty = Schema::default();
    let plan = plan(&empty, &Trash::default(), wanted);
    carried_out(&empty, &Trash::default(), &plan, next_id).0
}

/// What is wanted, without what only speaks about the way there.
fn settled(mut wanted: Definitions, of: &Schema) -> Definitions {
    for one in &mut wanted.types {
        one.renamed_from = None;
        for field in &mut one.fields {
            field.renamed_from = None;
        }
    }
    for one in &mut wanted.components {
        one.renamed_from = None;
        for field in &mut one.fields {
            field.renamed_from = None;
        }
    }
    if wanted.locales.is_none() {
        wanted.locales = Definitions::of(of).locales;
    }
    wanted
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(Step::describe).collect()
}

#[test]
fn an_empty_schema_becomes_what_is_wanted() {
    let wanted = definitions(
        &[content_type(
            "article",
            json!({ "title": { "type": "string" } }),
        )],
        &[],
    );

    let plan = plan(&Schema::default(), &Trash::default(), &wanted);

    assert_eq!(
        lines(&plan),
        [
            "add the locale `en`",
            "create the type plugin::upload.file with 15 fields",
            "create the type api::article.article with 1 fields",
        ]
    );
    let schema = schema_of(&wanted, &mut ids());
    assert_eq!(Definitions::of(&schema), settled(wanted.clone(), &schema));
    assert!(super::plan(&schema, &Trash::default(), &wanted).is_empty());
}

#[test]
fn a_rename_keeps_the_field_and_is_forgotten_afterwards() {
    let before = definitions(
        &[content_type(
            "article",
            json!({ "title": { "type": "string" } }),
        )],
        &[],
    );
    let after = definitions(
        &[content_type(
            "article",
            json!({ "headline": { "type": "string", "renamedFrom": "title" } }),
        )],
        &[],
    );
    let mut next_id = ids();
    let schema = schema_of(&before, &mut next_id);
    let id = schema
        .content_type("article")
        .unwrap()
        .field("title")
        .unwrap()
        .id;

    let plan = plan(&schema, &Trash::default(), &after);
    let (renamed, trash) = carried_out(&schema, &Trash::default(), &plan, &mut next_id);

    assert_eq!(
        lines(&plan),
        ["rename `title` of api::article.article to `headline`"]
    );
    assert_eq!(plan.steps[0].class(), Class::Safe);
    assert_eq!(
        renamed
            .content_type("article")
            .unwrap()
            .field("headline")
            .unwrap()
            .id,
        id
    );
    assert!(super::plan(&renamed, &trash, &after).is_empty());
}

#[test]
fn a_renamed_type_takes_its_relations_along() {
    let before = definitions(
        &[
            content_type("article", json!({ "title": { "type": "string" } })),
            content_type(
                "note",
                json!({ "about": { "type": "relation", "relation": "oneToOne", "target": "article" } }),
            ),
        ],
        &[],
    );
    let mut renamed = content_type("post", json!({ "title": { "type": "string" } }));
    renamed["renamedFrom"] = json!("article");
    let after = definitions(
        &[
            renamed,
            content_type(
                "note",
                json!({ "about": { "type": "relation", "relation": "oneToOne", "target": "post" } }),
            ),
        ],
        &[],
    );
    let mut next_id = ids();
    let schema = schema_of(&before, &mut next_id);

    let plan = plan(&schema, &Trash::default(), &after);

    assert_eq!(
        lines(&plan),
        [
            "rename the type api::article.article to api::post.post",
            "change the options of `about` of api::note.note",
            "change names or options of api::post.post",
        ]
    );
    let (now, trash) = carried_out(&schema, &Trash::default(), &plan, &mut next_id);
    assert_eq!(Definitions::of(&now), settled(after.clone(), &now));
    assert!(super::plan(&now, &trash, &after).is_empty());
}

#[test]
fn what_was_dropped_comes_back_with_its_id() {
    let with = definitions(
        &[content_type(
            "article",
            json!({ "title": { "type": "string" }, "teaser": { "type": "text" } }),
        )],
        &[],
    );
    let without = definitions(
        &[content_type(
            "article",
            json!({ "title": { "type": "string" } }),
        )],
        &[],
    );
    let mut next_id = ids();
    let schema = schema_of(&with, &mut next_id);
    let id = schema
        .content_type("article")
        .unwrap()
        .field("teaser")
        .unwrap()
        .id;

    let drop = plan(&schema, &Trash::default(), &without);
    assert_eq!(drop.steps[0].class(), Class::LosesValues);
    let (dropped, trash) = carried_out(&schema, &Trash::default(), &drop, &mut next_id);
    let back = plan(&dropped, &trash, &with);
    let (restored, trash) = carried_out(&dropped, &trash, &back, &mut next_id);

    assert_eq!(
        lines(&back),
        ["restore `teaser` of api::article.article and its values from the trash"]
    );
    assert_eq!(
        restored
            .content_type("article")
            .unwrap()
            .field("teaser")
            .unwrap()
            .id,
        id
    );
    assert_eq!(trash, Trash::default());
}

#[test]
fn a_kind_that_converts_is_converted_and_another_is_replaced() {
    let before = definitions(
        &[content_type(
            "article",
            json!({ "a": { "type": "string" }, "b": { "type": "string" } }),
        )],
        &[],
    );
    let after = definitions(
        &[content_type(
            "article",
            json!({ "a": { "type": "integer" }, "b": { "type": "media" } }),
        )],
        &[],
    );
    let schema = schema_of(&before, &mut ids());

    let plan = plan(&schema, &Trash::default(), &after);

    assert_eq!(
        lines(&plan),
        [
            "move `b` of api::article.article and its values to the trash",
            "convert `a` of api::article.article from string to integer",
            "change the options of `a` of api::article.article",
            "add `b` (media) to api::article.article",
        ]
    );
    assert_eq!(plan.steps[1].class(), Class::MayNotConvert);
}

#[test]
fn a_drop_and_an_addition_hint_at_a_rename() {
    let before = definitions(
        &[content_type(
            "article",
            json!({ "title": { "type": "string" } }),
        )],
        &[],
    );
    let after = definitions(
        &[content_type(
            "article",
            json!({ "headline": { "type": "string" } }),
        )],
        &[],
    );
    let schema = schema_of(&before, &mut ids());

    let plan = plan(&schema, &Trash::default(), &after);

    assert_eq!(
        plan.hints,
        [
            "if `title` of api::article.article is now called `headline`, write \"renamedFrom\": \"title\" in `headline` and its values stay"
        ]
    );
}

#[test]
fn names_may_be_swapped() {
    let before = definitions(
        &[content_type(
            "article",
            json!({ "a": { "type": "string" }, "b": { "type": "integer" } }),
        )],
        &[],
    );
    let mut swapped = content_type(
        "bee",
        json!({ "b": { "type": "string", "renamedFrom": "a" } }),
    );
    swapped["renamedFrom"] = json!("article");
    let after = definitions(&[swapped, content_type("article", json!({}))], &[]);
    let mut next_id = ids();
    let schema = schema_of(&before, &mut next_id);

    // The old name is still wanted, so `bee` is new and nothing is taken from `article`.
    let plan = plan(&schema, &Trash::default(), &after);
    let (now, trash) = carried_out(&schema, &Trash::default(), &plan, &mut next_id);

    assert_eq!(Definitions::of(&now), settled(after.clone(), &now));
    assert!(super::plan(&now, &trash, &after).is_empty());
}

const TYPES: [&str; 4] = ["ant", "bee", "cat", "dog"];
const FIELDS: [&str; 6] = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"];

fn attribute(types: Vec<&'static str>, in_type: bool) -> BoxedStrategy<Value> {
    let scalar = prop_oneof![
        Just(json!({ "type": "string" })),
        Just(json!({ "type": "string", "maxLength": 20, "unique": true })),
        Just(json!({ "type": "text", "private": true })),
        Just(json!({ "type": "integer", "default": 3 })),
        Just(json!({ "type": "boolean" })),
        Just(json!({ "type": "datetime" })),
        Just(json!({ "type": "enumeration", "enum": ["x", "y"] })),
        Just(json!({ "type": "enumeration", "enum": ["y"] })),
        Just(json!({ "type": "media", "multiple": true })),
        Just(json!({ "type": "media" })),
        Just(json!({ "type": "password" })),
        Just(json!({ "type": "blocks" })),
    ];
    let scalar = scalar.prop_map(move |mut json| {
        if !in_type {
            json.as_object_mut().unwrap().shift_remove("unique");
        }
        json
    });
    if !in_type {
        return scalar.boxed();
    }
    let relation = (
        proptest::sample::select(types),
        proptest::sample::select(vec!["oneToOne", "oneToMany", "manyToMany"]),
    )
        .prop_map(
            |(target, kind)| json!({ "type": "relation", "relation": kind, "target": target }),
        );
    let nested = prop_oneof![
        Just(json!({ "type": "component", "component": "shared.one" })),
        Just(json!({ "type": "component", "component": "shared.one", "repeatable": true })),
        Just(json!({ "type": "dynamiczone", "components": ["shared.one", "shared.two"] })),
        Just(json!({ "type": "dynamiczone", "components": ["shared.two"] })),
    ];
    (
        prop_oneof![4 => scalar, 1 => relation, 1 => nested],
        any::<bool>(),
    )
        .prop_map(|(mut json, localized)| {
            if localized {
                json["pluginOptions"] = json!({ "i18n": { "localized": true } });
            }
            json
        })
        .boxed()
}

fn attributes(types: Vec<&'static str>, in_type: bool) -> impl Strategy<Value = Value> {
    let names = proptest::sample::subsequence(FIELDS.to_vec(), 0..=5).prop_shuffle();
    let renames = proptest::collection::vec(
        proptest::option::of(proptest::sample::select(FIELDS.to_vec())),
        5,
    );
    (
        names,
        proptest::collection::vec(attribute(types, in_type), 5),
        renames,
    )
        .prop_map(|(names, attributes, renames)| {
            let mut map = Map::new();
            let mut claimed = Vec::new();
            for ((name, mut attribute), renamed) in names.into_iter().zip(attributes).zip(renames) {
                if let Some(old) = renamed.filter(|old| !claimed.contains(old)) {
                    claimed.push(old);
                    attribute["renamedFrom"] = json!(old);
                }
                map.insert(name.to_owned(), attribute);
            }
            Value::Object(map)
        })
}

fn anything() -> impl Strategy<Value = Definitions> {
    proptest::sample::subsequence(TYPES.to_vec(), 1..=4).prop_flat_map(|types| {
        let one = (attributes(types.clone(), true), any::<bool>(), any::<bool>(), proptest::option::of(proptest::sample::select(TYPES.to_vec())));
        let all = proptest::collection::vec(one, types.len());
        let components = (attributes(types.clone(), false), attributes(types.clone(), false));
        let locales = proptest::option::of(proptest::sample::subsequence(vec!["de", "fr", "it"], 0..=3));
        (all, components, locales).prop_map(move |(all, (first, second), locales)| {
            let mut claimed = Vec::new();
            let mut files = Vec::new();
            for (name, (attributes, localized, drafts, renamed)) in types.iter().zip(all) {
                let mut file = content_type(name, attributes);
                file["options"] = json!({ "draftAndPublish": drafts });
                file["pluginOptions"] = json!({ "i18n": { "localized": localized } });
                if let Some(old) = renamed.filter(|old| !claimed.contains(old)) {
                    claimed.push(old);
                    file["renamedFrom"] = json!(old);
                }
                files.push(file);
            }
            let component = |attributes: Value| json!({ "info": { "displayName": "x" }, "attributes": attributes });
            let mut made = definitions(&files, &[("shared.one", component(first)), ("shared.two", component(second))]);
            made.locales = locales.map(|mut codes| {
                codes.sort_unstable();
                let locale = |code: &str| LocaleDefinition { code: code.into(), name: code.into(), is_default: code == "en", fallback: None };
                std::iter::once("en").chain(codes).map(locale).collect()
            });
            made
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_schema_becomes_any_other(first in anything(), second in anything(), third in anything()) {
        let mut next_id = ids();
        let mut now = (schema_of(&first, &mut next_id), Trash::default());
        for wanted in [second, third, first] {
            let plan = plan(&now.0, &now.1, &wanted);
            now = carried_out(&now.0, &now.1, &plan, &mut next_id);

            prop_assert_eq!(Definitions::of(&now.0), settled(wanted.clone(), &now.0));
            let again = super::plan(&now.0, &now.1, &wanted);
            prop_assert!(again.is_empty(), "{:?}", lines(&again));
            let mut ids: Vec<i64> = now.0.types().iter().flat_map(|one| &one.fields).map(|field| field.id.0).collect();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), now.0.types().iter().map(|one| one.fields.len()).sum::<usize>());
        }
    }
}
