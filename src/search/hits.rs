//! Which rows of each type a search over several finds.

use std::sync::Arc;

use super::across::{AcrossError, OfType, Run};
use super::collect::Hit;
use super::lists::{code, readable};
use super::{Found, Wanted};
use crate::delivery::ReadError;
use crate::query::compile;
use crate::query::{ListQuery, Search as Asked, Selection};

impl Run<'_> {
    /// Whether rows of a type must be looked at one by one.
    pub(super) fn narrows(&self, query: &ListQuery<'_>) -> bool {
        query.filter.is_some() || query.publication.is_some() || !self.query.facets.is_empty()
    }

    /// What the index finds in each type; none without an index.
    pub(super) async fn ranked(&self, page_end: u64) -> Option<Vec<Arc<Found>>> {
        if self.ask.is_empty() {
            let nothing = self.query.types.iter().map(|_| Arc::default());
            return Some(nothing.collect());
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
    pub(super) async fn narrowed(
        &self,
        found: Vec<Arc<Found>>,
    ) -> Result<Vec<OfType>, AcrossError> {
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
                // They come in the order of the hits.
                let mut passed = passed.into_iter().peekable();
                of.hits.retain(|hit| passed.next_if_eq(&hit.row).is_some());
                of.total = u64::try_from(of.hits.len()).unwrap_or(0);
            }
            types.push(of);
        }
        Ok(types)
    }

    /// What the database finds by comparing rows.
    pub(super) async fn compared(&self) -> Result<Vec<OfType>, AcrossError> {
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
}
