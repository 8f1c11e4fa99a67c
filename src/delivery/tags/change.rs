//! The tags that a change touches.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{LARGE, of_document, of_type, of_value};
use crate::changes::Change;
use crate::platform::database::{Database, DatabaseError, Statement, Value};
use crate::schema::{ContentType, FieldKind, Schema, TypeId};

/// Neighbours of a changed document that are named one by one; with more, everything is purged.
const MOST: i64 = 1000;

/// The keys of values that pin documents of a type down: identity, slugs, unique fields.
pub(in crate::delivery) fn pinning(content_type: &ContentType) -> BTreeSet<String> {
    let fields = content_type.fields.iter();
    let unique = fields.filter(|field| field.unique || matches!(field.kind, FieldKind::Uid(_)));
    unique
        .map(crate::schema::Field::column)
        .chain(["documentId".to_owned()])
        .collect()
}

/// The tags of answers that a change may touch, none for drafts; `None` if it may touch everything: a schema change,
/// or one of which too little is known.
///
/// # Errors
/// When the database fails.
pub async fn of_change(
    database: &Database,
    schema: &Schema,
    change: &Change,
) -> Result<Option<Vec<String>>, DatabaseError> {
    if !change.is_public() {
        return Ok(Some(Vec::new()));
    }
    let (Some(type_id), Some(document_id), Some(doc)) =
        (change.type_id, &change.document_id, change.doc)
    else {
        return Ok(None);
    };
    let known = change
        .detail()
        .zip(schema.content_type_by_id(TypeId(type_id)));
    let Some((detail, content_type)) = known else {
        // What was there before is not known, so no value tells which lists are touched.
        return Ok(None);
    };
    let mut tags = BTreeSet::from([of_document(document_id), of_type(type_id), LARGE.to_owned()]);
    let keys = pinning(content_type);
    let sides = detail.locales.values();
    let sides = sides.flat_map(|sides| sides.before.iter().chain(&sides.after));
    for (key, value) in sides.flatten().filter(|(key, _)| keys.contains(*key)) {
        tags.insert(of_value(type_id, key, &text(value)));
    }
    let targets: Vec<i64> = detail.links.iter().map(|link| link.1).collect();
    let beside = neighbours(database, doc, &targets).await?;
    Ok(beside.map(|beside| {
        tags.extend(beside);
        tags.into_iter().collect()
    }))
}

/// How a value is written into a tag.
pub(in crate::delivery) fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The tags of documents that link to a document, and of those it links to.
async fn neighbours(
    database: &Database,
    doc: i64,
    targets: &[i64],
) -> Result<Option<Vec<String>>, DatabaseError> {
    let owners = "select d.document_id from links l join documents d on d.doc = l.owner \
                  where l.target = $1 and l.stage = 1 limit $2";
    let statement = Statement::new(owners).bind(doc).bind(MOST + 1);
    let mut rows = database.fetch_all(statement).await?;
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) > MOST {
        return Ok(None);
    }
    if !targets.is_empty() {
        let places: Vec<String> = (1..=targets.len())
            .map(|index| format!("${index}"))
            .collect();
        let sql = format!(
            "select document_id from documents where doc in ({})",
            places.join(",")
        );
        let values = targets.iter().map(|doc| Value::Integer(*doc)).collect();
        rows.extend(database.fetch_all(Statement::with(sql, values)).await?);
    }
    let tags = rows.iter().map(|row| row.text(0).map(of_document));
    tags.collect::<Result<_, _>>().map(Some)
}
