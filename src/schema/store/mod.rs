//! The schema in the database: read as a snapshot, changed by a plan.
//!
//! Rows of `schema_types` and `schema_fields` hold each definition as written; parsing them again gives
//! the snapshot, so what a file may say and what is stored cannot drift apart.
//!
//! Always true: a plan is carried out as a whole or not at all, and the generation grows with it. What a
//! plan drops stays in tables and columns; what it replaces is renamed aside with `_was<generation>`.
//! **Knows nothing about** files, callers and versions of documents. Start reading at [`load`] and [`apply`].

mod apply;
mod columns;
mod create;
mod drafts;
mod items;
mod kinds;
mod locales;
mod localize;
mod measure;
mod pages;
mod persist;
mod tables;
mod trash;

pub use apply::apply;
pub use create::ensure_built_in;
pub use measure::measure;
pub use trash::trash;

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value as Json};

use super::definition::{
    ComponentDefinition, Definitions, FieldDefinition, LocaleDefinition, Problem, TypeDefinition,
};
use super::{
    Component, ComponentId, ContentType, Field, FieldId, Locale, Schema, TypeId, builtin, check,
    parse,
};
use crate::platform::database::{Database, DatabaseError, Row, Statement};

/// Why the stored schema could not be read or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// What is stored is not a valid schema; somebody changed it by hand.
    #[error("the stored schema is damaged: {0}")]
    Damaged(String),
    /// The schema has changed since the plan was made.
    #[error("the schema has changed since the plan was made; plan again")]
    Changed,
    /// A step of the plan cannot be done.
    #[error("{0}")]
    Refused(String),
}

/// The generation that is stored now.
///
/// # Errors
/// When the database fails.
pub async fn generation(database: &Database) -> Result<i64, DatabaseError> {
    let sql = "select cast(value as bigint) from settings where name = 'schema_generation'";
    let row = database.fetch_optional(Statement::new(sql)).await?;
    row.map_or(Ok(1), |row| row.integer(0))
}

/// Reads the whole schema.
///
/// # Errors
/// [`StoreError::Damaged`] if what is stored does not parse.
pub async fn load(database: &Database) -> Result<Schema, StoreError> {
    loop {
        let before = generation(database).await?;
        let stored = Stored::read(database).await?;
        if generation(database).await? == before {
            return stored.into_schema(before);
        }
    }
}

struct Stored {
    types: Vec<Row>,
    fields: BTreeMap<i64, Vec<Row>>,
    locales: Vec<Row>,
}

impl Stored {
    async fn read(database: &Database) -> Result<Self, StoreError> {
        let types = "select id, uid, kind, definition from schema_types where trashed_at is null order by id";
        let fields = "select id, owner, name, definition from schema_fields where trashed_at is null order by position, id";
        let locales = "select id, code, name, is_default, fallback from locales order by id";
        let mut by_owner: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
        for row in database.fetch_all(Statement::new(fields)).await? {
            by_owner.entry(row.integer(1)?).or_default().push(row);
        }
        Ok(Self {
            types: database.fetch_all(Statement::new(types)).await?,
            fields: by_owner,
            locales: database.fetch_all(Statement::new(locales)).await?,
        })
    }

    fn into_schema(self, generation: i64) -> Result<Schema, StoreError> {
        let mut problems = Vec::new();
        let mut definitions = Definitions::default();
        let mut built_in = Vec::new();
        let mut ids: HashMap<String, i64> = HashMap::new();
        for row in &self.types {
            let (id, uid, kind) = (row.integer(0)?, row.text(1)?, row.text(2)?);
            ids.insert(uid.to_owned(), id);
            let json = self.file(id, row.text(3)?)?;
            if kind == "component" {
                definitions
                    .components
                    .extend(parse::component(uid, uid, &json, &mut problems));
                continue;
            }
            let Some(mut definition) = parse::content_type(uid, None, &json, &mut problems) else {
                continue;
            };
            uid.clone_into(&mut definition.uid);
            if builtin::KNOWN_UIDS.contains(&uid) {
                built_in.push(definition);
            } else {
                definitions.types.push(definition);
            }
        }
        definitions.locales = Some(
            self.locales
                .iter()
                .map(|row| locale(row).map(|locale| LocaleDefinition::of(&locale)))
                .collect::<Result<_, _>>()?,
        );
        damaged(&problems)?;
        let mut definitions = check::check(definitions).or_else(|problems| {
            damaged(&problems)?;
            Ok::<_, StoreError>(Definitions::default())
        })?;
        definitions.types.extend(built_in);
        definitions.types.sort_by(|a, b| a.uid.cmp(&b.uid));
        let id = |uid: &str| ids.get(uid).copied().unwrap_or_default();
        let types = definitions
            .types
            .into_iter()
            .map(|each| {
                Ok(content_type(
                    id(&each.uid),
                    self.fields_of(id(&each.uid), &each.fields)?,
                    each,
                ))
            })
            .collect::<Result<_, StoreError>>()?;
        let components = definitions
            .components
            .into_iter()
            .map(|each| {
                Ok(component(
                    id(&each.uid),
                    self.fields_of(id(&each.uid), &each.fields)?,
                    each,
                ))
            })
            .collect::<Result<_, StoreError>>()?;
        let mut locales: Vec<Locale> = self.locales.iter().map(locale).collect::<Result<_, _>>()?;
        locales.sort_by(|a, b| (!a.is_default, &a.code).cmp(&(!b.is_default, &b.code)));
        Ok(Schema::new(generation, types, components, locales))
    }

    /// The file as it would be written.
    fn file(&self, owner: i64, definition: &str) -> Result<Json, StoreError> {
        let mut json = object(definition)?;
        let mut attributes = Map::new();
        for row in self.fields.get(&owner).into_iter().flatten() {
            attributes.insert(row.text(2)?.to_owned(), Json::Object(object(row.text(3)?)?));
        }
        json.insert("attributes".into(), Json::Object(attributes));
        Ok(Json::Object(json))
    }

    fn fields_of(
        &self,
        owner: i64,
        definitions: &[FieldDefinition],
    ) -> Result<Vec<Field>, StoreError> {
        let mut ids = HashMap::new();
        for row in self.fields.get(&owner).into_iter().flatten() {
            ids.insert(row.text(2)?, row.integer(0)?);
        }
        let fields = definitions.iter().map(|definition| {
            let id = ids
                .get(definition.name.as_str())
                .copied()
                .unwrap_or_default();
            definition.clone().into_field(FieldId(id))
        });
        Ok(fields.collect())
    }
}

fn content_type(id: i64, fields: Vec<Field>, definition: TypeDefinition) -> ContentType {
    ContentType {
        id: TypeId(id),
        uid: definition.uid,
        kind: definition.kind,
        singular: definition.singular,
        plural: definition.plural,
        display_name: definition.display_name,
        draft_and_publish: definition.draft_and_publish,
        localized: definition.localized,
        populate_creator_fields: definition.populate_creator_fields,
        fields,
        definition: definition.definition,
    }
}

fn component(id: i64, fields: Vec<Field>, definition: ComponentDefinition) -> Component {
    Component {
        id: ComponentId(id),
        uid: definition.uid,
        display_name: definition.display_name,
        fields,
        definition: definition.definition,
    }
}

fn locale(row: &Row) -> Result<Locale, DatabaseError> {
    Ok(Locale {
        id: row.integer(0)?,
        code: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        is_default: row.integer(3)? != 0,
        fallback: row.text_or_null(4)?.map(str::to_owned),
    })
}

fn object(text: &str) -> Result<Map<String, Json>, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn damaged(problems: &[Problem]) -> Result<(), StoreError> {
    match problems.first() {
        None => Ok(()),
        Some(first) => Err(StoreError::Damaged(first.to_string())),
    }
}
