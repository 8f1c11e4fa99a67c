//! Finding: one search in one type, stage and locale.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tantivy::Searcher;
use tantivy::query::{BooleanQuery, Occur, Query};
use tantivy::schema::Field as Place;

use super::ask::Ask;
use super::collect::{Best, Hit};
use super::index::Index;
use super::language::Language;
use super::mapping::{Mapping, Source, TypeMapping};
use super::places::{identity_mark, number_mark, scope_mark};
use super::terms::{Flat, Terms, exactly};
use super::{Search, SearchError};
use crate::base::Stage;
use crate::schema::{Schema, TypeId};

/// What an exact number or identity counts.
const EXACT: f32 = 10.0;
/// Words of a search that may be misspelt; looking for what longer ones may mean would take too long.
const MOST_MISSPELT: usize = 8;
/// Hits of a search that is remembered.
const REMEMBERED_HITS: usize = 200;

/// A search in one type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The type.
    pub type_id: TypeId,
    /// Draft or published rows.
    pub stage: Stage,
    /// The locale; none = every locale.
    pub locale: Option<String>,
    /// The attributes the caller may read.
    pub fields: Vec<i64>,
    /// What was asked.
    pub ask: Arc<Ask>,
    /// Whether words may be misspelt when nothing is found as it was written.
    pub typos: bool,
    /// At most how many hits.
    pub most: usize,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// How many rows there are.
    pub total: u64,
    /// The best of them, best first.
    pub hits: Vec<Hit>,
    /// Whether words had to be taken as misspelt.
    pub misspelt: bool,
}

/// A search and the state of the index it was made in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Remembered {
    folder: std::path::PathBuf,
    generation: u64,
    wanted: Wanted,
}

impl Search {
    /// Searches the index, each in turn; none if there is no index that serves them all.
    ///
    /// The answer is of one moment of the index. It never fails: an index that does is set aside and built anew.
    pub async fn find(&self, schema: &Schema, wanted: Vec<Wanted>) -> Option<Vec<Arc<Found>>> {
        let index = self.0.live.load_full()?;
        let mapping = self.mapping(schema);
        let serves = |wanted: &Wanted| index.kept.serves(&mapping.kept, wanted.type_id);
        if index.broken.load(Ordering::Relaxed) || !wanted.iter().all(serves) {
            return None;
        }
        let searcher = index.reader.searcher();
        let generation = searcher.generation().generation_id();
        let key = |wanted: &Wanted| Remembered {
            folder: index.folder.clone(),
            generation,
            wanted: wanted.clone(),
        };
        let known: Vec<_> = wanted
            .iter()
            .map(|wanted| self.0.remembered.get(&key(wanted)))
            .collect();
        if let Some(all) = known.into_iter().collect() {
            return Some(all);
        }
        let permit = self.0.permits.acquire().await.ok()?;
        let keys: Vec<Remembered> = wanted.iter().map(key).collect();
        let searched = Arc::clone(&index);
        let found = tokio::task::spawn_blocking(move || {
            let find = |wanted: &Wanted| one(&searched, &searcher, &mapping, wanted).map(Arc::new);
            wanted.iter().map(find).collect::<Result<Vec<_>, _>>()
        })
        .await;
        drop(permit);
        match found {
            Ok(Ok(found)) => {
                for (key, found) in keys.into_iter().zip(&found) {
                    if found.hits.len() <= REMEMBERED_HITS {
                        self.0.remembered.insert(key, Arc::clone(found));
                    }
                }
                Some(found)
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "a search failed; the index is built anew");
                index.broken.store(true, Ordering::Relaxed);
                None
            }
            Err(_) => {
                tracing::error!("a search panicked; the index is built anew");
                index.broken.store(true, Ordering::Relaxed);
                None
            }
        }
    }
}

fn one(
    index: &Index,
    searcher: &Searcher,
    mapping: &Mapping,
    wanted: &Wanted,
) -> Result<Found, SearchError> {
    let Some(of) = mapping.of_type(wanted.type_id) else {
        return Ok(Found::default());
    };
    let read = |of: &TypeMapping| -> Vec<(Place, f32)> {
        let fields = of
            .fields
            .iter()
            .filter(|field| wanted.fields.contains(&field.id));
        let weighed = fields.filter(|field| field.boost > 0.0);
        weighed
            .filter_map(|field| Some((index.places.text(wanted.stage, field.id)?, field.boost)))
            .collect()
    };
    let fields = read(of);
    let written = run(index, searcher, mapping, of, wanted, &fields, false)?;
    let too_long = wanted.ask.wanted.len() > MOST_MISSPELT;
    if written.total > 0 || !wanted.typos || too_long {
        return Ok(written);
    }
    let misspelt = run(index, searcher, mapping, of, wanted, &fields, true)?;
    Ok(Found {
        misspelt: misspelt.total > 0,
        ..misspelt
    })
}

fn run(
    index: &Index,
    searcher: &Searcher,
    mapping: &Mapping,
    of: &TypeMapping,
    wanted: &Wanted,
    fields: &[(Place, f32)],
    forgiving: bool,
) -> Result<Found, SearchError> {
    let mut any: Vec<(Occur, Box<dyn Query>)> = Vec::new();
    for language in languages(mapping, of, wanted) {
        let terms = Terms {
            fields,
            language,
            forgiving,
        };
        any.extend(terms.query(&wanted.ask).map(|query| (Occur::Should, query)));
    }
    for mark in marks(of, wanted) {
        any.push((Occur::Should, exactly(index.places.mark, &mark, EXACT)));
    }
    if any.is_empty() {
        return Ok(Found::default());
    }
    let mut query: Box<dyn Query> = match (any.len(), any.pop()) {
        (1, Some((_, query))) => query,
        (_, last) => {
            any.extend(last);
            Box::new(BooleanQuery::new(any))
        }
    };
    if let (true, Some(locale)) = (of.localized, &wanted.locale) {
        let mark = scope_mark(wanted.stage, of.id, locale);
        let scope = exactly(index.places.mark, &mark, 0.0);
        query = Box::new(BooleanQuery::new(vec![
            (Occur::Must, query),
            (Occur::Must, scope),
        ]));
    }
    let best = Best { most: wanted.most };
    let (total, hits) = searcher.search_with_statistics_provider(&*query, &best, &Flat)?;
    Ok(Found {
        total,
        hits,
        misspelt: false,
    })
}

/// The languages of the rows that are searched, each once.
fn languages(mapping: &Mapping, of: &TypeMapping, wanted: &Wanted) -> Vec<Language> {
    match (of.localized, &wanted.locale) {
        (false, _) => vec![Language::of(&mapping.default_locale)],
        (true, Some(locale)) => vec![Language::of(locale)],
        (true, None) => {
            let mut all = Vec::new();
            for locale in &mapping.locales {
                let language = Language::of(locale);
                if !all.contains(&language) {
                    all.push(language);
                }
            }
            all
        }
    }
}

/// The exact words that the whole text may stand for.
fn marks(of: &TypeMapping, wanted: &Wanted) -> Vec<String> {
    let mut marks = Vec::new();
    if let Some(number) = &wanted.ask.number {
        let numbers = of
            .fields
            .iter()
            .filter(|field| field.source == Source::Number && wanted.fields.contains(&field.id));
        marks.extend(numbers.map(|field| number_mark(wanted.stage, field.id, number)));
    }
    if let Some(identity) = &wanted.ask.identity {
        marks.push(identity_mark(wanted.stage, of.id, identity));
    }
    marks
}
