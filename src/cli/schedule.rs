//! `tympan schedule`: publishing and unpublishing at a time to come.

use clap::{Subcommand, ValueEnum};

use super::failure::Failure;
use super::{open, print};
use crate::app::App;
use crate::base::clock;
use crate::config::Config;
use crate::queue::Stopped;
use crate::schedules::{self, Deed, Planned, Wish};

/// Schedules listed at once.
const LISTED: u32 = 1000;

/// Publishing and unpublishing at a time to come.
#[derive(Debug, Subcommand)]
pub(super) enum Schedule {
    /// Plans to publish or unpublish a document; prints the schedule's number.
    Add(Add),
    /// Lists schedules, the newest first.
    List {
        /// Also those that have been carried out, failed or were cancelled.
        #[arg(long)]
        all: bool,
    },
    /// Cancels a schedule.
    Cancel {
        /// Its number.
        id: i64,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// The type.
    #[arg(value_name = "TYPE")]
    content_type: String,
    /// The document's `documentId`.
    #[arg(value_name = "DOCUMENT")]
    document_id: String,
    /// What is to happen.
    action: Act,
    /// When, with the zone, as 2026-03-29T09:00:00+02:00.
    #[arg(long, value_name = "TIME")]
    at: String,
    /// The locale's code; the default locale without this.
    #[arg(long, value_name = "CODE")]
    locale: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Act {
    /// The draft becomes public as it is at that time.
    Publish,
    /// The document is taken out of public view.
    Unpublish,
}

pub(super) async fn run(schedule: Schedule, config: &Config) -> anyhow::Result<()> {
    let app = open::open_existing(config).await?;
    let done = act(&app, schedule).await;
    app.close().await;
    done
}

async fn act(app: &App, schedule: Schedule) -> anyhow::Result<()> {
    match schedule {
        Schedule::Add(add) => {
            let id = plan(app, add).await?;
            print::line(id.to_string())?;
        }
        Schedule::List { all } => {
            for planned in schedules::list(&app.database, all, LISTED).await? {
                print::line(line(app, &planned))?;
            }
        }
        Schedule::Cancel { id } => match schedules::withdraw(&app.database, None, id).await? {
            Some(Stopped::Now | Stopped::Soon) => {
                print::note(format!("schedule {id} is cancelled"))
            }
            Some(Stopped::TooLate) => {
                let failure = Failure::new(format!("schedule {id} has ended already"));
                return Err(failure
                    .hint("`tympan schedule list --all` shows how")
                    .into());
            }
            None => {
                let failure = Failure::new(format!("there is no schedule {id}"));
                return Err(failure
                    .hint("`tympan schedule list` shows those there are")
                    .into());
            }
        },
    }
    Ok(())
}

async fn plan(app: &App, add: Add) -> anyhow::Result<i64> {
    let content_type = open::content_type(app, &add.content_type)?;
    let at = schedules::instant(&add.at).map_err(|error| {
        let failure = Failure::new(format!("`--at` cannot be `{}`", add.at.escape_debug()));
        failure.hint(error.to_string())
    })?;
    let wish = Wish {
        deed: match add.action {
            Act::Publish => Deed::Publish,
            Act::Unpublish => Deed::Unpublish,
        },
        at,
        document_id: add.document_id,
        locale: add.locale,
        author: None,
    };
    let planned = schedules::plan(&app.database, &app.schema(), &content_type, wish).await;
    planned
        .map(|planned| planned.id)
        .map_err(|error| Failure::new(format!("cannot schedule: {error}")).into())
}

fn line(app: &App, planned: &Planned) -> String {
    let schema = app.schema();
    let content_type = schema
        .types()
        .iter()
        .find(|known| known.id.0 == planned.type_id)
        .map_or("?", |known| known.singular.as_str());
    let mut line = format!(
        "{}  {}  {}  {content_type}  {}",
        planned.id,
        clock::stamp(planned.at),
        planned.deed.name(),
        planned.document_id,
    );
    for more in [planned.locale.as_str(), planned.state.name()] {
        if !more.is_empty() {
            line.push_str("  ");
            line.push_str(more);
        }
    }
    if let Some(error) = &planned.error {
        line.push_str("  ");
        line.push_str(&error.replace('\n', " "));
    }
    line
}
