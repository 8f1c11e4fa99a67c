//! The stored schema, read as a snapshot.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value as Json};

use super::{StoreError, generation, object};
use crate::platform::database::{Database, DatabaseError, Row, Statement, Transaction};
use crate::schema::definition::{
    ComponentDefinition, Definitions, FieldDefinition, LocaleDefinition, Problem, TypeDefinition,
};
use crate::schema::{
    Component, ComponentId, ContentType, Field, FieldId, Locale, Schema, TypeId, builtin, check,
    parse,
};

const TYPES: &str =
    "select id, uid, kind, definition from schema_types where trashed_at is null order by id";
const FIELDS: &str = "select id, owner, name, definition from schema_fields where trashed_at is null order by position, id";
const LOCALES: &str = "select id, code, name, is_default, fallback from locales order by id";

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

pub(super) struct Stored {
    types: Vec<Row>,
    fields: BTreeMap<i64, Vec<Row>>,
    locales: Vec<Row>,
}

impl Stored {
    async fn read(database: &Database) -> Result<Self, StoreError> {
        Self::of(
            database.fetch_all(Statement::new(FIELDS)).await?,
            database.fetch_all(Statement::new(TYPES)).await?,
            database.fetch_all(Statement::new(LOCALES)).await?,
        )
    }

    /// As written so far by an open transaction.
    pub(super) async fn read_within(tx: &mut Transaction) -> Result<Self, StoreError> {
        Self::of(
            tx.fetch_all(Statement::new(FIELDS)).await?,
            tx.fetch_all(Statement::new(TYPES)).await?,
            tx.fetch_all(Statement::new(LOCALES)).await?,
        )
    }

    fn of(fields: Vec<Row>, types: Vec<Row>, locales: Vec<Row>) -> Result<Self, StoreError> {
        let mut by_owner: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
        for row in fields {
            by_owner.entry(row.integer(1)?).or_default().push(row);
        }
        Ok(Self {
            types,
            fields: by_owner,
            locales,
        })
    }

    pub(super) fn into_schema(self, generation: i64) -> Result<Schema, StoreError> {
        let mut ids: HashMap<&str, i64> = HashMap::new();
        for row in &self.types {
            ids.insert(row.text(1)?, row.integer(0)?);
        }
        let definitions = self.definitions()?;
        let id = |uid: &str| ids.get(uid).copied().unwrap_or_default();
        let mut types = Vec::new();
        for each in definitions.types {
            let id = id(&each.uid);
            types.push(content_type(id, self.fields_of(id, &each.fields)?, each));
        }
        let mut components = Vec::new();
        for each in definitions.components {
            let id = id(&each.uid);
            components.push(component(id, self.fields_of(id, &each.fields)?, each));
        }
        let mut locales: Vec<Locale> = self.locales.iter().map(locale).collect::<Result<_, _>>()?;
        locales.sort_by(|a, b| (!a.is_default, &a.code).cmp(&(!b.is_default, &b.code)));
        Ok(Schema::new(generation, types, components, locales))
    }

    /// What files of this schema would say, checked; built-in types are added as they are.
    fn definitions(&self) -> Result<Definitions, StoreError> {
        let mut problems = Vec::new();
        let mut definitions = Definitions::default();
        let mut built_in = Vec::new();
        for row in &self.types {
            let (uid, json) = (row.text(1)?, self.file(row.integer(0)?, row.text(3)?)?);
            if row.text(2)? == "component" {
                let parsed = parse::component(uid, uid, &json, &mut problems);
                definitions.components.extend(parsed);
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
        let locales = self.locales.iter().map(locale);
        let locales = locales.map(|locale| locale.map(|locale| LocaleDefinition::of(&locale)));
        definitions.locales = Some(locales.collect::<Result<_, _>>()?);
        damaged(&problems)?;
        let mut definitions = check::check(definitions).or_else(|problems| {
            damaged(&problems)?;
            Ok::<_, StoreError>(Definitions::default())
        })?;
        definitions.types.extend(built_in);
        definitions.types.sort_by(|a, b| a.uid.cmp(&b.uid));
        Ok(definitions)
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

pub(super) fn content_type(id: i64, fields: Vec<Field>, definition: TypeDefinition) -> ContentType {
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

pub(super) fn component(id: i64, fields: Vec<Field>, definition: ComponentDefinition) -> Component {
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

fn damaged(problems: &[Problem]) -> Result<(), StoreError> {
    match problems.first() {
        None => Ok(()),
        Some(first) => Err(StoreError::Damaged(first.to_string())),
    }
}
