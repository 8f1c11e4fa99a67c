//! Building an index from the database, beside the one in use.

use std::path::Path;
use std::sync::Arc;

use super::folder::{self, Folder};
use super::index::{Index, Place, Writer};
use super::mapping::{Mapping, TypeMapping};
use super::source::{self, Row};
use super::{Search, SearchError, State};
use crate::base::Stage;
use crate::changes::{self, Cursor};
use crate::platform::database::{Database, Statement};
use crate::schema::store;

/// Bytes of text that are read at once; with longer documents fewer are read.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// A finished index.
pub(super) struct Built {
    pub(super) index: Index,
    pub(super) writer: Writer,
    pub(super) place: Place,
}

/// Where the log ends, with the mark of the change there.
pub(super) async fn end(database: &Database) -> Result<Place, SearchError> {
    let cursor = changes::end(database).await?;
    Ok(Place::at(
        cursor,
        origin(database, cursor).await?.unwrap_or(0),
    ))
}

/// The mark of the change at a place; none if there is no such change.
pub(super) async fn origin(database: &Database, at: Cursor) -> Result<Option<i64>, SearchError> {
    let statement = Statement::new("select origin from changes where seq = $1").bind(at.seq);
    let row = database.fetch_optional(statement).await?;
    Ok(row.map(|row| row.integer(0)).transpose()?)
}

/// Runs a step that may wait for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    step: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    tokio::task::spawn_blocking(step)
        .await
        .unwrap_or(Err(SearchError::Panic))
}

/// Builds an index in an empty folder; `progress` hears how many rows were read and how many there are.
pub(super) async fn build(
    database: &Database,
    mapping: Arc<Mapping>,
    folder: &Path,
    config: &super::SearchConfig,
    progress: impl Fn(u64, u64),
) -> Result<Built, SearchError> {
    // What is written from here on is applied again when the index follows the log.
    let place = end(database).await?;
    let (path, made_for, memory) = (folder.to_owned(), Arc::clone(&mapping), config.memory_mib);
    let (index, mut writer) = blocking(move || {
        let index = Index::create(&path, &made_for)?;
        let writer = index.writer(memory)?;
        Ok((index, writer))
    })
    .await?;
    let mut total = 0;
    for of in &mapping.types {
        for stage in of.stages {
            total += source::count(database, of, *stage).await?;
        }
    }
    let mut done = 0;
    progress(done, total);
    for place_of in 0..mapping.types.len() {
        let Some(of) = mapping.types.get(place_of) else {
            continue;
        };
        for stage in of.stages {
            let mut batches = Batches::new(config.batch);
            while let Some(rows) = batches.next(database, of, *stage).await? {
                done += u64::try_from(rows.documents).unwrap_or(0);
                let mapping = Arc::clone(&mapping);
                let stage = *stage;
                writer = blocking(move || {
                    add(&writer, &mapping, place_of, stage, &rows.rows)?;
                    Ok(writer)
                })
                .await?;
                progress(done, total.max(done));
            }
        }
    }
    blocking(move || {
        writer.commit(place)?;
        index.reader.reload()?;
        Ok(Built {
            index,
            writer,
            place,
        })
    })
    .await
}

fn add(
    writer: &Writer,
    mapping: &Mapping,
    place_of: usize,
    stage: Stage,
    rows: &[Row],
) -> Result<(), SearchError> {
    let Some(of) = mapping.types.get(place_of) else {
        return Ok(());
    };
    rows.iter()
        .try_for_each(|row| writer.add(mapping, of, stage, row))
}

/// Reads a stage of a type in pieces of bounded size.
pub(super) struct Batches {
    after: i64,
    size: u32,
    most: u32,
}

/// Some documents' rows.
pub(super) struct Batch {
    pub(super) documents: usize,
    pub(super) rows: Vec<Row>,
}

impl Batches {
    pub(super) fn new(most: u32) -> Self {
        Self {
            after: 0,
            size: most.clamp(1, 50),
            most,
        }
    }

    /// The next rows; none at the end.
    pub(super) async fn next(
        &mut self,
        database: &Database,
        of: &TypeMapping,
        stage: Stage,
    ) -> Result<Option<Batch>, SearchError> {
        let docs = source::documents_after(database, of, stage, self.after, self.size).await?;
        let Some(last) = docs.last() else {
            return Ok(None);
        };
        self.after = *last;
        let rows = source::rows(database, of, stage, &docs).await?;
        let bytes: usize = rows.iter().map(|row| row.bytes).sum();
        self.size = match bytes > BATCH_BYTES {
            true => (self.size / 2).max(1),
            false => (self.size * 2).min(self.most.max(1)),
        };
        Ok(Some(Batch {
            documents: docs.len(),
            rows,
        }))
    }
}

impl Search {
    /// Builds the index now, by this process or by the one that keeps it; `progress` hears how far it is.
    ///
    /// # Errors
    /// When the index cannot be written or the database fails.
    pub async fn rebuild(
        &self,
        database: &Database,
        progress: impl Fn(u64, u64),
    ) -> Result<u64, SearchError> {
        let Some(path) = self.0.folder.clone() else {
            return Err(SearchError::Damaged("search is switched off".to_owned()));
        };
        match Folder::take(&path) {
            Ok(folder) => {
                let schema = store::load(database).await?;
                let mapping = Arc::new(Mapping::new(&schema));
                let fresh = folder.fresh()?;
                let built = build(database, mapping, &fresh, self.config(), progress).await?;
                blocking(move || {
                    let rows = built.index.rows();
                    built.writer.finish()?;
                    folder.use_index(&fresh)?;
                    folder.sweep(&[&fresh]);
                    Ok(rows)
                })
                .await
            }
            Err(SearchError::Held(_)) => wait_for_rebuild(&path, progress).await,
            Err(error) => Err(error),
        }
    }
}

/// Asks the process that keeps the folder, and waits until it is done.
async fn wait_for_rebuild(path: &Path, progress: impl Fn(u64, u64)) -> Result<u64, SearchError> {
    let before = folder::current(path);
    folder::ask_rebuild(path)?;
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        match folder::told(path) {
            Some(State::Building { done, total }) => progress(done, total),
            Some(State::Ready { rows })
                if !folder::is_rebuild_waiting(path) && folder::current(path) != before =>
            {
                return Ok(rows);
            }
            Some(State::Failed { reason }) if !folder::is_rebuild_waiting(path) => {
                return Err(SearchError::Damaged(reason));
            }
            _ => {}
        }
        // The process that kept the folder may have ended meanwhile.
        if Folder::take(path).is_ok() {
            return Err(SearchError::Damaged(
                "the server that kept the index stopped; try again".to_owned(),
            ));
        }
    }
}
