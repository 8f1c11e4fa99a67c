//! Writing what a schema has become: only rows that differ from what was there.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::StoreError;
use crate::platform::database::{Batch, Statement, Transaction};
use crate::schema::plan::{OwnerId, Trash};
use crate::schema::{Component, ContentType, Field, FieldKind, Locale, Schema};

/// One row of `schema_types`.
#[derive(PartialEq)]
struct OwnerRow {
    uid: String,
    kind: &'static str,
    definition: Map<String, Json>,
    trashed: bool,
}

/// One row of `schema_fields`.
#[derive(PartialEq)]
struct FieldRow {
    owner: i64,
    name: String,
    position: i64,
    kind: FieldKind,
    definition: Map<String, Json>,
    /// Whether the field alone is in the trash.
    trashed: bool,
    /// Whether its owner is.
    with_owner: bool,
}

#[derive(Default)]
struct Rows {
    owners: HashMap<i64, OwnerRow>,
    fields: HashMap<i64, FieldRow>,
}

impl Rows {
    fn of(schema: &Schema, trash: &Trash) -> Self {
        let mut rows = Self::default();
        for each in schema.types() {
            rows.add_type(each, false);
        }
        for each in &trash.types {
            rows.add_type(each, true);
        }
        for each in schema.components() {
            rows.add_component(each, false);
        }
        for each in &trash.components {
            rows.add_component(each, true);
        }
        for (owner, field) in &trash.fields {
            let owner = match owner {
                OwnerId::Type(id) => id.0,
                OwnerId::Component(id) => id.0,
            };
            rows.add_field(owner, 0, field, (true, false));
        }
        rows
    }

    fn add_type(&mut self, one: &ContentType, trashed: bool) {
        self.add_owner(
            one.id.0,
            &one.uid,
            one.kind.name(),
            &one.definition,
            trashed,
        );
        for (position, field) in (0..).zip(&one.fields) {
            self.add_field(one.id.0, position, field, (false, trashed));
        }
    }

    fn add_component(&mut self, one: &Component, trashed: bool) {
        self.add_owner(one.id.0, &one.uid, "component", &one.definition, trashed);
        for (position, field) in (0..).zip(&one.fields) {
            self.add_field(one.id.0, position, field, (false, trashed));
        }
    }

    fn add_owner(
        &mut self,
        id: i64,
        uid: &str,
        kind: &'static str,
        definition: &Map<String, Json>,
        trashed: bool,
    ) {
        let row = OwnerRow {
            uid: uid.to_owned(),
            kind,
            definition: definition.clone(),
            trashed,
        };
        self.owners.insert(id, row);
    }

    fn add_field(
        &mut self,
        owner: i64,
        position: i64,
        field: &Field,
        (trashed, with_owner): (bool, bool),
    ) {
        let row = FieldRow {
            owner,
            name: field.name.clone(),
            position,
            kind: field.kind.clone(),
            definition: field.definition.clone(),
            trashed,
            with_owner,
        };
        self.fields.insert(field.id.0, row);
    }
}

/// Writes the rows that differ between two schemas, and what happened to the locales.
pub(super) async fn write(
    tx: &mut Transaction,
    before: (&Schema, &Trash),
    after: (&Schema, &Trash),
    at: &str,
) -> Result<(), StoreError> {
    let mut batch = Batch::new(tx.dialect());
    let (old, new) = (Rows::of(before.0, before.1), Rows::of(after.0, after.1));
    for (id, row) in &new.owners {
        if old.owners.get(id) != Some(row) {
            batch.push(owner(*id, row, at));
        }
    }
    for (id, row) in &new.fields {
        let was = old.fields.get(id);
        if was != Some(row) {
            batch.push(field(*id, row, was, at));
        }
    }
    locales(&mut batch, before.0.locales(), after.0.locales());
    Ok(tx.run(batch).await?)
}

fn owner(id: i64, row: &OwnerRow, at: &str) -> Statement {
    Statement::new(
        "insert into schema_types (id, uid, kind, definition, trashed_at) values ($1, $2, $3, $4, $5) \
         on conflict (id) do update set uid = excluded.uid, kind = excluded.kind, \
         definition = excluded.definition, trashed_at = excluded.trashed_at",
    )
    .bind(id)
    .bind(&row.uid)
    .bind(row.kind)
    .bind(Json::Object(row.definition.clone()).to_string())
    .bind(row.trashed.then(|| at.to_owned()))
}

/// The time in the trash stays that of the first time.
fn field(id: i64, row: &FieldRow, was: Option<&FieldRow>, at: &str) -> Statement {
    let mut definition = row.definition.clone();
    let renamed = was.is_some_and(|was| was.kind != row.kind);
    if renamed && (row.trashed || row.with_owner) {
        follow_renames(&mut definition, &row.kind);
    }
    Statement::new(
        "insert into schema_fields (id, owner, name, position, definition, trashed_at) \
         values ($1, $2, $3, $4, $5, $6) \
         on conflict (id) do update set name = excluded.name, position = excluded.position, \
         definition = excluded.definition, trashed_at = case when excluded.trashed_at is null then null \
         else coalesce(schema_fields.trashed_at, excluded.trashed_at) end",
    )
    .bind(id)
    .bind(row.owner)
    .bind(&row.name)
    .bind(row.position)
    .bind(Json::Object(definition).to_string())
    .bind(row.trashed.then(|| at.to_owned()))
}

/// What lies in the trash has no file that would tell the new names of types and components.
fn follow_renames(definition: &mut Map<String, Json>, kind: &FieldKind) {
    let (key, value) = match kind {
        FieldKind::Relation(relation) => ("target", relation.target.clone().map(Json::from)),
        FieldKind::Component { component, .. } => {
            ("component", Some(Json::from(component.as_str())))
        }
        FieldKind::DynamicZone { components, .. } => {
            ("components", Some(Json::from(components.clone())))
        }
        _ => return,
    };
    if let Some(value) = value {
        definition.insert(key.to_owned(), value);
    }
}

fn locales(batch: &mut Batch, before: &[Locale], after: &[Locale]) {
    for gone in before {
        if !after.iter().any(|locale| locale.id == gone.id) {
            batch.push(Statement::new("delete from locales where id = $1").bind(gone.id));
        }
    }
    for locale in after {
        if before.contains(locale) {
            continue;
        }
        let statement = Statement::new(
            "insert into locales (id, code, name, is_default, fallback) values ($1, $2, $3, $4, $5) \
             on conflict (id) do update set code = excluded.code, name = excluded.name, \
             is_default = excluded.is_default, fallback = excluded.fallback",
        )
        .bind(locale.id)
        .bind(&locale.code)
        .bind(&locale.name)
        .bind(i64::from(locale.is_default))
        .bind(locale.fallback.clone());
        batch.push(statement);
    }
}
