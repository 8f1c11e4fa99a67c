//! The imports from beginning to end.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;

use super::error::ImportError;
use super::known::Named;
use super::produce::{Source, Stop};
use super::record::ImportRecord;
use super::report::ImportReport;
use super::strapi::{ArchiveLimits, ImportLocale, StrapiArchive, StrapiError, is_project};
use super::wordpress::{Survey, WxrLimits};
use super::write::{Watch, write};
use super::{Imported, Progress, merge, wordpress};
use crate::platform::database::Database;
use crate::schema::definition::Definitions;
use crate::schema::plan::{self, Step};
use crate::schema::{Schema, files, store};

/// How often the check of an archive tells how far it is.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Imports a Strapi 5 project folder (its types) or an archive made by `strapi export` (everything).
///
/// Media files are copied into the folder `media`. Whoever holds a snapshot of the schema should read
/// it again afterwards.
///
/// # Errors
/// [`ImportError`]; the database is then as it was before.
pub async fn import_strapi(
    database: &Database,
    path: &Path,
    key: Option<&str>,
    media: &Path,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Imported, ImportError> {
    if is_project(path) {
        let source = files::read(path).map_err(ImportError::Definitions)?;
        let mut report = ImportReport::default();
        let added = add_schema(database, source, &[], &mut report).await?;
        return Ok(Imported {
            schema: added.steps,
            report,
            ..Imported::default()
        });
    }
    let watch: Watch = Arc::new(progress);
    let archive = open_strapi(path, key, &watch).await?;
    let mut report = archive.report().clone();
    let all = archive.definitions().iter();
    let source = merge::definitions(all.map(|each| (each.uid.as_str(), &each.definition)))?;
    let copied = {
        let (archive, media) = (Arc::clone(&archive), media.to_owned());
        blocking(move || archive.copy_media(&media)).await??
    };
    let added = add_schema(database, source, &archive.locales(), &mut report).await?;
    for name in &copied.conflicts {
        let what = "media files of which another one with the same name is stored, left out";
        report.add(what, || name.clone());
    }
    let source = StrapiSource {
        archive,
        scratch: media.to_owned(),
    };
    let imported = write(database, added.schema(), source, "import:strapi", watch).await;
    let mut imported = added.keep_if(database, imported).await?;
    report.merge(imported.report);
    imported.report = report;
    imported.media = copied;
    Ok(imported)
}

/// Imports a WordPress export file, making the types it needs.
///
/// # Errors
/// [`ImportError`]; the database is then as it was before.
pub async fn import_wordpress(
    database: &Database,
    path: &Path,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Imported, ImportError> {
    let watch: Watch = Arc::new(progress);
    let source = {
        let path = path.to_owned();
        blocking(move || WordpressSource::open(path)).await??
    };
    let mut report = ImportReport::default();
    let definitions = source.survey.definitions();
    let all = definitions.iter();
    let definitions = merge::definitions(all.map(|each| (each.uid.as_str(), &each.definition)))?;
    let added = add_schema(database, definitions, &[], &mut report).await?;
    let imported = write(database, added.schema(), source, "import:wordpress", watch).await;
    let mut imported = added.keep_if(database, imported).await?;
    report.merge(imported.report);
    imported.report = report;
    Ok(imported)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ImportError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ImportError::Stopped)
}

/// Opens and checks an archive, telling how many bytes of the file were read.
async fn open_strapi(
    path: &Path,
    key: Option<&str>,
    watch: &Watch,
) -> Result<Arc<StrapiArchive>, ImportError> {
    let (path, key) = (path.to_owned(), key.map(str::to_owned));
    let (tell, told) = oneshot::channel();
    let archive = blocking(move || {
        let limits = ArchiveLimits::default();
        StrapiArchive::open_watched(&path, key.as_deref(), limits, |total, done| {
            // Nobody listens any more if the import was given up.
            let _ = tell.send((total, done));
        })
    });
    let telling = async {
        let Ok((total, done)) = told.await else {
            return std::future::pending().await;
        };
        let mut often = tokio::time::interval(TELL_EVERY);
        loop {
            often.tick().await;
            watch(Progress {
                what: "bytes checked",
                done: done.load(Ordering::Relaxed).min(total),
                total,
            });
        }
    };
    tokio::select! {
        archive = archive => Ok(Arc::new(archive??)),
        () = telling => Err(ImportError::Stopped),
    }
}

/// Adds what the source has and the schema lacks.
async fn add_schema(
    database: &Database,
    source: Definitions,
    locales: &[ImportLocale],
    report: &mut ImportReport,
) -> Result<Added, ImportError> {
    let before = store::load(database).await?;
    let trash = store::trash(database).await?;
    let plan = merge::plan(&before, &trash, source, locales, report)?;
    if plan.is_empty() {
        let after = Arc::new(before.clone());
        return Ok(Added {
            before,
            after,
            steps: Vec::new(),
        });
    }
    let steps = plan.steps.iter().map(Step::describe).collect();
    store::apply(database, &before, &trash, &plan, Some("import")).await?;
    let after = Arc::new(store::load(database).await?);
    Ok(Added {
        before,
        after,
        steps,
    })
}

/// The schema before and after what an import added.
struct Added {
    before: Schema,
    after: Arc<Schema>,
    steps: Vec<String>,
}

impl Added {
    fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.after)
    }

    /// If the documents could not be written, what was added to the schema goes (empty) to the trash.
    async fn keep_if(
        self,
        database: &Database,
        imported: Result<Imported, ImportError>,
    ) -> Result<Imported, ImportError> {
        match imported {
            Ok(imported) => Ok(Imported {
                schema: self.steps,
                ..imported
            }),
            Err(error) => {
                if !self.steps.is_empty() {
                    let trash = store::trash(database).await?;
                    let plan = plan::plan(&self.after, &trash, &Definitions::of(&self.before));
                    // The reason for the import's end says more than one why this cannot be done.
                    let _ =
                        store::apply(database, &self.after, &trash, &plan, Some("import")).await;
                }
                Err(error)
            }
        }
    }
}

struct StrapiSource {
    archive: Arc<StrapiArchive>,
    scratch: PathBuf,
}

impl Source for StrapiSource {
    fn scratch(&self) -> PathBuf {
        self.scratch.clone()
    }

    fn documents(&self) -> Result<Vec<Named>, ImportError> {
        let named = self
            .archive
            .documents()
            .zip(self.archive.records_of_documents());
        Ok(named
            .map(|((uid, id), records)| (uid.to_owned(), id.to_owned(), records))
            .collect())
    }

    fn records(
        &self,
        _: &mut ImportReport,
        each: &mut dyn FnMut(ImportRecord) -> Result<(), Stop>,
    ) -> Result<(), ImportError> {
        Ok(self.archive.records(each)?)
    }
}

struct WordpressSource {
    path: PathBuf,
    survey: Survey,
    limits: WxrLimits,
}

impl WordpressSource {
    fn open(path: PathBuf) -> Result<Self, ImportError> {
        let limits = WxrLimits::default();
        let survey = wordpress::check(reader(&path)?, &limits)?;
        Ok(Self {
            path,
            survey,
            limits,
        })
    }
}

fn reader(path: &Path) -> Result<BufReader<File>, ImportError> {
    let file = File::open(path).map_err(|cause| ImportError::Unreadable {
        path: path.display().to_string(),
        cause,
    })?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

impl Source for WordpressSource {
    fn scratch(&self) -> PathBuf {
        // Every document has one record, so that none waits for another.
        std::env::temp_dir()
    }

    fn documents(&self) -> Result<Vec<Named>, ImportError> {
        let mut named: Vec<Named> = Vec::new();
        let records = wordpress::records(reader(&self.path)?, &self.survey, self.limits.clone());
        for record in records {
            let record = record?;
            named.push((record.content_type, record.document_id, 1));
        }
        Ok(named)
    }

    fn records(
        &self,
        report: &mut ImportReport,
        each: &mut dyn FnMut(ImportRecord) -> Result<(), Stop>,
    ) -> Result<(), ImportError> {
        let reader = reader(&self.path)?;
        let mut records = wordpress::records(reader, &self.survey, self.limits.clone());
        for record in records.by_ref() {
            each(record?).map_err(StrapiError::Stopped)?;
        }
        report.merge(records.take_report());
        Ok(())
    }
}
