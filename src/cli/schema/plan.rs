//! `tympan schema plan`: the steps, with what each one touches.

use super::affected::{self, Affected};
use super::stored;
use crate::app::App;
use crate::cli::print;
use crate::schema::Schema;
use crate::schema::definition::Definitions;
use crate::schema::plan::{self, Class, Plan, Step};

pub(super) async fn run(app: &App, wanted: &Definitions) -> anyhow::Result<()> {
    let (schema, trash) = stored(app).await?;
    let plan = plan::plan(&schema, &trash, wanted);
    show(app, &schema, &plan).await?;
    Ok(())
}

/// Prints a plan and returns how many of its steps lose values that are there.
pub(super) async fn show(app: &App, schema: &Schema, plan: &Plan) -> anyhow::Result<usize> {
    if plan.is_empty() {
        print::line("nothing to do")?;
        return Ok(0);
    }
    let mut losing = 0;
    for step in &plan.steps {
        let affected = affected::of(&app.database, schema, step).await?;
        losing += usize::from(loses(step, affected.as_ref()));
        print::line(line(step, affected.as_ref()))?;
    }
    for hint in &plan.hints {
        print::line(format!("hint: {hint}"))?;
    }
    print::line(summary(plan.steps.len(), losing))?;
    Ok(losing)
}

/// Whether values that are there would be lost, or set aside where only a restore brings them back.
fn loses(step: &Step, affected: Option<&Affected>) -> bool {
    step.class() != Class::Safe && affected.is_none_or(|affected| affected.count > 0)
}

fn line(step: &Step, affected: Option<&Affected>) -> String {
    let mark = match loses(step, affected) {
        true => '!',
        false => ' ',
    };
    match affected {
        Some(affected) => format!("{mark} {}: {affected}", step.describe()),
        None => format!("{mark} {}", step.describe()),
    }
}

fn summary(steps: usize, losing: usize) -> String {
    let steps = match steps {
        1 => "1 step".to_owned(),
        _ => format!("{steps} steps"),
    };
    match losing {
        0 => format!("{steps}, no values are lost"),
        1 => format!("{steps}, 1 of them (!) loses values"),
        _ => format!("{steps}, {losing} of them (!) lose values"),
    }
}
