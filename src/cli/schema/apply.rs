//! `tympan schema apply`: shows the plan, asks, and carries it out.

use std::io::{self, BufRead as _, IsTerminal as _};

use super::{Folder, plan, stored};
use crate::app::App;
use crate::cli::failure::Failure;
use crate::cli::print;
use crate::schema::Schema;
use crate::schema::definition::Definitions;
use crate::schema::plan::{self as planning, Plan, Trash};
use crate::schema::store::{self, StoreError};

/// Who a change made here is by, in the change log.
const AUTHOR: &str = "command line";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Apply {
    #[command(flatten)]
    pub(super) folder: Folder,
    #[command(flatten)]
    consent: Consent,
}

/// What was agreed to beforehand.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Consent {
    /// Does not ask.
    #[arg(long)]
    yes: bool,
    /// Agrees to steps that lose values; the plan marks them with `!`.
    #[arg(long)]
    allow_loss: bool,
}

pub(super) async fn run(app: &App, apply: &Apply, wanted: &Definitions) -> anyhow::Result<()> {
    let (schema, trash) = stored(app).await?;
    let plan = planning::plan(&schema, &trash, wanted);
    confirm_and_carry_out(app, (&schema, &trash), &plan, apply.consent).await
}

/// Shows a plan, makes sure that it is wanted and carries it out.
pub(super) async fn confirm_and_carry_out(
    app: &App,
    (schema, trash): (&Schema, &Trash),
    plan: &Plan,
    consent: Consent,
) -> anyhow::Result<()> {
    let losing = plan::show(app, schema, plan).await?;
    if plan.is_empty() {
        return Ok(());
    }
    if losing > 0 && !consent.allow_loss {
        let failure = Failure::new("the plan loses values; nothing was changed");
        let hint = "if that is wanted, pass `--yes --allow-loss`; dropped types and fields can be restored later";
        return Err(failure.hint(hint).into());
    }
    if !consent.yes && !asked()? {
        return Err(Failure::new("not confirmed; nothing was changed").into());
    }
    carry_out(app, (schema, trash), plan).await?;
    print::line("done")?;
    Ok(())
}

/// Carries out a plan; running servers notice.
pub(in crate::cli) async fn carry_out(
    app: &App,
    (schema, trash): (&Schema, &Trash),
    plan: &Plan,
) -> anyhow::Result<()> {
    store::apply(&app.database, schema, trash, plan, Some(AUTHOR))
        .await
        .map_err(|error| {
            let failure = Failure::new(format!("nothing was changed: {error}"));
            match error {
                StoreError::Changed => failure.hint("run the command again"),
                _ => failure,
            }
        })?;
    app.refresh().await?;
    Ok(())
}

fn asked() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        let failure = Failure::new("nobody is there to confirm; nothing was changed");
        return Err(failure.hint("pass `--yes` to apply without asking").into());
    }
    print::note("apply this plan? [y/N]");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
