//! Many new documents with few statements: rows are gathered by table and written many at a time.
//!
//! Only for types that hold nothing yet: then no row can meet a value that must be unique, except one
//! of the source itself, which is found here before the database sees it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::error::ImportError;
use super::target::Target;
use crate::base::Stage;
use crate::changes::ChangeKind;
use crate::entries::tree::{Copy, Document, Link, Row};
use crate::entries::versions;
use crate::platform::database::{Dialect, Statement, Value};
use crate::schema::{ContentType, Field, FieldKind, Storage, TypeId};

/// Documents written together.
const DOCUMENTS: usize = 64;
/// Bytes of text after which fewer documents are written together.
const BYTES: usize = 1 << 20;
/// Rows per statement; few sizes, so that statements are prepared once.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Gathers the rows of new documents.
#[derive(Debug)]
pub(super) struct Bulk {
    target: Target,
    tables: Vec<Table>,
    places: HashMap<Key, usize>,
    documents: usize,
    bytes: usize,
    unique: HashSet<u64>,
}

/// Which table rows belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Documents,
    Shared(TypeId, Stage),
    Locale(TypeId, Stage),
    Links,
    Versions,
    Changes,
}

/// The rows of one table.
#[derive(Debug)]
struct Table {
    head: String,
    casts: Vec<&'static str>,
    values: Vec<Value>,
    made: HashMap<usize, String>,
}

impl Bulk {
    /// Gathers nothing yet.
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            tables: Vec::new(),
            places: HashMap::new(),
            documents: 0,
            bytes: 0,
            unique: HashSet::new(),
        }
    }

    /// Adds a new document.
    ///
    /// # Errors
    /// When a value that must be unique came before.
    pub(super) fn add(
        &mut self,
        content_type: &ContentType,
        mut document: Document,
    ) -> Result<(), ImportError> {
        self.target.complete(&mut document);
        document.revision = 1;
        self.identity(&document);
        self.version(content_type, &document);
        self.change(&document);
        for stage in content_type.stages() {
            if let Some(copy) = document.copy_mut(*stage).take() {
                self.check_unique(content_type, &document, *stage, &copy)?;
                self.copy(content_type, &document, *stage, copy);
            }
        }
        self.documents += 1;
        Ok(())
    }

    /// Whether it is time to write.
    pub(super) fn is_full(&self) -> bool {
        self.documents >= DOCUMENTS || self.bytes >= BYTES
    }

    /// The statements that write what was gathered, and how many documents they hold.
    pub(super) fn take(&mut self) -> (usize, Vec<Statement>) {
        let dialect = self.target.dialect;
        let statements = self.tables.iter_mut().flat_map(|table| table.take(dialect));
        let statements = statements.collect();
        self.bytes = 0;
        (std::mem::take(&mut self.documents), statements)
    }

    fn table(&mut self, key: Key, make: impl FnOnce() -> Table) -> &mut Vec<Value> {
        let next = self.tables.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.tables.push(make());
        }
        &mut self.tables[place].values
    }

    fn identity(&mut self, document: &Document) {
        let author = Value::from(self.target.author.as_str());
        let columns = "doc, document_id, type_id, revision, created_at, created_by";
        let values = self.table(Key::Documents, || Table::new("documents", columns, &[]));
        values.extend([
            document.doc.into(),
            document.document_id.as_str().into(),
            document.type_id.into(),
            document.revision.into(),
            document.created_at.as_str().into(),
            author,
        ]);
    }

    fn copy(&mut self, content_type: &ContentType, document: &Document, stage: Stage, copy: Copy) {
        if content_type.localized {
            let shared = Row {
                id: document.doc,
                columns: copy.shared,
                ..Row::default()
            };
            self.shared(content_type, document, stage, shared);
            for (locale, row) in copy.rows {
                self.locale(content_type, document, stage, locale, row);
            }
        } else {
            for row in copy.rows.into_values() {
                self.shared(content_type, document, stage, row);
            }
        }
        for link in copy.links {
            self.link(document, stage, link);
        }
    }

    fn shared(&mut self, content_type: &ContentType, document: &Document, stage: Stage, row: Row) {
        let make = || {
            let table = content_type.table(stage);
            Table::of_type(&table, "id, document_id", content_type, false)
        };
        let values = self.table(Key::Shared(content_type.id, stage), make);
        values.extend([row.id.into(), document.document_id.as_str().into()]);
        let bytes = fill(values, content_type, false, row);
        self.bytes += bytes;
    }

    fn locale(
        &mut self,
        content_type: &ContentType,
        document: &Document,
        stage: Stage,
        locale: String,
        row: Row,
    ) {
        let make = || {
            let table = content_type.locale_table(stage);
            Table::of_type(&table, "id, doc, locale", content_type, true)
        };
        let values = self.table(Key::Locale(content_type.id, stage), make);
        values.extend([row.id.into(), document.doc.into(), locale.into()]);
        let bytes = fill(values, content_type, true, row);
        self.bytes += bytes;
    }

    fn link(&mut self, document: &Document, stage: Stage, link: Link) {
        let columns = "owner, stage, field, locale, item, position, target, back_position";
        let values = self.table(Key::Links, || Table::new("links", columns, &[]));
        values.extend([
            document.doc.into(),
            stage.number().into(),
            link.field.0.into(),
            link.locale.into(),
            link.item.into(),
            link.position.into(),
            link.target.into(),
            link.back_position.into(),
        ]);
    }

    fn version(&mut self, content_type: &ContentType, document: &Document) {
        let content = versions::working_copy(content_type, document).map(versions::snapshot);
        let content = content.unwrap_or_default();
        self.bytes += content.len();
        let (author, at) = self.author_and_time();
        let columns = "doc, number, action, locale, author, at, content";
        let values = self.table(Key::Versions, || Table::new("versions", columns, &[]));
        values.extend([
            document.doc.into(),
            document.revision.into(),
            ChangeKind::Create.name().into(),
            "".into(),
            author,
            at,
            content.into(),
        ]);
    }

    fn change(&mut self, document: &Document) {
        let stage = match document.published {
            Some(_) => Stage::Published,
            None => Stage::Draft,
        };
        let (author, at) = self.author_and_time();
        let columns = "kind, type_id, doc, document_id, locale, stage, author, at";
        let values = self.table(Key::Changes, || Table::new("changes", columns, &[]));
        values.extend([
            ChangeKind::Create.name().into(),
            document.type_id.into(),
            document.doc.into(),
            document.document_id.as_str().into(),
            "".into(),
            stage.number().into(),
            author,
            at,
        ]);
    }

    fn author_and_time(&self) -> (Value, Value) {
        (
            self.target.author.as_str().into(),
            self.target.at.as_str().into(),
        )
    }

    /// Notes values that must be unique, and finds those that came before.
    fn check_unique(
        &mut self,
        content_type: &ContentType,
        document: &Document,
        stage: Stage,
        copy: &Copy,
    ) -> Result<(), ImportError> {
        for field in content_type.fields.iter().filter(|field| is_unique(field)) {
            let shared = copy.shared.get(&field.id).map(|value| ("", value));
            let of_rows = copy.rows.iter().filter_map(|(locale, row)| {
                row.columns
                    .get(&field.id)
                    .map(|value| (locale.as_str(), value))
            });
            for (locale, value) in shared.into_iter().chain(of_rows) {
                let mut hasher = DefaultHasher::new();
                (field.id, stage, locale).hash(&mut hasher);
                format!("{value:?}").hash(&mut hasher);
                if !self.unique.insert(hasher.finish()) {
                    return Err(repeated(content_type, document, field, value));
                }
            }
        }
        Ok(())
    }
}

fn is_unique(field: &Field) -> bool {
    field.storage().is_column() && (field.unique || matches!(field.kind, FieldKind::Uid(_)))
}

fn repeated(
    content_type: &ContentType,
    document: &Document,
    field: &Field,
    value: &Value,
) -> ImportError {
    let shown = match value {
        Value::Text(text) => format!("\"{text}\""),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        _ => "it".to_owned(),
    };
    ImportError::Conflict {
        place: format!(
            "{} {} attribute `{}`",
            content_type.uid, document.document_id, field.name
        ),
        problem: format!(
            "{shown} must be unique and an earlier document of the source has it too; change one of \
             them there and import again"
        ),
    }
}

/// Adds stamps and columns of a row; returns the bytes of its texts.
fn fill(
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

impl Table {
    fn new(name: &str, columns: &str, casts: &[&'static str]) -> Self {
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

    fn of_type(name: &str, key: &str, content_type: &ContentType, localized: bool) -> Self {
        let mut columns =
            format!("{key}, created_at, updated_at, published_at, created_by, updated_by");
        let mut casts = vec![""; columns.split(", ").count()];
        for field in stored(content_type, localized) {
            let _ = write!(columns, ", {}", field.column());
            casts.push(cast(field.storage()));
        }
        Self::new(name, &columns, &casts)
    }

    fn take(&mut self, dialect: Dialect) -> Vec<Statement> {
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

/// `values` of several rows take their types from the first one, which may be null.
fn cast(storage: Storage) -> &'static str {
    match storage {
        Storage::Integer => "::bigint",
        Storage::Real => "::double precision",
        Storage::Boolean => "::boolean",
        _ => "::text",
    }
}
