//! The path of the search over several types.

use serde_json::{Map, Value as Json, json};

use crate::access::{Action, View};

/// Adds the path if there is a type to search.
pub(super) fn add(paths: &mut Map<String, Json>, view: &View) {
    let types = view.schema().types().iter();
    let names: Vec<&str> = types
        .filter(|found| !found.is_built_in() && view.may(found, Action::Find))
        .map(|found| found.api_name())
        .collect();
    if names.is_empty() {
        return;
    }
    let errors = ["400", "401", "403", "405", "414", "503"];
    let mut responses = Map::new();
    responses.insert("200".into(), found());
    for status in errors {
        let schema = json!({ "$ref": "#/components/schemas/Error" });
        let content = json!({ "application/json": { "schema": schema } });
        let refused = json!({ "description": "Refused", "content": content });
        responses.insert(status.into(), refused);
    }
    let operation = json!({
        "operationId": "search",
        "summary": "Searches several types",
        "tags": ["Search"],
        "parameters": parameters(&names),
        "responses": responses,
    });
    paths.insert("/search".into(), json!({ "get": operation }));
}

fn parameters(names: &[&str]) -> Json {
    let text = |name: &str, description: &str| json!({ "name": name, "in": "query", "description": description, "schema": { "type": "string" } });
    let flag = |name: &str, description: &str| json!({ "name": name, "in": "query", "description": description, "schema": { "type": "boolean" } });
    let number = |name: &str| json!({ "name": format!("pagination[{name}]"), "in": "query", "schema": { "type": "integer" } });
    let q = json!({
        "name": "q", "in": "query", "required": true,
        "description": "Words, \"phrases\", -words that must not be there",
        "schema": { "type": "string" },
    });
    let types = json!({
        "name": "types", "in": "query", "style": "form", "explode": false,
        "description": "Which types, separated by commas; all if left out",
        "schema": { "type": "array", "items": { "enum": names } },
    });
    let deep = |name: &str, description: &str| {
        json!({
            "name": name, "in": "query", "style": "deepObject", "explode": true,
            "description": description, "schema": { "type": "object" },
        })
    };
    json!([
        q,
        types,
        text("locale", "Locale code, or * for all"),
        json!({ "name": "status", "in": "query", "schema": { "enum": ["published", "draft"] } }),
        deep(
            "filters",
            "Conditions on every type, or on one: filters[articles][title][$eq]=…"
        ),
        text("fields", "Fields of the entries, separated by commas"),
        deep(
            "populate",
            "What to populate, by type: populate[articles]=cover"
        ),
        text(
            "facets",
            "Values to count, separated by commas, such as category.name; `type` counts the types"
        ),
        flag(
            "highlight",
            "Adds snippets with <mark> around what was found"
        ),
        flag(
            "prefix",
            "Whether the last word may go on; true if left out"
        ),
        flag(
            "typos",
            "Whether words may be misspelt when nothing is found as written; true if left out"
        ),
        number("page"),
        number("pageSize"),
        number("start"),
        number("limit"),
        flag(
            "pagination[withCount]",
            "Whether the total is told; true if left out"
        ),
    ])
}

fn found() -> Json {
    let hit = json!({
        "type": "object",
        "required": ["type", "documentId", "locale", "score", "entry"],
        "properties": {
            "type": { "type": "string", "description": "The name of the type under /api" },
            "documentId": { "type": "string" },
            "locale": { "type": ["string", "null"] },
            "score": { "type": ["number", "null"] },
            "highlights": {
                "type": "object",
                "additionalProperties": { "type": "array", "items": { "type": "string" } },
            },
            "entry": { "type": "object" },
        },
    });
    let facet = json!({
        "type": "array",
        "items": { "type": "object", "properties": { "value": {}, "count": { "type": "integer" } } },
    });
    let about = json!({
        "type": "object",
        "properties": {
            "index": { "enum": ["building"] },
            "misspelt": { "type": "boolean" },
            "bestHits": { "type": "integer" },
        },
    });
    let body = json!({
        "type": "object", "required": ["data", "meta"],
        "properties": {
            "data": { "type": "array", "items": hit },
            "meta": {
                "type": "object",
                "properties": {
                    "pagination": { "$ref": "#/components/schemas/Pagination" },
                    "facets": { "type": "object", "additionalProperties": facet },
                    "search": about,
                },
            },
        },
    });
    json!({ "description": "The best hits", "content": { "application/json": { "schema": body } } })
}
