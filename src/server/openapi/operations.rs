//! Paths of the types: one operation per action the caller may take.

use serde_json::{Map, Value as Json, json};

use super::entries::name;
use crate::access::{Action, View};
use crate::base::limits::QueryLimits;
use crate::schema::{ContentType, TypeKind};

/// Adds the paths of a type.
pub(super) fn add(
    paths: &mut Map<String, Json>,
    view: &View,
    content_type: &ContentType,
    limits: &QueryLimits,
) {
    let operations = Operations {
        view,
        content_type,
        limits,
        name: name(content_type),
    };
    match content_type.kind {
        TypeKind::Collection => operations.collection(paths),
        TypeKind::Single => operations.single(paths),
    }
}

struct Operations<'a> {
    view: &'a View,
    content_type: &'a ContentType,
    limits: &'a QueryLimits,
    name: String,
}

impl Operations<'_> {
    fn collection(&self, paths: &mut Map<String, Json>) {
        let plural = &self.content_type.plural;
        let mut many = Map::new();
        let mut one = Map::new();
        let mut aggregate = Map::new();
        if self.may(Action::Find) {
            many.insert("get".into(), self.list());
            aggregate.insert("get".into(), self.aggregate());
        }
        if self.may(Action::Create) {
            many.insert(
                "post".into(),
                self.write("create", "Creates an entry", "201"),
            );
        }
        if self.may(Action::FindOne) {
            one.insert("get".into(), self.find_one("findOne", "Reads one entry"));
        }
        if self.may(Action::Update) {
            let update = self.write("update", "Changes an entry; keys left out stay", "200");
            one.insert("put".into(), update);
        }
        if self.may(Action::Delete) {
            one.insert("delete".into(), self.delete());
        }
        if !one.is_empty() {
            one.insert("parameters".into(), json!([id_parameter()]));
        }
        for (path, item) in [
            (format!("/{plural}"), many),
            (format!("/{plural}/aggregate"), aggregate),
            (format!("/{plural}/{{documentId}}"), one),
        ] {
            if !item.is_empty() {
                paths.insert(path, Json::Object(item));
            }
        }
    }

    fn single(&self, paths: &mut Map<String, Json>) {
        let mut item = Map::new();
        if self.may(Action::Find) {
            item.insert("get".into(), self.find_one("find", "Reads the entry"));
        }
        if self.may(Action::Update) {
            let update = self.write("update", "Changes the entry, making it if needed", "200");
            item.insert("put".into(), update);
        }
        if self.may(Action::Delete) {
            item.insert("delete".into(), self.delete());
        }
        if !item.is_empty() {
            paths.insert(
                format!("/{}", self.content_type.singular),
                Json::Object(item),
            );
        }
    }

    fn may(&self, action: Action) -> bool {
        self.view.may(self.content_type, action)
    }

    fn operation(&self, act: &str, summary: &str, parameters: &[Json], responses: &Json) -> Json {
        json!({
            "operationId": format!("{act}{}", self.name),
            "summary": summary,
            "tags": [self.content_type.display_name],
            "parameters": parameters,
            "responses": responses,
        })
    }

    fn list(&self) -> Json {
        let mut parameters = self.read_parameters();
        parameters.extend(self.page_parameters());
        let body = json!({
            "type": "object", "required": ["data", "meta"],
            "properties": {
                "data": { "type": "array", "items": self.entry() },
                "meta": {
                    "type": "object",
                    "properties": { "pagination": { "$ref": "#/components/schemas/Pagination" } },
                },
            },
        });
        let responses = responses(&[("200", "A page of entries", Some(body))], &READ_ERRORS);
        self.operation("find", "Lists entries", &parameters, &responses)
    }

    fn find_one(&self, act: &str, summary: &str) -> Json {
        let responses = responses(&[("200", "The entry", Some(self.wrapped()))], &READ_ERRORS);
        self.operation(act, summary, &self.read_parameters(), &responses)
    }

    fn aggregate(&self) -> Json {
        let parameters = [
            text("groupBy", "Fields to group by, separated by commas"),
            deep("measures", "What is computed, such as measures[0]=count"),
            filters(),
            self.status(),
            text("locale", "Locale code, or * for all"),
            text("_q", "Text to search for"),
            json!({ "name": "limit", "in": "query", "schema": { "type": "integer" } }),
        ];
        let body = json!({ "type": "object", "properties": { "data": {} } });
        let responses = responses(&[("200", "The groups", Some(body))], &READ_ERRORS);
        self.operation(
            "aggregate",
            "Counts, sums and groups",
            &parameters,
            &responses,
        )
    }

    fn write(&self, act: &str, summary: &str, success: &str) -> Json {
        let parameters = [
            self.status(),
            text("locale", "Locale code"),
            text("fields", "Fields of the answer"),
            text("populate", "What of the answer is populated"),
        ];
        let ok = [(success, "The entry", Some(self.wrapped()))];
        let mut operation =
            self.operation(act, summary, &parameters, &responses(&ok, &WRITE_ERRORS));
        if let Some(operation) = operation.as_object_mut() {
            let schema = json!({ "$ref": format!("#/components/schemas/{}Input", self.name) });
            let body = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
            operation.insert("requestBody".into(), body);
        }
        operation
    }

    fn delete(&self) -> Json {
        let ok = [("204", "Deleted", None)];
        let parameters = [text("locale", "Only this locale; * for the whole document")];
        self.operation(
            "delete",
            "Moves to the trash",
            &parameters,
            &responses(&ok, &WRITE_ERRORS),
        )
    }

    fn entry(&self) -> Json {
        json!({ "$ref": format!("#/components/schemas/{}", self.name) })
    }

    fn wrapped(&self) -> Json {
        json!({
            "type": "object", "required": ["data", "meta"],
            "properties": { "data": self.entry(), "meta": { "type": "object" } },
        })
    }

    fn status(&self) -> Json {
        json!({ "name": "status", "in": "query", "schema": { "enum": ["published", "draft"] } })
    }

    fn read_parameters(&self) -> Vec<Json> {
        vec![
            filters(),
            text("fields", "Fields, separated by commas; * for all"),
            text("populate", "What to populate; also populate[field]=…"),
            text("sort", "Field and direction, such as title:asc"),
            self.status(),
            text("locale", "Locale code, or * for all"),
            text("_q", "Text to search for"),
        ]
    }

    fn page_parameters(&self) -> Vec<Json> {
        let number = |name: &str, description: &str| {
            json!({
                "name": format!("pagination[{name}]"), "in": "query", "description": description,
                "schema": { "type": "integer" },
            })
        };
        // No bounds: numbers out of range are cut to them, as Strapi does, not refused.
        let size = format!("How many entries, at most {}", self.limits.max_page_size);
        vec![
            number("page", "Which page, from 1"),
            number("pageSize", &size),
            number("start", "How many entries to pass over"),
            number("limit", &size),
            json!({ "name": "pagination[withCount]", "in": "query", "schema": { "type": "boolean" } }),
            text(
                "pagination[cursor]",
                "A cursor of an earlier answer; empty for the first page",
            ),
        ]
    }
}

const READ_ERRORS: [&str; 8] = ["400", "401", "403", "404", "405", "414", "429", "503"];
pub(super) const WRITE_ERRORS: [&str; 14] = [
    "400", "401", "403", "404", "405", "408", "409", "412", "413", "414", "415", "429", "503",
    "507",
];

pub(super) fn responses(success: &[(&str, &str, Option<Json>)], errors: &[&str]) -> Json {
    let mut responses = Map::new();
    for (status, description, body) in success {
        let mut response = json!({ "description": description });
        if let (Some(body), Some(object)) = (body, response.as_object_mut()) {
            let content = json!({ "application/json": { "schema": body } });
            object.insert("content".into(), content);
        }
        responses.insert((*status).to_owned(), response);
    }
    for status in errors {
        let schema = json!({ "$ref": "#/components/schemas/Error" });
        let content = json!({ "application/json": { "schema": schema } });
        let response = json!({ "description": "Refused", "content": content });
        responses.insert((*status).to_owned(), response);
    }
    Json::Object(responses)
}

fn text(name: &str, description: &str) -> Json {
    json!({ "name": name, "in": "query", "description": description, "schema": { "type": "string" } })
}

fn deep(name: &str, description: &str) -> Json {
    json!({
        "name": name, "in": "query", "description": description, "style": "deepObject", "explode": true,
        "schema": { "type": "object" },
    })
}

fn filters() -> Json {
    deep(
        "filters",
        "Conditions: filters[field][$operator]=value, nested through relations",
    )
}

pub(super) fn id_parameter() -> Json {
    json!({ "name": "documentId", "in": "path", "required": true, "schema": { "type": "string" } })
}
