//! The one transaction of an import.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc::{self, Receiver};

use super::bulk::Bulk;
use super::error::ImportError;
use super::known::{Documents, Named};
use super::produce::{Produced, Producer, Source, WAITING};
use super::report::ImportReport;
use super::target::Target;
use super::waiting::Waiting;
use super::{Imported, Progress, align, exclusive};
use crate::base::clock;
use crate::entries::identity::{self, Identity};
use crate::entries::store;
use crate::entries::tree::Document;
use crate::platform::database::{
    Batch, Database, DatabaseError, Dialect, Statement, Transaction, UniqueColumns,
};
use crate::schema::{ContentType, FieldId, Schema, TypeId, TypeKind};

/// Receives how far the import is.
pub(super) type Watch = Arc<dyn Fn(Progress) + Send + Sync>;
/// Documents between two reports of progress.
const STEP: u64 = 100;

/// Writes all documents of a source in one transaction.
pub(super) async fn write<S: Source>(
    database: &Database,
    schema: Arc<Schema>,
    source: S,
    author: &str,
    watch: Watch,
) -> Result<Imported, ImportError> {
    let ms = clock::now_ms();
    let target = Target {
        dialect: database.dialect(),
        author: author.to_owned(),
        at: clock::stamp(ms),
        ms,
    };
    let named = source.documents()?;
    database
        .write(move |tx| {
            Box::pin(async move {
                tx.take_time().await?;
                check_schema(tx, &schema).await?;
                check_single(tx, &schema, &named).await?;
                let total = named.len() as u64;
                let next = first_free(tx).await?;
                let documents = Documents::find(tx, &schema, named, next).await?;
                let empty = empty_types(tx, &schema).await?;
                let (sender, receiver) = mpsc::channel(WAITING);
                let producer = Producer {
                    schema: Arc::clone(&schema),
                    documents,
                    target: target.clone(),
                    bulk: Bulk::new(target.clone()),
                    empty,
                    sender,
                    report: ImportReport::default(),
                    waiting: Waiting::new(source.scratch()),
                };
                tokio::task::spawn_blocking(move || producer.run(&source));
                let mut writer = Writer {
                    tx,
                    schema: &schema,
                    target: &target,
                    imported: Imported::default(),
                    progress: Progress {
                        what: "documents",
                        done: 0,
                        total,
                    },
                    watch,
                };
                writer.receive(receiver).await?;
                Ok(writer.imported)
            })
        })
        .await
}

struct Writer<'t> {
    tx: &'t mut Transaction,
    schema: &'t Schema,
    target: &'t Target,
    imported: Imported,
    progress: Progress,
    watch: Watch,
}

impl Writer<'_> {
    async fn receive(&mut self, mut receiver: Receiver<Produced>) -> Result<(), ImportError> {
        while let Some(produced) = receiver.recv().await {
            match produced {
                Produced::Many(documents, statements) => {
                    for statement in statements {
                        self.tx.execute(statement).await?;
                    }
                    self.imported.created += documents as u64;
                    self.progress.done += documents as u64;
                    self.report_progress(true);
                    continue;
                }
                Produced::New(content_type, id, batch) => {
                    self.run(&content_type, &id, batch).await?;
                    self.imported.created += 1;
                }
                Produced::Stored(content_type, identity, document) => {
                    self.update(&content_type, &identity, *document).await?;
                }
                Produced::InTrash => {}
                Produced::Failed(error) => return Err(error),
                Produced::End(documents, report) => {
                    self.imported.report.merge(report);
                    self.report_progress(true);
                    if !documents.are_alone() {
                        let report = &mut self.imported.report;
                        exclusive::settle(self.tx, self.schema, &documents.numbers(), report)
                            .await?;
                    }
                    return Ok(set_next(self.tx, documents.next).await?);
                }
            }
            self.progress.done += 1;
            self.report_progress(false);
        }
        Err(ImportError::Stopped)
    }

    fn report_progress(&self, last: bool) {
        if last || self.progress.done.is_multiple_of(STEP) {
            (self.watch)(self.progress);
        }
    }

    async fn update(
        &mut self,
        content_type: &ContentType,
        identity: &Identity,
        mut after: Document,
    ) -> Result<(), ImportError> {
        let before = store::load(self.tx, content_type, identity).await?;
        align::align((self.schema, content_type), &before, &mut after);
        if before.draft == after.draft && before.published == after.published {
            self.imported.unchanged += 1;
            return Ok(());
        }
        self.imported.updated += 1;
        let what = "documents that differed here, set to what the source says";
        let place = || format!("{} {}", content_type.uid, identity.document_id);
        self.imported.report.add(what, place);
        let batch = self.target.update(content_type, &before, &mut after);
        self.run(content_type, &after.document_id, batch).await
    }

    async fn run(
        &mut self,
        content_type: &ContentType,
        id: &str,
        batch: Batch,
    ) -> Result<(), ImportError> {
        let result = self.tx.run(batch).await;
        result.map_err(|error| match error {
            DatabaseError::Unique(unique) => taken(content_type, id, &unique),
            DatabaseError::Missing(_) => ImportError::SchemaChanged,
            other => ImportError::Database(other),
        })
    }
}

fn taken(content_type: &ContentType, id: &str, unique: &UniqueColumns) -> ImportError {
    let ids = unique.columns.iter();
    let mut ids = ids.filter_map(|column| column.strip_prefix('f')?.parse().ok().map(FieldId));
    let field = ids.find_map(|id| content_type.field_by_id(id));
    let place = match field {
        Some(field) => format!("{} {id} attribute `{}`", content_type.uid, field.name),
        None => format!("{} {id}", content_type.uid),
    };
    ImportError::Conflict {
        place,
        problem:
            "its value must be unique and another document has it already; change it there or \
                  in the source, and import again"
                .to_owned(),
    }
}

/// Nobody may change the schema until the import is done.
async fn check_schema(tx: &mut Transaction, schema: &Schema) -> Result<(), ImportError> {
    if tx.dialect() == Dialect::Postgres {
        // The lock that every write shares and schema changes take alone.
        let lock = "select pg_advisory_xact_lock_shared(8401226355)::text";
        tx.fetch_all(Statement::new(lock)).await?;
    }
    let sql = "select cast(value as bigint) from settings where name = 'schema_generation'";
    let row = tx.fetch_optional(Statement::new(sql)).await?;
    let generation = row.map_or(Ok(1), |row| row.integer(0))?;
    match generation == schema.generation {
        true => Ok(()),
        false => Err(ImportError::SchemaChanged),
    }
}

/// A single type holds one document, which must be the one of the source.
async fn check_single(
    tx: &mut Transaction,
    schema: &Schema,
    named: &[Named],
) -> Result<(), ImportError> {
    for (uid, id, _) in named {
        let Some(content_type) = schema.content_type(uid) else {
            continue;
        };
        if content_type.kind != TypeKind::Single {
            continue;
        }
        let Some(found) = identity::find_single(tx, content_type).await? else {
            continue;
        };
        if found.document_id != *id && found.trashed_at.is_none() {
            return Err(ImportError::Conflict {
                place: format!("{uid} {id}"),
                problem: format!(
                    "the single entry exists here as {}; delete it and import again",
                    found.document_id
                ),
            });
        }
    }
    Ok(())
}

/// The types without any document.
async fn empty_types(
    tx: &mut Transaction,
    schema: &Schema,
) -> Result<HashSet<TypeId>, DatabaseError> {
    let mut empty = HashSet::new();
    for content_type in schema.types() {
        let mut used = false;
        for stage in content_type.stages() {
            let sql = format!("select 1 from {} limit 1", content_type.table(*stage));
            used |= tx.fetch_optional(Statement::new(sql)).await?.is_some();
        }
        if !used {
            empty.insert(content_type.id);
        }
    }
    Ok(empty)
}

/// The next free number. The row stays locked, so that nobody else takes numbers until the end.
async fn first_free(tx: &mut Transaction) -> Result<i64, DatabaseError> {
    let lock = tx.dialect().pick("", " for update");
    let sql = format!("select next from sequences where name = 'id'{lock}");
    let row = tx.fetch_optional(Statement::new(sql)).await?;
    row.map_or(Err(DatabaseError::Column(0)), |row| row.integer(0))
}

async fn set_next(tx: &mut Transaction, next: i64) -> Result<(), DatabaseError> {
    let sql = "update sequences set next = $1 where name = 'id'";
    tx.execute(Statement::new(sql).bind(next)).await?;
    Ok(())
}
