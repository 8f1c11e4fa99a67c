//! Statements and rows in sqlx's terms.

use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Decode, Row as _, TypeInfo as _, ValueRef as _};

use crate::platform::database::{DatabaseError, Row, Statement, Value};

fn arguments(values: Vec<Value>) -> Result<SqliteArguments, DatabaseError> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        let added = match value {
            Value::Null => arguments.add(Option::<i64>::None),
            Value::Bool(value) => arguments.add(value),
            Value::Integer(value) => arguments.add(value),
            Value::Real(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        };
        added.map_err(|error| DatabaseError::Other(error.to_string().into()))?;
    }
    Ok(arguments)
}

fn row(row: &SqliteRow) -> Result<Row, DatabaseError> {
    let decoded = |error: sqlx::error::BoxDynError| DatabaseError::Other(error.to_string().into());
    (0..row.len())
        .map(|index| {
            let raw = row
                .try_get_raw(index)
                .map_err(|error| DatabaseError::from_sqlx(&error))?;
            if raw.is_null() {
                return Ok(Value::Null);
            }
            let kind = raw.type_info().into_owned();
            match kind.name() {
                "REAL" => <f64 as Decode<sqlx::Sqlite>>::decode(raw).map(Value::Real),
                "TEXT" => <String as Decode<sqlx::Sqlite>>::decode(raw).map(Value::Text),
                "BLOB" => <Vec<u8> as Decode<sqlx::Sqlite>>::decode(raw).map(Value::Bytes),
                _ => <i64 as Decode<sqlx::Sqlite>>::decode(raw).map(Value::Integer),
            }
            .map_err(decoded)
        })
        .collect::<Result<_, _>>()
        .map(Row)
}

/// Runs statements and tells how many rows they changed.
pub(in crate::platform::database) async fn execute(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<u64, DatabaseError> {
    let arguments = arguments(statement.values)?;
    sqlx::query_with(AssertSqlSafe(statement.sql), arguments)
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
        .map_err(|error| DatabaseError::from_sqlx(&error))
}

/// Every row of a statement.
pub(in crate::platform::database) async fn fetch_all(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<Vec<Row>, DatabaseError> {
    let arguments = arguments(statement.values)?;
    let rows = sqlx::query_with(AssertSqlSafe(statement.sql), arguments)
        .fetch_all(connection)
        .await
        .map_err(|error| DatabaseError::from_sqlx(&error))?;
    rows.iter().map(row).collect()
}

/// The first row of a statement, if any.
pub(super) async fn fetch_optional(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<Option<Row>, DatabaseError> {
    let arguments = arguments(statement.values)?;
    let found = sqlx::query_with(AssertSqlSafe(statement.sql), arguments)
        .fetch_optional(connection)
        .await
        .map_err(|error| DatabaseError::from_sqlx(&error))?;
    found.as_ref().map(row).transpose()
}
