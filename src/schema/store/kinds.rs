//! Values become values of another kind.
//!
//! In a type's own columns the old values stay in a column put aside, unless every value keeps its meaning in
//! place. Inside components a value that does not convert stays under its key with `_was<generation>`.

use serde_json::Value as Json;

use super::items::{self, Known};
use super::pages::{self, Held, Pages, Place};
use super::walk::Walk;
use super::{StoreError, columns};
use crate::platform::database::{Batch, DatabaseError, Statement, Transaction, Value};
use crate::schema::convert::{convert, is_lossless};
use crate::schema::plan::OwnerId;
use crate::schema::{ComponentId, ContentType, Field, FieldKind, Storage, TypeId};

/// Converts what a field holds; the walk already has the new kind.
pub(super) async fn change(
    tx: &mut Transaction,
    walk: &mut Walk,
    owner: OwnerId,
    before: &Field,
    to: &FieldKind,
) -> Result<(), StoreError> {
    let after = Field {
        kind: to.clone(),
        ..before.clone()
    };
    if before.kind.is_link() {
        return narrow_links(tx, before, &after).await;
    }
    match owner {
        OwnerId::Type(id) => in_type(tx, walk, id, before, &after).await,
        OwnerId::Component(id) => in_components(tx, walk, id, before, &after).await,
    }
}

/// Keeps the first of each list, and the first owner of a target that only one may have.
async fn narrow_links(
    tx: &mut Transaction,
    before: &Field,
    after: &Field,
) -> Result<(), StoreError> {
    if after.storage() != Storage::Links {
        let sql = "delete from links where field = $1";
        tx.execute(Statement::new(sql).bind(before.id.0)).await?;
        return Ok(());
    }
    if !holds_many(&after.kind) {
        let sql = "delete from links where field = $1 and exists (select 1 from links b \
                   where b.owner = links.owner and b.stage = links.stage and b.field = links.field \
                   and b.locale = links.locale and b.item = links.item and b.position < links.position)";
        tx.execute(Statement::new(sql).bind(before.id.0)).await?;
    }
    if matches!(&after.kind, FieldKind::Relation(relation) if relation.is_exclusive()) {
        let sql = "delete from links where field = $1 and exists (select 1 from links b \
                   where b.target = links.target and b.field = links.field and b.stage = links.stage \
                   and b.locale = links.locale and (b.back_position < links.back_position \
                   or b.back_position = links.back_position and (b.owner < links.owner \
                   or b.owner = links.owner and (b.item < links.item \
                   or b.item = links.item and b.position < links.position))))";
        tx.execute(Statement::new(sql).bind(before.id.0)).await?;
    }
    Ok(())
}

fn holds_many(kind: &FieldKind) -> bool {
    match kind {
        FieldKind::Relation(relation) => relation.is_many(),
        FieldKind::Media { multiple, .. } => *multiple,
        _ => false,
    }
}

async fn in_type(
    tx: &mut Transaction,
    walk: &mut Walk,
    id: TypeId,
    before: &Field,
    after: &Field,
) -> Result<(), StoreError> {
    columns::drop_index(tx, id, before).await?;
    walk.touch(id, before.id);
    let known = walk.known();
    let in_place = is_lossless(&before.kind, &after.kind) && before.storage() == after.storage();
    for place in pages::places(tx, id, before.localized).await? {
        let mut from = before.column();
        if !in_place {
            from = columns::put_aside(tx, &place.table, &from, walk.generation).await?;
            columns::add_to(tx, &place.table, after).await?;
        }
        let mut pages = Pages::new(&place, &from, walk.generation);
        loop {
            let page = pages.next(tx).await?;
            if page.is_empty() {
                break;
            }
            let mut batch = Batch::new(tx.dialect());
            for held in &page {
                one_value(&mut batch, &known, &place, held, (before, after));
            }
            tx.run(batch).await?;
        }
    }
    Ok(())
}

/// Adds the statements that write one value in its new form.
fn one_value(
    batch: &mut Batch,
    known: &Known,
    place: &Place,
    held: &Held,
    (before, after): (&Field, &Field),
) {
    if before.storage() != Storage::Items {
        let value = converted(&held.value, before, after);
        pages::write(batch, &place.table, after, held.id, value);
        return;
    }
    let (kept, dropped) = known.cut(&before.kind, &after.kind, items::stored(&held.value));
    let gone = known.ids(&before.kind, &dropped);
    items::drop_links(batch, held.doc, place.stage, &held.locale, &gone);
    pages::write(batch, &place.table, after, held.id, items::to_value(kept));
}

/// The stored form of a value in its new kind; null if it has none.
fn converted(value: &Value, before: &Field, after: &Field) -> Value {
    match convert(&canonical(value, before), &before.kind, &after.kind) {
        Ok(json) => stored(after, &json),
        Err(_) => Value::Null,
    }
}

/// A stored value as the JSON it means.
pub(super) fn canonical(value: &Value, field: &Field) -> Json {
    match (field.storage(), value) {
        (Storage::Json | Storage::Items, Value::Text(text)) => {
            serde_json::from_str(text).unwrap_or_default()
        }
        (Storage::Boolean, Value::Integer(value)) => Json::Bool(*value != 0),
        (_, Value::Bool(value)) => Json::Bool(*value),
        (_, Value::Integer(value)) => Json::from(*value),
        (_, Value::Real(value)) => Json::from(*value),
        (_, Value::Text(text)) => Json::from(text.as_str()),
        (_, Value::Null | Value::Bytes(_)) => Json::Null,
    }
}

/// The stored form of a canonical value.
fn stored(field: &Field, json: &Json) -> Value {
    match (field.storage(), json) {
        (_, Json::Null) => Value::Null,
        (Storage::Json, json) => Value::Text(json.to_string()),
        (Storage::Boolean, Json::Bool(value)) => Value::Bool(*value),
        (Storage::Integer, Json::String(digits)) => {
            digits.parse().map_or(Value::Null, Value::Integer)
        }
        (Storage::Integer, json) => json.as_i64().into(),
        (Storage::Real, json) => json.as_f64().into(),
        (_, Json::String(text)) => Value::Text(text.clone()),
        (_, json) => Value::Text(json.to_string()),
    }
}

/// Rewrites the items of a component wherever they are stored, the trash included.
async fn in_components(
    tx: &mut Transaction,
    walk: &Walk,
    component: ComponentId,
    before: &Field,
    after: &Field,
) -> Result<(), StoreError> {
    let (known, holders) = (walk.known(), walk.holders(component));
    for (content_type, field) in holders {
        for place in pages::places(tx, content_type, field.localized).await? {
            if !columns::exists(tx, &place.table, &field.column()).await? {
                continue;
            }
            let mut pages = Pages::new(&place, &field.column(), walk.generation);
            loop {
                let page = pages.next(tx).await?;
                if page.is_empty() {
                    break;
                }
                let rewriter = Rewriter {
                    known: &known,
                    component,
                    before,
                    after,
                    generation: walk.generation,
                };
                rewriter.page(tx, &place, &field, page).await?;
            }
        }
    }
    Ok(())
}

struct Rewriter<'a> {
    known: &'a Known,
    component: ComponentId,
    before: &'a Field,
    after: &'a Field,
    generation: i64,
}

impl Rewriter<'_> {
    async fn page(
        &self,
        tx: &mut Transaction,
        place: &Place,
        field: &Field,
        page: Vec<Held>,
    ) -> Result<(), DatabaseError> {
        let mut batch = Batch::new(tx.dialect());
        for held in page {
            let mut items = items::stored(&held.value);
            let (mut changed, mut gone) = (false, Vec::new());
            self.known.each(&field.kind, &mut items, &mut |one, item| {
                if one.id == self.component {
                    changed |= self.item(item, &mut gone);
                }
            });
            if changed {
                items::drop_links(&mut batch, held.doc, place.stage, &held.locale, &gone);
                let value = items::to_value(items);
                pages::write(&mut batch, &place.table, field, held.id, value);
            }
        }
        tx.run(batch).await
    }

    /// Converts one item's value; tells whether there was one. Numbers of items that are cut go to `gone`.
    fn item(&self, item: &mut serde_json::Map<String, Json>, gone: &mut Vec<i64>) -> bool {
        let key = self.before.column();
        let Some(value) = item.shift_remove(&key) else {
            return false;
        };
        let new = match (value, self.before.storage()) {
            (Json::Array(list), Storage::Items) => {
                let (kept, dropped) = self.known.cut(&self.before.kind, &self.after.kind, list);
                gone.extend(self.known.ids(&self.before.kind, &dropped));
                (!kept.is_empty()).then_some(Json::Array(kept))
            }
            (value, _) => match convert(&value, &self.before.kind, &self.after.kind) {
                Ok(new) => Some(new),
                Err(_) => {
                    item.insert(format!("{key}_was{}", self.generation), value);
                    None
                }
            },
        };
        item.extend(new.map(|new| (key, new)));
        true
    }
}

/// The columns of a type that can hold a component at any depth.
pub(super) fn holding(
    one: &ContentType,
    known: &Known,
    component: ComponentId,
) -> Vec<(TypeId, Field)> {
    one.fields
        .iter()
        .filter(|field| known.reaches(&field.kind, component))
        .map(|field| (one.id, field.clone()))
        .collect()
}
