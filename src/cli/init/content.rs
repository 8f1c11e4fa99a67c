//! Making the entries of the sample project, through the same checks as a request.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::app::App;
use crate::entries::{EntryError, Saved, Target, Which, WriteRequest, resolve};
use crate::schema::validate::{self, Mode};
use crate::schema::{ContentType, Schema};

const CONTENT: &str = include_str!("content.json");
/// Who the entries are by, in their versions.
const AUTHOR: &str = "tympan init";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Element {
    #[serde(rename = "type")]
    content_type: String,
    key: String,
    locale: Option<String>,
    status: Status,
    data: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Draft,
    Published,
}

/// Creates everything and returns how many entries there are.
pub(super) async fn create(app: &App) -> anyhow::Result<usize> {
    let elements: Vec<Element> = serde_json::from_str(CONTENT)?;
    let schema = app.schema();
    let mut made: HashMap<String, String> = HashMap::new();
    for element in elements {
        let key = element.key.clone();
        let saved = write(app, &schema, element, &made)
            .await
            .with_context(|| format!("cannot make the sample entry {key}"))?;
        made.insert(key, saved.document_id);
    }
    Ok(made.len())
}

async fn write(
    app: &App,
    schema: &Arc<Schema>,
    element: Element,
    made: &HashMap<String, String>,
) -> anyhow::Result<Saved> {
    let content_type = schema
        .content_type(&element.content_type)
        .with_context(|| format!("unknown type: {}", element.content_type))?;
    let mut data = Value::Object(element.data);
    name_documents(&mut data, made);
    let values = data.as_object().cloned().unwrap_or_default();
    let (target, mode) = match element.status {
        Status::Published => (Target::Published, Mode::Publish),
        Status::Draft => (Target::Draft, Mode::Draft),
    };
    let known = made.get(&element.key);
    let checked = validate::validate_entry(schema, content_type, &values, mode, known.is_some())
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let edit = resolve::resolve(&app.database, schema, content_type, &checked)
        .await
        .map_err(|error| explained(&error))?;
    let request = WriteRequest {
        schema: Arc::clone(schema),
        content_type: Arc::clone(content_type),
        locale: locale(schema, content_type, element.locale),
        target,
        author: Some(AUTHOR.to_owned()),
        expected: None,
    };
    let saved = match known {
        Some(id) => {
            let which = Which::Id(id.clone());
            app.entries.update(request, which, edit).await
        }
        None => app.entries.create(request, edit, None).await,
    };
    saved.map_err(|error| explained(&error))
}

fn locale(schema: &Schema, content_type: &ContentType, named: Option<String>) -> String {
    match content_type.localized {
        true => named.unwrap_or_else(|| schema.default_locale().to_owned()),
        false => String::new(),
    }
}

fn explained(error: &EntryError) -> anyhow::Error {
    match error {
        EntryError::Invalid(problems) => {
            let lines = problems
                .iter()
                .map(|problem| format!("{}: {}", problem.path.join("."), problem.message));
            anyhow::anyhow!(lines.collect::<Vec<_>>().join("; "))
        }
        other => anyhow::anyhow!(other.to_string()),
    }
}

/// Replaces each `"@KEY"` by the identity of the entry it names.
fn name_documents(value: &mut Value, made: &HashMap<String, String>) {
    match value {
        Value::String(text) => {
            let named = text.strip_prefix('@').and_then(|key| made.get(key));
            if let Some(document_id) = named {
                text.clone_from(document_id);
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| name_documents(value, made)),
        Value::Object(values) => values
            .values_mut()
            .for_each(|value| name_documents(value, made)),
        _ => {}
    }
}
