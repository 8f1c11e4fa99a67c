//! The first pass: every part is read to its end and every line parsed, before anything is used.
//!
//! Strapi writes schemas, entities and links in this order; an archive that was packed again in
//! another order is read twice.
use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow::Continue;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::archive::Archive;
use super::entity::{EntityLine, LocaleRow, Text, parse};
use super::fingerprint::outline;
use super::index::Index;
use super::library::{FileName, Folder, Uploads, folder_paths};
use super::lines::each_line;
use super::links::{LinkLine, Links};
use super::metadata::{read_version, small_text};
use super::models::{Definition, ModelKind, Models, read_schemas};
use super::parts::{Part, PartKind};
use super::{Result, StrapiError};
use crate::imports::report::ImportReport;

/// Bytes of all schemas together.
const SCHEMA_BYTES: usize = 64 * 1024 * 1024;
/// Types and components.
const SCHEMAS: usize = 10_000;
/// Locales and folders of the media library.
const SMALL_ROWS: usize = 100_000;

/// What the first pass learns.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) version: Option<String>,
    pub(super) definitions: Vec<Definition>,
    pub(super) models: Models,
    pub(super) index: Index,
    pub(super) links: Links,
    pub(super) locales: Vec<LocaleRow>,
    pub(super) default_locale: Option<String>,
    folders: BTreeMap<u64, Folder>,
    /// Readable paths of the media folders, such as `/Press/2026`, by row id.
    pub(super) folder_paths: BTreeMap<u64, String>,
    pub(super) uploads: Uploads,
    pub(super) report: ImportReport,
}

/// Reads the whole archive.
pub(super) fn check(archive: &Archive) -> Result<Checked> {
    let mut pass = Pass {
        line_bytes: archive.limits.line_bytes,
        ..Pass::default()
    };
    archive.each_part(&mut |part, reader| pass.part(part, reader).map(Continue))?;
    let Some(version) = pass.checked.version.clone() else {
        let problem = "metadata.json, which Strapi writes last, is missing; the file was cut off";
        return Err(StrapiError::broken(&archive.name(), None, problem));
    };
    if !version.starts_with("5.") {
        return Err(StrapiError::Version(version.chars().take(40).collect()));
    }
    if pass.schemas.is_empty() {
        return Err(StrapiError::broken(
            &archive.name(),
            None,
            "it has no schemas",
        ));
    }
    if pass.schemas_late {
        pass.again();
        archive.each_part(&mut |part, reader| pass.part(part, reader).map(Continue))?;
    }
    pass.finish()
}

#[derive(Debug, Default)]
struct Pass {
    checked: Checked,
    line_bytes: usize,
    schemas: BTreeMap<String, Map<String, Value>>,
    schema_bytes: usize,
    /// The schemas are complete as far as is known.
    schemas_ready: bool,
    /// Schemas came after parts that need them.
    schemas_late: bool,
    /// Rows and links are read a second time.
    repeated: bool,
    left_out: BTreeMap<String, u64>,
    row_report: ImportReport,
}

impl Pass {
    fn part(&mut self, part: &Part, reader: &mut dyn Read) -> Result<()> {
        let path = part.path.as_str();
        match part.kind {
            PartKind::Entities | PartKind::Links => self.use_schemas(),
            _ if self.repeated => return Ok(()),
            PartKind::Schemas => self.schemas_late |= self.schemas_ready,
            _ => {}
        }
        let limit = self.line_bytes;
        match part.kind {
            PartKind::Metadata => self.checked.version = Some(read_version(path, reader)?),
            PartKind::Schemas => each_line(path, reader, limit, &mut |number, line| {
                self.schema(path, number, line)
            })?,
            PartKind::Entities => each_line(path, reader, limit, &mut |number, line| {
                self.entity(path, number, line)
            })?,
            PartKind::Links => each_line(path, reader, limit, &mut |number, line| {
                let link: LinkLine = parse(path, number, line)?;
                let Checked { links, models, .. } = &mut self.checked;
                links.add(models, &link, &mut self.row_report);
                Ok(())
            })?,
            PartKind::Configuration => each_line(path, reader, limit, &mut |number, line| {
                self.configuration(path, number, line)
            })?,
            PartKind::UploadMetadata => {
                let text = small_text(path, reader)?;
                parse::<IgnoredAny>(path, 1, &text)?;
            }
            PartKind::Upload => {
                self.checked.uploads.add(part.name());
            }
            PartKind::Unknown => {
                self.checked
                    .report
                    .add("entries of unknown kind, left out", || path.to_owned());
            }
        }
        Ok(())
    }

    fn schema(&mut self, path: &str, number: u64, line: &str) -> Result<()> {
        let broken = |problem: &str| StrapiError::broken(path, Some(number), problem);
        self.schema_bytes += line.len();
        if self.schema_bytes > SCHEMA_BYTES || self.schemas.len() >= SCHEMAS {
            return Err(broken("there are too many or too large schemas"));
        }
        let schema: Map<String, Value> = parse(path, number, line)?;
        let uid = schema.get("uid").and_then(Value::as_str);
        let uid = uid
            .ok_or_else(|| broken("the schema has no uid"))?
            .to_owned();
        if !schema.get("attributes").is_some_and(Value::is_object) {
            return Err(broken("the schema has no attributes"));
        }
        if self.schemas.insert(uid, schema).is_some() {
            return Err(broken("the uid comes twice"));
        }
        Ok(())
    }

    fn use_schemas(&mut self) {
        if !self.schemas_ready {
            self.schemas_ready = true;
            let checked = &mut self.checked;
            (checked.definitions, checked.models) =
                read_schemas(&self.schemas, &mut self.row_report);
        }
    }

    fn entity(&mut self, path: &str, number: u64, line: &str) -> Result<()> {
        let entity: EntityLine = parse(path, number, line)?;
        let Checked {
            models,
            index,
            locales,
            folders,
            uploads,
            ..
        } = &mut self.checked;
        let uid = entity.uid.0.as_ref();
        let data = entity.data.get();
        if let Some(model) = models.get(uid).filter(|model| model.has_records()) {
            let outline = outline(models, model, entity.data)
                .map_err(|error| super::entity::json_error(path, number, &error))?;
            for (key, count) in &outline.unknown {
                let what = "values of fields that the schema does not know, left out";
                self.row_report.add_many(what, *count, || key.clone());
            }
            if outline.passwords > 0 {
                let what = "passwords, of which Strapi keeps only a hash, left out";
                self.row_report
                    .add_many(what, outline.passwords, || uid.to_owned());
            }
            if model.kind == ModelKind::File {
                uploads.expect(entity.id, &parse::<FileName>(path, number, data)?);
            }
            return index
                .add(model, entity.id, &outline, &mut self.row_report)
                .map_err(|problem| StrapiError::broken(path, Some(number), problem));
        }
        if locales.len() >= SMALL_ROWS || folders.len() >= SMALL_ROWS {
            return Err(StrapiError::broken(
                path,
                Some(number),
                "there are too many rows",
            ));
        }
        match uid {
            "plugin::i18n.locale" => locales.push(parse(path, number, data)?),
            "plugin::upload.folder" => {
                folders.insert(entity.id, parse(path, number, data)?);
            }
            // A hostile archive may name a type per line.
            _ if self.left_out.len() < 1000 || self.left_out.contains_key(uid) => {
                *self.left_out.entry(uid.to_owned()).or_default() += 1;
            }
            _ => *self.left_out.entry("others".to_owned()).or_default() += 1,
        }
        Ok(())
    }

    fn configuration(&mut self, path: &str, number: u64, line: &str) -> Result<()> {
        #[derive(Deserialize)]
        struct Line<'l> {
            #[serde(rename = "type", borrow)]
            kind: Text<'l>,
            value: Value,
        }
        let line: Line = parse(path, number, line)?;
        let setting = |key: &str| line.value.get(key).and_then(Value::as_str);
        if setting("key") == Some("plugin_i18n_default_locale") {
            self.checked.default_locale =
                setting("value").map(|code| code.trim_matches('"').to_owned());
        }
        if line.kind.0 == "webhook" {
            self.checked.report.add("webhooks, not imported", || {
                setting("name").unwrap_or_default().to_owned()
            });
        }
        Ok(())
    }

    /// Forgets rows and links, which were read with too few schemas.
    fn again(&mut self) {
        self.repeated = true;
        self.schemas_ready = false;
        self.row_report = ImportReport::default();
        self.left_out = BTreeMap::new();
        let checked = &mut self.checked;
        checked.index = Index::default();
        checked.links = Links::default();
        checked.uploads.again();
        checked.locales = Vec::new();
        checked.folders = BTreeMap::new();
    }

    fn finish(mut self) -> Result<Checked> {
        self.use_schemas();
        let report = &mut self.checked.report;
        report.merge(self.row_report);
        for row in self.checked.uploads.missing() {
            report.add("media files whose bytes are not in the archive", || {
                format!("row {row}")
            });
        }
        for (uid, count) in self.left_out {
            let what = format!("entries of {uid}, not imported");
            report.add_many(&what, count, String::new);
        }
        self.checked.folder_paths = folder_paths(&self.checked.folders);
        let Checked {
            index,
            links,
            models,
            default_locale,
            report,
            ..
        } = &mut self.checked;
        index.sort(models)?;
        links.resolve(models, index, report);
        index.pair(
            models,
            links,
            default_locale.as_deref().unwrap_or("en"),
            report,
        );
        Ok(self.checked)
    }
}
