//! The delivery log, and sending again.

use chrono::{DateTime, NaiveDate};
use clap::ValueEnum;

use super::named;
use super::show::printable;
use crate::app::App;
use crate::base::clock;
use crate::cli::failure::Failure;
use crate::cli::print;
use crate::webhooks::endpoints;
use crate::webhooks::log::{self, Delivery, State, Which};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Deliveries {
    /// One delivery, with its body and all its tries.
    id: Option<i64>,
    /// Only those of this webhook.
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Only those in this state.
    #[arg(long)]
    state: Option<Shown>,
    /// At most so many, the newest first.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shown {
    /// To be sent, now or later.
    Waiting,
    /// Received.
    Delivered,
    /// Failed as often as the schedule allows.
    Parked,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(in crate::cli) struct Replay {
    /// One delivery, whatever became of it.
    #[arg(conflicts_with_all = ["failed_since", "endpoint"])]
    id: Option<i64>,
    /// Every parked delivery that was queued since this time, such as `2026-11-30` or `2026-11-30T08:00:00Z`.
    #[arg(long, value_name = "TIME")]
    failed_since: Option<String>,
    /// Only those of this webhook.
    #[arg(long, value_name = "NAME", requires = "failed_since")]
    endpoint: Option<String>,
}

pub(super) async fn deliveries(wanted: Deliveries, app: &App) -> anyhow::Result<()> {
    if let Some(id) = wanted.id {
        return one(id, app).await;
    }
    let endpoint = match wanted.endpoint {
        Some(name) => Some(named(app, name).await?),
        None => None,
    };
    let state = wanted.state.map(|state| match state {
        Shown::Waiting => State::Waiting,
        Shown::Delivered => State::Delivered,
        Shown::Parked => State::Parked,
    });
    let which = Which { endpoint, state };
    for delivery in log::deliveries(&app.database, &which, wanted.limit).await? {
        print::line(line(&delivery))?;
    }
    Ok(())
}

fn line(delivery: &Delivery) -> String {
    let next = match delivery.state.as_str() {
        "waiting" => format!("  next {}", clock::stamp(delivery.next_at)),
        _ => String::new(),
    };
    format!(
        "{}  {}  {}  {}  {}  {}  {} tries{next}",
        delivery.id,
        clock::stamp(delivery.created_at),
        delivery.endpoint,
        delivery.event,
        delivery.document_id.as_deref().unwrap_or("-"),
        delivery.state,
        delivery.tries
    )
}

async fn one(id: i64, app: &App) -> anyhow::Result<()> {
    let (delivery, body) = log::one(&app.database, id).await?;
    print::line(line(&delivery))?;
    print::line(format!("id        {}", delivery.event_id))?;
    print::line(format!("sequence  {}", delivery.sequence))?;
    print::line(format!("body      {}", printable(&body)))?;
    for attempt in log::attempts(&app.database, id).await? {
        print::line(format!(
            "\ntry {}  {}",
            attempt.number,
            clock::stamp(attempt.at)
        ))?;
        print::line(format!("  request   {}", printable(&attempt.request)))?;
        if let (Some(status), Some(ms)) = (attempt.status, attempt.duration_ms) {
            print::line(format!("  answer    {status} after {ms} ms"))?;
        }
        if let Some(body) = attempt.response.filter(|body| !body.is_empty()) {
            print::line(format!("  body      {}", printable(&body)))?;
        }
        if let Some(error) = attempt.error {
            print::line(format!("  error     {}", printable(&error)))?;
        }
    }
    Ok(())
}

pub(super) async fn replay(wanted: Replay, app: &App) -> anyhow::Result<()> {
    let database = &app.database;
    if let Some(id) = wanted.id {
        log::replay(database, id).await?;
        print::note(format!("delivery {id} is sent again"));
        return Ok(());
    }
    let since = since(wanted.failed_since.as_deref().unwrap_or_default())?;
    let endpoint = match wanted.endpoint {
        Some(name) => {
            let name = named(app, name).await?;
            Some(endpoints::find(database, &name).await?.id)
        }
        None => None,
    };
    let count = log::replay_parked(database, endpoint, since).await?;
    print::note(format!("{count} deliveries are sent again"));
    Ok(())
}

fn since(text: &str) -> Result<i64, Failure> {
    let moment = DateTime::parse_from_rfc3339(text)
        .map(|at| at.timestamp_millis())
        .ok();
    let day = || {
        let day = text.parse::<NaiveDate>().ok()?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
    };
    moment.or_else(day).ok_or_else(|| {
        let failure = Failure::new(format!("no time: `{}`", text.escape_debug()));
        failure.hint("write it as `2026-11-30` or `2026-11-30T08:00:00Z`")
    })
}
