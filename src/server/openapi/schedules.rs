//! Paths of schedules: publishing and unpublishing at a time to come.

use serde_json::{Map, Value as Json, json};

use super::entries::name;
use super::operations::{WRITE_ERRORS, id_parameter, responses};
use crate::access::{Action, View};
use crate::schema::{ContentType, TypeKind};

/// Adds the paths of a type's schedules, for who may make them.
pub(super) fn add(paths: &mut Map<String, Json>, view: &View, content_type: &ContentType) {
    if !view.may(content_type, Action::Update) || !content_type.draft_and_publish {
        return;
    }
    let (root, mut parameters) = match content_type.kind {
        TypeKind::Collection => (
            format!("/{}/{{documentId}}/schedules", content_type.plural),
            vec![id_parameter()],
        ),
        TypeKind::Single => (format!("/{}/schedules", content_type.singular), Vec::new()),
    };
    let operation = |act: &str, summary: &str, responses: Json| {
        json!({
            "operationId": format!("{act}{}", name(content_type)),
            "summary": summary,
            "tags": [content_type.display_name],
            "responses": responses,
        })
    };
    let list = json!({
        "type": "object", "required": ["data"],
        "properties": { "data": { "type": "array", "items": schedule() } },
    });
    let list = responses(&[("200", "The schedules", Some(list))], &WRITE_ERRORS);
    let one =
        json!({ "type": "object", "required": ["data"], "properties": { "data": schedule() } });
    let one = responses(&[("201", "The schedule", Some(one))], &WRITE_ERRORS);
    let mut make = operation(
        "schedule",
        "Publishes or unpublishes at a time to come",
        one,
    );
    if let Some(make) = make.as_object_mut() {
        let body =
            json!({ "required": true, "content": { "application/json": { "schema": wish() } } });
        make.insert("requestBody".into(), body);
    }
    let all = json!({
        "parameters": parameters.clone(),
        "get": operation("findSchedules", "Lists the schedules of an entry", list),
        "post": make,
    });
    parameters.push(json!({
        "name": "schedule", "in": "path", "required": true, "schema": { "type": "integer" },
    }));
    let gone = responses(&[("204", "Cancelled", None)], &WRITE_ERRORS);
    let each = json!({
        "parameters": parameters,
        "delete": operation("cancelSchedule", "Cancels a schedule", gone),
    });
    paths.insert(format!("{root}/{{schedule}}"), each);
    paths.insert(root, all);
}

fn wish() -> Json {
    let action = json!({ "enum": ["publish", "unpublish"] });
    let at = json!({ "type": "string", "format": "date-time", "description": "with its zone" });
    json!({
        "type": "object", "required": ["data"],
        "properties": { "data": {
            "type": "object", "required": ["action", "at"], "additionalProperties": false,
            "properties": { "action": action, "at": at, "locale": { "type": ["string", "null"] } },
        } },
    })
}

fn schedule() -> Json {
    let text = json!({ "type": ["string", "null"] });
    let time = json!({ "type": ["string", "null"], "format": "date-time" });
    json!({
        "type": "object", "required": ["id", "action", "at", "status"],
        "properties": {
            "id": { "type": "integer" }, "action": { "enum": ["publish", "unpublish"] }, "at": time,
            "documentId": { "type": "string" }, "locale": text,
            "status": { "enum": ["waiting", "running", "done", "failed", "cancelled"] },
            "error": text, "author": text, "endedAt": time,
        },
    })
}
