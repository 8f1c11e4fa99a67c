//! `_q` on lists: what the index finds takes the place of the words, everything else of the query stays.
//!
//! Without conditions and order of its own a list is the page of the index, at any number of hits. With them they are
//! applied to the best hits, at most `search.hits`: up to that many hits the answer is exact, beyond it is
//! [`Outcome::Cut`].

use std::sync::Arc;

use super::{Ask, Search, TooManyWords, Wanted};
use crate::access::View;
use crate::base::Stage;
use crate::query::{ListQuery, LocaleChoice, Page, Search as Asked};
use crate::schema::ContentType;

/// How a search was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// From the index, or there was nothing to search.
    Exact,
    /// From the best hits; there are more.
    Cut,
    /// There is no index: the database compares every row.
    NoIndex,
}

/// Why a search is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has too many words.
    #[error(transparent)]
    Words(#[from] TooManyWords),
    /// The page lies behind the hits that are ranked.
    #[error("a search gives its best {0} hits; narrow it to see others")]
    Deep(u32),
}

impl Search {
    /// Asks the index for a list's words.
    ///
    /// # Errors
    /// When the search is larger than allowed.
    pub async fn list(&self, view: &View, query: &mut ListQuery<'_>) -> Result<Outcome, Refused> {
        let Some(Asked::Words(text)) = &query.search else {
            return Ok(Outcome::Exact);
        };
        let plain = query.filter.is_none() && query.publication.is_none() && query.sort.is_empty();
        let page = match &query.page {
            Page::Numbered { page, size, .. } => {
                let size = u64::from(*size);
                Some((page.saturating_sub(1).saturating_mul(size), size))
            }
            Page::Offset { start, limit, .. } => Some((*start, u64::from(*limit))),
            Page::Cursor { .. } | Page::One { .. } => None,
        };
        let most = u64::from(self.config().hits);
        let page = page.filter(|_| plain);
        let wanted = match page {
            Some((start, size)) if start.saturating_add(size) > most => {
                return Err(Refused::Deep(self.config().hits));
            }
            Some((start, size)) => start + size,
            None => most,
        };
        let found = self
            .rows(
                view,
                query.content_type,
                query.stage,
                &query.locale,
                text,
                wanted,
            )
            .await?;
        let Some((mut rows, total)) = found else {
            return Ok(Outcome::NoIndex);
        };
        let cut = page.is_none() && total > most;
        if let Some((start, _)) = page {
            rows.drain(..rows.len().min(usize::try_from(start).unwrap_or(usize::MAX)));
        }
        query.search = Some(Asked::Found {
            rows,
            total: page.map(|_| total),
        });
        Ok(if cut { Outcome::Cut } else { Outcome::Exact })
    }

    /// Asks the index for all rows of an aggregation's words.
    ///
    /// # Errors
    /// As [`Search::list`].
    pub async fn all(
        &self,
        view: &View,
        query: &mut crate::query::AggregateQuery<'_>,
    ) -> Result<Outcome, Refused> {
        let Some(Asked::Words(text)) = &query.search else {
            return Ok(Outcome::Exact);
        };
        let most = u64::from(self.config().hits);
        let found = self
            .rows(
                view,
                query.content_type,
                query.stage,
                &query.locale,
                text,
                most,
            )
            .await?;
        let Some((rows, total)) = found else {
            return Ok(Outcome::NoIndex);
        };
        query.search = Some(Asked::Found { rows, total: None });
        Ok(if total > most {
            Outcome::Cut
        } else {
            Outcome::Exact
        })
    }

    /// The best rows of a type and how many there are; none without an index.
    async fn rows(
        &self,
        view: &View,
        content_type: &ContentType,
        stage: Stage,
        locale: &LocaleChoice,
        text: &str,
        most: u64,
    ) -> Result<Option<(Vec<i64>, u64)>, Refused> {
        let ask = Ask::parse(text, true, self.config().words)?;
        if ask.is_empty() {
            return Ok(Some((Vec::new(), 0)));
        }
        let wanted = Wanted {
            type_id: content_type.id,
            stage: content_type.stage(stage),
            locale: code(content_type, locale),
            fields: readable(view, content_type),
            ask: Arc::new(ask),
            typos: true,
            most: usize::try_from(most).unwrap_or(usize::MAX),
        };
        let found = self.find(view.schema(), vec![wanted]).await;
        let found = found.and_then(|found| found.into_iter().next());
        Ok(found.map(|found| {
            let rows = found.hits.iter().map(|hit| hit.row);
            (rows.collect(), found.total)
        }))
    }
}

/// The attributes of a type that a caller may search.
pub(super) fn readable(view: &View, content_type: &ContentType) -> Vec<i64> {
    let fields = content_type.fields.iter();
    fields
        .filter(|field| view.reads(field))
        .map(|field| field.id.0)
        .collect()
}

/// The one locale that is searched, if it is one.
pub(super) fn code(content_type: &ContentType, locale: &LocaleChoice) -> Option<String> {
    match locale {
        LocaleChoice::One(code) if content_type.localized => Some(code.clone()),
        _ => None,
    }
}
