//! Many new documents with few statements: rows are gathered by table and written many at a time.
//!
//! Only for types that hold nothing yet: then no row can meet a value that must be unique, except one
//! of the source itself, which is found here before the database sees it.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::error::ImportError;
use super::table::{Table, fill};
use super::target::Target;
use crate::base::Stage;
use crate::changes::ChangeKind;
use crate::entries::tree::{Copy, Document, Link, Row};
use crate::entries::versions;
use crate::platform::database::{Statement, Value};
use crate::schema::{ContentType, Field, FieldKind, TypeId};

/// Documents written together.
const DOCUMENTS: usize = 64;
/// Bytes of text after which fewer documents are written together.
const BYTES: usize = 1 << 20;

/// Gathers the rows of new documents.
#[derive(Debug)]
pub(super) struct Bulk {
    target: Target,
    tables: HashMap<Key, Table>,
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

impl Bulk {
    /// Gathers nothing yet.
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            tables: HashMap::new(),
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
        let statements = self
            .tables
            .values_mut()
            .flat_map(|table| table.take(dialect));
        let statements = statements.collect();
        self.bytes = 0;
        (std::mem::take(&mut self.documents), statements)
    }

    fn table(&mut self, key: Key, make: impl FnOnce() -> Table) -> &mut Vec<Value> {
        &mut self.tables.entry(key).or_insert_with(make).values
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
