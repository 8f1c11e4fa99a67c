use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::schema::definition::Definitions;
use crate::schema::plan::{Trash, Working, plan};
use crate::schema::{check, parse};

/// A schema with the type `article` of these attributes and some components.
fn schema(attributes: Value) -> Schema {
    let mut problems = Vec::new();
    let file = json!({
        "info": { "singularName": "article", "pluralName": "articles", "displayName": "A" },
        "attributes": attributes
    });
    let types = parse::content_type("types/article.json", None, &file, &mut problems)
        .into_iter()
        .collect();
    let mut component = |uid: &str, attributes: Value| {
        let file = json!({ "info": { "displayName": "C" }, "attributes": attributes });
        parse::component("c.json", uid, &file, &mut problems).unwrap()
    };
    let components = vec![
        component(
            "shared.quote",
            json!({ "text": { "type": "string", "required": true }, "stars": { "type": "integer", "default": 3 } }),
        ),
        component(
            "shared.menu",
            json!({ "label": { "type": "string" }, "items": { "type": "component", "component": "shared.menu", "repeatable": true } }),
        ),
    ];
    assert_eq!(problems, []);
    let wanted = check::check(Definitions {
        types,
        components,
        locales: None,
    })
    .unwrap();
    let empty = Schema::default();
    let mut working = Working::new(&empty, &Trash::default());
    let mut last = 0;
    for step in &plan(&empty, &Trash::default(), &wanted).steps {
        working.apply(step, &mut |_| {
            last += 1;
            last
        });
    }
    working.finish(1).0
}

fn run(
    attributes: Value,
    values: Value,
    mode: Mode,
    partial: bool,
) -> Result<CheckedValues, Vec<FieldProblem>> {
    let schema = schema(attributes);
    let content_type = schema.content_type("article").unwrap();
    validate_entry(
        &schema,
        content_type,
        values.as_object().unwrap(),
        mode,
        partial,
    )
}

/// What happens to one value of the attribute `a` when it is published.
fn one(attribute: Value, value: Value) -> Result<Checked, String> {
    match run(
        json!({ "a": attribute }),
        json!({ "a": value }),
        Mode::Publish,
        false,
    ) {
        Ok(checked) => Ok(checked.into_iter().next().unwrap().1),
        Err(problems) => Err(problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect::<Vec<_>>()
            .join("; ")),
    }
}

fn scalar(value: Value) -> Result<Checked, String> {
    Ok(Checked::Scalar(value))
}

#[test]
fn good_scalars_become_canonical() {
    for (attribute, given, stored) in [
        (json!({ "type": "string" }), json!("x"), json!("x")),
        (json!({ "type": "integer" }), json!(5.0), json!(5)),
        (json!({ "type": "biginteger" }), json!(5), json!("5")),
        (json!({ "type": "biginteger" }), json!("-007"), json!("-7")),
        (json!({ "type": "decimal" }), json!(1.5), json!(1.5)),
        (
            json!({ "type": "date" }),
            json!("2024-02-29"),
            json!("2024-02-29"),
        ),
        (
            json!({ "type": "time" }),
            json!("10:00"),
            json!("10:00:00.000"),
        ),
        (
            json!({ "type": "datetime" }),
            json!("2024-02-29T10:00:00+02:00"),
            json!("2024-02-29T08:00:00.000Z"),
        ),
        (
            json!({ "type": "datetime" }),
            json!(1_709_193_600_000_i64),
            json!("2024-02-29T08:00:00.000Z"),
        ),
        (json!({ "type": "boolean" }), json!(false), json!(false)),
        (
            json!({ "type": "json" }),
            json!({ "a": [null] }),
            json!({ "a": [null] }),
        ),
        (
            json!({ "type": "uid" }),
            json!("a-b_c.d~E"),
            json!("a-b_c.d~E"),
        ),
        (
            json!({ "type": "email" }),
            json!("a.b+c@mail.example.org"),
            json!("a.b+c@mail.example.org"),
        ),
    ] {
        assert_eq!(one(attribute.clone(), given), scalar(stored), "{attribute}");
    }
}

#[test]
fn bad_scalars_are_named_as_strapi_names_them() {
    for (attribute, given, message) in [
        (
            json!({ "type": "string" }),
            json!(5),
            "a must be a `string` type, but the final value was: `5`.",
        ),
        (
            json!({ "type": "string" }),
            json!("x".repeat(256)),
            "a must be at most 255 characters",
        ),
        (
            json!({ "type": "text", "minLength": 3 }),
            json!("ab"),
            "a must be at least 3 characters",
        ),
        (
            json!({ "type": "text", "maxLength": 3 }),
            json!("äöüß"),
            "a must be at most 3 characters",
        ),
        (
            json!({ "type": "text", "regex": "^x" }),
            json!("y"),
            "a must match the following: \"/^x/\"",
        ),
        (
            json!({ "type": "email" }),
            json!("nobody"),
            "a must be a valid email",
        ),
        (
            json!({ "type": "uid" }),
            json!("a b"),
            "a must match the following: \"/^[A-Za-z0-9-_.~]*$/\"",
        ),
        (
            json!({ "type": "enumeration", "enum": ["x", "y"] }),
            json!("z"),
            "a must be one of the following values: x, y, ",
        ),
        (
            json!({ "type": "integer" }),
            json!("five"),
            "a must be a `number` type, but the final value was: `NaN` (cast from the value `\"five\"`).",
        ),
        (
            json!({ "type": "integer" }),
            json!(1.5),
            "a must be an integer",
        ),
        (
            json!({ "type": "integer", "min": 1 }),
            json!(0),
            "a must be greater than or equal to 1",
        ),
        (
            json!({ "type": "integer" }),
            json!(9_007_199_254_740_992_i64),
            "a must be between -9007199254740991 and 9007199254740991",
        ),
        (
            json!({ "type": "integer" }),
            json!(1e300),
            "a must be an integer",
        ),
        (
            json!({ "type": "biginteger" }),
            json!("9223372036854775808"),
            "a must be a valid integer",
        ),
        (
            json!({ "type": "biginteger" }),
            json!("1e3"),
            "a must be a valid integer",
        ),
        (
            json!({ "type": "float", "max": 1.5 }),
            json!(2),
            "a must be less than or equal to 1.5",
        ),
        (
            json!({ "type": "boolean" }),
            json!("maybe"),
            "a must be a `boolean` type, but the final value was: `\"maybe\"`.",
        ),
        (
            json!({ "type": "date" }),
            json!("2023-02-29"),
            "Invalid date",
        ),
        (
            json!({ "type": "required", "type": "string", "required": true }),
            json!(null),
            "a must be a `string` type, but the final value was: `null`.",
        ),
        (
            json!({ "type": "blocks" }),
            json!([{ "type": "paragraph" }]),
            "a[0].children is a required field",
        ),
        (
            json!({ "type": "text" }),
            json!("a\u{0}b"),
            "a must not contain the character U+0000",
        ),
    ] {
        assert_eq!(
            one(attribute.clone(), given),
            Err(message.to_owned()),
            "{attribute}"
        );
    }
}

#[test]
fn a_draft_may_lack_and_fall_short_but_not_be_of_the_wrong_type() {
    let attributes = json!({ "a": { "type": "string", "required": true, "minLength": 3, "maxLength": 5 }, "z": { "type": "dynamiczone", "components": ["shared.quote"], "required": true, "min": 1 } });

    assert!(run(attributes.clone(), json!({ "z": [] }), Mode::Draft, false).is_ok());
    assert!(run(attributes.clone(), json!({ "a": "x" }), Mode::Draft, false).is_ok());
    assert!(run(attributes.clone(), json!({ "a": null }), Mode::Draft, true).is_ok());
    assert!(
        run(
            attributes.clone(),
            json!({ "a": "xxxxxx" }),
            Mode::Draft,
            false
        )
        .is_err()
    );
    assert!(run(attributes.clone(), json!({ "a": 1 }), Mode::Draft, false).is_err());
    let problems = run(attributes, json!({ "z": [] }), Mode::Publish, false).unwrap_err();
    let messages: Vec<&str> = problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(
        messages,
        ["a must be defined.", "z field must have at least 1 items"]
    );
}

#[test]
fn problems_inside_components_carry_their_path() {
    let attributes = json!({ "blocks": { "type": "dynamiczone", "components": ["shared.quote"] }, "one": { "type": "component", "component": "shared.quote" } });
    let values = json!({
        "blocks": [{ "__component": "shared.quote", "text": "x" }, { "__component": "shared.quote", "stars": "many", "nope": 1 }, { "__component": "shared.menu" }, {}, 5],
        "one": { "text": 7 },
        "what": true
    });

    let problems = run(attributes, values, Mode::Publish, false).unwrap_err();
    let found: Vec<(String, &str)> = problems
        .iter()
        .map(|problem| (problem.path.join("/"), problem.message.as_str()))
        .collect();

    assert_eq!(
        found,
        [
            (
                "blocks/1/text".to_owned(),
                "blocks[1].text must be defined."
            ),
            (
                "blocks/1/stars".to_owned(),
                "blocks[1].stars must be a `number` type, but the final value was: `NaN` (cast from the value `\"many\"`)."
            ),
            ("blocks/1/nope".to_owned(), "Invalid key nope at blocks"),
            (
                "blocks/2/__component".to_owned(),
                "blocks[2].__component must be one of the following values: shared.quote"
            ),
            (
                "blocks/3/__component".to_owned(),
                "blocks[3].__component is a required field"
            ),
            (
                "blocks/4".to_owned(),
                "blocks[4] must be a `object` type, but the final value was: `5`."
            ),
            (
                "one/text".to_owned(),
                "one.text must be a `string` type, but the final value was: `7`."
            ),
            ("what".to_owned(), "Invalid key what"),
        ]
    );
    assert!(
        problems
            .iter()
            .all(|problem| problem.name == "ValidationError")
    );
}

#[test]
fn component_values_keep_ids_and_get_defaults() {
    let attributes =
        json!({ "list": { "type": "component", "component": "shared.quote", "repeatable": true } });
    let schema = schema(attributes);
    let content_type = schema.content_type("article").unwrap();
    let quote = schema.component("shared.quote").unwrap();
    let stars = quote.field("stars").unwrap().id;
    let values = json!({ "list": [{ "id": 4, "text": "a" }, { "text": "b" }] });
    let checked = validate_entry(
        &schema,
        content_type,
        values.as_object().unwrap(),
        Mode::Publish,
        true,
    )
    .unwrap();

    let Some(Checked::Components(items)) = checked.get(content_type.fields[0].id) else {
        panic!()
    };
    assert_eq!((items[0].id, items[1].id), (Some(4), None));
    assert_eq!(items[0].component, quote.id);
    // The stored instance keeps what it has; the new one starts with the default.
    assert_eq!(items[0].values.get(stars), None);
    assert_eq!(items[1].values.get(stars), Some(&Checked::Scalar(json!(3))));
}

#[test]
fn components_nest_to_a_bound() {
    let attributes = json!({ "menu": { "type": "component", "component": "shared.menu" } });
    let deep = |levels: usize| {
        let mut value = json!({ "label": "last" });
        for _ in 1..levels {
            value = json!({ "items": [value] });
        }
        json!({ "menu": value })
    };

    assert!(run(attributes.clone(), deep(10), Mode::Publish, false).is_ok());
    assert!(run(attributes, deep(11), Mode::Publish, false).is_err());
}

#[test]
fn defaults_fill_what_a_new_entry_lacks() {
    let attributes = json!({ "a": { "type": "integer", "default": 7, "required": true }, "b": { "type": "string" } });

    let created = run(attributes.clone(), json!({}), Mode::Publish, false).unwrap();
    let updated = run(attributes.clone(), json!({}), Mode::Publish, true).unwrap();
    let cleared = run(attributes, json!({ "b": null }), Mode::Publish, true).unwrap();

    assert_eq!(
        created
            .iter()
            .map(|(_, value)| value.clone())
            .collect::<Vec<_>>(),
        [Checked::Scalar(json!(7))]
    );
    assert!(updated.is_empty());
    assert_eq!(cleared.iter().next().unwrap().1, &Checked::Clear);
}

#[test]
fn what_is_hidden_is_not_required() {
    let attributes = json!({
        "shown": { "type": "boolean", "default": false },
        "a": { "type": "string", "required": true, "conditions": { "visible": { "==": [{ "var": "shown" }, true] } } }
    });

    assert!(run(attributes.clone(), json!({}), Mode::Publish, false).is_ok());
    assert!(
        run(
            attributes.clone(),
            json!({ "shown": false }),
            Mode::Publish,
            false
        )
        .is_ok()
    );
    assert!(run(attributes, json!({ "shown": true }), Mode::Publish, false).is_err());
}

#[test]
fn links_pass_as_they_came_but_not_to_accounts() {
    let attributes = json!({
        "r": { "type": "relation", "relation": "oneToMany", "target": "article" },
        "m": { "type": "media" },
        "u": { "type": "relation", "relation": "manyToOne", "target": "plugin::users-permissions.user" }
    });
    let given = json!({ "connect": ["abc"] });

    let checked = run(
        attributes.clone(),
        json!({ "r": given, "m": null, "u": null }),
        Mode::Publish,
        false,
    )
    .unwrap();
    let values: Vec<&Checked> = checked.iter().map(|(_, value)| value).collect();
    assert_eq!(
        values,
        [
            &Checked::Relation(given),
            &Checked::Media(Value::Null),
            &Checked::Relation(Value::Null)
        ]
    );
    assert!(run(attributes, json!({ "u": 1 }), Mode::Draft, false).is_err());
}

#[test]
fn a_slug_that_will_be_made_is_not_missing() {
    let attributes = json!({ "title": { "type": "string" }, "slug": { "type": "uid", "targetField": "title", "required": true } });

    assert!(
        run(
            attributes.clone(),
            json!({ "title": "Hello" }),
            Mode::Publish,
            false
        )
        .is_ok()
    );
    assert!(run(attributes, json!({}), Mode::Publish, false).is_err());
}

#[test]
fn keys_of_an_answer_may_come_back() {
    let values = json!({ "publishedAt": null, "locale": "en", "a": "b" });

    assert!(
        run(
            json!({ "a": { "type": "string" } }),
            values,
            Mode::Publish,
            false
        )
        .is_ok()
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        "[0-9:T.Z+-]{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(
                "(type|children|text|id|__component|[a-z]{1,3})",
                inner,
                0..4
            )
            .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_is_accepted_or_refused_and_what_is_accepted_stays(value in any_json(), index in 0_usize..12) {
        let kinds = ["string", "richtext", "email", "integer", "biginteger", "float", "boolean", "date", "time", "datetime", "json", "blocks"];
        if let Ok(Checked::Scalar(stored)) = one(json!({ "type": kinds[index] }), value) {
            prop_assert_eq!(one(json!({ "type": kinds[index] }), stored.clone()), scalar(stored));
        }
    }
}
