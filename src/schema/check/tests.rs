use serde_json::{Value, json};

use super::*;
use crate::schema::definition::LocaleDefinition;
use crate::schema::{FieldKind, parse};

/// All problems of these types `(singular, kind, attributes)` and components `(uid, attributes)`.
fn problems(types: &[(&str, &str, Value)], components: &[(&str, Value)]) -> Vec<String> {
    match checked(types, components) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

fn checked(
    types: &[(&str, &str, Value)],
    components: &[(&str, Value)],
) -> Result<Definitions, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut definitions = Definitions::default();
    for (name, kind, attributes) in types {
        let json = json!({
            "kind": kind, "attributes": attributes,
            "info": { "singularName": name, "pluralName": format!("{name}s"), "displayName": name },
        });
        definitions.types.extend(parse::content_type(
            &format!("{name}.json"),
            None,
            &json,
            &mut problems,
        ));
    }
    for (uid, attributes) in components {
        let json = json!({ "info": { "displayName": uid }, "attributes": attributes });
        definitions.components.extend(parse::component(
            &format!("{uid}.json"),
            uid,
            &json,
            &mut problems,
        ));
    }
    assert_eq!(problems, []);
    check(definitions)
}

const MANY: &str = "collectionType";

fn relation(kind: &str, target: &str, side: &[(&str, &str)]) -> Value {
    let mut relation = json!({ "type": "relation", "relation": kind, "target": target });
    for (key, value) in side {
        relation[*key] = json!(value);
    }
    relation
}

#[test]
fn both_ways_of_naming_a_target_mean_the_same() {
    let definitions = checked(
        &[
            ("a", MANY, json!({ "x": relation("manyToOne", "b", &[("inversedBy", "y")]), "f": relation("oneToOne", "plugin::upload.file", &[]) })),
            ("b", MANY, json!({ "y": relation("oneToMany", "api::a.a", &[("mappedBy", "x")]), "u": relation("manyToMany", "admin::user", &[]) })),
        ],
        &[],
    )
    .unwrap();

    let FieldKind::Relation(relation) =
        &definitions.content_type("api::a.a").unwrap().fields[0].kind
    else {
        panic!()
    };
    assert_eq!(relation.target.as_deref(), Some("api::b.b"));
}

#[test]
fn the_two_sides_of_a_relation_must_agree() {
    for (first, second, expected) in [
        (
            relation("oneToOne", "nobody", &[]),
            json!({ "type": "string" }),
            "a.json: attribute `x`: target: there is no type `nobody`",
        ),
        (
            relation("manyToOne", "b", &[("inversedBy", "z")]),
            json!({ "type": "string" }),
            "inversedBy: `api::b.b` has no attribute `z`",
        ),
        (
            relation("manyToOne", "b", &[("inversedBy", "y")]),
            json!({ "type": "string" }),
            "inversedBy: `y` of `api::b.b` is a string, not a relation",
        ),
        (
            relation("manyToOne", "b", &[("inversedBy", "y")]),
            relation("manyToMany", "a", &[("mappedBy", "x")]),
            "a manyToOne does not go with `y`",
        ),
        (
            relation("manyToOne", "b", &[("inversedBy", "y")]),
            relation("oneToMany", "b", &[("mappedBy", "x")]),
            "does not point to `api::a.a`",
        ),
        (
            relation("manyToMany", "b", &[("inversedBy", "y")]),
            relation("manyToMany", "a", &[]),
            "`y` of `api::b.b` must say \"mappedBy\": \"x\"",
        ),
        (
            relation("oneToMany", "b", &[("inversedBy", "y")]),
            relation("manyToOne", "a", &[("mappedBy", "x")]),
            "a oneToMany is the inverse side",
        ),
        (
            relation("oneToOne", "b", &[("inversedBy", "y"), ("mappedBy", "y")]),
            relation("oneToOne", "a", &[("mappedBy", "x")]),
            "cannot stand beside `inversedBy`",
        ),
        (
            relation("morphOne", "b", &[]),
            json!({ "type": "string" }),
            "a morphOne needs `mappedBy`",
        ),
        (
            relation(
                "oneToMany",
                "b",
                &[("mappedBy", "y"), ("onDelete", "cascade")],
            ),
            relation("manyToOne", "a", &[("inversedBy", "x")]),
            "onDelete: belongs to the side with `inversedBy`",
        ),
    ] {
        let found = problems(
            &[
                ("a", MANY, json!({ "x": first })),
                ("b", MANY, json!({ "y": second })),
            ],
            &[],
        )
        .join("\n");
        assert!(found.contains(expected), "{expected} is not in\n{found}");
    }
}

#[test]
fn a_polymorphic_field_has_its_inverse() {
    let found = problems(
        &[
            (
                "a",
                MANY,
                json!({ "owner": { "type": "relation", "relation": "morphToOne" } }),
            ),
            (
                "b",
                MANY,
                json!({ "y": relation("morphMany", "a", &[("mappedBy", "owner")]) }),
            ),
        ],
        &[],
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn relations_of_single_types_and_components_are_limited() {
    let found = problems(
        &[
            (
                "a",
                "singleType",
                json!({ "x": relation("manyToMany", "b", &[]) }),
            ),
            (
                "b",
                MANY,
                json!({ "c": { "type": "component", "component": "s.c" } }),
            ),
        ],
        &[(
            "s.c",
            json!({ "x": relation("manyToOne", "a", &[]), "u": { "type": "uid" }, "v": { "type": "string", "unique": true } }),
        )],
    );
    assert_eq!(
        found,
        [
            "a.json: attribute `x`: relation: a single type cannot have manyToMany; use oneToOne or oneToMany",
            "s.c.json: attribute `u`: type: a uid cannot stand in a component",
            "s.c.json: attribute `v`: unique: values inside components cannot be unique",
            "s.c.json: attribute `x`: relation: in a component only one-way oneToOne and oneToMany are possible",
        ]
    );
}

#[test]
fn components_must_exist_and_end() {
    let of = |uid: &str, more: Value| {
        let mut component = json!({ "type": "component", "component": uid });
        component
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "c": component })
    };
    assert_eq!(
        problems(&[("a", MANY, of("s.x", json!({})))], &[])[0],
        "a.json: attribute `c`: component: there is no component `s.x`; add its file or correct the name"
    );
    let circle = |more: Value| {
        problems(
            &[],
            &[("s.x", of("s.y", more.clone())), ("s.y", of("s.x", more))],
        )
    };
    assert_eq!(circle(json!({})), Vec::<String>::new());
    assert_eq!(
        circle(json!({ "required": true, "repeatable": true })),
        Vec::<String>::new()
    );
    assert_eq!(circle(json!({ "required": true })).len(), 2);
    let names: Vec<String> = (0..12).map(|index| format!("s.c{index}")).collect();
    let chain: Vec<(&str, Value)> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            (
                name.as_str(),
                names
                    .get(index + 1)
                    .map_or(json!({}), |next| of(next, json!({}))),
            )
        })
        .collect();
    assert_eq!(problems(&[], &chain).len(), 2);
}

#[test]
fn a_slug_is_made_from_a_text() {
    let slug = |target: &str| json!({ "slug": { "type": "uid", "targetField": target }, "n": { "type": "integer" }, "t": { "type": "string" } });
    assert_eq!(
        problems(&[("a", MANY, slug("t"))], &[]),
        Vec::<String>::new()
    );
    assert!(
        problems(&[("a", MANY, slug("x"))], &[])[0]
            .contains("targetField: there is no attribute `x`")
    );
    assert!(problems(&[("a", MANY, slug("n"))], &[])[0].contains("`n` is a integer"));
}

#[test]
fn names_are_unique_over_all_types() {
    // The plural of `a` is the singular of the other.
    let found = problems(&[("a", MANY, json!({})), ("as", MANY, json!({}))], &[]);
    assert_eq!(
        found,
        ["as.json: info.singularName: `as` is taken by a.json"]
    );
    assert!(
        problems(&[("a", MANY, json!({})), ("a", MANY, json!({}))], &[])[0]
            .contains("is defined by")
    );
}

#[test]
fn locales_have_one_default_and_fallbacks_end() {
    let locale = |code: &str, is_default: bool, fallback: Option<&str>| LocaleDefinition {
        code: code.into(),
        name: code.into(),
        is_default,
        fallback: fallback.map(Into::into),
    };
    let found = |locales: Vec<LocaleDefinition>| match check(Definitions {
        locales: Some(locales),
        ..Definitions::default()
    }) {
        Ok(_) => String::new(),
        Err(problems) => problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
    };
    assert_eq!(
        found(vec![
            locale("en", true, None),
            locale("de", false, Some("en")),
            locale("at", false, Some("de"))
        ]),
        ""
    );
    assert!(found(vec![locale("en", false, None)]).contains("exactly one locale"));
    assert!(found(vec![locale("en", true, None), locale("de", true, None)]).contains("not 2"));
    assert!(
        found(vec![locale("en", true, None), locale("en", false, None)]).contains("listed twice")
    );
    assert!(found(vec![locale("en", true, Some("fr"))]).contains("which is not listed"));
    assert!(
        found(vec![
            locale("en", true, Some("de")),
            locale("de", false, Some("fr")),
            locale("fr", false, Some("de"))
        ])
        .contains("in a circle")
    );
}
