//! Database failures, told apart once.

use std::sync::Arc;

/// Table and columns of a violated unique rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueColumns {
    /// The table's physical name.
    pub table: String,
    /// The columns' physical names.
    pub columns: Vec<String>,
}

/// Why the database did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DatabaseError {
    /// The URL is of no known form.
    #[error("the database URL must start with `sqlite:` or `postgres://`")]
    Url,
    /// The stored format cannot be used.
    #[error(transparent)]
    Format(#[from] super::FormatError),
    /// A unique rule was violated.
    #[error("a value that must be unique exists already in `{}`", .0.table)]
    Unique(UniqueColumns),
    /// Another process holds the database, or too many statements wait.
    #[error("the database is busy")]
    Busy,
    /// It cannot be reached or has been closed.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// There is no room to write.
    #[error("the disk is full")]
    Full,
    /// The statement needed more memory than the configuration allows and was stopped.
    #[error("the statement needed more memory than allowed")]
    Memory,
    /// The statement ran longer than allowed and was stopped.
    #[error("the statement ran longer than {0} ms")]
    TimedOut(u64),
    /// A row did not have the expected column.
    #[error("column {0} of a row is missing or of another type")]
    Column(usize),
    /// A table or column is not there (a schema change by another process).
    #[error("a table or column is not there: {0}")]
    Missing(String),
    /// A job panicked; everything it did was undone.
    #[error("a write stopped unexpectedly and was undone")]
    Panicked,
    /// Anything else.
    #[error("{0}")]
    Other(Arc<str>),
}

impl DatabaseError {
    pub(super) fn from_sqlx(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(cause) => from_code(
                cause.code().as_deref().unwrap_or_default(),
                cause.message(),
                cause.constraint(),
                cause.table(),
            ),
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_) => Self::Unavailable(error.to_string()),
            _ => Self::Other(error.to_string().into()),
        }
    }
}

/// Codes: SQLite result codes (numbers, low byte = primary code) and PostgreSQL SQLSTATE (five characters).
fn from_code(
    code: &str,
    message: &str,
    constraint: Option<&str>,
    table: Option<&str>,
) -> DatabaseError {
    // SQLite's codes have four digits at most, so five characters are never one of them.
    if code.len() == 5 {
        return from_sqlstate(code, message, constraint, table)
            .unwrap_or_else(|| DatabaseError::Other(message.into()));
    }
    match code.parse::<u32>().map(|code| (code, code & 0xff)) {
        Ok((2067 | 1555, _)) => DatabaseError::Unique(sqlite_columns(message)),
        Ok((_, 5 | 6)) => DatabaseError::Busy,
        Ok((_, 13)) => DatabaseError::Full,
        Ok((_, 10 | 14)) => DatabaseError::Unavailable(message.to_owned()),
        // Not a database at all.
        Ok((_, 26)) => DatabaseError::Format(super::FormatError::Foreign),
        Ok((_, 7 | 18)) => DatabaseError::Memory,
        Ok((_, 9)) => DatabaseError::TimedOut(0),
        Ok((_, 1))
            if message.starts_with("no such table") || message.starts_with("no such column") =>
        {
            DatabaseError::Missing(message.to_owned())
        }
        _ => DatabaseError::Other(message.into()),
    }
}

fn from_sqlstate(
    code: &str,
    message: &str,
    constraint: Option<&str>,
    table: Option<&str>,
) -> Option<DatabaseError> {
    Some(match code {
        "23505" => DatabaseError::Unique(postgres_columns(constraint, table)),
        "42P01" | "42703" => DatabaseError::Missing(message.to_owned()),
        // A statement prepared before a column changed its type; see [`is_outdated`].
        _ if is_outdated(code) => DatabaseError::Missing(message.to_owned()),
        "40001" | "40P01" | "55P03" => DatabaseError::Busy,
        "57014" => DatabaseError::TimedOut(0),
        "53200" | "54000" => DatabaseError::Memory,
        "53100" => DatabaseError::Full,
        // A standby: the primary has moved away from this address, or this one is not it yet.
        // Or the transaction waited so long for this node that the server ended it.
        "25006" | "25P03" => DatabaseError::Unavailable(message.to_owned()),
        _ if code.starts_with("08") || code.starts_with("57P") || code.starts_with("53") => {
            DatabaseError::Unavailable(message.to_owned())
        }
        _ => return None,
    })
}

/// Whether PostgreSQL says that a prepared statement no longer fits the tables: its plan gives other types
/// (0A000), or its parameters have types for which there is no operator (42883, 42804).
pub(super) fn is_outdated(code: &str) -> bool {
    matches!(code, "0A000" | "42883" | "42804")
}

/// `UNIQUE constraint failed: c1_p.f2, c1_p.f3`: the only place where error text is read.
fn sqlite_columns(message: &str) -> UniqueColumns {
    let list = message.rsplit(": ").next().unwrap_or_default();
    let mut table = String::new();
    let columns = list
        .split(", ")
        .filter_map(|name| name.split_once('.'))
        .map(|(owner, column)| {
            owner.clone_into(&mut table);
            column.to_owned()
        })
        .collect();
    UniqueColumns { table, columns }
}

/// Our unique indexes are named `TABLE__COLUMN__COLUMN`.
fn postgres_columns(constraint: Option<&str>, table: Option<&str>) -> UniqueColumns {
    let mut parts = constraint.unwrap_or_default().split("__");
    let named = parts.next().unwrap_or_default();
    UniqueColumns {
        table: table.unwrap_or(named).to_owned(),
        columns: parts.map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_name_the_columns_of_a_unique_rule() {
        let expected = UniqueColumns {
            table: "c7_p".into(),
            columns: vec!["f3".into()],
        };
        assert_eq!(
            sqlite_columns("UNIQUE constraint failed: c7_p.f3"),
            expected
        );
        assert_eq!(postgres_columns(Some("c7_p__f3"), Some("c7_p")), expected);
    }
}
