//! JSON Schema (2020-12) of schema files, so that editors complete and check them.
//!
//! `schema pull` writes it to `.schema/type.json` and `.schema/component.json` and names it in every file's
//! `$schema`. It knows the vocabulary; what needs the other files is checked by `schema plan`.

use serde_json::{Map, Value, json};

use super::kind::RelationKind;

/// The JSON Schema of `types/*.json`.
pub fn of_types() -> Value {
    let name =
        json!({ "type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": 64 });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Content type",
        "type": "object",
        "required": ["kind", "info", "attributes"],
        "properties": {
            "$schema": { "type": "string" },
            "kind": { "enum": ["collectionType", "singleType"] },
            "uid": { "type": "string", "description": "Only where it differs from api::NAME.NAME." },
            "collectionName": { "type": "string" },
            "renamedFrom": { "type": "string", "description": "The singularName the type had before." },
            "info": {
                "type": "object",
                "required": ["singularName", "pluralName", "displayName"],
                "properties": {
                    "singularName": name, "pluralName": name,
                    "displayName": { "type": "string" },
                    "description": { "type": "string" }, "icon": { "type": "string" },
                },
            },
            "options": {
                "type": "object",
                "properties": {
                    "draftAndPublish": { "type": "boolean" },
                    "privateAttributes": { "type": "array", "items": { "type": "string" } },
                    "populateCreatorFields": { "type": "boolean" },
                    "comment": { "type": "string" },
                },
            },
            "pluginOptions": plugin_options(),
            "attributes": attributes(),
        },
        "$defs": { "attribute": attribute(&TYPE_KINDS) },
    })
}

/// The JSON Schema of `components/*/*.json`.
pub fn of_components() -> Value {
    let kinds: Vec<&str> = TYPE_KINDS
        .into_iter()
        .filter(|kind| !matches!(*kind, "uid" | "dynamiczone"))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Component",
        "type": "object",
        "required": ["info", "attributes"],
        "properties": {
            "$schema": { "type": "string" },
            "collectionName": { "type": "string" },
            "renamedFrom": { "type": "string", "description": "The `category.name` the component had before." },
            "info": {
                "type": "object",
                "required": ["displayName"],
                "properties": {
                    "displayName": { "type": "string" },
                    "description": { "type": "string" }, "icon": { "type": "string" },
                },
            },
            "options": { "type": "object" },
            "attributes": attributes(),
        },
        "$defs": { "attribute": attribute(&kinds) },
    })
}

const TYPE_KINDS: [&str; 23] = [
    "string",
    "text",
    "richtext",
    "blocks",
    "json",
    "enumeration",
    "password",
    "email",
    "integer",
    "float",
    "decimal",
    "biginteger",
    "date",
    "time",
    "datetime",
    "timestamp",
    "boolean",
    "uid",
    "media",
    "relation",
    "component",
    "dynamiczone",
    "customField",
];

fn attributes() -> Value {
    json!({
        "type": "object",
        "maxProperties": 200,
        "propertyNames": { "pattern": "^[A-Za-z][A-Za-z0-9_]*$", "maxLength": 64 },
        "additionalProperties": { "$ref": "#/$defs/attribute" },
    })
}

fn plugin_options() -> Value {
    let i18n = json!({ "type": "object", "properties": { "localized": { "type": "boolean" } } });
    json!({ "type": "object", "properties": { "i18n": i18n } })
}

/// Options of all attributes, then one rule per type that has more of them.
fn attribute(kinds: &[&str]) -> Value {
    let rules: Vec<Value> = kinds
        .iter()
        .filter_map(|kind| {
            let (required, properties) = options_of(kind)?;
            Some(json!({
                "if": { "properties": { "type": { "const": kind } }, "required": ["type"] },
                "then": { "required": required, "properties": properties },
            }))
        })
        .collect();
    json!({
        "type": "object",
        "anyOf": [{ "required": ["type"] }, { "required": ["customField"] }],
        "properties": {
            "type": { "enum": kinds },
            "required": { "type": "boolean" },
            "unique": { "type": "boolean" },
            "private": { "type": "boolean" },
            "searchable": { "type": "boolean", "description": "Whether search looks into it." },
            "search": {
                "type": "object",
                "description": "How search treats it.",
                "properties": {
                    "boost": { "type": "number", "minimum": 0, "maximum": super::LARGEST_SEARCH_BOOST, "description": "How much a hit here counts; 0 = nothing." },
                },
                "additionalProperties": false,
            },
            "configurable": { "type": "boolean" },
            "default": true,
            "customField": { "type": "string", "pattern": "^(plugin|global)::" },
            "renamedFrom": { "type": "string", "description": "The name the attribute had before." },
            "conditions": { "type": "object", "properties": { "visible": { "type": "object" } } },
            "pluginOptions": plugin_options(),
        },
        "allOf": rules,
    })
}

fn options_of(kind: &str) -> Option<(Vec<&'static str>, Value)> {
    let count = json!({ "type": "integer", "minimum": 0 });
    let bounds = json!({ "min": count, "max": count });
    let mut text = Map::new();
    text.insert("minLength".to_owned(), count.clone());
    text.insert("maxLength".to_owned(), count.clone());
    text.insert(
        "regex".to_owned(),
        json!({ "type": "string", "maxLength": 512 }),
    );
    Some(match kind {
        "string" | "text" | "richtext" | "password" | "email" => (vec![], Value::Object(text)),
        "uid" => {
            text.insert("targetField".to_owned(), json!({ "type": "string" }));
            text.insert("options".to_owned(), json!({ "type": "object" }));
            (vec![], Value::Object(text))
        }
        "enumeration" => {
            let words = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "uniqueItems": true });
            (
                vec!["enum"],
                json!({ "enum": words, "enumName": { "type": "string" } }),
            )
        }
        "integer" => (
            vec![],
            json!({ "min": { "type": "integer" }, "max": { "type": "integer" } }),
        ),
        "float" | "decimal" => (
            vec![],
            json!({ "min": { "type": "number" }, "max": { "type": "number" } }),
        ),
        "biginteger" => (
            vec![],
            json!({ "min": { "type": "string" }, "max": { "type": "string" } }),
        ),
        "media" => {
            let allowed = json!({ "type": "array", "items": { "enum": ["images", "videos", "files", "audios"] } });
            (
                vec![],
                json!({ "multiple": { "type": "boolean" }, "allowedTypes": allowed }),
            )
        }
        "relation" => (vec!["relation"], relation()),
        "component" => {
            let mut options = bounds;
            options["component"] =
                json!({ "type": "string", "pattern": "^[a-z][a-z0-9_-]*\\.[a-z][a-z0-9_-]*$" });
            options["repeatable"] = json!({ "type": "boolean" });
            (vec!["component"], options)
        }
        "dynamiczone" => {
            let mut options = bounds;
            options["components"] =
                json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true });
            (vec!["components"], options)
        }
        _ => return None,
    })
}

fn relation() -> Value {
    let kinds: Vec<&str> = RelationKind::ALL.iter().map(|kind| kind.name()).collect();
    let text = json!({ "type": "string" });
    json!({
        "relation": { "enum": kinds },
        "target": text, "inversedBy": text, "mappedBy": text,
        "onDelete": { "enum": ["refuse", "unlink", "cascade"] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_offer_no_slugs_and_zones() {
        let kinds = &of_components()["$defs"]["attribute"]["properties"]["type"]["enum"];

        assert!(!kinds.to_string().contains("uid"));
        assert!(of_types().to_string().contains("dynamiczone"));
    }
}
