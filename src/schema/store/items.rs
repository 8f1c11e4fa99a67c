//! Component items as they are stored: found at any depth, cut, and their links dropped with them.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value as Json};

use super::pages::list;
use crate::base::Stage;
use crate::platform::database::{Batch, Statement, Value};
use crate::schema::plan::Trash;
use crate::schema::{Component, ComponentId, FieldKind, Schema};

/// Every component there is, the trash included.
#[derive(Debug, Default)]
pub(super) struct Known {
    by_id: HashMap<ComponentId, Component>,
    by_uid: HashMap<String, ComponentId>,
}

impl Known {
    pub(super) fn of(schema: &Schema, trash: &Trash) -> Self {
        let mut known = Self::default();
        for one in &trash.components {
            known.by_uid.insert(one.uid.clone(), one.id);
            known.by_id.insert(one.id, one.clone());
        }
        for one in schema.components() {
            known.by_uid.insert(one.uid.clone(), one.id);
            known.by_id.insert(one.id, (**one).clone());
        }
        known
    }

    /// The component of an item in a field of that kind.
    fn component_of(&self, kind: &FieldKind, item: &Map<String, Json>) -> Option<&Component> {
        let id = match kind {
            FieldKind::Component { component, .. } => *self.by_uid.get(component)?,
            FieldKind::DynamicZone { .. } => ComponentId(item.get("c")?.as_i64()?),
            _ => return None,
        };
        self.by_id.get(&id)
    }

    /// Whether a field of that kind can hold a component at any depth.
    pub(super) fn reaches(&self, kind: &FieldKind, wanted: ComponentId) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiting = self.direct(kind);
        while let Some(id) = waiting.pop() {
            if id == wanted {
                return true;
            }
            if let Some(one) = self.by_id.get(&id).filter(|_| seen.insert(id)) {
                waiting.extend(one.fields.iter().flat_map(|field| self.direct(&field.kind)));
            }
        }
        false
    }

    fn direct(&self, kind: &FieldKind) -> Vec<ComponentId> {
        let uids = match kind {
            FieldKind::Component { component, .. } => std::slice::from_ref(component),
            FieldKind::DynamicZone { components, .. } => components.as_slice(),
            _ => &[],
        };
        let ids = uids.iter().filter_map(|uid| self.by_uid.get(uid));
        ids.copied().collect()
    }

    /// Shows every item, the outer ones first.
    pub(super) fn each(
        &self,
        kind: &FieldKind,
        items: &mut [Json],
        visit: &mut dyn FnMut(&Component, &mut Map<String, Json>),
    ) {
        for item in items.iter_mut().filter_map(Json::as_object_mut) {
            let Some(component) = self.component_of(kind, item) else {
                continue;
            };
            visit(component, item);
            for nested in component
                .fields
                .iter()
                .filter(|field| field.kind.is_nested())
            {
                if let Some(Json::Array(items)) = item.get_mut(&nested.column()) {
                    self.each(&nested.kind, items, visit);
                }
            }
        }
    }

    /// The numbers of all items, nested ones included.
    pub(super) fn ids(&self, kind: &FieldKind, items: &[Json]) -> Vec<i64> {
        let mut ids = Vec::new();
        self.each(kind, &mut items.to_vec(), &mut |_, item| {
            ids.extend(item.get("id").and_then(Json::as_i64));
        });
        ids
    }

    /// Splits items into those that a field of another kind keeps and those it cannot hold.
    pub(super) fn cut(
        &self,
        from: &FieldKind,
        to: &FieldKind,
        items: Vec<Json>,
    ) -> (Vec<Json>, Vec<Json>) {
        let (mut kept, mut dropped) = (Vec::new(), Vec::new());
        for mut item in items {
            let fits = item.as_object_mut().is_some_and(|item| {
                let component = self.component_of(from, item);
                let fits = component.is_some_and(|one| holds(to, &one.uid));
                if let (true, Some(one), false) = (fits, component, is_zone(from) == is_zone(to)) {
                    mark(item, is_zone(to), one.id);
                }
                fits
            });
            match fits && (is_many(to) || kept.is_empty()) {
                true => kept.push(item),
                false => dropped.push(item),
            }
        }
        (kept, dropped)
    }
}

fn mark(item: &mut Map<String, Json>, zone: bool, id: ComponentId) {
    if zone {
        item.insert("c".to_owned(), Json::from(id.0));
    } else {
        item.shift_remove("c");
    }
}

fn holds(kind: &FieldKind, uid: &str) -> bool {
    match kind {
        FieldKind::Component { component, .. } => component == uid,
        FieldKind::DynamicZone { components, .. } => components.iter().any(|one| one == uid),
        _ => false,
    }
}

fn is_zone(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::DynamicZone { .. })
}

fn is_many(kind: &FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Component {
            repeatable: true,
            ..
        } | FieldKind::DynamicZone { .. }
    )
}

/// The items stored in a column; what is no list counts as none.
pub(super) fn stored(value: &Value) -> Vec<Json> {
    match value {
        Value::Text(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The stored form of items; no items are null.
pub(super) fn to_value(items: Vec<Json>) -> Value {
    match items.is_empty() {
        true => Value::Null,
        false => Value::Text(Json::Array(items).to_string()),
    }
}

/// Adds the statement that drops the links of items that are gone.
pub(super) fn drop_links(batch: &mut Batch, doc: i64, stage: Stage, locale: &str, ids: &[i64]) {
    for ids in ids.chunks(500) {
        let statement = Statement::new(format!(
            "delete from links where owner = $1 and stage = $2 and locale = $3 and item in {}",
            list(ids)
        ));
        batch.push(statement.bind(doc).bind(stage.number()).bind(locale));
    }
}
