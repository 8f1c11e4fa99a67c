//! What is answered of each hit: its entry as lists show it, and snippets.

use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};

use super::Highlighter;
use super::across::{AcrossError, OfType, Placed, Run};
use super::mapping::{Mapping, Source, TypeMapping};
use super::source::{self, Row};
use crate::delivery::{self, ReadError};
use crate::query::{Column, ListQuery, LocaleChoice, Page, Search as Asked, Selection};

impl Run<'_> {
    /// The hits of the page with their entries, in order; one that has gone meanwhile is left out.
    pub(super) async fn entries(
        &self,
        page: &[Placed],
        types: &[OfType],
        has_index: bool,
    ) -> Result<Vec<String>, AcrossError> {
        let mut shown: HashMap<(usize, i64), Shown> = HashMap::new();
        let mapping = self.search.mapping(self.view.schema());
        for (of, query) in self.query.types.iter().enumerate() {
            let rows: Vec<i64> = page
                .iter()
                .filter(|placed| placed.of == of)
                .map(|placed| placed.hit.row)
                .collect();
            if rows.is_empty() {
                continue;
            }
            for entry in self.read(query, &rows).await? {
                shown.insert((of, entry.row), entry);
            }
            if self.query.highlight {
                let misspelt = types.get(of).is_some_and(|of| of.misspelt);
                self.highlight(&mapping, of, query, misspelt, &mut shown)
                    .await?;
            }
        }
        let written = page.iter().filter_map(|placed| {
            let shown = shown.get(&(placed.of, placed.hit.row))?;
            let query = self.query.types.get(placed.of)?;
            let mut hit = Map::new();
            hit.insert("type".into(), query.content_type.api_name().into());
            hit.insert("documentId".into(), shown.document_id.as_str().into());
            hit.insert("locale".into(), shown.locale.clone());
            let score = f64::from(placed.hit.score) / 1000.0;
            hit.insert(
                "score".into(),
                if has_index { score.into() } else { Json::Null },
            );
            if self.query.highlight {
                hit.insert("highlights".into(), Json::Object(shown.highlights.clone()));
            }
            let mut text = Json::Object(hit).to_string();
            text.pop();
            Some(format!(r#"{text},"entry":{}}}"#, shown.entry))
        });
        Ok(written.collect())
    }

    /// The entries of rows, as lists show them.
    async fn read(&self, query: &ListQuery<'_>, rows: &[i64]) -> Result<Vec<Shown>, AcrossError> {
        let size = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let query = ListQuery {
            search: Some(Asked::Found {
                rows: rows.to_vec(),
                total: Some(u64::from(size)),
            }),
            filter: None,
            publication: None,
            sort: Vec::new(),
            page: Page::Offset {
                start: 0,
                limit: size.max(1),
                with_count: false,
            },
            ..query.clone()
        };
        // The selection names id and documentId first; the locale of a row is read beside it.
        let (database, schema) = (self.database, self.view.schema());
        let totals = delivery::Totals::new();
        let page = delivery::list(database, schema, &totals, &query, self.limits).await?;
        let entries: Vec<Box<RawValue>> = serde_json::from_str(&page.entries)
            .map_err(|error| ReadError::Stored(error.to_string()))?;
        let locales = self.locales(&query, rows).await?;
        Ok(entries
            .into_iter()
            .filter_map(|entry| Shown::of(entry, &locales))
            .collect())
    }

    /// The locale of each row, by number.
    async fn locales(
        &self,
        query: &ListQuery<'_>,
        rows: &[i64],
    ) -> Result<HashMap<i64, Json>, AcrossError> {
        if let (true, LocaleChoice::One(code)) = (query.content_type.localized, &query.locale) {
            return Ok(rows
                .iter()
                .map(|row| (*row, code.as_str().into()))
                .collect());
        }
        if !query.content_type.localized {
            return Ok(HashMap::new());
        }
        let query = ListQuery {
            selection: Selection {
                columns: vec![Column::Id, Column::Locale],
                populated: Vec::new(),
            },
            ..query.clone()
        };
        let totals = delivery::Totals::new();
        let page = delivery::list(
            self.database,
            self.view.schema(),
            &totals,
            &query,
            self.limits,
        )
        .await?;
        let entries: Vec<Json> = serde_json::from_str(&page.entries)
            .map_err(|error| ReadError::Stored(error.to_string()))?;
        Ok(entries
            .into_iter()
            .filter_map(|entry| Some((entry.get("id")?.as_i64()?, entry.get("locale")?.clone())))
            .collect())
    }

    /// Adds snippets to the entries of a type.
    async fn highlight(
        &self,
        mapping: &Mapping,
        of: usize,
        query: &ListQuery<'_>,
        misspelt: bool,
        shown: &mut HashMap<(usize, i64), Shown>,
    ) -> Result<(), AcrossError> {
        let Some(made) = mapping.of_type(query.content_type.id) else {
            return Ok(());
        };
        let stage = query.content_type.stage(query.stage);
        let rows: Vec<i64> = shown
            .keys()
            .filter(|key| key.0 == of)
            .map(|key| key.1)
            .collect();
        let rows = source::rows_by_number(self.database, made, stage, &rows)
            .await
            .map_err(ReadError::Database)?;
        let most = usize::try_from(self.search.config().snippet).unwrap_or(160);
        let fields = query.content_type.fields.iter();
        let names: HashMap<i64, String> = fields
            .filter(|field| self.view.reads(field))
            .map(|field| (field.id.0, field.name.clone()))
            .collect();
        let (made, default) = (made.clone(), mapping.default_locale.clone());
        let ask = std::sync::Arc::clone(&self.ask);
        // Long texts are taken apart again: not on the threads that serve requests.
        let marked = tokio::task::spawn_blocking(move || {
            let mut highlighters: HashMap<String, Highlighter> = HashMap::new();
            let marked = rows.iter().map(|row| {
                let locale = match row.locale.as_str() {
                    "" => &default,
                    locale => locale,
                };
                let highlighter = highlighters
                    .entry(locale.to_owned())
                    .or_insert_with(|| Highlighter::new(&ask, locale, misspelt));
                (row.row, snippets(&made, row, &names, highlighter, most))
            });
            marked.collect::<Vec<_>>()
        });
        for (row, found) in marked.await.unwrap_or_default() {
            if let Some(entry) = shown.get_mut(&(of, row)) {
                entry.highlights = found;
            }
        }
        Ok(())
    }
}

/// The snippets of a row by the names of its attributes.
fn snippets(
    made: &TypeMapping,
    row: &Row,
    names: &HashMap<i64, String>,
    highlighter: &mut Highlighter,
    most: usize,
) -> Map<String, Json> {
    let mut found = Map::new();
    for (id, text) in &row.texts {
        let is_text = made
            .fields
            .iter()
            .any(|field| field.id == *id && field.source != Source::Number);
        if let (true, Some(name)) = (is_text, names.get(id))
            && let Some(snippet) = highlighter.snippet(text, most)
        {
            found.insert(name.clone(), json!([snippet]));
        }
    }
    found
}

/// A hit as it is answered.
struct Shown {
    row: i64,
    document_id: String,
    locale: Json,
    entry: Box<RawValue>,
    highlights: Map<String, Json>,
}

impl Shown {
    fn of(entry: Box<RawValue>, locales: &HashMap<i64, Json>) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Identity {
            id: i64,
            #[serde(rename = "documentId")]
            document_id: String,
        }
        let identity: Identity = serde_json::from_str(entry.get()).ok()?;
        Some(Self {
            row: identity.id,
            locale: locales.get(&identity.id).cloned().unwrap_or(Json::Null),
            document_id: identity.document_id,
            entry,
            highlights: Map::new(),
        })
    }
}
