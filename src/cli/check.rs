//! `tympan check`.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::failure::Failure;
use super::{open, print};
use crate::config::Config;
use crate::entries::audit::{self, Finding};
use crate::schema::store;

/// Looks at everything that is stored and tells what does not fit together; changes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Check {}

pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    let mut config = config.clone();
    config.database.statement_ms = config.database.statement_ms.max(open::PATIENT_MS);
    let app = open::open_existing(&config).await?;
    let spinner = spinner();
    let trash = store::trash(&app.database).await?;
    let shown = spinner.clone();
    let looking = move |what: &str| shown.set_message(what.to_owned());
    let found = audit::audit(&app.database, &app.schema(), &trash, looking).await;
    spinner.finish_and_clear();
    app.close().await;
    let (looked, findings) = found?;
    for finding in &findings {
        print::line(line(finding))?;
    }
    print::line(format!(
        "{} documents, {} links, {} versions, last change {}",
        looked.documents, looked.links, looked.versions, looked.last_change
    ))?;
    if findings.is_empty() {
        return Ok(print::line("everything fits together")?);
    }
    let message = format!("{} kinds of problems were found", findings.len());
    Err(Failure::new(message).into())
}

fn line(finding: &Finding) -> String {
    let Finding {
        what,
        count,
        example,
    } = finding;
    match example.is_empty() {
        true => format!("{count} × {what}"),
        false => format!("{count} × {what}, first: {example}"),
    }
}

fn spinner() -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let spinner = ProgressBar::with_draw_target(None, target);
    spinner.enable_steady_tick(Duration::from_millis(200));
    spinner
}
