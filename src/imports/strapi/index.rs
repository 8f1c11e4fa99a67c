//! Which rows make up which document: drafts, published rows and locales find each other here.
//!
//! About 150 bytes a row while an archive is checked, half of it afterwards.
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::fingerprint::RowOutline;
use super::ids::{DocumentId, derived_id, valid_id};
use super::links::Links;
use super::models::{Model, Models};
use super::{Result, StrapiError};
use crate::imports::report::ImportReport;

/// Stands for "no locale".
pub(super) const NO_LOCALE: u16 = u16::MAX;

#[derive(Debug, Clone, Copy)]
pub(super) struct Document {
    pub(super) id: DocumentId,
    pub(super) model: u16,
}

/// What happens with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It becomes a record of its own stage.
    Alone,
    /// It becomes a record of both stages.
    Both,
    /// Another row says the same.
    Merged,
    /// A newer row took its place.
    Older,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) id: u64,
    fingerprint: u64,
    pub(super) document: u32,
    first_component: u32,
    components: u32,
    pub(super) model: u16,
    pub(super) locale: u16,
    pub(super) published: bool,
    pub(super) fate: Fate,
}

/// The rows of an archive, in its order.
#[derive(Debug, Default)]
pub(super) struct Index {
    rows: Vec<Row>,
    documents: Vec<Document>,
    by_document: HashMap<DocumentId, u32>,
    locales: Vec<String>,
    components: Vec<(u16, u64)>,
    by_id: Vec<(u16, u64, u32)>,
    sorted_components: Vec<(u16, u64)>,
}

impl Index {
    /// Adds a row in the order of the archive.
    pub(super) fn add(
        &mut self,
        model: &Model,
        id: u64,
        outline: &RowOutline,
        report: &mut ImportReport,
    ) -> std::result::Result<(), &'static str> {
        let too_many = "there are too many rows or locales";
        let document = self.document(model, id, outline, report).ok_or(too_many)?;
        let locale = match &outline.locale {
            Some(code) if model.localized => self.locale_number(code).ok_or(too_many)?,
            _ => NO_LOCALE,
        };
        let first_component = u32::try_from(self.components.len()).map_err(|_| too_many)?;
        let components = u32::try_from(outline.components.len()).map_err(|_| too_many)?;
        self.components.extend_from_slice(&outline.components);
        let number = u32::try_from(self.rows.len()).map_err(|_| too_many)?;
        self.by_id.push((model.number, id, number));
        self.rows.push(Row {
            id,
            fingerprint: outline.fingerprint,
            document,
            first_component,
            components,
            model: model.number,
            locale,
            published: outline.published || !model.draft_and_publish,
            fate: Fate::Alone,
        });
        Ok(())
    }

    fn document(
        &mut self,
        model: &Model,
        row: u64,
        outline: &RowOutline,
        report: &mut ImportReport,
    ) -> Option<u32> {
        let given = outline.document_id.as_deref().unwrap_or_default();
        let mut id = valid_id(given).unwrap_or_else(|| {
            report.add(
                "document ids that are missing or not valid, replaced",
                || format!("{} row {row} {given:?}", model.uid),
            );
            let row = if given.is_empty() {
                row.to_string()
            } else {
                given.to_owned()
            };
            derived_id(&model.uid, &row)
        });
        let model_of = |number: u32| self.documents.get(number as usize).map(|d| d.model);
        let taken = self.by_document.get(&id).copied();
        if taken.is_some_and(|number| model_of(number) != Some(model.number)) {
            report.add("document ids that two types share, replaced in one", || {
                format!("{} {given:?}", model.uid)
            });
            id = derived_id(&model.uid, given);
        }
        if let Some(number) = self.by_document.get(&id) {
            return Some(*number);
        }
        let number = u32::try_from(self.documents.len()).ok()?;
        self.documents.push(Document {
            id,
            model: model.number,
        });
        self.by_document.insert(id, number);
        Some(number)
    }

    fn locale_number(&mut self, code: &str) -> Option<u16> {
        let known = self.locales.iter().position(|known| known == code);
        let number = u16::try_from(known.unwrap_or(self.locales.len())).ok()?;
        if number >= 10_000 {
            return None;
        }
        if known.is_none() {
            self.locales.push(code.to_owned());
        }
        Some(number)
    }

    /// Makes rows and components findable by their ids.
    pub(super) fn sort(&mut self, models: &Models) -> Result<()> {
        self.by_id.sort_unstable();
        for pair in self.by_id.windows(2) {
            if let [(model, id, _), (next_model, next_id, _)] = pair
                && (model, id) == (next_model, next_id)
            {
                let uid = models
                    .by_number(*model)
                    .map_or("?", |model| model.uid.as_str());
                let problem = format!("row {id} of {uid} comes twice");
                return Err(StrapiError::broken("entities", None, problem));
            }
        }
        self.sorted_components = self.components.clone();
        self.sorted_components.sort_unstable();
        Ok(())
    }

    pub(super) fn document_of(&self, model: u16, row: u64) -> Option<u32> {
        let found = self
            .by_id
            .binary_search_by_key(&(model, row), |(m, id, _)| (*m, *id))
            .ok()?;
        let (_, _, number) = self.by_id.get(found)?;
        Some(self.rows.get(*number as usize)?.document)
    }

    pub(super) fn has_owner(&self, model: u16, row: u64) -> bool {
        self.by_id
            .binary_search_by_key(&(model, row), |(m, id, _)| (*m, *id))
            .is_ok()
            || self.sorted_components.binary_search(&(model, row)).is_ok()
    }

    /// Decides what happens with each row, and lets go of what only the check needs.
    pub(super) fn pair(
        &mut self,
        models: &Models,
        links: &Links,
        default_locale: &str,
        report: &mut ImportReport,
    ) {
        let default = self.locale_number(default_locale).unwrap_or(NO_LOCALE);
        for row in &mut self.rows {
            let localized = models
                .by_number(row.model)
                .is_some_and(|model| model.localized);
            if localized && row.locale == NO_LOCALE {
                row.locale = default;
            }
        }
        let mut order: Vec<u32> = self.by_id.drain(..).map(|(_, _, number)| number).collect();
        let rows = &self.rows;
        let key = |number: &u32| {
            rows.get(*number as usize)
                .map(|r| (r.document, r.locale, r.published, r.id))
        };
        order.sort_unstable_by_key(key);
        let (mut older, mut pairs) = (Vec::new(), Vec::new());
        let mut current = None;
        let (mut draft, mut published) = (None, None);
        for number in order {
            let Some(row) = rows.get(number as usize) else {
                continue;
            };
            if current.replace((row.document, row.locale)) != Some((row.document, row.locale)) {
                pairs.extend(draft.take().zip(published.take()));
                (draft, published) = (None, None);
            }
            let newest = if row.published {
                &mut published
            } else {
                &mut draft
            };
            older.extend(newest.replace(number));
        }
        pairs.extend(draft.zip(published));
        for number in older {
            self.set(number, Fate::Older);
            report.add(
                "older rows of the same document, locale and stage, left out",
                || self.describe(models, number),
            );
        }
        for (draft, published) in pairs {
            if self.is_equal(draft, published, links) {
                self.set(draft, Fate::Merged);
                self.set(published, Fate::Both);
            }
        }
        self.by_id = Vec::new();
        self.by_document = HashMap::new();
        self.sorted_components = Vec::new();
        self.components = Vec::new();
    }

    fn describe(&self, models: &Models, number: u32) -> String {
        let Some(row) = self.rows.get(number as usize) else {
            return String::new();
        };
        let uid = models
            .by_number(row.model)
            .map_or("?", |model| model.uid.as_str());
        format!("{uid} row {}", row.id)
    }

    fn set(&mut self, number: u32, fate: Fate) {
        if let Some(row) = self.rows.get_mut(number as usize) {
            row.fate = fate;
        }
    }

    fn is_equal(&self, a: u32, b: u32, links: &Links) -> bool {
        let (Some(a), Some(b)) = (self.rows.get(a as usize), self.rows.get(b as usize)) else {
            return false;
        };
        a.fingerprint == b.fingerprint && self.link_print(a, links) == self.link_print(b, links)
    }

    fn link_print(&self, row: &Row, links: &Links) -> u64 {
        let mut hasher = DefaultHasher::new();
        let start = row.first_component as usize;
        let components = self.components.get(start..start + row.components as usize);
        let components = components.into_iter().flatten().copied();
        let owners = std::iter::once((row.model, row.id)).chain(components);
        for (ordinal, (model, id)) in owners.enumerate() {
            for link in links.of(model, id) {
                (ordinal, link.field, link.target).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) fn documents(&self) -> &[Document] {
        &self.documents
    }

    pub(super) fn document_id(&self, number: u64) -> Option<&str> {
        let document = self.documents.get(usize::try_from(number).ok()?)?;
        std::str::from_utf8(&document.id).ok()
    }

    pub(super) fn locale(&self, number: u16) -> Option<&str> {
        self.locales.get(usize::from(number)).map(String::as_str)
    }

    pub(super) fn locale_codes(&self) -> &[String] {
        &self.locales
    }
}
