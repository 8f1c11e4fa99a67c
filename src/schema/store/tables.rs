//! The statements that make and change the tables of types ([`crate::schema::layout`]).

use crate::base::Stage;
use crate::platform::database::{Dialect, Statement};
use crate::schema::layout::{locale_table, table};
use crate::schema::{Storage, TypeId};

/// The name of a field's column.
pub(super) fn column(field: i64) -> String {
    format!("f{field}")
}

fn sql_type(dialect: Dialect, storage: Storage) -> &'static str {
    match storage {
        Storage::Integer => dialect.pick("integer", "bigint"),
        Storage::Real => dialect.pick("real", "double precision"),
        Storage::Boolean => dialect.pick("integer", "boolean"),
        _ => text(dialect),
    }
}

/// Text sorts by bytes in both databases.
fn text(dialect: Dialect) -> &'static str {
    dialect.pick("text", "text collate \"C\"")
}

/// Makes the table of one stage with a row per document.
pub(super) fn create_table(
    dialect: Dialect,
    id: TypeId,
    stage: Stage,
    columns: &[(i64, Storage)],
) -> Vec<Statement> {
    let name = table(id, stage);
    let key = format!("document_id {} not null", text(dialect));
    create(dialect, &name, &key, columns)
}

/// Makes the table of one stage with a row per document and locale.
pub(super) fn create_locale_table(
    dialect: Dialect,
    id: TypeId,
    stage: Stage,
    columns: &[(i64, Storage)],
) -> Vec<Statement> {
    let name = locale_table(id, stage);
    let (number, text) = (dialect.pick("integer", "bigint"), text(dialect));
    let key = format!("doc {number} not null, locale {text} not null");
    let mut statements = create(dialect, &name, &key, columns);
    statements.push(Statement::new(format!(
        "create unique index {name}__doc__locale on {name} (doc, locale)"
    )));
    statements
}

fn create(dialect: Dialect, name: &str, key: &str, columns: &[(i64, Storage)]) -> Vec<Statement> {
    let (number, text) = (dialect.pick("integer", "bigint"), text(dialect));
    let strict = dialect.pick(" strict", "");
    let nulls = dialect.pick("", " nulls first");
    // Short values first: a row that is filtered or sorted need not be read to the end of its texts.
    let mut columns = columns.to_vec();
    columns.sort_by_key(|(_, storage)| {
        matches!(storage, Storage::Text | Storage::Json | Storage::Items)
    });
    let fields = columns.iter().fold(String::new(), |sql, (field, storage)| {
        format!("{sql}, f{field} {}", sql_type(dialect, *storage))
    });
    vec![
        Statement::new(format!(
            "create table {name} (id {number} not null primary key, {key}, created_at {text}, \
             updated_at {text}, published_at {text}, created_by {text}, updated_by {text}{fields}){strict}"
        )),
        Statement::new(format!(
            "create index {name}_by_update on {name} (updated_at{nulls})"
        )),
        Statement::new(format!(
            "create index {name}_by_publication on {name} (published_at{nulls})"
        )),
    ]
}

/// Adds a column to a table.
pub(super) fn add_column(dialect: Dialect, table: &str, field: i64, storage: Storage) -> Statement {
    let sql_type = sql_type(dialect, storage);
    let exists = dialect.pick("", "if not exists ");
    Statement::new(format!(
        "alter table {table} add column {exists}f{field} {sql_type}"
    ))
}

/// How a column is indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indexed {
    Not,
    Plain,
    Unique,
}

/// Makes the index of a column; in a locale table it is per locale.
pub(super) fn create_index(
    dialect: Dialect,
    table: &str,
    per_locale: bool,
    field: i64,
    indexed: Indexed,
) -> Option<Statement> {
    let (kind, name) = match indexed {
        Indexed::Not => return None,
        Indexed::Plain => ("", index_name(table, per_locale, field, Indexed::Plain)),
        Indexed::Unique => (
            "unique ",
            index_name(table, per_locale, field, Indexed::Unique),
        ),
    };
    // Lists sort nulls first, as SQLite does; PostgreSQL reads an index in order only if it does too.
    let nulls = dialect.pick("", " nulls first");
    let columns = if per_locale {
        format!("locale, f{field}{nulls}")
    } else {
        format!("f{field}{nulls}")
    };
    Some(Statement::new(format!(
        "create {kind}index {name} on {table} ({columns})"
    )))
}

/// Drops both forms of a column's index.
pub(super) fn drop_indexes(table: &str, per_locale: bool, field: i64) -> Vec<Statement> {
    [Indexed::Plain, Indexed::Unique]
        .map(|indexed| {
            let name = index_name(table, per_locale, field, indexed);
            Statement::new(format!("drop index if exists {name}"))
        })
        .into()
}

/// Unique ones are named so that PostgreSQL's error tells the columns.
fn index_name(table: &str, per_locale: bool, field: i64, indexed: Indexed) -> String {
    match (indexed, per_locale) {
        (Indexed::Unique, true) => format!("{table}__locale__f{field}"),
        (Indexed::Unique, false) => format!("{table}__f{field}"),
        _ => format!("{table}_by_f{field}"),
    }
}
