//! What a write wants to change, with every reference resolved; applied to a copy in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::links::LinkChange;
use super::tree::{Columns, Copy, Row};
use crate::platform::database::Value;
use crate::schema::{Component, ComponentId, ContentType, Field, FieldId, FieldKind, Schema};

/// The changes of one write to one locale of a document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edit {
    /// Values of columns; null clears.
    pub columns: Vec<(FieldId, Value)>,
    /// Lists of links owned by the document itself.
    pub links: Vec<LinkEdit>,
    /// Component and dynamic zone fields, replaced as a whole.
    pub items: Vec<(FieldId, Vec<Item>)>,
    /// Lists of links owned by the documents on the other side.
    pub inverse: Vec<InverseEdit>,
}

/// A change of one list of links.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkEdit {
    /// The relation or media field.
    pub field: FieldId,
    /// Whether it holds a list.
    pub many: bool,
    /// What is to be done.
    pub change: LinkChange,
}

/// A change seen from the inverse side of a relation.
#[derive(Debug, Clone, PartialEq)]
pub struct InverseEdit {
    /// The inverse field that was written.
    pub field: FieldId,
    /// The field of the other type that owns the links.
    pub owner_field: FieldId,
    /// The other type.
    pub owner_type: crate::schema::TypeId,
    /// Whether the owner's field is localised.
    pub localized: bool,
    /// Whether an owner may link to many documents.
    pub owner_many: bool,
    /// Whether this side shows a list.
    pub many: bool,
    /// What is to be done; the numbers are owners.
    pub change: LinkChange,
}

/// One item of a component field.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// The id the client gave; values it does not name are kept if such an item is there.
    pub id: Option<i64>,
    /// The component, in dynamic zones.
    pub component: Option<ComponentId>,
    /// Values by field.
    pub values: Vec<(FieldId, Json)>,
    /// Links by field.
    pub links: Vec<LinkEdit>,
    /// Nested items by field.
    pub items: Vec<(FieldId, Vec<Item>)>,
}

impl Item {
    /// This item and those inside it.
    pub fn count(&self) -> usize {
        let nested = self.items.iter().flat_map(|(_, items)| items);
        1 + nested.map(Self::count).sum::<usize>()
    }
}

impl Edit {
    /// How many new ids the items need at most.
    pub fn item_count(&self) -> usize {
        let items = self.items.iter().flat_map(|(_, items)| items);
        items.map(Item::count).sum()
    }

    /// Applies the edit to a locale of a copy. `ids` gives ids to new items, `now_ms` orders new links
    /// as seen from their targets.
    pub fn apply(
        &self,
        schema: &Schema,
        content_type: &ContentType,
        copy: &mut Copy,
        locale: &str,
        ids: &mut Range<i64>,
        now_ms: i64,
    ) {
        for (field, value) in &self.columns {
            set(
                columns(content_type, copy, locale, *field),
                *field,
                value.clone(),
            );
        }
        for edit in &self.links {
            let locale = link_locale(content_type, edit.field, locale);
            apply_links(copy, edit, locale, 0, now_ms);
        }
        for (field, items) in &self.items {
            let before = stored_items(columns(content_type, copy, locale, *field).get(field));
            let link_locale = link_locale(content_type, *field, locale).to_owned();
            let ids_of = |items: &[Json]| match content_type.field_by_id(*field) {
                Some(field) => item_ids(schema, field, items),
                None => Vec::new(),
            };
            let gone = ids_of(&before);
            let mut writer = ItemWriter {
                copy,
                locale: &link_locale,
                ids,
                now_ms,
                used: BTreeSet::new(),
            };
            let after: Vec<Json> = items
                .iter()
                .map(|item| writer.item(item, &before))
                .collect();
            let kept = ids_of(&after);
            copy.retain_links(|link| !gone.contains(&link.item) || kept.contains(&link.item));
            let value = match after.is_empty() {
                true => Value::Null,
                false => Value::Text(Json::Array(after).to_string()),
            };
            set(columns(content_type, copy, locale, *field), *field, value);
        }
    }
}

/// The locale under which links of a top-level field are stored.
pub fn link_locale<'a>(content_type: &ContentType, field: FieldId, locale: &'a str) -> &'a str {
    match content_type.field_by_id(field) {
        Some(field) if field.localized => locale,
        _ => "",
    }
}

fn columns<'a>(
    content_type: &ContentType,
    copy: &'a mut Copy,
    locale: &str,
    field: FieldId,
) -> &'a mut Columns {
    let localized = content_type
        .field_by_id(field)
        .is_some_and(|field| field.localized);
    if content_type.localized && !localized {
        return &mut copy.shared;
    }
    let row: &mut Row = copy.rows.entry(locale.to_owned()).or_default();
    &mut row.columns
}

fn set(columns: &mut Columns, field: FieldId, value: Value) {
    if value == Value::Null {
        columns.remove(&field);
    } else {
        columns.insert(field, value);
    }
}

fn apply_links(copy: &mut Copy, edit: &LinkEdit, locale: &str, item: i64, now_ms: i64) {
    let before = copy.targets(edit.field, locale, item);
    let after = edit.change.apply(&before, edit.many);
    copy.set_targets(edit.field, locale, item, &after, now_ms);
}

/// The items stored in a column.
pub fn stored_items(value: Option<&Value>) -> Vec<Json> {
    match value {
        Some(Value::Text(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The ids of the items of a component field or dynamic zone, and of the items inside them.
///
/// The schema tells nested items from JSON values that only look like them.
pub fn item_ids(schema: &Schema, field: &Field, items: &[Json]) -> Vec<i64> {
    let mut ids = Vec::new();
    collect_ids(schema, field, items, &mut ids);
    ids
}

fn collect_ids(schema: &Schema, field: &Field, items: &[Json], ids: &mut Vec<i64>) {
    for object in items.iter().filter_map(Json::as_object) {
        ids.extend(object.get("id").and_then(Json::as_i64));
        let Some(component) = component_of(schema, field, object) else {
            continue;
        };
        for nested in component
            .fields
            .iter()
            .filter(|field| field.kind.is_nested())
        {
            if let Some(Json::Array(items)) = object.get(&nested.column()) {
                collect_ids(schema, nested, items, ids);
            }
        }
    }
}

/// The component an item of this field is of.
pub fn component_of<'s>(
    schema: &'s Schema,
    field: &Field,
    item: &Map<String, Json>,
) -> Option<&'s Arc<Component>> {
    match &field.kind {
        FieldKind::Component { component, .. } => schema.component(component),
        FieldKind::DynamicZone { .. } => {
            schema.component_by_id(ComponentId(item.get("c")?.as_i64()?))
        }
        _ => None,
    }
}

/// Gives every component item of a copy a new id, its links included; for copies that become a document of
/// their own.
pub fn renumber_items(
    schema: &Schema,
    content_type: &ContentType,
    copy: &mut Copy,
    ids: &mut Range<i64>,
) {
    let mut renamed = BTreeMap::new();
    let shared = std::iter::once(&mut copy.shared);
    let columns = shared.chain(copy.rows.values_mut().map(|row| &mut row.columns));
    for columns in columns {
        for field in content_type
            .fields
            .iter()
            .filter(|field| field.kind.is_nested())
        {
            let mut items = stored_items(columns.get(&field.id));
            if items.is_empty() {
                continue;
            }
            renumber(schema, field, &mut items, ids, &mut renamed);
            columns.insert(field.id, Value::Text(Json::Array(items).to_string()));
        }
    }
    for link in &mut copy.links {
        if let Some(id) = renamed.get(&link.item) {
            link.item = *id;
        }
    }
    copy.links.sort();
}

fn renumber(
    schema: &Schema,
    field: &Field,
    items: &mut [Json],
    ids: &mut Range<i64>,
    renamed: &mut BTreeMap<i64, i64>,
) {
    for object in items.iter_mut().filter_map(Json::as_object_mut) {
        let id = ids.next().unwrap_or_default();
        if let Some(old) = object
            .insert("id".into(), id.into())
            .and_then(|old| old.as_i64())
        {
            renamed.insert(old, id);
        }
        let Some(component) = component_of(schema, field, object).cloned() else {
            continue;
        };
        for nested in component
            .fields
            .iter()
            .filter(|field| field.kind.is_nested())
        {
            if let Some(Json::Array(items)) = object.get_mut(&nested.column()) {
                renumber(schema, nested, items, ids, renamed);
            }
        }
    }
}

/// How many component items a copy holds.
pub fn count_items(schema: &Schema, content_type: &ContentType, copy: &Copy) -> usize {
    let shared = std::iter::once(&copy.shared);
    let columns = shared.chain(copy.rows.values().map(|row| &row.columns));
    columns
        .flat_map(|columns| {
            let nested = content_type
                .fields
                .iter()
                .filter(|field| field.kind.is_nested());
            nested.map(|field| item_ids(schema, field, &stored_items(columns.get(&field.id))).len())
        })
        .sum()
}

struct ItemWriter<'a> {
    copy: &'a mut Copy,
    locale: &'a str,
    ids: &'a mut Range<i64>,
    now_ms: i64,
    /// Items that are continued already; an id that is named twice makes a new item.
    used: BTreeSet<i64>,
}

impl ItemWriter<'_> {
    fn item(&mut self, item: &Item, before: &[Json]) -> Json {
        let unused = item.id.filter(|id| !self.used.contains(id));
        let existing = unused.and_then(|id| {
            before
                .iter()
                .filter_map(Json::as_object)
                .find(|old| old.get("id").and_then(Json::as_i64) == Some(id))
        });
        let same = existing.filter(|old| {
            old.get("c").and_then(Json::as_i64) == item.component.map(|component| component.0)
        });
        let mut object = same.cloned().unwrap_or_else(|| self.new_object(item));
        let id = object.get("id").and_then(Json::as_i64).unwrap_or_default();
        self.used.insert(id);
        for (field, value) in &item.values {
            let key = format!("f{field}");
            if value.is_null() {
                object.shift_remove(&key);
            } else {
                object.insert(key, value.clone());
            }
        }
        for edit in &item.links {
            apply_links(self.copy, edit, self.locale, id, self.now_ms);
        }
        for (field, items) in &item.items {
            let key = format!("f{field}");
            let before = match object.shift_remove(&key) {
                Some(Json::Array(items)) => items,
                _ => Vec::new(),
            };
            let after: Vec<Json> = items.iter().map(|item| self.item(item, &before)).collect();
            if !after.is_empty() {
                object.insert(key, Json::Array(after));
            }
        }
        Json::Object(object)
    }

    fn new_object(&mut self, item: &Item) -> Map<String, Json> {
        let mut object = Map::new();
        object.insert("id".into(), self.ids.next().unwrap_or_default().into());
        if let Some(component) = item.component {
            object.insert("c".into(), component.0.into());
        }
        object
    }
}
