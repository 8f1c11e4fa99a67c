//! Columns and their indexes in every table that holds a field of a type.
//!
//! A type that has lost its drafts keeps their tables; columns change there too, so that the drafts can come
//! back. Indexes are only made in the tables in use.

use super::StoreError;
use super::create::{indexed, table_of};
use super::tables::{self, Indexed};
use crate::base::Stage;
use crate::platform::database::{DatabaseError, Dialect, Statement, Transaction};
use crate::schema::layout::table;
use crate::schema::{ContentType, Field, TypeId};

/// The stages a type has tables for, in use or not.
pub(super) async fn stages(
    tx: &mut Transaction,
    id: TypeId,
) -> Result<&'static [Stage], DatabaseError> {
    let draft = exists(tx, &table(id, Stage::Draft), "id").await?;
    Ok(super::create::stages(draft))
}

/// Adds the column of a field where it is missing.
pub(super) async fn add(tx: &mut Transaction, id: TypeId, field: &Field) -> Result<(), StoreError> {
    if !field.storage().is_column() {
        return Ok(());
    }
    for stage in stages(tx, id).await? {
        add_to(tx, &table_of(id, *stage, field.localized), field).await?;
    }
    Ok(())
}

/// Adds the column of a field to a table if it is missing.
pub(super) async fn add_to(
    tx: &mut Transaction,
    table: &str,
    field: &Field,
) -> Result<(), DatabaseError> {
    if !exists(tx, table, &field.column()).await? {
        let statement = tables::add_column(tx.dialect(), table, field.id.0, field.storage());
        tx.execute(statement).await?;
    }
    Ok(())
}

/// Renames a column so that its name is free and its values stay; returns the new name.
pub(super) async fn put_aside(
    tx: &mut Transaction,
    table: &str,
    column: &str,
    generation: i64,
) -> Result<String, DatabaseError> {
    let mut name = format!("{column}_was{generation}");
    let mut again = 2;
    while exists(tx, table, &name).await? {
        name = format!("{column}_was{generation}_{again}");
        again += 1;
    }
    let sql = format!("alter table {table} rename column {column} to {name}");
    tx.execute(Statement::new(sql)).await?;
    Ok(name)
}

/// Makes the index a field asks for.
///
/// # Errors
/// [`StoreError::Refused`] when values that are to be unique are not.
pub(super) async fn index(
    tx: &mut Transaction,
    one: &ContentType,
    field: &Field,
) -> Result<(), StoreError> {
    if !field.storage().is_column() {
        return Ok(());
    }
    let kind = indexed(field);
    for stage in one.stages() {
        let table = table_of(one.id, *stage, field.localized);
        let Some(statement) =
            tables::create_index(tx.dialect(), &table, field.localized, field.id.0, kind)
        else {
            continue;
        };
        // PostgreSQL ends the transaction at the first error, so what would fail is looked for before.
        if kind == Indexed::Unique {
            refuse_duplicates(tx, one, field, &table).await?;
        }
        tx.execute(statement).await?;
    }
    Ok(())
}

async fn refuse_duplicates(
    tx: &mut Transaction,
    one: &ContentType,
    field: &Field,
    table: &str,
) -> Result<(), StoreError> {
    let column = field.column();
    let by = if field.localized { "locale, " } else { "" };
    let sql = format!(
        "select cast({column} as text), count(*) from {table} where {column} is not null \
         group by {by}{column} having count(*) > 1 order by 2 desc limit 1"
    );
    let Some(row) = tx.fetch_optional(Statement::new(sql)).await? else {
        return Ok(());
    };
    Err(StoreError::Refused(format!(
        "{}.{} cannot be unique: {} documents have {}; change them first",
        one.singular,
        field.name,
        row.integer(1)?,
        crate::schema::scalar::shown(&serde_json::Value::from(row.text(0)?)),
    )))
}

/// Drops the indexes of a field.
pub(super) async fn drop_index(
    tx: &mut Transaction,
    id: TypeId,
    field: &Field,
) -> Result<(), DatabaseError> {
    if !field.storage().is_column() {
        return Ok(());
    }
    for stage in stages(tx, id).await? {
        let table = table_of(id, *stage, field.localized);
        for statement in tables::drop_indexes(&table, field.localized, field.id.0) {
            tx.execute(statement).await?;
        }
    }
    Ok(())
}

/// Drops every index of a table but the one of its key.
pub(super) async fn drop_indexes(tx: &mut Transaction, table: &str) -> Result<(), DatabaseError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "select name from sqlite_master where type = 'index' and tbl_name = $1 and sql is not null"
        }
        Dialect::Postgres => {
            "select c.relname::text from pg_index i join pg_class c on c.oid = i.indexrelid \
             where i.indrelid = to_regclass($1) and not i.indisprimary"
        }
    };
    for row in tx.fetch_all(Statement::new(sql).bind(table)).await? {
        let name = row.text(0)?;
        tx.execute(Statement::new(format!("drop index {name}")))
            .await?;
    }
    Ok(())
}

/// Whether a table has a column; false too if there is no such table.
pub(super) async fn exists(
    tx: &mut Transaction,
    table: &str,
    column: &str,
) -> Result<bool, DatabaseError> {
    let statement = existence(tx.dialect(), table, column);
    Ok(tx.fetch_optional(statement).await?.is_some())
}

/// A statement with a row if a table has a column.
pub(super) fn existence(dialect: Dialect, table: &str, column: &str) -> Statement {
    let sql = match dialect {
        Dialect::Sqlite => "select 1 from pragma_table_info($1) where name = $2",
        Dialect::Postgres => {
            "select 1::bigint from pg_attribute where attrelid = to_regclass($1) and attname = $2 \
             and not attisdropped"
        }
    };
    Statement::new(sql).bind(table).bind(column)
}
