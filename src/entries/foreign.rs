//! Items that name ids which are not stored where the items stand.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::edit::{Edit, Item, stored_items};
use super::tree::Copy;
use crate::schema::{ContentType, Field};

impl Edit {
    /// The first field with an item that names an id which is not stored where the item stands.
    ///
    /// Such an item was checked as one that keeps what it does not name, and there is nothing to keep.
    pub fn foreign_items<'s>(
        &self,
        content_type: &'s ContentType,
        copy: &Copy,
        locale: &str,
    ) -> Option<&'s Field> {
        self.items.iter().find_map(|(id, items)| {
            let field = content_type.field_by_id(*id)?;
            let columns = match content_type.localized && !field.localized {
                true => Some(&copy.shared),
                false => copy.rows.get(locale).map(|row| &row.columns),
            };
            let before = stored_items(columns.and_then(|columns| columns.get(id)));
            is_foreign(items, &before).then_some(field)
        })
    }
}

fn is_foreign(items: &[Item], before: &[Json]) -> bool {
    let mut used = BTreeSet::new();
    items.iter().any(|item| {
        let Some(id) = item.id else {
            return item.items.iter().any(|(_, items)| is_foreign(items, &[]));
        };
        // An id that is named twice makes a new item, those inside it as well.
        if !used.insert(id) {
            return false;
        }
        let mut stored = before.iter().filter_map(Json::as_object);
        let component = item.component.map(|component| component.0);
        let same = |old: &&Map<String, Json>| {
            old.get("id").and_then(Json::as_i64) == Some(id)
                && old.get("c").and_then(Json::as_i64) == component
        };
        let Some(old) = stored.find(same) else {
            return true;
        };
        item.items.iter().any(|(field, items)| {
            let before = old.get(&format!("f{field}")).and_then(Json::as_array);
            is_foreign(items, before.map_or(&[], Vec::as_slice))
        })
    })
}
