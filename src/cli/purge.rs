//! `tympan purge`: a CDN forgets what it keeps.

use super::failure::Failure;
use super::{open, print};
use crate::app::App;
use crate::base::clock;
use crate::config::Config;
use crate::purges::{self, EVERYTHING, is_tag};

/// Makes the CDN forget what it keeps; without arguments, tells how purging goes.
#[derive(Debug, clap::Args)]
pub(super) struct Purge {
    /// What carries one of these tags, as in `Surrogate-Key` and `Cache-Tag`.
    #[arg(value_name = "TAG", conflicts_with = "all")]
    tags: Vec<String>,
    /// Everything.
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(purge: Purge, config: &Config) -> anyhow::Result<()> {
    config.purge.check().map_err(Failure::new)?;
    let app = open::open_existing(config).await?;
    let done = act(purge, &app, config).await;
    app.close().await;
    done
}

async fn act(purge: Purge, app: &App, config: &Config) -> anyhow::Result<()> {
    let mut tags = purge.tags;
    if purge.all {
        tags = vec![EVERYTHING.to_owned()];
    } else if tags.is_empty() {
        return status(app).await;
    } else if let Some(tag) = tags.iter().find(|tag| !is_tag(tag) || *tag == EVERYTHING) {
        let failure = Failure::new(format!("no tag: `{}`", tag.escape_debug()));
        return Err(failure
            .hint("tags are printable and hold no blanks and commas; `--all` is everything")
            .into());
    }
    if !config.purge.is_on() {
        let failure = Failure::new("no CDN is configured");
        return Err(failure
            .hint("set `purge.adapter`, as the operator's manual says")
            .into());
    }
    purges::enqueue(&app.database, &config.purge, tags).await?;
    print::note("the server purges it as soon as it can; `tympan purge` tells how it goes");
    Ok(())
}

async fn status(app: &App) -> anyhow::Result<()> {
    let status = purges::status(&app.database).await?;
    print::line(format!("{} tags wait", status.waiting))?;
    if let (Some(since), Some(error)) = (status.failing_since, status.error) {
        print::line(format!("failing since {}: {error}", clock::stamp(since)))?;
    }
    Ok(())
}
