//! From the configuration to an open app.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::failure::Failure;
use crate::app::{App, AppError};
use crate::config::Config;
use crate::platform::database::DatabaseError;
use crate::schema::ContentType;
use crate::sync::node;

/// Milliseconds a statement may run when a person waits for a whole answer, not a browser for a page.
pub(super) const PATIENT_MS: u64 = 60 * 60 * 1000;

/// Opens the database, which is made if there is none, with its folder; not the copy of a read node.
pub(super) async fn open(config: &Config) -> anyhow::Result<Arc<App>> {
    let app = open_any(config).await?;
    if node::followed_origin(&app.database).await? {
        let failure = Failure::new("this database is the copy of a read node");
        let hint = "work on its origin, or serve it with `tympan serve --follow URL`";
        return Err(failure.hint(hint).into());
    }
    Ok(app)
}

/// As [`open`], whatever it is.
pub(super) async fn open_any(config: &Config) -> anyhow::Result<Arc<App>> {
    make_folder(Path::new(&config.data))?;
    if let Some(file) = sqlite_file(config)
        && let Some(folder) = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
    {
        make_folder(folder)?;
    }
    let mut cache = config.cache.clone();
    // A CDN can only forget what it can name.
    cache.tags |= config.purge.is_on();
    let opened = App::open_in(
        Some(PathBuf::from(&config.data)),
        config.search.clone(),
        &config.database,
        config.limits.clone(),
        cache,
    )
    .await;
    opened.map_err(|error| refusal(config, &error).into())
}

/// Opens a database that is there; a mistyped folder must not look like an empty database.
pub(super) async fn open_existing(config: &Config) -> anyhow::Result<Arc<App>> {
    must_exist(config)?;
    open(config).await
}

/// As [`open_existing`], also the copy of a read node.
pub(super) async fn open_any_existing(config: &Config) -> anyhow::Result<Arc<App>> {
    must_exist(config)?;
    open_any(config).await
}

fn must_exist(config: &Config) -> Result<(), Failure> {
    if let Some(file) = sqlite_file(config)
        && !file.exists()
    {
        let message = format!("there is no database: {}", file.display());
        let hint =
            "name the folder with `--data DIR`; `tympan serve` or `tympan init` makes a database";
        return Err(Failure::new(message).hint(hint));
    }
    Ok(())
}

/// Where the database is, without what a log should not hold.
pub(super) fn place(config: &Config) -> String {
    match sqlite_file(config) {
        Some(file) => file.display().to_string(),
        None => "PostgreSQL".to_owned(),
    }
}

/// The type somebody named.
pub(super) fn content_type(app: &App, name: &str) -> Result<Arc<ContentType>, Failure> {
    let schema = app.schema();
    if let Some(found) = schema.content_type(name) {
        return Ok(Arc::clone(found));
    }
    let names = schema
        .types()
        .iter()
        .map(|known| match known.is_built_in() {
            true => known.uid.as_str(),
            false => known.singular.as_str(),
        });
    Err(Failure::unknown("type", name, names))
}

fn sqlite_file(config: &Config) -> Option<PathBuf> {
    let path = config.database.url.strip_prefix("sqlite:")?;
    Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
}

/// Only the owner may look into what is stored.
fn make_folder(path: &Path) -> anyhow::Result<()> {
    if fs::metadata(path).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the data folder: {}", path.display()))
}

fn refusal(config: &Config, error: &AppError) -> Failure {
    let place = place(config);
    let hint = match error {
        AppError::Database(DatabaseError::Url) => Some(
            "pass `--database sqlite:PATH` or `--database postgres://USER@HOST/NAME`".to_owned(),
        ),
        AppError::Database(DatabaseError::Busy) => {
            Some("another process holds the database; try again when it is done".to_owned())
        }
        AppError::Database(DatabaseError::Unavailable(_)) if place == "PostgreSQL" => {
            Some("check that PostgreSQL runs and that `--database` names it".to_owned())
        }
        _ => None,
    };
    let failure = Failure::new(format!("cannot open the database: {place}: {error}"));
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
