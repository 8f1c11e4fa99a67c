//! The best hits of a search and how many there are.

use std::cmp::Ordering;
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::ColumnValues;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::places::ROW;

/// Parts of a point that scores are told apart by; sums of floats differ in what is smaller.
const PARTS: f32 = 1000.0;

/// A row that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The number of the row.
    pub row: i64,
    /// Thousandths of a point.
    pub score: u32,
}

impl Hit {
    /// Best first; what scores the same comes newest first.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        (other.score, other.row).cmp(&(self.score, self.row))
    }
}

/// Collects the best hits.
pub(super) struct Best {
    /// At most how many.
    pub(super) most: usize,
}

pub(super) struct BestOfSegment {
    most: usize,
    rows: Arc<dyn ColumnValues<u64>>,
    total: u64,
    least: u32,
    hits: Vec<Hit>,
}

impl Collector for Best {
    type Fruit = (u64, Vec<Hit>);
    type Child = BestOfSegment;

    fn for_segment(
        &self,
        _: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<Self::Child> {
        let rows = segment.fast_fields().u64(ROW)?;
        Ok(BestOfSegment {
            most: self.most,
            rows: rows.first_or_default_col(0),
            total: 0,
            least: 0,
            hits: Vec::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, fruits: Vec<Self::Fruit>) -> tantivy::Result<Self::Fruit> {
        let mut total = 0;
        let mut hits = Vec::new();
        for (count, found) in fruits {
            total += count;
            hits.extend(found);
        }
        hits.sort_unstable_by(Hit::order);
        hits.truncate(self.most);
        Ok((total, hits))
    }
}

impl SegmentCollector for BestOfSegment {
    type Fruit = (u64, Vec<Hit>);

    fn collect(&mut self, doc: DocId, score: Score) {
        self.total += 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "scores are small and not negative"
        )]
        let score = (score * PARTS).round() as u32;
        if score < self.least || self.most == 0 {
            return;
        }
        let row = i64::try_from(self.rows.get_val(doc)).unwrap_or_default();
        self.hits.push(Hit { row, score });
        if self.hits.len() >= self.most.saturating_mul(2).max(64) {
            self.keep_best();
        }
    }

    fn harvest(mut self) -> Self::Fruit {
        if self.hits.len() > self.most {
            self.keep_best();
        }
        (self.total, self.hits)
    }
}

impl BestOfSegment {
    fn keep_best(&mut self) {
        let last = self.most.saturating_sub(1);
        if last < self.hits.len() {
            let (_, worst, _) = self.hits.select_nth_unstable_by(last, Hit::order);
            self.least = worst.score;
            self.hits.truncate(self.most);
        }
    }
}
