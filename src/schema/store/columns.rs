//! Columns and their indexes in every table that holds a field of a type.

use super::StoreError;
use super::create::{indexed, table_of};
use super::tables::{self, Indexed};
use crate::platform::database::{DatabaseError, Dialect, Statement, Transaction};
use crate::schema::{ContentType, Field};

/// The tables that hold a field of a type, one per stage.
pub(super) fn tables_of(one: &ContentType, localized: bool) -> Vec<String> {
    let tables = one
        .stages()
        .iter()
        .map(|stage| table_of(one.id, *stage, localized));
    tables.collect()
}

/// Adds the column of a new field, and its index.
pub(super) async fn add(
    tx: &mut Transaction,
    one: &ContentType,
    field: &Field,
) -> Result<(), StoreError> {
    if !field.storage().is_column() {
        return Ok(());
    }
    for table in tables_of(one, field.localized) {
        let statement = tables::add_column(tx.dialect(), &table, field.id.0, field.storage());
        tx.execute(statement).await?;
    }
    index(tx, one, field).await
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
    for table in tables_of(one, field.localized) {
        let kind = indexed(field);
        let Some(statement) = tables::create_index(&table, field.localized, field.id.0, kind)
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
    one: &ContentType,
    field: &Field,
) -> Result<(), StoreError> {
    for table in tables_of(one, field.localized) {
        for statement in tables::drop_indexes(&table, field.localized, field.id.0) {
            tx.execute(statement).await?;
        }
    }
    Ok(())
}

/// Whether a table has a column; false too if there is no such table.
pub(super) async fn exists(
    tx: &mut Transaction,
    table: &str,
    column: &str,
) -> Result<bool, DatabaseError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "select 1 from pragma_table_info($1) where name = $2",
        Dialect::Postgres => {
            "select 1::bigint from pg_attribute where attrelid = to_regclass($1) and attname = $2 \
             and not attisdropped"
        }
    };
    let statement = Statement::new(sql).bind(table).bind(column);
    Ok(tx.fetch_optional(statement).await?.is_some())
}
