//! Lets an imported document continue the one that is stored: numbers of rows and items, and stamps
//! that the source does not give, are taken over, so that equal documents are equal.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::entries::edit::{component_of, stored_items};
use crate::entries::tree::{Copy, Document, Row};
use crate::platform::database::Value;
use crate::schema::{ContentType, Field, Schema};

/// Takes numbers and stamps over from the stored document.
pub(super) fn align(
    (schema, content_type): (&Schema, &ContentType),
    before: &Document,
    after: &mut Document,
) {
    after.created_at.clone_from(&before.created_at);
    after.revision = before.revision;
    let row_ids: BTreeMap<String, i64> = before
        .draft
        .iter()
        .chain(&before.published)
        .flat_map(|copy| &copy.rows)
        .map(|(locale, row)| (locale.clone(), row.id))
        .collect();
    for (old, new) in [
        (&before.draft, &mut after.draft),
        (&before.published, &mut after.published),
    ] {
        let Some(new) = new else { continue };
        for (locale, row) in &mut new.rows {
            if let Some(id) = row_ids.get(locale) {
                row.id = *id;
            }
        }
        if let Some(old) = old {
            copy((schema, content_type), old, new);
        }
    }
}

fn copy((schema, content_type): (&Schema, &ContentType), old: &Copy, new: &mut Copy) {
    for (locale, row) in &mut new.rows {
        if let Some(old) = old.rows.get(locale) {
            stamps(old, row);
        }
    }
    let mut ids = BTreeMap::new();
    let nested = content_type
        .fields
        .iter()
        .filter(|field| field.kind.is_nested());
    for field in nested {
        let shared = (old.shared.get(&field.id), new.shared.get_mut(&field.id));
        let of_rows = new.rows.iter_mut().map(|(locale, row)| {
            let old = old
                .rows
                .get(locale)
                .and_then(|row| row.columns.get(&field.id));
            (old, row.columns.get_mut(&field.id))
        });
        for (old, new) in of_rows.chain(std::iter::once(shared)) {
            if let (Some(old), Some(new)) = (old, new) {
                column(schema, field, old, new, &mut ids);
            }
        }
    }
    for link in &mut new.links {
        if let Some(id) = ids.get(&link.item) {
            link.item = *id;
        }
    }
    new.links.sort();
}

fn stamps(old: &Row, new: &mut Row) {
    if new.created_at.is_empty() {
        new.created_at.clone_from(&old.created_at);
    }
    if new.updated_at.is_empty() {
        new.updated_at.clone_from(&old.updated_at);
    }
    if new.published_at.is_none() {
        new.published_at.clone_from(&old.published_at);
    }
    new.created_by.clone_from(&old.created_by);
}

fn column(
    schema: &Schema,
    field: &Field,
    old: &Value,
    new: &mut Value,
    ids: &mut BTreeMap<i64, i64>,
) {
    let before = stored_items(Some(old));
    let mut after = stored_items(Some(new));
    items(schema, field, &before, &mut after, ids);
    // Equal values in another order of keys are equal.
    *new = match before == after {
        true => old.clone(),
        false => Value::Text(Json::Array(after).to_string()),
    };
}

/// Items at the same place and of the same component are the same item.
fn items(
    schema: &Schema,
    field: &Field,
    before: &[Json],
    after: &mut [Json],
    ids: &mut BTreeMap<i64, i64>,
) {
    for (old, new) in before.iter().zip(after) {
        let (Some(old), Some(new)) = (old.as_object(), new.as_object_mut()) else {
            continue;
        };
        if old.get("c") != new.get("c") {
            continue;
        }
        let kept = old.get("id").and_then(Json::as_i64);
        let fresh = new.get("id").and_then(Json::as_i64);
        if let (Some(kept), Some(fresh)) = (kept, fresh) {
            ids.insert(fresh, kept);
            new.insert("id".to_owned(), kept.into());
        }
        let Some(component) = component_of(schema, field, new).cloned() else {
            continue;
        };
        let nested = component
            .fields
            .iter()
            .filter(|field| field.kind.is_nested());
        for field in nested {
            let key = field.column();
            if let (Some(Json::Array(old)), Some(Json::Array(new))) =
                (old.get(&key), new.get_mut(&key))
            {
                items(schema, field, old, new, ids);
            }
        }
    }
}

/// Whether two lists of items say the same, whatever their numbers.
pub(super) fn same_items(one: Option<&Value>, other: Option<&Value>) -> bool {
    let bare = |value: Option<&Value>| {
        let mut items = stored_items(value);
        items.iter_mut().for_each(without_ids);
        items
    };
    bare(one) == bare(other)
}

fn without_ids(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(without_ids),
        Json::Object(object) => {
            object.shift_remove("id");
            object.values_mut().for_each(without_ids);
        }
        _ => {}
    }
}
