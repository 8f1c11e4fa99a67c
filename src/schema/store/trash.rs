//! What was dropped, read in the plan's form.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::load::{component, content_type};
use super::{StoreError, object};
use crate::platform::database::{Database, Row, Statement};
use crate::schema::definition::FieldDefinition;
use crate::schema::plan::{OwnerId, Trash};
use crate::schema::{ComponentId, Field, FieldId, FieldKind, TypeId, builtin, parse};

/// Everything in the trash, the oldest first. What does not parse any more is left out; its values stay stored.
///
/// # Errors
/// When the database fails.
pub async fn trash(database: &Database) -> Result<Trash, StoreError> {
    let owners =
        "select id, uid, kind, definition, trashed_at from schema_types order by trashed_at, id";
    let fields = "select id, owner, name, definition, trashed_at from schema_fields \
                  order by trashed_at, position, id";
    let owners = database.fetch_all(Statement::new(owners)).await?;
    let fields = database.fetch_all(Statement::new(fields)).await?;
    let names = Names::of(&owners)?;
    let mut trash = Trash::default();
    let mut by_id = HashMap::new();
    for row in &owners {
        let owner = OwnerRow {
            id: row.integer(0)?,
            uid: row.text(1)?,
            kind: row.text(2)?,
            definition: row.text(3)?,
        };
        if row.text_or_null(4)?.is_some() {
            let own = fields.iter().filter(|field| {
                field.integer(1).ok() == Some(owner.id) && matches!(field.text_or_null(4), Ok(None))
            });
            owner.add_to(&mut trash, own, &names)?;
        }
        by_id.insert(owner.id, owner);
    }
    for row in &fields {
        let trashed = row.text_or_null(4)?.is_some();
        if let Some(owner) = by_id.get(&row.integer(1)?).filter(|_| trashed) {
            let found = owner.field(row, &names)?;
            trash
                .fields
                .extend(found.map(|field| (owner.owner_id(), field)));
        }
    }
    Ok(trash)
}

/// Full uids by the names a definition may use; types in the trash yield to those that are there.
struct Names(HashMap<String, String>);

impl Names {
    fn of(owners: &[Row]) -> Result<Self, StoreError> {
        let mut names = HashMap::new();
        for row in owners.iter().rev() {
            let uid = row.text(1)?;
            if row.text(2)? == "component" {
                continue;
            }
            let json = object(row.text(3)?).unwrap_or_default();
            let singular = json
                .get("info")
                .and_then(|info| info.get("singularName"))
                .and_then(Json::as_str);
            let alive = row.text_or_null(4)?.is_none();
            for name in [Some(uid), singular].into_iter().flatten() {
                if alive || !names.contains_key(name) {
                    names.insert(name.to_owned(), uid.to_owned());
                }
            }
        }
        for uid in builtin::KNOWN_UIDS {
            names.insert(uid.to_owned(), uid.to_owned());
        }
        Ok(Self(names))
    }

    fn complete(&self, field: &mut FieldDefinition) {
        if let FieldKind::Relation(relation) = &mut field.kind
            && let Some(target) = &mut relation.target
            && let Some(uid) = self.0.get(target.as_str())
        {
            uid.clone_into(target);
        }
    }
}

struct OwnerRow<'a> {
    id: i64,
    uid: &'a str,
    kind: &'a str,
    definition: &'a str,
}

impl OwnerRow<'_> {
    fn owner_id(&self) -> OwnerId {
        match self.kind {
            "component" => OwnerId::Component(ComponentId(self.id)),
            _ => OwnerId::Type(TypeId(self.id)),
        }
    }

    /// The file as it would be written with these attributes; none if the stored text is no JSON object.
    fn file(&self, attributes: Map<String, Json>) -> Option<Json> {
        let mut json = object(self.definition).ok()?;
        json.insert("attributes".into(), Json::Object(attributes));
        Some(Json::Object(json))
    }

    fn add_to<'r>(
        &self,
        trash: &mut Trash,
        rows: impl Iterator<Item = &'r Row>,
        names: &Names,
    ) -> Result<(), StoreError> {
        let mut attributes = Map::new();
        let mut ids = HashMap::new();
        for row in rows {
            let Ok(json) = object(row.text(3)?) else {
                return Ok(());
            };
            attributes.insert(row.text(2)?.to_owned(), Json::Object(json));
            ids.insert(row.text(2)?, FieldId(row.integer(0)?));
        }
        let Some(json) = self.file(attributes) else {
            return Ok(());
        };
        let fields = |definitions: &[FieldDefinition]| -> Vec<Field> {
            let with_ids = definitions.iter().filter_map(|each| {
                let mut each = each.clone();
                names.complete(&mut each);
                let id = ids.get(each.name.as_str()).copied()?;
                Some(each.into_field(id))
            });
            with_ids.collect()
        };
        let mut problems = Vec::new();
        if self.kind == "component" {
            let parsed = parse::component(self.uid, self.uid, &json, &mut problems);
            let parsed = parsed.filter(|_| problems.is_empty());
            let parsed = parsed.map(|each| component(self.id, fields(&each.fields), each));
            trash.components.extend(parsed);
        } else {
            let parsed = parse::content_type(self.uid, None, &json, &mut problems);
            let parsed = parsed.filter(|_| problems.is_empty()).map(|mut each| {
                self.uid.clone_into(&mut each.uid);
                content_type(self.id, fields(&each.fields), each)
            });
            trash.types.extend(parsed);
        }
        Ok(())
    }

    /// A field alone, parsed as if its owner had no other.
    fn field(&self, row: &Row, names: &Names) -> Result<Option<Field>, StoreError> {
        let Ok(json) = object(row.text(3)?) else {
            return Ok(None);
        };
        let attributes = Map::from_iter([(row.text(2)?.to_owned(), Json::Object(json))]);
        let Some(json) = self.file(attributes) else {
            return Ok(None);
        };
        let mut problems = Vec::new();
        let fields = match self.kind {
            "component" => {
                parse::component(self.uid, self.uid, &json, &mut problems).map(|each| each.fields)
            }
            _ => parse::content_type(self.uid, None, &json, &mut problems).map(|each| each.fields),
        };
        let id = FieldId(row.integer(0)?);
        let only = fields.and_then(|fields| fields.into_iter().next());
        Ok(only.filter(|_| problems.is_empty()).map(|mut each| {
            names.complete(&mut each);
            each.into_field(id)
        }))
    }
}
