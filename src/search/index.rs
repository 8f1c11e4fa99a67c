//! One index on disk: its files, its reader and its writer.
//!
//! A commit carries the place in the change log up to which it has everything ([`Place`]), so that a process that
//! dies at any moment goes on exactly there. Entries are replaced by deleting their document first: applying a
//! change again changes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{
    Index as Files, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyDocument, Term,
};

use super::SearchError;
use super::disk::Disk;
use super::language::Language;
use super::mapping::{Kept, Mapping, Source, TOKENIZER, TypeMapping};
use super::places::{Places, identity_mark, number_mark, scope_mark};
use super::source::Row;
use super::words::IndexTokenizer;
use crate::base::Stage;
use crate::changes::Cursor;

/// Beside the index: what it was made for.
const KEPT: &str = "mapping.json";
/// Segments of one size before they are merged.
const MERGE_AT: usize = 6;
/// Deleted documents of a segment, as a part of all, before it is rewritten.
const DELETED_AT: f32 = 0.2;

/// Up to where an index has followed the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub(super) struct Place {
    pub(super) transaction: i64,
    pub(super) seq: i64,
    /// The number of the change there: another database has another one at the same place.
    pub(super) origin: i64,
}

impl Place {
    pub(super) fn cursor(self) -> Cursor {
        Cursor {
            transaction: self.transaction,
            seq: self.seq,
        }
    }

    pub(super) fn at(cursor: Cursor, origin: i64) -> Self {
        Self {
            transaction: cursor.transaction,
            seq: cursor.seq,
            origin,
        }
    }
}

/// An index that can be searched.
pub(super) struct Index {
    pub(super) folder: PathBuf,
    pub(super) files: Files,
    pub(super) reader: IndexReader,
    pub(super) places: Places,
    pub(super) kept: Kept,
    /// Whether a search found it broken.
    pub(super) broken: AtomicBool,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Index {
    /// Makes an empty index.
    pub(super) fn create(folder: &Path, mapping: &Mapping) -> Result<Self, SearchError> {
        fs::create_dir_all(folder)?;
        let kept = serde_json::to_vec(&mapping.kept).map_err(std::io::Error::from)?;
        fs::write(folder.join(KEPT), kept)?;
        let files = Files::create(
            Disk::open(folder)?,
            mapping.index_schema(),
            IndexSettings::default(),
        )?;
        Self::new(folder, files, mapping.kept.clone())
    }

    /// Opens an index after looking at every byte of it.
    pub(super) fn open(folder: &Path) -> Result<Self, SearchError> {
        let kept = fs::read(folder.join(KEPT))?;
        let kept: Kept = serde_json::from_slice(&kept)
            .map_err(|_| SearchError::Damaged(format!("{KEPT} cannot be read")))?;
        let index = Self::new(folder, Files::open(Disk::open(folder)?)?, kept)?;
        index.verify()?;
        Ok(index)
    }

    fn new(folder: &Path, files: Files, kept: Kept) -> Result<Self, SearchError> {
        let words = TextAnalyzer::builder(IndexTokenizer).build();
        files.tokenizers().register(TOKENIZER, words);
        let reader = files.reader_builder().reload_policy(ReloadPolicy::Manual);
        Ok(Self {
            folder: folder.to_owned(),
            reader: reader.try_into()?,
            places: Places::of(&files.schema())?,
            broken: AtomicBool::new(false),
            kept,
            files,
        })
    }

    /// Compares every file with its checksum.
    pub(super) fn verify(&self) -> Result<(), SearchError> {
        let missing = self.files.load_metas()?.list_segment_files();
        let mut missing = missing
            .into_iter()
            .filter(|file| is_needed(file) && !self.folder.join(file).exists());
        if let Some(file) = missing.next() {
            return Err(SearchError::Damaged(format!(
                "{} is missing",
                file.display()
            )));
        }
        match self.files.validate_checksum()?.iter().next() {
            Some(file) => {
                let message = format!("{} is not as it was written", file.display());
                Err(SearchError::Damaged(message))
            }
            None => Ok(()),
        }
    }

    /// Whether its files still lie where they were.
    pub(super) fn is_there(&self) -> bool {
        !self.broken.load(Ordering::Relaxed) && self.folder.join("meta.json").exists()
    }

    /// Up to where the last commit goes.
    pub(super) fn place(&self) -> Result<Option<Place>, SearchError> {
        let payload = self.files.load_metas()?.payload;
        Ok(payload.and_then(|payload| serde_json::from_str(&payload).ok()))
    }

    /// How many rows can be found.
    pub(super) fn rows(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// The one writer.
    pub(super) fn writer(&self, memory_mib: u32) -> Result<Writer, SearchError> {
        let memory = usize::try_from(memory_mib).unwrap_or(32) * 1024 * 1024;
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(memory)
            .build();
        let writer = self.files.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(MERGE_AT);
        policy.set_del_docs_ratio_before_merge(DELETED_AT);
        writer.set_merge_policy(Box::new(policy));
        Ok(Writer {
            writer,
            places: self.places.clone(),
        })
    }
}

/// Deletions have files of their own, which segments without any lack.
fn is_needed(file: &Path) -> bool {
    let known = ["term", "idx", "pos", "fast", "fieldnorm", "store"];
    file.extension()
        .is_some_and(|extension| known.iter().any(|known| extension == *known))
}

/// Writes an index.
pub(super) struct Writer {
    writer: IndexWriter,
    places: Places,
}

impl Writer {
    /// Forgets a document in every stage and locale.
    pub(super) fn remove(&self, doc: i64) {
        let doc = u64::try_from(doc).unwrap_or_default();
        self.writer
            .delete_term(Term::from_field_u64(self.places.doc, doc));
    }

    /// Adds a row.
    pub(super) fn add(
        &self,
        mapping: &Mapping,
        of: &TypeMapping,
        stage: Stage,
        row: &Row,
    ) -> Result<(), SearchError> {
        let number = |number| u64::try_from(number).unwrap_or_default();
        let places = &self.places;
        let mut document = TantivyDocument::default();
        document.add_u64(places.doc, number(row.doc));
        document.add_u64(places.row, number(row.row));
        document.add_u64(places.sum, row.sum());
        document.add_text(places.mark, scope_mark(stage, of.id, &row.locale));
        document.add_text(places.mark, identity_mark(stage, of.id, &row.document_id));
        let locale = match row.locale.as_str() {
            "" => &mapping.default_locale,
            locale => locale,
        };
        let marker = Language::of(locale).marker();
        for (id, text) in &row.texts {
            let field = of.fields.iter().find(|field| field.id == *id);
            if field.is_some_and(|field| field.source == Source::Number) {
                document.add_text(places.mark, number_mark(stage, *id, text));
            } else if let Some(place) = places.text(stage, *id) {
                document.add_text(place, format!("{marker}{text}"));
            }
        }
        self.writer.add_document(document)?;
        Ok(())
    }

    /// Makes everything up to a place of the log durable.
    pub(super) fn commit(&mut self, place: Place) -> Result<(), SearchError> {
        let payload = serde_json::to_string(&place).map_err(std::io::Error::from)?;
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&payload);
        commit.commit()?;
        Ok(())
    }

    /// Waits until nothing is being merged.
    pub(super) fn finish(self) -> Result<(), SearchError> {
        Ok(self.writer.wait_merging_threads()?)
    }
}
