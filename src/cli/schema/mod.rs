//! `tympan schema`: the schema as files, and plans from one to the other.

mod affected;
mod apply;
mod plan;
mod restore;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;

use super::failure::Failure;
use super::{open, print};
use crate::app::App;
use crate::config::Config;
use crate::schema::definition::{Definitions, Problem};
use crate::schema::plan::{OwnerId, Trash};
use crate::schema::{Schema, files, store, typescript};

pub(super) use apply::carry_out;

/// Content types as files, and plans to change what is stored.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prints what `apply` would do, step by step, and changes nothing.
    Plan(Folder),
    /// Makes the stored schema that of the files, in one transaction.
    Apply(apply::Apply),
    /// Writes the stored schema as files.
    Pull(Folder),
    /// Prints TypeScript types of the stored schema.
    Types,
    /// Lists types, components and fields that were dropped and can be restored.
    Trash,
    /// Brings a dropped type, component or field back with its values.
    Restore(restore::Restore),
}

#[derive(Debug, clap::Args)]
pub(super) struct Folder {
    /// The schema folder.
    #[arg(value_name = "DIR", default_value = "schema")]
    folder: PathBuf,
}

pub(super) async fn run(command: Command, config: &Config) -> anyhow::Result<()> {
    // Before the database is opened: a wrong file must not leave an empty database behind.
    let wanted = match &command {
        Command::Plan(folder) => Some(read(&folder.folder)?),
        Command::Apply(apply) => Some(read(&apply.folder.folder)?),
        _ => None,
    };
    // Statements of a plan look at every row; nobody waits for them in a browser.
    let mut config = config.clone();
    config.database.statement_ms = config.database.statement_ms.max(open::PATIENT_MS);
    let app = match command {
        Command::Pull(_) | Command::Trash | Command::Restore(_) => {
            open::open_existing(&config).await?
        }
        _ => open::open(&config).await?,
    };
    let done = act(&app, command, wanted).await;
    app.close().await;
    done
}

async fn act(app: &App, command: Command, wanted: Option<Definitions>) -> anyhow::Result<()> {
    let wanted = wanted.unwrap_or_default();
    match command {
        Command::Plan(_) => plan::run(app, &wanted).await,
        Command::Apply(apply) => apply::run(app, &apply, &wanted).await,
        Command::Pull(folder) => pull(app, &folder.folder),
        Command::Types => Ok(print::line(typescript::types(&app.schema()).trim_end())?),
        Command::Trash => trash(app).await,
        Command::Restore(restore) => restore::run(app, &restore).await,
    }
}

/// Reads and checks a schema folder.
pub(super) fn read(folder: &Path) -> anyhow::Result<Definitions> {
    if !folder.is_dir() {
        let message = format!("there is no schema folder: {}", folder.display());
        let hint = "name it as in `tympan schema plan DIR`; `tympan schema pull DIR` writes one";
        return Err(Failure::new(message).hint(hint).into());
    }
    files::read(folder).map_err(|problems| {
        let what = format!("the schema cannot be used: {}", folder.display());
        refused(&what, &problems).into()
    })
}

/// One problem stands on the line itself, several below it.
pub(super) fn refused(what: &str, problems: &[Problem]) -> Failure {
    let failure = match problems {
        [only] => Failure::new(format!("{what}: {only}")),
        _ => {
            let lines: String = problems
                .iter()
                .map(|problem| format!("\n  {problem}"))
                .collect();
            Failure::new(format!("{what}: {} problems{lines}", problems.len()))
        }
    };
    failure.hint("nothing was changed; correct this and run the command again")
}

/// The schema and its trash as they are stored now.
async fn stored(app: &App) -> anyhow::Result<(Arc<Schema>, Trash)> {
    app.refresh().await?;
    let trash = store::trash(&app.database).await?;
    Ok((app.schema(), trash))
}

fn pull(app: &App, folder: &Path) -> anyhow::Result<()> {
    let is_project = ["types", "components", files::LOCALES]
        .iter()
        .all(|name| !folder.join(name).exists());
    let inner = folder.join("schema");
    // `plan .` reads the folder named schema inside a project; `pull .` writes to the same place.
    let folder = if is_project && inner.is_dir() {
        inner
    } else {
        folder.to_owned()
    };
    let definitions = Definitions::of(&app.schema());
    let written = files::write(&folder, &definitions)
        .with_context(|| format!("cannot write the schema: {}", folder.display()))?;
    for file in &written.written {
        print::line(format!("wrote {}", folder.join(file).display()))?;
    }
    for file in &written.removed {
        print::line(format!("removed {}", folder.join(file).display()))?;
    }
    if written.written.is_empty() && written.removed.is_empty() {
        print::line("nothing to do")?;
    }
    Ok(())
}

async fn trash(app: &App) -> anyhow::Result<()> {
    let (schema, trash) = stored(app).await?;
    for found in &trash.types {
        print::line(format!("type       {}", found.uid))?;
    }
    for found in &trash.components {
        print::line(format!("component  {}", found.uid))?;
    }
    for (owner, field) in &trash.fields {
        if let Some(owner) = owner_uid(&schema, *owner) {
            print::line(format!(
                "field      {owner}:{}  {}",
                field.name,
                field.kind.name()
            ))?;
        }
    }
    Ok(())
}

/// The uid of an owner that is not in the trash itself.
fn owner_uid(schema: &Schema, owner: OwnerId) -> Option<&str> {
    match owner {
        OwnerId::Type(id) => schema
            .content_type_by_id(id)
            .map(|found| found.uid.as_str()),
        OwnerId::Component(id) => schema.component_by_id(id).map(|found| found.uid.as_str()),
    }
}
