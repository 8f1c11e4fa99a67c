//! Comparing the index with the database.

use std::collections::HashMap;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::ColumnValues;
use tantivy::query::{Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader, Term};

use super::build::{Batches, blocking};
use super::index::Index;
use super::mapping::{Mapping, TypeMapping};
use super::places::{ROW, SUM, scope_mark};
use super::{Search, SearchError, folder};
use crate::base::Stage;
use crate::platform::database::Database;
use crate::schema::store;

/// Differences that are told one by one.
const MOST_TOLD: usize = 100;

/// What a comparison found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Rows of the database.
    pub rows: u64,
    /// How many rows differ.
    pub differing: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// A row that is not in the index as it is in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The type's uid.
    pub uid: String,
    /// The stage.
    pub stage: Stage,
    /// The number of the row.
    pub row: i64,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Search {
    /// Compares the index on disk with the database; works beside the process that keeps it.
    ///
    /// # Errors
    /// When there is no index, it is damaged, or the database fails.
    pub async fn check(&self, database: &Database) -> Result<Checked, SearchError> {
        let missing = || SearchError::Damaged("there is none yet".to_owned());
        let folder = self.0.folder.clone().ok_or_else(missing)?;
        let path = folder::current(&folder).ok_or_else(missing)?;
        let schema = store::load(database).await?;
        let mapping = Mapping::new(&schema);
        let index = blocking(move || Index::open(&path)).await?;
        if index.kept != mapping.kept {
            return Err(SearchError::Damaged(
                "it was made for an older schema".to_owned(),
            ));
        }
        let index = std::sync::Arc::new(index);
        let mut checked = Checked::default();
        for of in &mapping.types {
            let uid = schema.content_type_by_id(of.id).map(|of| of.uid.clone());
            let uid = uid.unwrap_or_default();
            for stage in [Stage::Draft, Stage::Published] {
                let (searched, locales, id) = (
                    std::sync::Arc::clone(&index),
                    mapping.locales.clone(),
                    of.id,
                );
                let indexed = blocking(move || indexed(&searched, &locales, stage, id)).await?;
                compare(database, of, stage, &uid, indexed, &mut checked).await?;
            }
        }
        Ok(checked)
    }
}

/// The rows of a stage of a type in the index, with their checksums.
fn indexed(
    index: &Index,
    locales: &[String],
    stage: Stage,
    id: crate::schema::TypeId,
) -> Result<HashMap<i64, Vec<u64>>, SearchError> {
    let searcher = index.reader.searcher();
    let mut rows: HashMap<i64, Vec<u64>> = HashMap::new();
    for locale in locales.iter().map(String::as_str).chain([""]) {
        let term = Term::from_field_text(index.places.mark, &scope_mark(stage, id, locale));
        let query: Box<dyn Query> = Box::new(TermQuery::new(term, IndexRecordOption::Basic));
        for (row, sum) in searcher.search(&*query, &Sums)? {
            rows.entry(row).or_default().push(sum);
        }
    }
    Ok(rows)
}

async fn compare(
    database: &Database,
    of: &TypeMapping,
    stage: Stage,
    uid: &str,
    mut indexed: HashMap<i64, Vec<u64>>,
    checked: &mut Checked,
) -> Result<(), SearchError> {
    let mut differ = |row, what| {
        checked.differing += 1;
        if checked.differences.len() < MOST_TOLD {
            let uid = uid.to_owned();
            checked.differences.push(Difference {
                uid,
                stage,
                row,
                what,
            });
        }
    };
    let mut count = 0;
    let mut batches = Batches::new(500);
    while of.stages.contains(&stage)
        && let Some(batch) = batches.next(database, of, stage).await?
    {
        for row in batch.rows {
            count += 1;
            match indexed.remove(&row.row).as_deref() {
                None => differ(row.row, "is not in the index"),
                Some([sum]) if *sum == row.sum() => {}
                Some([_]) => differ(row.row, "is indexed with other text"),
                Some(_) => differ(row.row, "is indexed more than once"),
            }
        }
    }
    for row in indexed.into_keys() {
        differ(row, "is indexed and not in the database");
    }
    checked.rows += count;
    Ok(())
}

/// Collects rows and checksums.
struct Sums;

struct SumsOfSegment {
    rows: std::sync::Arc<dyn ColumnValues<u64>>,
    sums: std::sync::Arc<dyn ColumnValues<u64>>,
    found: Vec<(i64, u64)>,
}

impl Collector for Sums {
    type Fruit = Vec<(i64, u64)>;
    type Child = SumsOfSegment;

    fn for_segment(
        &self,
        _: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<SumsOfSegment> {
        let columns = segment.fast_fields();
        Ok(SumsOfSegment {
            rows: columns.u64(ROW)?.first_or_default_col(0),
            sums: columns.u64(SUM)?.first_or_default_col(0),
            found: Vec::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, fruits: Vec<Self::Fruit>) -> tantivy::Result<Self::Fruit> {
        Ok(fruits.into_iter().flatten().collect())
    }
}

impl SegmentCollector for SumsOfSegment {
    type Fruit = Vec<(i64, u64)>;

    fn collect(&mut self, doc: DocId, _: Score) {
        let row = i64::try_from(self.rows.get_val(doc)).unwrap_or_default();
        self.found.push((row, self.sums.get_val(doc)));
    }

    fn harvest(self) -> Self::Fruit {
        self.found
    }
}
