//! A search over several types: hits of all of them in one order, with their entries, facets and snippets.
//!
//! The index ranks the rows of each type; conditions are applied to them in the database, which also gives the entries
//! as lists do. Without an index the database compares every row, and hits have no score.
//!
//! The answer is
//! `{"data":[{"type":"articles","documentId":"…","locale":"en","score":4.2,"highlights":{"title":["…"]},"entry":{…}}],"meta":{"pagination":{…},"facets":{…},"search":{…}}}`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};

use super::collect::Hit;
use super::lists::{code, readable};
use super::mapping::{Mapping, Source, TypeMapping};
use super::source::{self, Row};
use super::{Ask, Found, Highlighter, Refused, Search, Wanted};
use crate::access::View;
use crate::base::limits::QueryLimits;
use crate::delivery::{self, Pagination, ReadError};
use crate::platform::database::{Database, Value};
use crate::query::check::{Facet, SearchQuery, TYPE_FACET};
use crate::query::compile::{self, CompileOptions};
use crate::query::{Column, ListQuery, Page, Search as Asked, Selection};
use crate::schema::FieldKind;

/// Why a search over types gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AcrossError {
    /// It is larger than allowed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Its entries cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// A hit of one of the types.
#[derive(Debug, Clone, Copy)]
struct Placed {
    /// The place of the type in the query.
    of: usize,
    hit: Hit,
}

/// What one type gave.
struct OfType {
    hits: Vec<Hit>,
    total: u64,
    misspelt: bool,
    cut: bool,
}

/// One run of one search.
struct Run<'a> {
    search: &'a Search,
    database: &'a Database,
    view: &'a View,
    query: &'a SearchQuery<'a>,
    limits: &'a QueryLimits,
    ask: Arc<Ask>,
}

impl Search {
    /// Answers a search over several types, as the whole body.
    ///
    /// # Errors
    /// When it is larger than allowed or the database fails.
    pub async fn across(
        &self,
        database: &Database,
        view: &View,
        query: &SearchQuery<'_>,
        limits: &QueryLimits,
    ) -> Result<Vec<u8>, AcrossError> {
        let ask = Ask::parse(&query.text, query.prefix, self.config().words);
        let run = Run {
            search: self,
            database,
            view,
            query,
            limits,
            ask: Arc::new(ask.map_err(Refused::from)?),
        };
        run.answer().await
    }
}

impl Run<'_> {
    async fn answer(&self) -> Result<Vec<u8>, AcrossError> {
        let (start, size) = part(&self.query.page);
        let most = self.search.config().hits;
        if start.saturating_add(size) > u64::from(most) {
            return Err(Refused::Deep(most).into());
        }
        let indexed = self.ranked(start + size).await;
        let has_index = indexed.is_some();
        let types = match indexed {
            Some(found) => self.narrowed(found).await?,
            None => self.compared().await?,
        };
        let total: u64 = types.iter().map(|of| of.total).sum();
        let mut placed: Vec<Placed> = types
            .iter()
            .enumerate()
            .flat_map(|(of, found)| found.hits.iter().map(move |hit| Placed { of, hit: *hit }))
            .collect();
        placed.sort_by(|a, b| a.hit.order(&b.hit).then(a.of.cmp(&b.of)));
        let page: Vec<Placed> = placed
            .into_iter()
            .skip(usize::try_from(start).unwrap_or(usize::MAX))
            .take(usize::try_from(size).unwrap_or(usize::MAX))
            .collect();
        let facets = self.facets(&types).await?;
        let data = self.entries(&page, &types, has_index).await?;
        let mut about = Map::new();
        if !has_index {
            about.insert("index".into(), "building".into());
        }
        if types.iter().any(|of| of.misspelt) {
            about.insert("misspelt".into(), true.into());
        }
        if types.iter().any(|of| of.cut) {
            about.insert("bestHits".into(), most.into());
        }
        let pagination = Pagination::of_page(&self.query.page, total).to_json();
        let mut body = format!(
            r#"{{"data":[{}],"meta":{{"pagination":{pagination}"#,
            data.join(",")
        );
        if !facets.is_empty() {
            body.push_str(&format!(r#","facets":{}"#, Json::Object(facets)));
        }
        if !about.is_empty() {
            body.push_str(&format!(r#","search":{}"#, Json::Object(about)));
        }
        body.push_str("}}");
        match u64::try_from(body.len()) {
            Ok(length) if length <= self.limits.response_bytes => Ok(body.into_bytes()),
            _ => Err(ReadError::TooLarge(self.limits.response_bytes).into()),
        }
    }

    /// Whether rows of a type must be looked at one by one.
    fn narrows(&self, query: &ListQuery<'_>) -> bool {
        query.filter.is_some() || query.publication.is_some() || !self.query.facets.is_empty()
    }

    /// What the index finds in each type; none without an index.
    async fn ranked(&self, page_end: u64) -> Option<Vec<Arc<Found>>> {
        if self.ask.is_empty() {
            return Some(vec![Arc::new(Found::default()); self.query.types.len()]);
        }
        let all = u64::from(self.search.config().hits);
        let wanted = self.query.types.iter().map(|query| {
            let most = if self.narrows(query) { all } else { page_end };
            Wanted {
                type_id: query.content_type.id,
                stage: query.content_type.stage(query.stage),
                locale: code(query.content_type, &query.locale),
                fields: readable(self.view, query.content_type),
                ask: Arc::clone(&self.ask),
                typos: false,
                most: usize::try_from(most).unwrap_or(usize::MAX),
            }
        });
        let wanted: Vec<Wanted> = wanted.collect();
        let schema = self.view.schema();
        let found = self.search.find(schema, wanted.clone()).await?;
        // Words are taken as misspelt when they are found in none of the types as they are written.
        if !self.query.typos || found.iter().any(|found| found.total > 0) {
            return Some(found);
        }
        let forgiving = wanted.into_iter().map(|wanted| Wanted {
            typos: true,
            ..wanted
        });
        self.search.find(schema, forgiving.collect()).await
    }

    /// The hits that pass the conditions of their type.
    async fn narrowed(&self, found: Vec<Arc<Found>>) -> Result<Vec<OfType>, AcrossError> {
        let most = u64::from(self.search.config().hits);
        let mut types = Vec::with_capacity(found.len());
        for (query, found) in self.query.types.iter().zip(found) {
            let conditions = query.filter.is_some() || query.publication.is_some();
            let mut of = OfType {
                hits: found.hits.clone(),
                total: found.total,
                misspelt: found.misspelt,
                cut: self.narrows(query) && found.total > most,
            };
            if conditions && !of.hits.is_empty() {
                let rows = found.hits.iter().map(|hit| hit.row).collect();
                let passed = self
                    .passing(query, Asked::Found { rows, total: None })
                    .await?;
                let scores: HashMap<i64, u32> =
                    found.hits.iter().map(|hit| (hit.row, hit.score)).collect();
                of.hits = passed
                    .into_iter()
                    .map(|row| Hit {
                        score: scores.get(&row).copied().unwrap_or(0),
                        row,
                    })
                    .collect();
                of.total = u64::try_from(of.hits.len()).unwrap_or(0);
            }
            types.push(of);
        }
        Ok(types)
    }

    /// What the database finds by comparing rows.
    async fn compared(&self) -> Result<Vec<OfType>, AcrossError> {
        let most = usize::try_from(self.search.config().hits).unwrap_or(usize::MAX);
        let mut types = Vec::with_capacity(self.query.types.len());
        for query in &self.query.types {
            let mut rows = self
                .passing(query, Asked::Words(self.query.text.clone()))
                .await?;
            let cut = rows.len() > most;
            rows.truncate(most);
            let hits: Vec<Hit> = rows.into_iter().map(|row| Hit { row, score: 0 }).collect();
            types.push(OfType {
                total: u64::try_from(hits.len()).unwrap_or(0),
                misspelt: false,
                hits,
                cut,
            });
        }
        Ok(types)
    }

    async fn passing(&self, query: &ListQuery<'_>, search: Asked) -> Result<Vec<i64>, AcrossError> {
        let query = ListQuery {
            search: Some(search),
            sort: Vec::new(),
            selection: Selection::default(),
            ..query.clone()
        };
        let statement = compile::found(self.options(&query), &query, self.search.config().hits);
        let rows = self
            .database
            .fetch_all(statement)
            .await
            .map_err(ReadError::Database)?;
        let rows = rows.iter().map(|row| row.integer(0));
        Ok(rows
            .collect::<Result<_, _>>()
            .map_err(ReadError::Database)?)
    }

    fn options(&self, query: &ListQuery<'_>) -> CompileOptions<'_> {
        let schema = self.view.schema();
        CompileOptions::new(self.database.dialect(), schema, query.stage, self.limits)
    }

    /// The facets: each an array of values and counts, the most first.
    async fn facets(&self, types: &[OfType]) -> Result<Map<String, Json>, AcrossError> {
        let mut answer = Map::new();
        for facet in &self.query.facets {
            let counts = match facet.name.as_str() {
                TYPE_FACET => self.types_counted(types),
                _ => self.counted(facet, types).await?,
            };
            answer.insert(facet.name.clone(), counts);
        }
        Ok(answer)
    }

    fn types_counted(&self, types: &[OfType]) -> Json {
        let mut counts: Vec<(&str, u64)> = self
            .query
            .types
            .iter()
            .zip(types)
            .filter(|(_, of)| of.total > 0)
            .map(|(query, of)| (query.content_type.api_name(), of.total))
            .collect();
        counts.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
        let counts = counts.into_iter();
        counts
            .map(|(value, count)| json!({ "value": value, "count": count }))
            .collect()
    }

    async fn counted(&self, facet: &Facet<'_>, types: &[OfType]) -> Result<Json, AcrossError> {
        let most = self.search.config().facet_values;
        let mut counts: BTreeMap<String, (Json, u64)> = BTreeMap::new();
        for ((query, of), value) in self.query.types.iter().zip(types).zip(&facet.values) {
            let Some(value) = value.as_ref().filter(|_| !of.hits.is_empty()) else {
                continue;
            };
            let rows = of.hits.iter().map(|hit| hit.row).collect();
            let query = ListQuery {
                search: Some(Asked::Found { rows, total: None }),
                filter: None,
                publication: None,
                ..query.clone()
            };
            let is_truth = matches!(value.column, Column::Field(field) if matches!(field.kind, FieldKind::Boolean));
            // More than are shown, because another type may count them too.
            let statement =
                compile::facet(self.options(&query), &query, value, most.saturating_mul(2));
            let rows = self
                .database
                .fetch_all(statement)
                .await
                .map_err(ReadError::Database)?;
            for row in rows {
                let count = row.integer(1).map_err(ReadError::Database)?;
                let value = shown(row.value(0).map_err(ReadError::Database)?, is_truth);
                let entry = counts.entry(value.to_string()).or_insert((value, 0));
                entry.1 += u64::try_from(count).unwrap_or(0);
            }
        }
        let mut counts: Vec<(String, (Json, u64))> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.1.cmp(&a.1.1).then(a.0.cmp(&b.0)));
        let counts = counts
            .into_iter()
            .take(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(counts
            .map(|(_, (value, count))| json!({ "value": value, "count": count }))
            .collect())
    }

    /// The hits of the page with their entries, in order; one that has gone meanwhile is left out.
    async fn entries(
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
        if let (true, crate::query::LocaleChoice::One(code)) =
            (query.content_type.localized, &query.locale)
        {
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
        let names: HashMap<i64, &str> = query
            .content_type
            .fields
            .iter()
            .filter(|field| self.view.reads(field))
            .map(|field| (field.id.0, field.name.as_str()))
            .collect();
        let mut highlighters: HashMap<String, Highlighter> = HashMap::new();
        for row in rows {
            let locale = match row.locale.as_str() {
                "" => mapping.default_locale.clone(),
                locale => locale.to_owned(),
            };
            let highlighter = highlighters
                .entry(locale.clone())
                .or_insert_with(|| Highlighter::new(&self.ask, &locale, misspelt));
            if let Some(entry) = shown.get_mut(&(of, row.row)) {
                entry.highlights = snippets(made, &row, &names, highlighter, most);
            }
        }
        Ok(())
    }
}

/// The snippets of a row by the names of its attributes.
fn snippets(
    made: &TypeMapping,
    row: &Row,
    names: &HashMap<i64, &str>,
    highlighter: &Highlighter,
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
            found.insert((*name).to_owned(), json!([snippet]));
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

fn shown(value: &Value, is_truth: bool) -> Json {
    match value {
        Value::Integer(number) if is_truth => Json::Bool(*number != 0),
        Value::Integer(number) => (*number).into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Null | Value::Bytes(_) => Json::Null,
    }
}

/// Where the page begins and how long it is.
fn part(page: &Page) -> (u64, u64) {
    match page {
        Page::Numbered { page, size, .. } => {
            let size = u64::from(*size);
            (page.saturating_sub(1).saturating_mul(size), size)
        }
        Page::Offset { start, limit, .. } => (*start, u64::from(*limit)),
        Page::Cursor { size, .. } => (0, u64::from(*size)),
        Page::One { .. } => (0, 1),
    }
}
