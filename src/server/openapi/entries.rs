//! JSON Schemas of entries, components and inputs.

use serde_json::{Map, Value as Json, json};

use crate::access::{Action, View};
use crate::schema::{ContentType, Field, FieldKind};

/// Schemas every document has.
pub(super) fn shared() -> Map<String, Json> {
    let mut schemas = Map::new();
    schemas.insert(
        "Error".into(),
        json!({
            "type": "object", "required": ["data", "error"],
            "properties": {
                "data": { "type": "null" },
                "error": {
                    "type": "object", "required": ["status", "name", "message", "details"],
                    "properties": {
                        "status": { "type": "integer" }, "name": { "type": "string" },
                        "message": { "type": "string" }, "details": { "type": "object" },
                    },
                },
            },
        }),
    );
    schemas.insert(
        "Pagination".into(),
        json!({
            "type": "object",
            "properties": {
                "page": { "type": "integer" }, "pageSize": { "type": "integer" },
                "pageCount": { "type": "integer" }, "start": { "type": "integer" },
                "limit": { "type": "integer" }, "total": { "type": "integer" },
                "nextCursor": { "type": ["string", "null"] },
            },
        }),
    );
    schemas.insert("File".into(), file());
    schemas
}

fn file() -> Json {
    json!({
        "type": "object",
        "properties": {
            "id": { "type": "integer" }, "documentId": { "type": "string" },
            "name": { "type": "string" }, "alternativeText": { "type": ["string", "null"] },
            "caption": { "type": ["string", "null"] }, "width": { "type": ["integer", "null"] },
            "height": { "type": ["integer", "null"] }, "formats": {}, "hash": { "type": "string" },
            "ext": { "type": ["string", "null"] }, "mime": { "type": "string" },
            "size": { "type": "number" }, "url": { "type": "string" },
            "focalPoint": {}, "previewUrl": { "type": ["string", "null"] }, "provider": { "type": "string" },
        },
    })
}

/// The name of a type's schema, such as `BlogPost`.
pub(super) fn name(content_type: &ContentType) -> String {
    pascal(&content_type.singular)
}

fn pascal(text: &str) -> String {
    text.split(['-', '.', '_'])
        .filter_map(|word| {
            let mut letters = word.chars();
            let first = letters.next()?.to_ascii_uppercase();
            Some(std::iter::once(first).chain(letters).collect::<String>())
        })
        .collect()
}

/// Adds the schemas of a type's entries and inputs, and of the components it uses.
pub(super) fn add(schemas: &mut Map<String, Json>, view: &View, content_type: &ContentType) {
    let mut properties = Map::new();
    properties.insert("id".into(), json!({ "type": "integer" }));
    properties.insert("documentId".into(), json!({ "type": "string" }));
    for field in content_type.fields.iter().filter(|field| view.reads(field)) {
        properties.insert(field.name.clone(), output(schemas, view, field));
    }
    for stamp in ["createdAt", "updatedAt", "publishedAt"] {
        let stamp_schema = json!({ "type": ["string", "null"], "format": "date-time" });
        properties.insert(stamp.into(), stamp_schema);
    }
    properties.insert("locale".into(), json!({ "type": ["string", "null"] }));
    schemas.insert(
        name(content_type),
        json!({ "type": "object", "required": ["id", "documentId"], "properties": properties }),
    );
    // Who only reads learns nothing of the fields that can only be written.
    if !view.may(content_type, Action::Create) && !view.may(content_type, Action::Update) {
        return;
    }
    let inputs = inputs(view, &content_type.fields, 0);
    schemas.insert(
        format!("{}Input", name(content_type)),
        json!({
            "type": "object", "required": ["data"],
            "properties": { "data": { "type": "object", "properties": inputs, "additionalProperties": false } },
        }),
    );
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn or_null(schema: &Json) -> Json {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn output(schemas: &mut Map<String, Json>, view: &View, field: &Field) -> Json {
    match &field.kind {
        FieldKind::Media { multiple, .. } => list_or_one(*multiple, &reference("File")),
        FieldKind::Relation(relation) => {
            let target = relation.target.as_deref();
            let target = target.and_then(|uid| view.schema().content_type(uid));
            let one = match target {
                Some(target) if !target.is_built_in() => reference(&name(target)),
                _ => json!({ "type": "object" }),
            };
            list_or_one(relation.is_many(), &one)
        }
        FieldKind::Component {
            component,
            repeatable,
            ..
        } => {
            let one = component_output(schemas, view, component, false);
            list_or_one(*repeatable, &one)
        }
        FieldKind::DynamicZone { components, .. } => {
            let any: Vec<Json> = components
                .iter()
                .map(|uid| component_output(schemas, view, uid, true))
                .collect();
            json!({ "type": "array", "items": { "anyOf": any } })
        }
        kind => scalar_output(kind),
    }
}

fn list_or_one(many: bool, one: &Json) -> Json {
    match many {
        true => {
            json!({ "anyOf": [{ "type": "array", "items": one }, { "type": "null" }, { "type": "object" }] })
        }
        false => or_null(one),
    }
}

fn component_output(schemas: &mut Map<String, Json>, view: &View, uid: &str, zone: bool) -> Json {
    let key = format!("{}Component", pascal(uid));
    if !schemas.contains_key(&key) {
        schemas.insert(key.clone(), json!({}));
        let mut properties = Map::new();
        properties.insert("id".into(), json!({ "type": "integer" }));
        if let Some(component) = view.schema().component(uid).cloned() {
            for field in component.fields.iter().filter(|field| view.reads(field)) {
                let schema = output(schemas, view, field);
                properties.insert(field.name.clone(), schema);
            }
        }
        let schema = json!({ "type": "object", "properties": properties });
        schemas.insert(key.clone(), schema);
    }
    match zone {
        false => reference(&key),
        true => json!({
            "allOf": [
                reference(&key),
                { "type": "object", "properties": { "__component": { "const": uid } } },
            ],
        }),
    }
}

fn scalar_output(kind: &FieldKind) -> Json {
    match kind {
        FieldKind::Integer(_) => json!({ "type": ["integer", "null"] }),
        FieldKind::Float(_) | FieldKind::Decimal(_) => json!({ "type": ["number", "null"] }),
        FieldKind::Boolean => json!({ "type": ["boolean", "null"] }),
        FieldKind::Json | FieldKind::Custom => json!({}),
        FieldKind::Blocks => json!({ "type": ["array", "null"], "items": { "type": "object" } }),
        FieldKind::Enumeration { values } => {
            let mut values: Vec<Json> = values.iter().map(|value| json!(value)).collect();
            values.push(Json::Null);
            json!({ "enum": values })
        }
        FieldKind::Date => json!({ "type": ["string", "null"], "format": "date" }),
        FieldKind::DateTime | FieldKind::Timestamp => {
            json!({ "type": ["string", "null"], "format": "date-time" })
        }
        _ => json!({ "type": ["string", "null"] }),
    }
}

/// How deep inputs of components are written out; deeper ones are any object.
const INPUT_DEPTH: usize = 4;

fn inputs(view: &View, fields: &[Field], depth: usize) -> Map<String, Json> {
    fields
        .iter()
        .filter(|field| view.writes(field))
        .map(|field| (field.name.clone(), input(view, field, depth)))
        .collect()
}

fn input(view: &View, field: &Field, depth: usize) -> Json {
    match &field.kind {
        FieldKind::Media { .. } | FieldKind::Relation(_) => json!({
            "description": "documentId, numeric id, a list of them, or an object with set, connect and disconnect",
        }),
        FieldKind::Component {
            component,
            repeatable,
            ..
        } => {
            let one = item_input(view, component, depth);
            match repeatable {
                true => json!({ "type": ["array", "null"], "items": one }),
                false => or_null(&one),
            }
        }
        FieldKind::DynamicZone { components, .. } => json!({
            "type": ["array", "null"],
            "items": {
                "type": "object", "required": ["__component"],
                "properties": { "__component": { "enum": components } },
            },
        }),
        kind => scalar_output(kind),
    }
}

fn item_input(view: &View, uid: &str, depth: usize) -> Json {
    let Some(component) = view.schema().component(uid).filter(|_| depth < INPUT_DEPTH) else {
        return json!({ "type": "object" });
    };
    let mut properties = inputs(view, &component.fields, depth + 1);
    properties.insert("id".into(), json!({ "type": ["integer", "null"] }));
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
