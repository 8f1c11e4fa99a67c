//! Applying changes: the documents they name are read again and take the place of what was indexed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::SearchError;
use super::build::blocking;
use super::follow::{BATCH, Follower, Used};
use super::index::{Place, Writer};
use super::mapping::Mapping;
use super::source::{self, Row};
use crate::base::Stage;
use crate::changes::{self, Change, ChangeKind};

impl Follower {
    /// Applies changes, and those that follow at once, and makes them searchable.
    pub(super) async fn apply(&mut self, mut changes: Vec<Change>) -> Result<(), SearchError> {
        self.gather(&mut changes).await?;
        if changes
            .iter()
            .any(|change| change.kind == ChangeKind::Schema)
        {
            self.follow_schema().await?;
        }
        let entries = self.read(&changes).await?;
        let (Some(used), Some(last)) = (self.used.take(), changes.last()) else {
            return Ok(());
        };
        let place = Place::at(last.cursor, last.origin);
        let Used {
            index,
            writer,
            tail,
            ..
        } = used;
        let (mapping, reader) = (Arc::clone(&self.mapping), index.reader.clone());
        let done = blocking(move || {
            let writer = entries.write(writer, &mapping, place)?;
            reader.reload()?;
            Ok(writer)
        });
        match done.await {
            Ok(writer) => {
                let committed = Instant::now();
                changes::follower("search").at(tail.cursor());
                self.used = Some(Used {
                    index,
                    writer,
                    tail,
                    committed,
                });
                self.ready();
                Ok(())
            }
            Err(error) => {
                // What cannot be written is not read either: it would fall behind without a word.
                self.set_aside();
                Err(error)
            }
        }
    }

    /// A first change is searchable at once; while more keep coming they are gathered.
    async fn gather(&mut self, changes: &mut Vec<Change>) -> Result<(), SearchError> {
        let Some(used) = &mut self.used else {
            return Ok(());
        };
        let until = used.committed + Duration::from_millis(self.search.config().commit_ms);
        while Instant::now() < until && changes.len() < BATCH as usize {
            tokio::select! {
                more = used.tail.next(BATCH) => changes.extend(more?),
                () = sleep_until(until) => {}
            }
        }
        Ok(())
    }

    /// Reads what the changed documents are now.
    async fn read(&mut self, changes: &[Change]) -> Result<Entries, SearchError> {
        match self.read_once(changes).await {
            Err(SearchError::Database(_)) => {
                // A type may have gone with its table before its change was read.
                self.follow_schema().await?;
                self.read_once(changes).await
            }
            read => read,
        }
    }

    async fn read_once(&self, changes: &[Change]) -> Result<Entries, SearchError> {
        let mut by_type: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for change in changes {
            if let Some(doc) = change.doc {
                by_type
                    .entry(change.type_id.unwrap_or(0))
                    .or_default()
                    .insert(doc);
            }
        }
        let mut entries = Entries::default();
        for (place_of, of) in self.mapping.types.iter().enumerate() {
            let docs: Vec<i64> = by_type
                .get(&of.id.0)
                .into_iter()
                .flatten()
                .copied()
                .collect();
            for chunk in
                docs.chunks(usize::try_from(self.search.config().batch.max(1)).unwrap_or(500))
            {
                for stage in of.stages {
                    let rows = source::rows(&self.database, of, *stage, chunk).await?;
                    entries.rows.push((place_of, *stage, rows));
                }
            }
        }
        entries.docs = by_type.into_values().flatten().collect();
        Ok(entries)
    }
}

/// Documents that are replaced, and what they are now.
#[derive(Default)]
struct Entries {
    docs: BTreeSet<i64>,
    rows: Vec<(usize, Stage, Vec<Row>)>,
}

impl Entries {
    /// Replaces the documents and makes it durable.
    fn write(
        self,
        mut writer: Writer,
        mapping: &Mapping,
        place: Place,
    ) -> Result<Writer, SearchError> {
        for doc in &self.docs {
            writer.remove(*doc);
        }
        for (place_of, stage, rows) in &self.rows {
            let Some(of) = mapping.types.get(*place_of) else {
                continue;
            };
            rows.iter()
                .try_for_each(|row| writer.add(mapping, of, *stage, row))?;
        }
        writer.commit(place)?;
        Ok(writer)
    }
}
