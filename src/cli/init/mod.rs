//! `tympan init`: a small magazine to look at and to change.
//!
//! The files of its schema are written for the user to keep; they and `content.json` lie beside this file.
//! An element of `content.json` is an entry: `type`, `key` (a later element with the same key is another
//! locale of it), `locale`, `status` and `data`, in which `"@KEY"` names an entry that came before.

mod content;
mod files;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::failure::Failure;
use super::{open, print, schema};
use crate::access::Action;
use crate::accounts::{PUBLIC_ROLE, roles};
use crate::app::App;
use crate::config::Config;
use crate::schema::definition::Definitions;
use crate::schema::plan;
use crate::schema::store;

/// Makes a sample project: a magazine with articles, authors, categories, pages and settings.
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// The project's folder; its schema files go to `schema` inside.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

pub(super) async fn run(init: &Init, config: &Config) -> anyhow::Result<()> {
    let folder = init.folder.join("schema");
    if folder.exists() {
        let failure = Failure::new(format!("there is a schema already: {}", folder.display()));
        let hint =
            "`tympan init` overwrites nothing; name another folder, or use `tympan schema apply`";
        return Err(failure.hint(hint).into());
    }
    let app = open::open(config).await?;
    let done = make(&app, &folder).await;
    app.close().await;
    let entries = done?;
    tell(config, &folder, entries)
}

async fn make(app: &App, folder: &Path) -> anyhow::Result<usize> {
    let present = app.schema();
    if let Some(found) = present.types().iter().find(|each| !each.is_built_in()) {
        let message = format!("the database has types already, such as {}", found.uid);
        let hint = "`tympan init` is for an empty database; name another folder with `--data DIR`";
        return Err(Failure::new(message).hint(hint).into());
    }
    files::write(folder)
        .with_context(|| format!("cannot write the schema files: {}", folder.display()))?;
    let applied = apply(app, folder).await;
    if applied.is_err() {
        // Only what was just written is in it.
        let _ = fs::remove_dir_all(folder);
    }
    let definitions = applied?;
    let entries = content::create(app).await?;
    for definition in &definitions.types {
        let may = [Action::Find, Action::FindOne];
        roles::allow(&app.database, PUBLIC_ROLE, &definition.uid, &may).await?;
    }
    Ok(entries)
}

async fn apply(app: &App, folder: &Path) -> anyhow::Result<Definitions> {
    let wanted = schema::read(folder)?;
    let (present, trash) = (app.schema(), store::trash(&app.database).await?);
    let plan = plan::plan(&present, &trash, &wanted);
    schema::carry_out(app, (&present, &trash), &plan).await?;
    // Adds what editors complete and check the files with.
    crate::schema::files::write(folder, &wanted)?;
    Ok(wanted)
}

fn tell(config: &Config, folder: &Path, entries: usize) -> anyhow::Result<()> {
    let address = format!("http://{}", config.server.listen);
    print::line(format!(
        "made a magazine with {entries} entries in {}; everybody may read it\n\
         \nits types are files you may change: {}\n\
         \nwith `tympan serve` running, open\
         \n  {address}/api/articles?populate=*\
         \n  {address}/api/articles?filters[categories][slug][$eq]=craft&sort=publishedAt:desc\
         \n  {address}/api/pages?filters[slug][$eq]=home&populate=*\
         \n  {address}/api/settings?populate=*&locale=de\
         \n  {address}/api/docs",
        open::place(config),
        folder.display()
    ))?;
    Ok(())
}
