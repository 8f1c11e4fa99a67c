//! The stored schema as rows, to be taken over by another database with the same ids.
//!
//! A copy is only read, so unique values need no unique indexes there; without them documents may arrive in any
//! order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::load::Stored;
use super::tables::{self, Indexed};
use super::{StoreError, create, generation};
use crate::base::Stage;
use crate::platform::database::{Batch, Database, DatabaseError, Row, Statement, Transaction};
use crate::schema::layout::{locale_table, table};
use crate::schema::{ContentType, Schema, Storage, TypeId};

/// The rows of everything that is not in the trash.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SchemaRows {
    /// The generation they are of.
    pub generation: i64,
    types: Vec<TypeRow>,
    fields: Vec<FieldRow>,
    locales: Vec<LocaleRow>,
}

/// Id, uid, kind, definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TypeRow(i64, String, String, String);

/// Id, owner, name, position, definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FieldRow(i64, i64, String, i64, String);

/// Id, code, name, whether it is the default, fallback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LocaleRow(i64, String, String, i64, Option<String>);

const COMPONENT: &str = "component";

impl SchemaRows {
    /// Reads them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(database: &Database) -> Result<Self, DatabaseError> {
        loop {
            let before = generation(database).await?;
            let all = |sql| database.fetch_all(Statement::new(sql));
            let types = all(
                "select id, uid, kind, definition from schema_types where trashed_at is null order by id",
            )
            .await?;
            let fields = all(
                "select id, owner, name, position, definition from schema_fields \
                 where trashed_at is null order by id",
            )
            .await?;
            let locales =
                all("select id, code, name, is_default, fallback from locales order by id").await?;
            if generation(database).await? == before {
                return Ok(Self {
                    generation: before,
                    types: types.iter().map(type_row).collect::<Result<_, _>>()?,
                    fields: fields.iter().map(field_row).collect::<Result<_, _>>()?,
                    locales: locales.iter().map(locale_row).collect::<Result<_, _>>()?,
                });
            }
        }
    }

    /// The ids of content types.
    pub fn types(&self) -> BTreeSet<i64> {
        let types = self.types.iter().filter(|row| row.2 != COMPONENT);
        types.map(|row| row.0).collect()
    }

    /// The types whose stored content may have another form, or be other content, than under `before`.
    pub fn changed_since(&self, before: &Self) -> BTreeSet<i64> {
        let components_stay = before
            .types
            .iter()
            .filter(|row| row.2 == COMPONENT)
            .all(|row| self.same_owner(before, row.0));
        let locales_stay = before
            .locales
            .iter()
            .all(|locale| self.locales.contains(locale));
        let all = self.types();
        if !components_stay || !locales_stay {
            return all;
        }
        let mut changed = all;
        changed.retain(|id| !self.same_owner(before, *id));
        changed
    }

    fn same_owner(&self, other: &Self, id: i64) -> bool {
        let row = |rows: &Self| rows.types.iter().find(|row| row.0 == id).cloned();
        let fields = |rows: &Self| -> Vec<FieldRow> {
            let fields = rows.fields.iter().filter(|row| row.1 == id);
            fields.cloned().collect()
        };
        row(self) == row(other) && fields(self) == fields(other)
    }

    /// Puts them in the place of what is stored, and reads the schema they are.
    ///
    /// # Errors
    /// When the database fails, or this program does not understand them.
    pub async fn take_over(&self, tx: &mut Transaction) -> Result<Schema, StoreError> {
        let mut batch = Batch::new(tx.dialect());
        for name in ["schema_types", "schema_fields", "locales"] {
            batch.push(Statement::new(format!("delete from {name}")));
        }
        for TypeRow(id, uid, kind, definition) in &self.types {
            let sql =
                "insert into schema_types (id, uid, kind, definition) values ($1, $2, $3, $4)";
            let insert = Statement::new(sql).bind(*id).bind(uid).bind(kind);
            batch.push(insert.bind(definition));
        }
        for FieldRow(id, owner, name, position, definition) in &self.fields {
            let sql = "insert into schema_fields (id, owner, name, position, definition) \
                       values ($1, $2, $3, $4, $5)";
            let insert = Statement::new(sql).bind(*id).bind(*owner).bind(name);
            batch.push(insert.bind(*position).bind(definition));
        }
        for LocaleRow(id, code, name, is_default, fallback) in &self.locales {
            let sql = "insert into locales (id, code, name, is_default, fallback) \
                       values ($1, $2, $3, $4, $5)";
            let insert = Statement::new(sql).bind(*id).bind(code).bind(name);
            batch.push(insert.bind(*is_default).bind(fallback.clone()));
        }
        let raise = "update settings set value = $1 where name = 'schema_generation'";
        batch.push(Statement::new(raise).bind(self.generation.to_string()));
        tx.run(batch).await?;
        Stored::read_within(tx).await?.into_schema(self.generation)
    }
}

/// Makes the tables of a type anew, empty.
///
/// # Errors
/// When the database fails.
pub async fn rebuild_tables(tx: &mut Transaction, one: &ContentType) -> Result<(), DatabaseError> {
    drop_tables(tx, one.id).await?;
    let dialect = tx.dialect();
    let mut batch = Batch::new(dialect);
    let columns = |per_locale: bool| -> Vec<(i64, Storage)> {
        let fields = one.fields.iter();
        let stored = fields
            .filter(|field| field.storage().is_column() && field.localized == per_locale)
            .map(|field| (field.id.0, field.storage()));
        stored.collect()
    };
    for stage in one.stages() {
        let mut statements = tables::create_table(dialect, one.id, *stage, &columns(false));
        if one.localized {
            let rows = tables::create_locale_table(dialect, one.id, *stage, &columns(true));
            statements.extend(rows);
        }
        for field in one.fields.iter().filter(|it| it.storage().is_column()) {
            let kind = match create::indexed(field) {
                Indexed::Not => Indexed::Not,
                Indexed::Plain | Indexed::Unique => Indexed::Plain,
            };
            let name = create::table_of(one.id, *stage, field.localized);
            let index = tables::create_index(dialect, &name, field.localized, field.id.0, kind);
            statements.extend(index);
        }
        for statement in statements {
            batch.push(statement);
        }
    }
    tx.run(batch).await
}

/// Drops the tables of a type.
///
/// # Errors
/// When the database fails.
pub async fn drop_tables(tx: &mut Transaction, id: TypeId) -> Result<(), DatabaseError> {
    let mut batch = Batch::new(tx.dialect());
    for stage in [Stage::Draft, Stage::Published] {
        for name in [table(id, stage), locale_table(id, stage)] {
            batch.push(Statement::new(format!("drop table if exists {name}")));
        }
    }
    tx.run(batch).await
}

fn type_row(row: &Row) -> Result<TypeRow, DatabaseError> {
    let text = |index| row.text(index).map(str::to_owned);
    Ok(TypeRow(row.integer(0)?, text(1)?, text(2)?, text(3)?))
}

fn field_row(row: &Row) -> Result<FieldRow, DatabaseError> {
    let text = |index| row.text(index).map(str::to_owned);
    let (id, owner, position) = (row.integer(0)?, row.integer(1)?, row.integer(3)?);
    Ok(FieldRow(id, owner, text(2)?, position, text(4)?))
}

fn locale_row(row: &Row) -> Result<LocaleRow, DatabaseError> {
    let text = |index| row.text(index).map(str::to_owned);
    let fallback = row.text_or_null(4)?.map(str::to_owned);
    let (id, is_default) = (row.integer(0)?, row.integer(3)?);
    Ok(LocaleRow(id, text(1)?, text(2)?, is_default, fallback))
}
