//! The reading thread: records come in, whole documents go out.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::bulk::Bulk;
use super::convert::Converter;
use super::error::ImportError;
use super::known::{Documents, Named};
use super::record::ImportRecord;
use super::report::ImportReport;
use super::target::Target;
use super::waiting::Waiting;
use crate::entries::identity::Identity;
use crate::entries::tree::Document;
use crate::platform::database::{Batch, Statement};
use crate::schema::{ContentType, Schema, TypeId};

/// What may wait for the database; one is a document or a heap of them.
pub(super) const WAITING: usize = 4;

/// Why a reader has to stop: the writer is gone, or a record is impossible.
pub(super) type Stop = Box<dyn std::error::Error + Send + Sync>;

/// Where records come from, already checked to the end.
pub(super) trait Source: Send + 'static {
    /// A folder on disk for what does not fit into memory.
    fn scratch(&self) -> PathBuf;

    /// Every document: type, id, and number of records.
    fn documents(&self) -> Result<Vec<Named>, ImportError>;

    /// Hands over every record.
    fn records(
        &self,
        report: &mut ImportReport,
        each: &mut dyn FnMut(ImportRecord) -> Result<(), Stop>,
    ) -> Result<(), ImportError>;
}

/// What the reading thread hands to the writer.
pub(super) enum Produced {
    /// Documents that are new, of types that held none.
    Many(usize, Vec<Statement>),
    /// A document that is new, as statements.
    New(Arc<ContentType>, String, Batch),
    /// A document that is stored already.
    Stored(Arc<ContentType>, Identity, Box<Document>),
    /// A document of the source that lies in the trash here.
    InTrash,
    /// Everything was read: the documents of the source, and what was not taken over.
    End(Box<Documents>, ImportReport),
    /// Reading failed.
    Failed(ImportError),
}

/// Turns records into documents.
pub(super) struct Producer {
    pub(super) schema: Arc<Schema>,
    pub(super) documents: Documents,
    pub(super) target: Target,
    pub(super) bulk: Bulk,
    /// Types without any document.
    pub(super) empty: HashSet<TypeId>,
    pub(super) sender: Sender<Produced>,
    pub(super) report: ImportReport,
    /// Records of documents that are not complete yet.
    pub(super) waiting: Waiting,
}

impl Producer {
    /// Reads everything; the last thing sent is [`Produced::End`] or [`Produced::Failed`].
    pub(super) fn run(mut self, source: &impl Source) {
        let mut report = ImportReport::default();
        let result = source.records(&mut report, &mut |record| self.record(record));
        self.report.merge(report);
        let result = result.and_then(|()| self.flush().map_err(|_| ImportError::Stopped));
        let last = match result {
            Ok(()) => Produced::End(Box::new(self.documents), self.report),
            Err(error) => Produced::Failed(error),
        };
        // The writer is gone only if it has failed itself.
        let _ = self.sender.blocking_send(last);
    }

    fn record(&mut self, record: ImportRecord) -> Result<(), Stop> {
        let id = record.document_id.as_str();
        let Some(left) = self.documents.see(id) else {
            return Err(format!("document {id} was not announced; import again").into());
        };
        if left > 0 {
            return Ok(self.waiting.push(record)?);
        }
        let mut records = self.waiting.take(id)?;
        records.push(record);
        self.complete(records)
    }

    fn complete(&mut self, records: Vec<ImportRecord>) -> Result<(), Stop> {
        let Some((uid, id)) = records
            .first()
            .map(|first| (first.content_type.clone(), first.document_id.clone()))
        else {
            return Ok(());
        };
        let Some(content_type) = self.schema.content_type(&uid).cloned() else {
            self.report.add(
                &format!("documents of {uid}, a type that does not exist, left out"),
                || id,
            );
            return Ok(());
        };
        let Some((doc, stored)) = self
            .documents
            .get(&id)
            .map(|known| (known.doc, known.stored.clone()))
        else {
            return Ok(());
        };
        if stored
            .as_ref()
            .is_some_and(|stored| stored.trashed_at.is_some())
        {
            let what =
                "documents that are in the trash here, left there; restore them and import again";
            self.report.add(what, || format!("{uid} {id}"));
            return self.send(Produced::InTrash);
        }
        let mut converter = Converter {
            schema: &self.schema,
            documents: &mut self.documents,
            report: &mut self.report,
            author: &self.target.author,
        };
        let mut document = converter.document(&content_type, doc, records);
        match stored {
            Some(stored) => self.send(Produced::Stored(content_type, stored, Box::new(document))),
            None if self.empty.contains(&content_type.id) => {
                self.bulk.add(&content_type, document)?;
                if self.bulk.is_full() {
                    self.flush()?;
                }
                Ok(())
            }
            None => {
                let batch = self.target.create(&content_type, &mut document);
                self.send(Produced::New(content_type, id, batch))
            }
        }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let (documents, statements) = self.bulk.take();
        self.send(Produced::Many(documents, statements))
    }

    fn send(&self, produced: Produced) -> Result<(), Stop> {
        self.sender
            .blocking_send(produced)
            .map_err(|_| Stop::from("the writer has stopped"))
    }
}
