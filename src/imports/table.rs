//! Rows of one table, written many with one statement.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::entries::tree::Row;
use crate::platform::database::{Dialect, Statement, Value};
use crate::schema::{ContentType, Field, Storage};

/// Rows per statement; few sizes, so that statements are prepared once.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// The rows of one table.
#[derive(Debug)]
pub(super) struct Table {
    head: String,
    casts: Vec<&'static str>,
    /// The values of all rows, one row after another.
    pub(super) values: Vec<Value>,
    made: HashMap<usize, String>,
}

impl Table {
    /// A table with these columns.
    pub(super) fn new(name: &str, columns: &str, casts: &[&'static str]) -> Self {
        let width = columns.split(", ").count();
        let mut casts = casts.to_vec();
        casts.resize(width, "");
        Self {
            head: format!("into {name} ({columns}) values "),
            casts,
            values: Vec::new(),
            made: HashMap::new(),
        }
    }

    /// A table of a type: the key, the stamps and a column per field.
    pub(super) fn of_type(
        name: &str,
        key: &str,
        content_type: &ContentType,
        localized: bool,
    ) -> Self {
        let mut columns =
            format!("{key}, created_at, updated_at, published_at, created_by, updated_by");
        let mut casts = vec![""; columns.split(", ").count()];
        for field in stored(content_type, localized) {
            let _ = write!(columns, ", {}", field.column());
            casts.push(cast(field.storage()));
        }
        Self::new(name, &columns, &casts)
    }

    /// The statements that write the rows gathered so far.
    pub(super) fn take(&mut self, dialect: Dialect) -> Vec<Statement> {
        let width = self.casts.len().max(1);
        let mut values = std::mem::take(&mut self.values);
        let mut statements = Vec::new();
        for size in SIZES {
            while values.len() >= size * width {
                let rest = values.split_off(size * width);
                let sql = self.sql(dialect, size);
                statements.push(Statement::with(sql, std::mem::replace(&mut values, rest)));
            }
        }
        statements
    }

    fn sql(&mut self, dialect: Dialect, rows: usize) -> String {
        let (head, casts) = (&self.head, &self.casts);
        let make = || {
            // Whatever fails undoes the whole import, so that SQLite need not be able to undo the statement.
            let verb = dialect.pick("insert or fail ", "insert ");
            let mut sql = format!("{verb}{head}");
            let mut number = 0;
            for row in 0..rows {
                sql.push_str(if row == 0 { "(" } else { ", (" });
                for (index, cast) in casts.iter().enumerate() {
                    number += 1;
                    sql.push_str(if index == 0 { "" } else { ", " });
                    // SQLite looks a numbered placeholder up among all of them, an unnumbered one directly.
                    match dialect {
                        Dialect::Sqlite => sql.push('?'),
                        Dialect::Postgres => {
                            let _ = write!(sql, "${number}{cast}");
                        }
                    }
                }
                sql.push(')');
            }
            sql
        };
        self.made.entry(rows).or_insert_with(make).clone()
    }
}

/// Adds stamps and columns of a row; returns the bytes of its texts.
pub(super) fn fill(
    values: &mut Vec<Value>,
    content_type: &ContentType,
    localized: bool,
    mut row: Row,
) -> usize {
    let made = |text: String| (!text.is_empty()).then_some(text);
    values.extend([
        made(row.created_at).into(),
        made(row.updated_at).into(),
        row.published_at.into(),
        row.created_by.into(),
        row.updated_by.into(),
    ]);
    let mut bytes = 0;
    for field in stored(content_type, localized) {
        let value = row.columns.remove(&field.id).unwrap_or(Value::Null);
        if let Value::Text(text) = &value {
            bytes += text.len();
        }
        values.push(value);
    }
    bytes
}

/// The fields with a column in the document's row (`localized` false) or the locale's row.
fn stored(content_type: &ContentType, localized: bool) -> impl Iterator<Item = &Field> {
    let fields = content_type.fields.iter();
    fields.filter(move |field| field.storage().is_column() && field.localized == localized)
}

/// `values` of several rows take their types from the first one, which may be null.
fn cast(storage: Storage) -> &'static str {
    match storage {
        Storage::Integer => "::bigint",
        Storage::Real => "::double precision",
        Storage::Boolean => "::boolean",
        _ => "::text",
    }
}
