//! All SQL of documents: loading a whole one, and writing the difference between two.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use super::tree::{Columns, Copy, Document, Link, Row};
use crate::base::Stage;
use crate::platform::database::{
    Batch, Database, DatabaseError, Dialect, Row as DatabaseRow, Statement, Transaction, Value,
};
use crate::schema::{ContentType, Field, FieldId, Storage};

/// Links written with one statement.
const LINKS_PER_STATEMENT: usize = 500;

/// The identity row of a document.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its number.
    pub doc: i64,
    /// Its identity.
    pub document_id: String,
    /// Its type.
    pub type_id: i64,
    /// Its revision.
    pub revision: i64,
    /// When it was made.
    pub created_at: String,
    /// When it was moved to the trash.
    pub trashed_at: Option<String>,
}

const IDENTITY: &str =
    "select doc, document_id, type_id, revision, created_at, trashed_at from documents";

/// Finds a document by identity and locks it against other writers.
pub async fn find(
    tx: &mut Transaction,
    document_id: &str,
) -> Result<Option<Identity>, DatabaseError> {
    let lock = tx.dialect().pick("", " for update");
    let sql = format!("{IDENTITY} where document_id = $1{lock}");
    let row = tx
        .fetch_optional(Statement::new(sql).bind(document_id))
        .await?;
    row.as_ref().map(identity).transpose()
}

/// Finds the document of a single type, locking it.
pub async fn find_single(
    tx: &mut Transaction,
    content_type: &ContentType,
) -> Result<Option<Identity>, DatabaseError> {
    let lock = tx.dialect().pick("", " for update");
    let mut tables = content_type
        .stages()
        .iter()
        .map(|stage| format!("select id from {}", content_type.table(*stage)));
    let union = tables.by_ref().collect::<Vec<_>>().join(" union ");
    let sql = format!("{IDENTITY} where doc in ({union}) order by doc limit 1{lock}");
    let row = tx.fetch_optional(Statement::new(sql)).await?;
    row.as_ref().map(identity).transpose()
}

/// The identity of the document of a single type, without a lock.
pub async fn single_id(
    database: &Database,
    content_type: &ContentType,
) -> Result<Option<String>, DatabaseError> {
    let tables = content_type.stages().iter();
    let tables = tables.map(|stage| format!("select id from {}", content_type.table(*stage)));
    let union = tables.collect::<Vec<_>>().join(" union ");
    let sql =
        format!("select document_id from documents where doc in ({union}) order by doc limit 1");
    let row = database.fetch_optional(Statement::new(sql)).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Numbers from the shared sequence, taken in this transaction; for acts that learn only here how many they
/// need.
pub async fn take_ids(tx: &mut Transaction, count: usize) -> Result<Range<i64>, DatabaseError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let sql = "update sequences set next = next + $1 where name = 'id' returning next";
    let row = tx.fetch_optional(Statement::new(sql).bind(count)).await?;
    let end = row.ok_or(DatabaseError::Column(0))?.integer(0)?;
    Ok(end - count..end)
}

/// Keeps others from making the document of a single type until the transaction ends.
pub async fn lock_single(
    tx: &mut Transaction,
    content_type: &ContentType,
) -> Result<(), DatabaseError> {
    if tx.dialect() == Dialect::Postgres {
        let sql = "select pg_advisory_xact_lock(hashtextextended('tympan single ' || $1, 0))::text";
        let statement = Statement::new(sql).bind(content_type.id.to_string());
        tx.fetch_all(statement).await?;
    }
    Ok(())
}

/// Locks documents against other writers, in one order for all.
pub async fn lock(tx: &mut Transaction, docs: &BTreeSet<i64>) -> Result<(), DatabaseError> {
    if tx.dialect() == Dialect::Sqlite || docs.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = docs.iter().map(i64::to_string).collect();
    let statement = Statement::new(
        "select doc from documents where doc = any(string_to_array($1, ',')::bigint[]) order by doc for update",
    )
    .bind(list.join(","));
    tx.fetch_all(statement).await?;
    Ok(())
}

fn identity(row: &DatabaseRow) -> Result<Identity, DatabaseError> {
    Ok(Identity {
        doc: row.integer(0)?,
        document_id: row.text(1)?.to_owned(),
        type_id: row.integer(2)?,
        revision: row.integer(3)?,
        created_at: row.text(4)?.to_owned(),
        trashed_at: row.text_or_null(5)?.map(str::to_owned),
    })
}

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

/// The statement that makes the identity row of a new document.
pub fn insert_identity(document: &Document, author: Option<&str>) -> Statement {
    Statement::new(
        "insert into documents (doc, document_id, type_id, revision, created_at, created_by) \
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(document.doc)
    .bind(&document.document_id)
    .bind(document.type_id)
    .bind(document.revision)
    .bind(&document.created_at)
    .bind(author.map(str::to_owned))
}

/// The statement that records the new revision of a document.
pub fn update_identity(document: &Document, trashed_at: Option<&str>) -> Statement {
    Statement::new("update documents set revision = $2, trashed_at = $3 where doc = $1")
        .bind(document.doc)
        .bind(document.revision)
        .bind(trashed_at.map(str::to_owned))
}
