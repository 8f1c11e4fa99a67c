//! `tympan search rebuild` and `tympan search check`.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::Failure;
use super::{open, print};
use crate::base::Stage;
use crate::config::Config;
use crate::search::Difference;

/// Looks after the search index.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Builds the index anew from the database; beside a running server, the server does it while it goes on.
    Rebuild,
    /// Compares the index with the database.
    Check,
}

pub(super) async fn run(command: Command, config: &Config) -> anyhow::Result<()> {
    let mut config = config.clone();
    config.database.statement_ms = config.database.statement_ms.max(open::PATIENT_MS);
    match command {
        Command::Rebuild => rebuild(&config).await,
        Command::Check => check(&config).await,
    }
}

async fn rebuild(config: &Config) -> anyhow::Result<()> {
    let app = open::open_any_existing(config).await?;
    let bar = bar();
    let shown = bar.clone();
    let progress = move |done, total| {
        shown.set_length(total);
        shown.set_position(done);
    };
    let rebuilt = app.search.rebuild(&app.database, progress).await;
    bar.finish_and_clear();
    app.close().await;
    let rows = rebuilt?;
    Ok(print::line(format!(
        "the search index is built: {rows} rows"
    ))?)
}

async fn check(config: &Config) -> anyhow::Result<()> {
    let app = open::open_any_existing(config).await?;
    let checked = app.search.check(&app.database).await;
    app.close().await;
    let checked = checked.map_err(|error| {
        Failure::new(error.to_string())
            .hint("`tympan serve` builds it by itself; `tympan search rebuild` builds it now")
    })?;
    for difference in &checked.differences {
        print::line(line(difference))?;
    }
    print::line(format!("{} rows", checked.rows))?;
    if checked.differing == 0 {
        return Ok(print::line("the search index is as the database")?);
    }
    let failure = Failure::new(format!("{} rows differ", checked.differing));
    Err(failure
        .hint("a server that runs may be a moment behind; else `tympan search rebuild`")
        .into())
}

fn line(difference: &Difference) -> String {
    let stage = match difference.stage {
        Stage::Draft => "draft",
        Stage::Published => "published",
    };
    format!(
        "{} {stage} {}: {}",
        difference.uid, difference.row, difference.what
    )
}

fn bar() -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left") {
        bar.set_style(style);
    }
    bar
}
