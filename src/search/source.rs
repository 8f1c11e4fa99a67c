//! Rows of the database as they are to be found.

use std::fmt::Write as _;

use super::mapping::{Indexed, Source, TypeMapping};
use super::text::plain;
use crate::base::Stage;
use crate::platform::database::{
    Database, DatabaseError, Dialect, Row as Stored, Statement, Value,
};
use crate::schema::layout;

/// A row of a type's table and what of it is found.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) doc: i64,
    pub(super) row: i64,
    pub(super) document_id: String,
    pub(super) locale: String,
    /// Texts and numbers in the order of the mapping's fields; empty ones are left out.
    pub(super) texts: Vec<(i64, String)>,
    /// Bytes that were read for it.
    pub(super) bytes: usize,
}

impl Row {
    /// A checksum of what is found (64-bit FNV-1a).
    pub(super) fn sum(&self) -> u64 {
        let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
        let mut add = |bytes: &[u8]| {
            for byte in bytes {
                sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        add(self.document_id.as_bytes());
        add(self.locale.as_bytes());
        for (field, text) in &self.texts {
            add(&field.to_le_bytes());
            add(text.as_bytes());
        }
        sum
    }
}

/// The documents of a type's stage after a document, in order.
pub(super) async fn documents_after(
    database: &Database,
    mapping: &TypeMapping,
    stage: Stage,
    after: i64,
    limit: u32,
) -> Result<Vec<i64>, DatabaseError> {
    let table = layout::table(mapping.id, stage);
    let sql = format!("select id from {table} where id > $1 order by id limit $2");
    let statement = Statement::new(sql).bind(after).bind(limit);
    let rows = database.fetch_all(statement).await?;
    rows.iter().map(|row| row.integer(0)).collect()
}

/// How many rows a type's stage has.
pub(super) async fn count(
    database: &Database,
    mapping: &TypeMapping,
    stage: Stage,
) -> Result<u64, DatabaseError> {
    let table = layout::table(mapping.id, stage);
    let statement = Statement::new(format!("select count(*) from {table}"));
    let row = database.fetch_optional(statement).await?;
    let count = row.map_or(Ok(0), |row| row.integer(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The rows of documents in a stage; documents that are not there have none.
pub(super) async fn rows(
    database: &Database,
    mapping: &TypeMapping,
    stage: Stage,
    docs: &[i64],
) -> Result<Vec<Row>, DatabaseError> {
    select(database, mapping, stage, "doc", docs).await
}

/// The rows of a stage with these numbers.
pub(super) async fn rows_by_number(
    database: &Database,
    mapping: &TypeMapping,
    stage: Stage,
    rows: &[i64],
) -> Result<Vec<Row>, DatabaseError> {
    select(database, mapping, stage, "id", rows).await
}

async fn select(
    database: &Database,
    mapping: &TypeMapping,
    stage: Stage,
    key: &str,
    wanted: &[i64],
) -> Result<Vec<Row>, DatabaseError> {
    let mut columns = String::new();
    for field in &mapping.fields {
        let table = if field.localized { 'l' } else { 'm' };
        let _ = write!(columns, ",{table}.f{}", field.id);
    }
    let main = layout::table(mapping.id, stage);
    let wanted = numbers(database.dialect(), wanted);
    let sql = match mapping.localized {
        true => format!(
            "select l.doc,l.id,m.document_id,l.locale{columns} from {} l cross join {main} m \
             where m.id=l.doc and l.{key} in {} order by l.doc,l.id",
            layout::locale_table(mapping.id, stage),
            wanted.0
        ),
        false => format!(
            "select m.id,m.id,m.document_id,''{} from {main} m where m.id in {} order by m.id",
            columns.replace(",l.f", ",m.f"),
            wanted.0
        ),
    };
    let stored = database
        .fetch_all(Statement::new(sql).bind(wanted.1))
        .await?;
    stored.iter().map(|stored| row(mapping, stored)).collect()
}

/// The numbers as one value, and the set it makes as SQL.
fn numbers(dialect: Dialect, numbers: &[i64]) -> (&'static str, String) {
    let list: Vec<String> = numbers.iter().map(i64::to_string).collect();
    let list = list.join(",");
    match dialect {
        Dialect::Sqlite => ("(select value from json_each($1))", format!("[{list}]")),
        Dialect::Postgres => ("(select unnest($1::text::bigint[]))", format!("{{{list}}}")),
    }
}

fn row(mapping: &TypeMapping, stored: &Stored) -> Result<Row, DatabaseError> {
    let mut texts = Vec::new();
    let mut bytes = 0;
    for (index, field) in mapping.fields.iter().enumerate() {
        let value = stored.value(index + 4)?;
        if let Value::Text(text) = value {
            bytes += text.len();
        }
        if let Some(text) = found(field, value).filter(|text| !text.trim().is_empty()) {
            texts.push((field.id, text));
        }
    }
    Ok(Row {
        doc: stored.integer(0)?,
        row: stored.integer(1)?,
        document_id: stored.text(2)?.to_owned(),
        locale: stored.text(3)?.to_owned(),
        texts,
        bytes,
    })
}

fn found(field: &Indexed, value: &Value) -> Option<String> {
    match (value, &field.source) {
        (Value::Integer(number), Source::Number) => Some(number.to_string()),
        (Value::Real(number), Source::Number) => Some(number.to_string()),
        (Value::Text(text), source) => Some(plain(source, text)),
        _ => None,
    }
}
