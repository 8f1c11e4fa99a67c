//! The sync feed and the live events, described for those who may find anything.

use serde_json::{Map, Value as Json, json};

use crate::access::{Action, View};
use crate::schema::ContentType;

/// Adds the paths of the feed; a type that is served as `events` keeps its own.
pub(super) fn add(paths: &mut Map<String, Json>, schemas: &mut Map<String, Json>, view: &View) {
    let found = |one: &ContentType| !one.is_built_in() && view.may(one, Action::Find);
    let types = view.schema().types().iter().filter(|one| found(one));
    let names: Vec<&str> = types.map(|one| one.singular.as_str()).collect();
    if names.is_empty() {
        return;
    }
    schemas.insert("SyncItem".into(), item(&names));
    let page = json!({
        "type": "object", "required": ["data", "meta"],
        "properties": {
            "data": { "type": "array", "items": { "$ref": "#/components/schemas/SyncItem" } },
            "meta": {
                "type": "object", "required": ["nextToken", "hasMore"],
                "properties": { "nextToken": { "type": "string" }, "hasMore": { "type": "boolean" } },
            },
        },
    });
    let mut parameters = vec![
        parameter(
            "token",
            "string",
            "The nextToken of an earlier answer; without it the feed begins",
        ),
        parameter("types", "string", "Names of types, separated by commas"),
        parameter(
            "locale",
            "string",
            "Locale codes, separated by commas; * for all",
        ),
    ];
    let events = json!({ "text/event-stream": { "schema": { "type": "string" } } });
    let stream = operation(
        "events",
        "Follows what changes as server-sent events",
        &parameters,
        &events,
    );
    parameters.push(parameter("limit", "integer", "Most documents"));
    let content = json!({ "application/json": { "schema": page } });
    let feed = operation(
        "sync",
        "Gives what changed since a token",
        &parameters,
        &content,
    );
    paths.entry("/sync").or_insert(feed);
    paths.entry("/events").or_insert(stream);
}

fn item(names: &[&str]) -> Json {
    json!({
        "type": "object", "required": ["event"],
        "properties": {
            "event": { "enum": ["upsert", "unpublish", "delete", "schema", "rights"] },
            "reset": { "type": "boolean", "description": "Drop what you hold; all of it follows" },
            "type": { "enum": names },
            "documentId": { "type": "string" },
            "locale": { "type": ["string", "null"] },
            "entry": { "type": ["object", "null"] },
        },
    })
}

fn parameter(name: &str, kind: &str, description: &str) -> Json {
    json!({ "name": name, "in": "query", "description": description, "schema": { "type": kind } })
}

fn operation(id: &str, summary: &str, parameters: &[Json], content: &Json) -> Json {
    let mut responses = Map::new();
    let answer = json!({ "description": "What changed", "content": content });
    responses.insert("200".into(), answer);
    for status in ["400", "401", "403", "405", "410", "414", "429", "503"] {
        let schema = json!({ "$ref": "#/components/schemas/Error" });
        let content = json!({ "application/json": { "schema": schema } });
        let response = json!({ "description": "Refused", "content": content });
        responses.insert(status.into(), response);
    }
    json!({
        "get": {
            "operationId": id, "summary": summary, "tags": ["What changed since"],
            "parameters": parameters, "responses": responses,
        },
    })
}
