//! Records of documents that are not complete yet: in memory up to a bound, beyond it in a file that
//! has no name any more, so that it vanishes with the process.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use serde_json::{Map, Value as Json};

use super::record::ImportRecord;

/// Bytes of records in memory, roughly.
const BOUND: usize = 32 * 1024 * 1024;

/// Keeps records until their document is complete.
#[derive(Debug)]
pub(super) struct Waiting {
    records: HashMap<String, Vec<Slot>>,
    held: usize,
    bound: usize,
    folder: PathBuf,
    file: Option<File>,
    end: u64,
}

#[derive(Debug)]
enum Slot {
    Here(Box<ImportRecord>, usize),
    There { at: u64, bytes: usize },
}

impl Waiting {
    /// Keeps nothing yet; the file, if one is needed, is made in this folder.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            records: HashMap::new(),
            held: 0,
            bound: BOUND,
            folder,
            file: None,
            end: 0,
        }
    }

    /// Keeps a record.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn push(&mut self, record: ImportRecord) -> io::Result<()> {
        let id = record.document_id.clone();
        let size = size_of_map(&record.values);
        let slot = match self.held + size > self.bound {
            false => {
                self.held += size;
                Slot::Here(Box::new(record), size)
            }
            true => self.write(&record)?,
        };
        self.records.entry(id).or_default().push(slot);
        Ok(())
    }

    /// Hands out the records of a document in the order they came.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn take(&mut self, id: &str) -> io::Result<Vec<ImportRecord>> {
        let slots = self.records.remove(id).unwrap_or_default();
        slots
            .into_iter()
            .map(|slot| match slot {
                Slot::Here(record, size) => {
                    self.held -= size;
                    Ok(*record)
                }
                Slot::There { at, bytes } => self.read(at, bytes),
            })
            .collect()
    }

    fn write(&mut self, record: &ImportRecord) -> io::Result<Slot> {
        let text = serde_json::to_vec(record)?;
        let (at, bytes) = (self.end, text.len());
        if self.file.is_none() {
            self.file = Some(self.make()?);
        }
        if let Some(file) = &self.file {
            file.write_all_at(&text, at)?;
        }
        self.end += bytes as u64;
        Ok(Slot::There { at, bytes })
    }

    fn read(&self, at: u64, bytes: usize) -> io::Result<ImportRecord> {
        let mut text = vec![0; bytes];
        if let Some(file) = &self.file {
            file.read_exact_at(&mut text, at)?;
        }
        Ok(serde_json::from_slice(&text)?)
    }

    fn make(&self) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        let name = format!(".import-{}", crate::base::ids::document_id(0));
        let path = self.folder.join(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(&path)?;
        fs::remove_file(&path)?;
        Ok(file)
    }
}

fn size_of_map(map: &Map<String, Json>) -> usize {
    let entries = map.iter();
    entries.map(|(key, value)| key.len() + size(value)).sum()
}

/// Roughly what a value takes in memory.
fn size(value: &Json) -> usize {
    const OF_ONE: usize = 64;
    OF_ONE
        + match value {
            Json::String(text) => text.len(),
            Json::Array(items) => items.iter().map(size).sum(),
            Json::Object(map) => size_of_map(map),
            _ => 0,
        }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;
    use crate::imports::record::{ImportLink, ImportStage, ImportTarget, PathStep};

    fn record(id: &str, title: &str) -> ImportRecord {
        let target = ImportTarget {
            document_id: "target".to_owned(),
            back_position: Some(1.5),
        };
        let mut values = Map::new();
        values.insert("title".to_owned(), title.into());
        ImportRecord {
            content_type: "api::note.note".to_owned(),
            document_id: id.to_owned(),
            locale: Some("en".to_owned()),
            stage: ImportStage::Published,
            values,
            relations: vec![ImportLink {
                path: vec![PathStep::Field("list".to_owned()), PathStep::Item(3)],
                targets: vec![target],
            }],
            created_at: Some("2026-01-01T00:00:00.000Z".to_owned()),
            updated_at: None,
            published_at: None,
        }
    }

    #[test]
    fn records_come_back_as_they_were_from_memory_and_from_the_file() {
        let mut waiting = Waiting::new(std::env::temp_dir());
        waiting.bound = 200;
        let records: Vec<_> = ["one", "two", "three", "four"]
            .map(|title| record("a", title))
            .into();
        for record in &records {
            waiting.push(record.clone()).unwrap();
            let mut other = record.clone();
            other.document_id = "b".to_owned();
            waiting.push(other).unwrap();
        }
        assert!(waiting.end > 0);

        assert_eq!(waiting.take("a").unwrap(), records);
        assert_eq!(waiting.take("a").unwrap(), []);
        assert_eq!(waiting.take("b").unwrap().len(), 4);
        assert_eq!(waiting.held, 0);
    }
}
