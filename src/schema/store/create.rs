//! Making types, components, fields and locales in an open transaction.

use super::tables::{self, Indexed};
use super::{StoreError, object};
use crate::base::Stage;
use crate::platform::database::{Database, DatabaseError, Statement, Transaction};
use crate::schema::definition::{FieldDefinition, TypeDefinition};
use crate::schema::{Field, FieldId, Storage, TypeId, TypeKind, builtin};

/// Makes the built-in types and the default locale if they are missing.
///
/// # Errors
/// When the database fails.
pub async fn ensure_built_in(database: &Database) -> Result<(), StoreError> {
    let present = "select uid from schema_types where uid = $1";
    let missing = builtin::types();
    let mut wanted = Vec::new();
    for definition in missing {
        let statement = Statement::new(present).bind(&definition.uid);
        if database.fetch_optional(statement).await?.is_none() {
            wanted.push(definition);
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    database
        .write(move |tx| {
            Box::pin(async move {
                exclusive_lock(tx).await?;
                for definition in wanted {
                    let statement = Statement::new(present).bind(&definition.uid);
                    if tx.fetch_optional(statement).await?.is_none() {
                        create_type(tx, &definition).await?;
                    }
                }
                let locale = "insert into locales (id, code, name, is_default, fallback) \
                              select 1, 'en', 'English', $1, null where not exists (select 1 from locales)";
                tx.execute(Statement::new(locale).bind(1_i64)).await?;
                Ok(())
            })
        })
        .await
}

/// Keeps other schema changes, and on PostgreSQL all writes, away until the transaction ends.
pub(super) async fn exclusive_lock(tx: &mut Transaction) -> Result<(), DatabaseError> {
    if tx.dialect() == crate::platform::database::Dialect::Postgres {
        let lock = "select pg_advisory_xact_lock(8401226355)::text";
        tx.fetch_all(Statement::new(lock)).await?;
    }
    Ok(())
}

/// The next free id.
pub(super) async fn next_id(tx: &mut Transaction) -> Result<i64, DatabaseError> {
    let sql = "update sequences set next = next + 1 where name = 'id' returning next - 1";
    let row = tx.fetch_optional(Statement::new(sql)).await?;
    row.map_or(Err(DatabaseError::Column(0)), |row| row.integer(0))
}

/// Makes a type with its fields, tables and indexes.
pub(super) async fn create_type(
    tx: &mut Transaction,
    definition: &TypeDefinition,
) -> Result<TypeId, StoreError> {
    let id = TypeId(next_id(tx).await?);
    let kind = match definition.kind {
        TypeKind::Collection => "collectionType",
        TypeKind::Single => "singleType",
    };
    insert_type(tx, id.0, &definition.uid, kind, &definition.definition).await?;
    let mut fields = Vec::new();
    for (position, field) in (0..).zip(&definition.fields) {
        let field_id = insert_field(tx, id.0, position, field).await?;
        fields.push(field.clone().into_field(field_id));
    }
    let stages = stages(definition.draft_and_publish);
    for stage in stages {
        create_tables(tx, id, *stage, definition.localized, &fields).await?;
    }
    Ok(id)
}

/// The stages of a type with or without drafts.
pub(super) fn stages(draft_and_publish: bool) -> &'static [Stage] {
    if draft_and_publish {
        &[Stage::Draft, Stage::Published]
    } else {
        &[Stage::Published]
    }
}

/// Makes the tables of one stage with a column per field, and their indexes.
pub(super) async fn create_tables(
    tx: &mut Transaction,
    id: TypeId,
    stage: Stage,
    localized: bool,
    fields: &[Field],
) -> Result<(), StoreError> {
    let dialect = tx.dialect();
    let columns = |per_locale: bool| -> Vec<(i64, Storage)> {
        let chosen = fields
            .iter()
            .filter(|field| field.storage().is_column() && field.localized == per_locale);
        chosen.map(|field| (field.id.0, field.storage())).collect()
    };
    let mut statements = tables::create_table(dialect, id, stage, &columns(false));
    if localized {
        statements.extend(tables::create_locale_table(
            dialect,
            id,
            stage,
            &columns(true),
        ));
    }
    for field in fields.iter().filter(|field| field.storage().is_column()) {
        let table = table_of(id, stage, field.localized);
        let index =
            tables::create_index(dialect, &table, field.localized, field.id.0, indexed(field));
        statements.extend(index);
    }
    for statement in statements {
        tx.execute(statement).await?;
    }
    Ok(())
}

/// The table that holds a field of a type in one stage.
pub(super) fn table_of(id: TypeId, stage: Stage, localized: bool) -> String {
    if localized {
        crate::schema::layout::locale_table(id, stage)
    } else {
        crate::schema::layout::table(id, stage)
    }
}

/// How a field's column is indexed: slugs and unique values uniquely.
pub(super) fn indexed(field: &Field) -> Indexed {
    let slug = matches!(field.kind, crate::schema::FieldKind::Uid(_));
    match (field.unique || slug, field.is_indexed()) {
        (true, _) => Indexed::Unique,
        (_, true) => Indexed::Plain,
        _ => Indexed::Not,
    }
}

/// Adds the row of a type or component.
pub(super) async fn insert_type(
    tx: &mut Transaction,
    id: i64,
    uid: &str,
    kind: &str,
    definition: &serde_json::Map<String, serde_json::Value>,
) -> Result<(), StoreError> {
    let json = serde_json::Value::Object(definition.clone()).to_string();
    object(&json)?;
    let statement = Statement::new(
        "insert into schema_types (id, uid, kind, definition) values ($1, $2, $3, $4)",
    )
    .bind(id)
    .bind(uid)
    .bind(kind)
    .bind(json);
    tx.execute(statement).await?;
    Ok(())
}

/// Adds the row of a field.
pub(super) async fn insert_field(
    tx: &mut Transaction,
    owner: i64,
    position: i64,
    field: &FieldDefinition,
) -> Result<FieldId, StoreError> {
    let id = next_id(tx).await?;
    let json = serde_json::Value::Object(field.definition.clone()).to_string();
    let statement = Statement::new(
        "insert into schema_fields (id, owner, name, position, definition) values ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(owner)
    .bind(&field.name)
    .bind(position)
    .bind(json);
    tx.execute(statement).await?;
    Ok(FieldId(id))
}
