//! The SQL of a document's copies: loading a whole document, and writing the difference between two.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::identity::Identity;
use super::tree::{Columns, Copy, Document, Link, Row};
use crate::base::Stage;
use crate::platform::database::{
    Batch, DatabaseError, Dialect, Row as DatabaseRow, Statement, Transaction, Value,
};
use crate::schema::{ContentType, Field, FieldId, Storage};

/// Links written with one statement.
const LINKS_PER_STATEMENT: usize = 500;

/// Loads the whole document.
pub async fn load(
    tx: &mut Transaction,
    content_type: &ContentType,
    identity: &Identity,
) -> Result<Document, DatabaseError> {
    let mut document = Document {
        doc: identity.doc,
        document_id: identity.document_id.clone(),
        type_id: identity.type_id,
        revision: identity.revision,
        created_at: identity.created_at.clone(),
        draft: None,
        published: None,
    };
    for stage in content_type.stages() {
        *document.copy_mut(*stage) = load_copy(tx, content_type, *stage, identity.doc).await?;
    }
    for stage in content_type.stages() {
        if let Some(copy) = document.copy_mut(*stage) {
            copy.links = links(tx, identity.doc, *stage).await?;
        }
    }
    Ok(document)
}

/// The links a document owns in a stage, in stored order.
pub async fn links(
    tx: &mut Transaction,
    doc: i64,
    stage: Stage,
) -> Result<Vec<Link>, DatabaseError> {
    let statement = Statement::new(
        "select field, locale, item, position, target, back_position from links \
         where owner = $1 and stage = $2 order by field, locale, item, position",
    )
    .bind(doc)
    .bind(stage.number());
    tx.fetch_all(statement).await?.iter().map(link).collect()
}

fn link(row: &DatabaseRow) -> Result<Link, DatabaseError> {
    Ok(Link {
        field: FieldId(row.integer(0)?),
        locale: row.text(1)?.to_owned(),
        item: row.integer(2)?,
        position: row.integer(3)?,
        target: row.integer(4)?,
        back_position: row.integer(5)?,
    })
}

async fn load_copy(
    tx: &mut Transaction,
    content_type: &ContentType,
    stage: Stage,
    doc: i64,
) -> Result<Option<Copy>, DatabaseError> {
    let fields = columns(content_type, false);
    let sql = format!(
        "select id, '', {STAMPS}{} from {} where id = $1",
        list(&fields),
        content_type.table(stage)
    );
    let main = tx.fetch_optional(Statement::new(sql).bind(doc)).await?;
    let Some(main) = main else { return Ok(None) };
    let mut copy = Copy::default();
    let (_, row) = read_row(&main, &fields)?;
    if !content_type.localized {
        copy.rows.insert(String::new(), row);
        return Ok(Some(copy));
    }
    copy.shared = row.columns;
    let fields = columns(content_type, true);
    let sql = format!(
        "select id, locale, {STAMPS}{} from {} where doc = $1",
        list(&fields),
        content_type.locale_table(stage)
    );
    for row in tx.fetch_all(Statement::new(sql).bind(doc)).await? {
        let (locale, row) = read_row(&row, &fields)?;
        copy.rows.insert(locale, row);
    }
    Ok(Some(copy))
}

const STAMPS: &str = "created_at, updated_at, published_at, created_by, updated_by";

/// The fields with a column in the document's row (`localized` false) or the locale's row.
fn columns(content_type: &ContentType, localized: bool) -> Vec<&Field> {
    content_type
        .fields
        .iter()
        .filter(|field| field.storage().is_column() && field.localized == localized)
        .collect()
}

fn list(fields: &[&Field]) -> String {
    fields.iter().fold(String::new(), |mut sql, field| {
        let _ = write!(sql, ", f{}", field.id);
        sql
    })
}

fn read_row(row: &DatabaseRow, fields: &[&Field]) -> Result<(String, Row), DatabaseError> {
    let mut columns = Columns::new();
    for (index, field) in (7..).zip(fields) {
        let value = match (row.value(index)?, field.storage()) {
            (Value::Null, _) => continue,
            (Value::Integer(value), Storage::Boolean) => Value::Bool(*value != 0),
            (value, _) => value.clone(),
        };
        columns.insert(field.id, value);
    }
    let text = |index| Ok::<_, DatabaseError>(row.text_or_null(index)?.map(str::to_owned));
    Ok((
        row.text(1)?.to_owned(),
        Row {
            id: row.integer(0)?,
            created_at: text(2)?.unwrap_or_default(),
            updated_at: text(3)?.unwrap_or_default(),
            published_at: text(4)?,
            created_by: text(5)?,
            updated_by: text(6)?,
            columns,
        },
    ))
}

/// Adds the statements that turn the stored `before` into `after`.
pub fn save(batch: &mut Batch, content_type: &ContentType, before: &Document, after: &Document) {
    for stage in content_type.stages() {
        let writer = CopyWriter {
            content_type,
            stage: *stage,
            doc: after.doc,
            document_id: &after.document_id,
        };
        let empty = Copy::default();
        let old = before.copy(*stage).unwrap_or(&empty);
        let new = after.copy(*stage).unwrap_or(&empty);
        writer.rows(batch, old, new);
        writer.links(batch, &old.links, &new.links);
    }
}

struct CopyWriter<'a> {
    content_type: &'a ContentType,
    stage: Stage,
    doc: i64,
    document_id: &'a str,
}

impl CopyWriter<'_> {
    fn rows(&self, batch: &mut Batch, old: &Copy, new: &Copy) {
        let table = self.content_type.table(self.stage);
        if !self.content_type.localized {
            let key = "";
            self.row(batch, &table, old.rows.get(key), new.rows.get(key), false);
            return;
        }
        let as_row = |copy: &Copy| {
            (!copy.rows.is_empty()).then(|| Row {
                id: self.doc,
                columns: copy.shared.clone(),
                ..Row::default()
            })
        };
        let locale_table = self.content_type.locale_table(self.stage);
        self.row(
            batch,
            &table,
            as_row(old).as_ref(),
            as_row(new).as_ref(),
            false,
        );
        let locales: BTreeSet<&String> = old.rows.keys().chain(new.rows.keys()).collect();
        for locale in locales {
            let (old, new) = (old.rows.get(locale), new.rows.get(locale));
            match (old, new) {
                (None, Some(row)) => self.insert(batch, &locale_table, row, Some(locale)),
                _ => self.row(batch, &locale_table, old, new, true),
            }
        }
    }

    fn row(
        &self,
        batch: &mut Batch,
        table: &str,
        old: Option<&Row>,
        new: Option<&Row>,
        localized: bool,
    ) {
        match (old, new) {
            (None, Some(row)) => self.insert(batch, table, row, None),
            (Some(old), Some(new)) if old != new => {
                self.update(batch, table, old, new, localized);
            }
            (Some(row), None) => {
                let sql = format!("delete from {table} where id = $1");
                batch.push(Statement::new(sql).bind(row.id));
            }
            _ => {}
        }
    }

    fn insert(&self, batch: &mut Batch, table: &str, row: &Row, locale: Option<&String>) {
        let fields = columns(self.content_type, locale.is_some());
        let key = if locale.is_some() {
            "doc, locale"
        } else {
            "document_id"
        };
        let mut sql = format!(
            "insert into {table} (id, {key}, {STAMPS}{}) values ($1",
            list(&fields)
        );
        let mut values = vec![Value::Integer(row.id)];
        match locale {
            Some(locale) => values.extend([Value::Integer(self.doc), Value::from(locale)]),
            None => values.push(Value::from(self.document_id)),
        }
        values.extend(stamps(row));
        for index in 2..=values.len() {
            let _ = write!(sql, ", ${index}");
        }
        for field in fields {
            values.push(row.columns.get(&field.id).cloned().unwrap_or(Value::Null));
            sql.push_str(", ");
            place(&mut sql, batch.dialect(), field.storage(), values.len());
        }
        sql.push(')');
        batch.push(Statement::with(sql, values));
    }

    fn update(&self, batch: &mut Batch, table: &str, old: &Row, new: &Row, localized: bool) {
        let mut sql = format!("update {table} set ");
        let mut values = vec![Value::Integer(old.id)];
        let names = STAMPS.split(", ");
        for ((name, before), after) in names.zip(stamps(old)).zip(stamps(new)) {
            if before != after {
                values.push(after);
                let _ = write!(sql, "{name} = ${}, ", values.len());
            }
        }
        for field in columns(self.content_type, localized) {
            let value = new.columns.get(&field.id);
            if value != old.columns.get(&field.id) {
                values.push(value.cloned().unwrap_or(Value::Null));
                let _ = write!(sql, "f{} = ", field.id);
                place(&mut sql, batch.dialect(), field.storage(), values.len());
                sql.push_str(", ");
            }
        }
        if values.len() > 1 {
            sql.truncate(sql.len() - 2);
            sql.push_str(" where id = $1");
            batch.push(Statement::with(sql, values));
        }
    }

    /// Replaces each list of links that differs.
    fn links(&self, batch: &mut Batch, old: &[Link], new: &[Link]) {
        if old == new {
            return;
        }
        let lists: BTreeSet<_> = old.iter().chain(new).map(Link::list).collect();
        let mut added: Vec<&Link> = Vec::new();
        for list in lists {
            let before: Vec<&Link> = old.iter().filter(|link| link.list() == list).collect();
            let after: Vec<&Link> = new.iter().filter(|link| link.list() == list).collect();
            if before == after {
                continue;
            }
            if !before.is_empty() {
                batch.push(self.delete_links(list));
            }
            added.extend(after);
        }
        for links in added.chunks(LINKS_PER_STATEMENT) {
            batch.push(self.insert_links(links));
        }
    }

    fn delete_links(&self, (field, locale, item): (FieldId, &str, i64)) -> Statement {
        Statement::new(
            "delete from links where owner = $1 and stage = $2 and field = $3 and locale = $4 and item = $5",
        )
        .bind(self.doc)
        .bind(self.stage.number())
        .bind(field.0)
        .bind(locale)
        .bind(item)
    }

    fn insert_links(&self, links: &[&Link]) -> Statement {
        let mut sql = String::from(
            "insert into links (owner, stage, field, locale, item, position, target, back_position) values ",
        );
        let mut values = vec![Value::Integer(self.doc), self.stage.number().into()];
        for (index, link) in links.iter().enumerate() {
            let n = values.len();
            let comma = if index == 0 { "" } else { ", " };
            let _ = write!(
                sql,
                "{comma}($1, $2, ${}, ${}, ${}, ${}, ${}, ${})",
                n + 1,
                n + 2,
                n + 3,
                n + 4,
                n + 5,
                n + 6
            );
            values.push(link.field.0.into());
            values.push(link.locale.as_str().into());
            values.extend(
                [link.item, link.position, link.target, link.back_position].map(Value::from),
            );
        }
        Statement::with(sql, values)
    }
}

fn stamps(row: &Row) -> [Value; 5] {
    let made = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    [
        made(&row.created_at).into(),
        made(&row.updated_at).into(),
        row.published_at.clone().into(),
        row.created_by.clone().into(),
        row.updated_by.clone().into(),
    ]
}

/// A placeholder; PostgreSQL is told the type because a null is sent as text.
fn place(sql: &mut String, dialect: Dialect, storage: Storage, index: usize) {
    let cast = match (dialect, storage) {
        (Dialect::Sqlite, _) => "",
        (_, Storage::Integer) => "::bigint",
        (_, Storage::Real) => "::double precision",
        (_, Storage::Boolean) => "::boolean",
        _ => "",
    };
    let _ = write!(sql, "${index}{cast}");
}
