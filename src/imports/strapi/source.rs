//! The opened archive: what it defines, and its records, streamed.
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::{Map, Value};

use super::archive::Archive;
use super::check::{Checked, check};
use super::entity::{EntityLine, json_error, parse};
use super::index::{Fate, NO_LOCALE, Row};
use super::lines::each_line;
use super::links::Links;
use super::map::{CHANGED, record};
use super::models::{Definition, Model, ModelKind};
use super::parts::PartKind;
use super::{ArchiveLimits, CopiedMedia, Result, StrapiError, media};
use crate::imports::record::ImportRecord;
use crate::imports::report::ImportReport;

/// A `strapi export` archive that was read and checked to its end.
#[derive(Debug)]
pub struct StrapiArchive {
    archive: Archive,
    checked: Checked,
}

/// A locale of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportLocale {
    /// Such as `en` or `pt-BR`.
    pub code: String,
    /// What editors call it.
    pub name: String,
    /// Is true for one of them.
    pub is_default: bool,
}

/// How much an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Documents of all types, files included.
    pub documents: usize,
    /// Records that [`StrapiArchive::records`] will hand over.
    pub records: usize,
    /// Links that these records hold.
    pub links: usize,
    /// Media files with their bytes, renditions included.
    pub media: u64,
}

impl StrapiArchive {
    /// Opens an archive file or an unpacked archive, and checks all of it.
    ///
    /// # Errors
    /// If it is no archive of Strapi 5, if the key is wrong, or if any part is damaged or unsafe.
    pub fn open(path: &Path, key: Option<&str>, limits: ArchiveLimits) -> Result<Self> {
        Self::open_watched(path, key, limits, |_, _| {})
    }

    /// Like [`StrapiArchive::open`]; first hands over what a progress bar needs: the bytes of the
    /// file, and a counter that says how many of them the current pass has read.
    ///
    /// # Errors
    /// As [`StrapiArchive::open`].
    pub fn open_watched(
        path: &Path,
        key: Option<&str>,
        limits: ArchiveLimits,
        watch: impl FnOnce(u64, Arc<AtomicU64>),
    ) -> Result<Self> {
        let archive = Archive::open(path, key, limits)?;
        watch(archive.size, Arc::clone(&archive.progress));
        let checked = check(&archive)?;
        Ok(Self { archive, checked })
    }

    /// The version of Strapi that wrote the archive.
    pub fn version(&self) -> &str {
        self.checked.version.as_deref().unwrap_or_default()
    }

    /// The project's own types, and its components.
    pub fn definitions(&self) -> &[Definition] {
        &self.checked.definitions
    }

    /// The locales, of which exactly one is the default; empty for projects without any.
    pub fn locales(&self) -> Vec<ImportLocale> {
        let rows = &self.checked.locales;
        let named = rows
            .iter()
            .map(|row| (row.code.as_str(), row.name.as_deref()));
        let used = self.checked.index.locale_codes().iter();
        let unnamed = used
            .filter(|code| rows.iter().all(|row| row.code != **code))
            .map(|code| (code.as_str(), None));
        let wanted = self.checked.default_locale.as_deref().unwrap_or("en");
        let mut locales: Vec<ImportLocale> = named
            .chain(unnamed)
            .map(|(code, name)| ImportLocale {
                code: code.to_owned(),
                name: name.unwrap_or(code).to_owned(),
                is_default: code == wanted,
            })
            .collect();
        if locales.iter().all(|locale| !locale.is_default)
            && let Some(first) = locales.first_mut()
        {
            first.is_default = true;
        }
        locales
    }

    /// All documents in the order of the archive, as type and id, before any record.
    ///
    /// Links may point at documents whose records come later.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &str)> {
        self.checked
            .index
            .documents()
            .iter()
            .filter_map(|document| {
                let model = self.checked.models.by_number(document.model)?;
                Some((model.uid.as_str(), std::str::from_utf8(&document.id).ok()?))
            })
    }

    /// How many records each of [`StrapiArchive::documents`] has, in the same order.
    pub fn records_of_documents(&self) -> Vec<u32> {
        let index = &self.checked.index;
        let mut counts = vec![0; index.documents().len()];
        for row in index.rows() {
            let counted = matches!(row.fate, Fate::Alone | Fate::Both);
            if let Some(count) = counts.get_mut(row.document as usize).filter(|_| counted) {
                *count += 1;
            }
        }
        counts
    }

    /// How much there is to import.
    pub fn counts(&self) -> Counts {
        let rows = self.checked.index.rows().iter();
        Counts {
            documents: self.checked.index.documents().len(),
            records: rows
                .filter(|row| matches!(row.fate, Fate::Alone | Fate::Both))
                .count(),
            links: self.checked.links.len(),
            media: self.checked.uploads.count,
        }
    }

    /// Streams the records in the order of the archive; files are records like any other.
    ///
    /// # Errors
    /// If the file changed since it was opened, or what `each` returns.
    pub fn records(
        &self,
        each: &mut dyn FnMut(
            ImportRecord,
        )
            -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>>,
    ) -> Result<()> {
        let mut rows = self.checked.index.rows().iter();
        let limit = self.archive.limits.line_bytes;
        self.archive.each_part(&mut |part, reader| {
            if rows.as_slice().is_empty() {
                return Ok(ControlFlow::Break(()));
            }
            let path = part.path.as_str();
            if part.kind == PartKind::Entities {
                each_line(path, reader, limit, &mut |number, line| match self
                    .line_record(path, number, line, &mut rows)?
                {
                    Some(record) => Ok(each(record)?),
                    None => Ok(()),
                })?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        match rows.next() {
            Some(_) => Err(StrapiError::broken(&self.archive.name(), None, CHANGED)),
            None => Ok(()),
        }
    }

    /// Builds the record of one line, unless its row is not imported or another one stands for it.
    fn line_record(
        &self,
        path: &str,
        number: u64,
        line: &str,
        rows: &mut std::slice::Iter<'_, Row>,
    ) -> Result<Option<ImportRecord>> {
        let entity: EntityLine = parse(path, number, line)?;
        let Some(model) = self
            .model(&entity.uid.0)
            .filter(|model| model.has_records())
        else {
            return Ok(None);
        };
        let row = rows
            .next()
            .filter(|row| (row.model, row.id) == (model.number, entity.id))
            .ok_or_else(|| StrapiError::broken(path, Some(number), CHANGED))?;
        if matches!(row.fate, Fate::Merged | Fate::Older) {
            return Ok(None);
        }
        let record =
            record(self, model, row, &entity).map_err(|error| json_error(path, number, &error))?;
        Ok(Some(record))
    }

    /// Copies the bytes of all media files into a folder, each synced to disk.
    ///
    /// # Errors
    /// If a file cannot be written. Files that are there already are never changed.
    pub fn copy_media(&self, folder: &Path) -> Result<CopiedMedia> {
        media::copy(&self.archive, folder)
    }

    /// Is true if the archive holds the bytes of the media file of this name (hash and extension).
    pub fn has_media(&self, name: &str) -> bool {
        self.checked.uploads.contains(name)
    }

    /// What the archive holds that is not imported.
    pub fn report(&self) -> &ImportReport {
        &self.checked.report
    }

    pub(super) fn model(&self, uid: &str) -> Option<&Model> {
        self.checked
            .models
            .get(uid)
            .filter(|model| model.kind != ModelKind::LeftOut)
    }

    pub(super) fn links(&self) -> &Links {
        &self.checked.links
    }

    pub(super) fn document_id(&self, number: u64) -> String {
        self.checked
            .index
            .document_id(number)
            .unwrap_or_default()
            .to_owned()
    }

    pub(super) fn locale_of(&self, row: &Row) -> Option<&str> {
        if row.locale == NO_LOCALE {
            None
        } else {
            self.checked.index.locale(row.locale)
        }
    }

    /// Gives a file the readable path of its folder, such as `/Press/2026`, beside `folderPath`.
    pub(super) fn name_folder(&self, row: u64, values: &mut Map<String, Value>) {
        let Checked {
            links,
            folder_paths,
            ..
        } = &self.checked;
        if let Some(path) = links
            .folders
            .get(&row)
            .and_then(|folder| folder_paths.get(folder))
        {
            values.insert("folder".to_owned(), Value::String(path.clone()));
        }
    }
}
