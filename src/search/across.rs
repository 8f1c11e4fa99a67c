//! A search over several types: hits of all of them in one order, with their entries, facets and snippets.
//!
//! The index ranks the rows of each type; conditions are applied to them in the database, which also gives the entries
//! as lists do. Without an index the database compares every row, and hits have no score.
//!
//! The answer is
//! `{"data":[{"type":"articles","documentId":"…","locale":"en","score":4.2,"highlights":{"title":["…"]},"entry":{…}}],"meta":{"pagination":{…},"facets":{…},"search":{…}}}`.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::collect::Hit;
use super::{Ask, Refused, Search};
use crate::access::View;
use crate::base::limits::QueryLimits;
use crate::delivery::{Pagination, ReadError};
use crate::platform::database::Database;
use crate::query::check::SearchQuery;
use crate::query::compile::CompileOptions;
use crate::query::{ListQuery, Page};

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
pub(super) struct Placed {
    /// The place of the type in the query.
    pub(super) of: usize,
    pub(super) hit: Hit,
}

/// What one type gave.
pub(super) struct OfType {
    pub(super) hits: Vec<Hit>,
    pub(super) total: u64,
    pub(super) misspelt: bool,
    pub(super) cut: bool,
}

/// One run of one search.
pub(super) struct Run<'a> {
    pub(super) search: &'a Search,
    pub(super) database: &'a Database,
    pub(super) view: &'a View,
    pub(super) query: &'a SearchQuery<'a>,
    pub(super) limits: &'a QueryLimits,
    pub(super) ask: Arc<Ask>,
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
        // No more than these of each type can be on the page.
        let end = usize::try_from(start + size).unwrap_or(usize::MAX);
        let mut placed: Vec<Placed> = types
            .iter()
            .enumerate()
            .flat_map(|(of, found)| {
                let best = found.hits.iter().take(end);
                best.map(move |hit| Placed { of, hit: *hit })
            })
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

    pub(super) fn options(&self, query: &ListQuery<'_>) -> CompileOptions<'_> {
        let schema = self.view.schema();
        CompileOptions::new(self.database.dialect(), schema, query.stage, self.limits)
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
