use serde_json::json;

use super::*;
use crate::schema::{FieldKind, OnDelete, RelationKind};

fn with(attributes: Value) -> Value {
    json!({
        "kind": "collectionType",
        "collectionName": "articles",
        "info": { "singularName": "article", "pluralName": "articles", "displayName": "Article" },
        "options": { "draftAndPublish": true, "comment": "kept" },
        "pluginOptions": { "i18n": { "localized": true }, "content-manager": { "visible": true } },
        "attributes": attributes
    })
}

fn read(json: &Value) -> (Option<TypeDefinition>, Vec<String>) {
    let mut problems = Vec::new();
    let definition = content_type("types/article.json", None, json, &mut problems);
    (
        definition,
        problems.iter().map(ToString::to_string).collect(),
    )
}

fn fine(attributes: Value) -> TypeDefinition {
    let (definition, problems) = read(&with(attributes));
    assert_eq!(problems, Vec::<String>::new());
    definition.unwrap()
}

/// The problems of one attribute named `a`, without file and attribute.
fn wrong(attribute: Value) -> Vec<String> {
    let (_, problems) = read(&with(
        json!({ "a": attribute, "flag": { "type": "boolean" } }),
    ));
    let start = "types/article.json: attribute `a`: ";
    problems
        .iter()
        .map(|problem| problem.strip_prefix(start).unwrap_or(problem).to_owned())
        .collect()
}

#[test]
fn every_type_of_attribute_is_read() {
    let definition = fine(json!({
        "s": { "type": "string", "required": true, "unique": true, "minLength": 1, "maxLength": 9, "regex": "^a+$" },
        "t": { "type": "text", "default": "x" },
        "r": { "type": "richtext", "searchable": false },
        "e": { "type": "email", "private": true },
        "p": { "type": "password", "minLength": 6 },
        "u": { "type": "uid", "targetField": "s", "options": { "separator": "_", "lowercase": false } },
        "n": { "type": "enumeration", "enum": ["one", "two"], "default": "two" },
        "i": { "type": "integer", "min": -1, "max": 5, "default": 0 },
        "b": { "type": "biginteger", "min": "-9223372036854775808", "default": "12" },
        "f": { "type": "float", "min": 0.5 },
        "d": { "type": "decimal", "default": 1.25 },
        "o": { "type": "boolean", "default": true },
        "da": { "type": "date", "default": "2024-02-29" },
        "ti": { "type": "time", "default": "10:30" },
        "dt": { "type": "datetime", "default": "2024-02-29T10:30:00+01:00" },
        "ts": { "type": "timestamp" },
        "j": { "type": "json", "default": { "a": [] } },
        "bl": { "type": "blocks" },
        "cu": { "type": "customField", "customField": "plugin::color-picker.color" },
        "cs": { "type": "string", "customField": "plugin::color-picker.color" },
        "m": { "type": "media", "multiple": true, "allowedTypes": ["images", "files", "videos", "audios"] },
        "re": { "type": "relation", "relation": "manyToOne", "target": "api::author.author", "onDelete": "refuse" },
        "mo": { "type": "relation", "relation": "morphToMany" },
        "c": { "type": "component", "component": "shared.seo", "repeatable": true, "min": 1, "max": 2 },
        "z": { "type": "dynamiczone", "components": ["shared.seo"], "max": 3 },
        "h": { "type": "string", "conditions": { "visible": { "!=": [{ "var": "o" }, false] } } },
        "l": { "type": "string", "pluginOptions": { "i18n": { "localized": true } }, "column": { "unique": true } }
    }));
    let field = |name: &str| definition.field(name).unwrap();

    assert!(definition.draft_and_publish && definition.localized);
    assert_eq!(
        field("s")
            .kind
            .text_rules()
            .unwrap()
            .pattern
            .as_ref()
            .unwrap()
            .source(),
        "^a+$"
    );
    assert!(!field("r").searchable && field("e").private && field("u").unique);
    assert_eq!(field("ti").default, Some(json!("10:30:00.000")));
    assert_eq!(field("dt").default, Some(json!("2024-02-29T09:30:00.000Z")));
    assert!(
        field("l").localized
            && field("re").localized
            && field("u").localized
            && !field("s").localized
    );
    assert_eq!(field("cu").kind, FieldKind::Custom);
    assert_eq!(field("cs").kind.name(), "string");
    assert!(field("h").condition.as_ref().unwrap().negated);
    let FieldKind::Relation(relation) = &field("re").kind else {
        panic!()
    };
    assert_eq!(
        (relation.kind, relation.on_delete),
        (RelationKind::ManyToOne, OnDelete::Refuse)
    );
    assert_eq!(field("l").definition["column"], json!({ "unique": true }));
    assert_eq!(definition.definition["options"]["comment"], "kept");
}

#[test]
fn each_wrong_option_is_named() {
    for (attribute, expected) in [
        (
            json!({ "type": "text", "minLength": 5, "maxLength": 1 }),
            "minLength: 5 is more than `maxLength`, which is 1",
        ),
        (
            json!({ "type": "text", "maxLength": -1 }),
            "maxLength: must be a whole number that is not negative",
        ),
        (
            json!({ "type": "text", "required": "yes" }),
            "required: must be true or false",
        ),
        (
            json!({ "type": "text", "maxlength": 3 }),
            "maxlength: is not an option; `maxLength` is",
        ),
        (
            json!({ "type": "integer", "min": 2, "max": 1 }),
            "min: 2 is more than `max`, which is 1",
        ),
        (
            json!({ "type": "integer", "default": "x" }),
            "default: must be a `number` type, but the final value was: `NaN` (cast from the value `\"x\"`).",
        ),
        (
            json!({ "type": "integer", "max": 3, "default": 4 }),
            "default: must be less than or equal to 3",
        ),
        (
            json!({ "type": "string", "default": "ab", "minLength": 3 }),
            "default: must be at least 3 characters",
        ),
        (
            json!({ "type": "biginteger", "max": "9223372036854775808" }),
            "max: must be a whole number of at most 64 bits",
        ),
        (
            json!({ "type": "enumeration" }),
            "enum: is missing; list the values",
        ),
        (
            json!({ "type": "enumeration", "enum": ["a", "a"] }),
            "enum: `a` is listed twice",
        ),
        (
            json!({ "type": "enumeration", "enum": ["1a"] }),
            "enum: `1a` must have 1 to 255 characters and not begin with a digit",
        ),
        (
            json!({ "type": "enumeration", "enum": ["a"], "default": "b" }),
            "default: must be one of the following values: a",
        ),
        (
            json!({ "type": "media", "allowedTypes": ["pictures"] }),
            "allowedTypes: `pictures` is none of images, videos, files, audios",
        ),
        (
            json!({ "type": "media", "default": 1 }),
            "default: a media has no default",
        ),
        (
            json!({ "type": "json", "unique": true }),
            "unique: a json cannot be unique",
        ),
        (
            json!({ "type": "relation", "relation": "oneToOne" }),
            "target: is missing; name the type it points to",
        ),
        (
            json!({ "type": "component" }),
            "component: is missing; name the component as `category.name`",
        ),
        (
            json!({ "type": "dynamiczone", "components": ["a.b", "a.b"] }),
            "components: `a.b` is listed twice",
        ),
        (
            json!({ "type": "string", "conditions": { "visible": true } }),
            "conditions: must look like {\"visible\": {\"==\": [{\"var\": \"field\"}, true]}}, with `==` or `!=`",
        ),
        (
            json!({ "type": "string", "conditions": { "visible": { "==": [{ "var": "b" }, true] } } }),
            "conditions: there is no attribute `b`",
        ),
        (
            json!({ "type": "string", "conditions": { "visible": { "==": [{ "var": "flag" }, "x"] } } }),
            "conditions: `flag` can never hold \"x\"",
        ),
        (
            json!({ "type": "uid", "targetField": "flag", "default": "x" }),
            "default: cannot be set together with `targetField`",
        ),
        (
            json!({ "type": "customField", "customField": "color" }),
            "customField: must be named `plugin::NAME.FIELD` or `global::FIELD`",
        ),
        (
            json!({}),
            "type: is missing; every attribute needs a `type`",
        ),
        (json!("string"), "type: an attribute must be an object"),
    ] {
        let found = wrong(attribute.clone());
        assert!(
            found.contains(&expected.to_owned()),
            "{attribute}: {found:?}"
        );
    }
}

#[test]
fn patterns_are_bounded_and_linear() {
    for source in ["(", "(?=a)", "a{1000}{1000}{1000}"] {
        let problems = wrong(json!({ "type": "string", "regex": source }));
        assert_eq!(problems.len(), 1, "{source}: {problems:?}");
        assert!(problems[0].starts_with("regex: "), "{problems:?}");
    }
    assert_eq!(
        wrong(json!({ "type": "string", "regex": "a".repeat(513) })),
        ["regex: is longer than 512 bytes"]
    );
    let definition = fine(json!({ "a": { "type": "string", "regex": "^(a+)+$" } }));
    let pattern = definition.fields[0]
        .kind
        .text_rules()
        .unwrap()
        .pattern
        .clone()
        .unwrap();
    assert!(!pattern.is_match(&format!("{}!", "a".repeat(10_000))));
}

#[test]
fn the_top_level_is_checked() {
    let problems = |json: &Value| read(json).1.join("\n");
    let mut json = with(json!({}));
    json["kind"] = json!("collection");
    json["info"]["pluralName"] = json!("Articles");
    json["options"]["privateAttributes"] = json!(["missing", "createdAt"]);
    json["options"]["draftAndPublish"] = json!("yes");
    let found = problems(&json);

    for expected in [
        "kind: `collection` is neither collectionType nor singleType",
        "info.pluralName: `Articles` is not in kebab case",
        "options.privateAttributes: there is no attribute `missing`",
        "options.draftAndPublish: must be true or false",
    ] {
        assert!(found.contains(expected), "{expected} is not in\n{found}");
    }
    assert!(problems(&json!([])).contains("must hold one JSON object"));
    assert!(problems(&json!({ "attributes": {} })).contains("info: is missing"));
    assert!(
        problems(&json!({ "info": { "singularName": "a", "pluralName": "as" } }))
            .contains("attributes: must be an object")
    );
}

#[test]
fn names_and_numbers_of_attributes_are_bounded() {
    let many: Map<String, Value> = (0..201)
        .map(|index| (format!("f{index}"), json!({ "type": "string" })))
        .collect();
    assert!(read(&with(Value::Object(many))).1[0].contains("there are 201, 200 at most"));
    let (_, problems) = read(&with(
        json!({ "title": { "type": "string" }, "Title": { "type": "string" }, "status": { "type": "string" } }),
    ));
    assert_eq!(
        problems,
        [
            "types/article.json: attribute `status`: name: `status` is a reserved name; choose another",
            "types/article.json: attribute `Title`: name: differs from `title` only in case; choose another name",
        ]
    );
}

#[test]
fn private_attributes_become_private_fields() {
    let mut json = with(json!({ "secret": { "type": "string" }, "open": { "type": "string" } }));
    json["options"]["privateAttributes"] = json!(["secret"]);
    let definition = read(&json).0.unwrap();

    assert!(definition.field("secret").unwrap().private);
    assert!(!definition.field("open").unwrap().private);
}

#[test]
fn nothing_is_localised_in_a_type_that_is_not() {
    let mut json = with(
        json!({ "title": { "type": "string", "pluginOptions": { "i18n": { "localized": true } } } }),
    );
    json["pluginOptions"] = json!({});

    assert!(!read(&json).0.unwrap().fields[0].localized);
}

#[test]
fn what_was_written_is_kept_but_for_renames() {
    let mut json =
        with(json!({ "title": { "type": "string", "renamedFrom": "name", "plugin-thing": [1] } }));
    json["renamedFrom"] = json!("post");
    let definition = read(&json).0.unwrap();

    assert_eq!(definition.renamed_from.as_deref(), Some("post"));
    assert_eq!(definition.fields[0].renamed_from.as_deref(), Some("name"));
    json.as_object_mut().unwrap().shift_remove("renamedFrom");
    json["attributes"]["title"]
        .as_object_mut()
        .unwrap()
        .shift_remove("renamedFrom");
    assert_eq!(definition.to_json(), json);
}

#[test]
fn locales_are_read() {
    let mut problems = Vec::new();
    let read = locales(
        "locales.json",
        &json!([{ "code": "en", "isDefault": true }, { "code": "de", "name": "Deutsch", "fallback": "en" }]),
        &mut problems,
    );
    assert_eq!(problems, []);
    assert_eq!(read[0].name, "en");
    assert_eq!(read[1].fallback.as_deref(), Some("en"));

    locales(
        "locales.json",
        &json!([{ "code": "EN" }, {}, 3]),
        &mut problems,
    );
    assert_eq!(problems.len(), 3);
    locales("locales.json", &json!({}), &mut problems);
    assert_eq!(problems.len(), 4);
}
