//! Versions: the working copy of a document after each change, kept whole.

use serde_json::{Map, Value as Json, json};

use super::EntryError;
use super::acts::Moment;
use super::tree::{Columns, Copy, Document, Link, Row};
use crate::base::Stage;
use crate::changes::ChangeKind;
use crate::platform::database::{DatabaseError, Statement, Transaction, Value};
use crate::schema::{ContentType, FieldId, Storage};

/// Draft saves of one author within this time are one version, in milliseconds.
pub const AUTOSAVE_MS: i64 = 5 * 60 * 1000;

/// The stored form of a copy: values by column name, links as arrays.
pub fn snapshot(copy: &Copy) -> String {
    let rows: Map<String, Json> = copy
        .rows
        .iter()
        .map(|(locale, row)| (locale.clone(), row_to_json(row)))
        .collect();
    let links: Vec<Json> = copy
        .links
        .iter()
        .map(|link| {
            json!([
                link.field.0,
                link.locale,
                link.item,
                link.position,
                link.target,
                link.back_position
            ])
        })
        .collect();
    json!({ "shared": columns_to_json(&copy.shared), "rows": rows, "links": links }).to_string()
}

fn row_to_json(row: &Row) -> Json {
    json!({
        "id": row.id, "createdAt": row.created_at, "updatedAt": row.updated_at,
        "publishedAt": row.published_at, "createdBy": row.created_by, "updatedBy": row.updated_by,
        "values": columns_to_json(&row.columns),
    })
}

fn columns_to_json(columns: &Columns) -> Json {
    let object = columns.iter().map(|(field, value)| {
        let value = match value {
            Value::Null | Value::Bytes(_) => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Integer(value) => Json::from(*value),
            // As text, because not every reader of JSON gives back the same number.
            Value::Real(value) => Json::from(value.to_string()),
            Value::Text(value) => Json::from(value.as_str()),
        };
        (format!("f{field}"), value)
    });
    Json::Object(object.collect())
}

/// Reads a stored copy back. Values of fields that the type no longer has, or that are stored otherwise
/// now, are left out.
pub fn parse(content_type: &ContentType, content: &str) -> Option<Copy> {
    let json: Json = serde_json::from_str(content).ok()?;
    let mut copy = Copy {
        shared: columns_from_json(content_type, json.get("shared")?),
        ..Copy::default()
    };
    for (locale, row) in json.get("rows")?.as_object()? {
        let text = |key: &str| row.get(key).and_then(Json::as_str).map(str::to_owned);
        copy.rows.insert(
            locale.clone(),
            Row {
                id: row.get("id")?.as_i64()?,
                created_at: text("createdAt")?,
                updated_at: text("updatedAt")?,
                published_at: text("publishedAt"),
                created_by: text("createdBy"),
                updated_by: text("updatedBy"),
                columns: columns_from_json(content_type, row.get("values")?),
            },
        );
    }
    for link in json.get("links")?.as_array()? {
        let number = |index: usize| link.get(index).and_then(Json::as_i64);
        copy.links.push(Link {
            field: FieldId(number(0)?),
            locale: link.get(1)?.as_str()?.to_owned(),
            item: number(2)?,
            position: number(3)?,
            target: number(4)?,
            back_position: number(5)?,
        });
    }
    Some(copy)
}

fn columns_from_json(content_type: &ContentType, json: &Json) -> Columns {
    let Some(object) = json.as_object() else {
        return Columns::new();
    };
    content_type
        .fields
        .iter()
        .filter_map(|field| {
            let value = object.get(&field.column())?;
            let value = match field.storage() {
                Storage::Integer => Value::Integer(value.as_i64()?),
                Storage::Real => Value::Real(match value.as_str() {
                    Some(text) => text.parse().ok()?,
                    None => value.as_f64()?,
                }),
                Storage::Boolean => Value::Bool(value.as_bool()?),
                _ => Value::Text(value.as_str()?.to_owned()),
            };
            Some((field.id, value))
        })
        .collect()
}

/// The copy a version keeps.
pub fn working_copy<'a>(content_type: &ContentType, document: &'a Document) -> Option<&'a Copy> {
    document
        .copy(content_type.stage(Stage::Draft))
        .or(document.published.as_ref())
}

/// The statement that keeps a version under the document's present revision.
pub fn insert(
    content_type: &ContentType,
    document: &Document,
    kind: ChangeKind,
    locale: &str,
    moment: &Moment,
) -> Statement {
    let content = working_copy(content_type, document).map(snapshot);
    Statement::new(
        "insert into versions (doc, number, action, locale, author, at, content) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(document.doc)
    .bind(document.revision)
    .bind(kind.name())
    .bind(locale)
    .bind(moment.author.clone())
    .bind(moment.at.as_str())
    .bind(content.unwrap_or_default())
}

/// The number of the last version if this save may join it: an update of the same locale by the same
/// author a short while ago.
pub async fn joinable(
    tx: &mut Transaction,
    doc: i64,
    locale: &str,
    moment: &Moment,
) -> Result<Option<i64>, DatabaseError> {
    let since = crate::base::clock::stamp(moment.ms - AUTOSAVE_MS);
    let row = tx
        .fetch_optional(
            Statement::new(
                "select number, action, locale, author from versions where doc = $1 and at >= $2 \
                 order by number desc limit 1",
            )
            .bind(doc)
            .bind(since),
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let same = row.text(1)? == ChangeKind::Update.name()
        && row.text(2)? == locale
        && row.text_or_null(3)? == moment.author.as_deref();
    same.then(|| row.integer(0)).transpose()
}

/// The statement that lets a save join an existing version.
pub fn replace(
    content_type: &ContentType,
    document: &Document,
    number: i64,
    moment: &Moment,
) -> Statement {
    let content = working_copy(content_type, document).map(snapshot);
    Statement::new(
        "update versions set content = $3, at = $4, number = $5 where doc = $1 and number = $2",
    )
    .bind(document.doc)
    .bind(number)
    .bind(content.unwrap_or_default())
    .bind(moment.at.as_str())
    .bind(document.revision)
}

/// A kept copy by its number.
pub async fn load(
    tx: &mut Transaction,
    content_type: &ContentType,
    doc: i64,
    number: i64,
) -> Result<Copy, EntryError> {
    let row = tx
        .fetch_optional(
            Statement::new("select content from versions where doc = $1 and number = $2")
                .bind(doc)
                .bind(number),
        )
        .await?;
    let row = row.ok_or(EntryError::NotFound)?;
    parse(content_type, row.text(0)?).ok_or(EntryError::NotFound)
}
