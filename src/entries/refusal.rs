//! What the database refused, in terms of the document.

use super::EntryError;
use crate::platform::database::{DatabaseError, UniqueColumns};
use crate::schema::{ContentType, FieldId, Schema};

/// Turns what the database said into what the writer can act on.
pub(super) fn explain(
    error: EntryError,
    schema: &Schema,
    content_type: &ContentType,
) -> EntryError {
    match error {
        EntryError::Database(DatabaseError::Unique(unique)) if unique.table == "settings" => {
            EntryError::SchemaChanged
        }
        EntryError::Database(DatabaseError::Missing(_)) => EntryError::SchemaChanged,
        EntryError::Database(DatabaseError::Unique(unique)) => taken(&unique, schema, content_type)
            .unwrap_or(EntryError::Database(DatabaseError::Unique(unique))),
        other => other,
    }
}

fn taken(
    unique: &UniqueColumns,
    schema: &Schema,
    content_type: &ContentType,
) -> Option<EntryError> {
    if unique.table == "documents" {
        return Some(EntryError::Refused(
            "a document with this documentId exists".into(),
        ));
    }
    let id = unique_field(unique)?;
    let field = content_type.field_by_id(id).or_else(|| {
        let mut types = schema.types().iter();
        types.find_map(|other| other.field_by_id(id))
    })?;
    Some(EntryError::invalid(
        &[&field.name],
        "This attribute must be unique",
        serde_json::Value::Null,
    ))
}

/// The field whose values must differ.
pub(super) fn unique_field(unique: &UniqueColumns) -> Option<FieldId> {
    let number = |column: &String| column.strip_prefix('f')?.parse().ok();
    unique.columns.iter().find_map(number).map(FieldId)
}
