//! Writing an origin's rows.

use super::document::{ColumnOf, Document, Line, Public, from_json, locale_columns, main_columns};
use crate::base::Stage;
use crate::platform::database::{Batch, DatabaseError, Statement, Transaction, Value};
use crate::schema::{ContentType, Schema, TypeId};

/// Links written with one statement.
const LINKS: usize = 200;

/// Puts documents in the place of what is stored of them.
pub(super) async fn documents(
    tx: &mut Transaction,
    schema: &Schema,
    documents: &[Document],
) -> Result<(), DatabaseError> {
    let known = documents.iter().filter_map(|document| {
        let one = schema.content_type_by_id(TypeId(document.type_id))?;
        Some((one.as_ref(), document))
    });
    let mut batch = Batch::new(tx.dialect());
    for (one, document) in known.clone() {
        remove(&mut batch, one, document.doc);
    }
    for (one, document) in known {
        if let Some(public) = &document.public {
            add(&mut batch, one, document.doc, public)?;
        }
    }
    tx.run(batch).await
}

fn remove(batch: &mut Batch, one: &ContentType, doc: i64) {
    for stage in one.stages() {
        let sql = format!("delete from {} where id = $1", one.table(*stage));
        batch.push(Statement::new(sql).bind(doc));
        if one.localized {
            let sql = format!("delete from {} where doc = $1", one.locale_table(*stage));
            batch.push(Statement::new(sql).bind(doc));
        }
    }
    for sql in [
        "delete from links where owner = $1 and stage = 1",
        "delete from documents where doc = $1",
    ] {
        batch.push(Statement::new(sql).bind(doc));
    }
}

fn add(
    batch: &mut Batch,
    one: &ContentType,
    doc: i64,
    public: &Public,
) -> Result<(), DatabaseError> {
    let sql = "insert into documents (doc, document_id, type_id, revision, created_at) \
               values ($1, $2, $3, $4, $5)";
    let identity = Statement::new(sql).bind(doc).bind(&public.document_id);
    batch.push(
        identity
            .bind(one.id.0)
            .bind(public.revision)
            .bind(&public.created_at),
    );
    let table = one.table(Stage::Published);
    batch.push(insert(&table, &main_columns(one), &public.main)?);
    if one.localized {
        let (table, columns) = (one.locale_table(Stage::Published), locale_columns(one));
        for row in &public.locales {
            batch.push(insert(&table, &columns, row)?);
        }
    }
    if one.draft_and_publish {
        drafts(batch, one, doc, public);
    }
    for links in public.links.chunks(LINKS) {
        batch.push(insert_links(doc, links));
    }
    Ok(())
}

/// Rows that say when drafts changed; they have no content.
fn drafts(batch: &mut Batch, one: &ContentType, doc: i64, public: &Public) {
    for (id, locale, updated_at) in &public.drafts {
        let statement = match locale.is_empty() {
            true => {
                let table = one.table(Stage::Draft);
                let sql = format!(
                    "insert into {table} (id, document_id, updated_at) values ($1, $2, $3)"
                );
                Statement::new(sql).bind(*id).bind(&public.document_id)
            }
            false => {
                let table = one.locale_table(Stage::Draft);
                let sql = format!(
                    "insert into {table} (id, doc, locale, updated_at) values ($1, $2, $3, $4)"
                );
                Statement::new(sql).bind(*id).bind(doc).bind(locale)
            }
        };
        batch.push(statement.bind(updated_at.clone()));
    }
}

fn insert(
    table: &str,
    columns: &[ColumnOf],
    row: &[serde_json::Value],
) -> Result<Statement, DatabaseError> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let places: Vec<String> = (1..=columns.len()).map(|at| format!("${at}")).collect();
    let (names, places) = (names.join(", "), places.join(", "));
    let sql = format!("insert into {table} ({names}) values ({places})");
    if row.len() != columns.len() {
        return Err(DatabaseError::Column(row.len()));
    }
    let values = row.iter().zip(columns);
    let values: Option<Vec<Value>> = values
        .map(|(value, (_, storage))| from_json(value, *storage))
        .collect();
    let values = values.ok_or(DatabaseError::Column(0))?;
    Ok(Statement::with(sql, values))
}

fn insert_links(doc: i64, links: &[(i64, String, i64, i64, i64, i64)]) -> Statement {
    let mut values: Vec<Value> = Vec::with_capacity(links.len() * 6 + 1);
    values.push(doc.into());
    let mut rows = Vec::with_capacity(links.len());
    for (field, locale, item, position, target, back) in links {
        let at = values.len();
        rows.push(format!(
            "($1, 1, ${}, ${}, ${}, ${}, ${}, ${})",
            at + 1,
            at + 2,
            at + 3,
            at + 4,
            at + 5,
            at + 6
        ));
        values.extend([Value::from(*field), locale.into()]);
        values.extend([*item, *position, *target, *back].map(Value::from));
    }
    let sql = format!(
        "insert into links (owner, stage, field, locale, item, position, target, back_position) values {}",
        rows.join(", ")
    );
    Statement::with(sql, values)
}

/// Appends lines to the node's own log.
pub(super) async fn lines(tx: &mut Transaction, lines: &[Line]) -> Result<(), DatabaseError> {
    let mut batch = Batch::new(tx.dialect());
    for line in lines {
        let sql = "insert into changes (kind, type_id, doc, document_id, locale, stage, at, origin, detail) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let statement = Statement::new(sql)
            .bind(&line.kind)
            .bind(line.type_id)
            .bind(line.doc)
            .bind(line.document_id.clone())
            .bind(&line.locale)
            .bind(line.stage);
        batch.push(
            statement
                .bind(&line.at)
                .bind(line.origin)
                .bind(line.detail.clone()),
        );
    }
    tx.run(batch).await
}
