//! `tympan webhook`: who is told what happened, and what became of it.

mod log;
mod set;
mod show;

use std::sync::Arc;

use clap::Subcommand;

use super::failure::Failure;
use super::{open, print};
use crate::app::App;
use crate::config::Config;
use crate::platform::http_client::Client;
use crate::webhooks::{self, WebhookError, endpoints};

/// Who is told what happened to content, and what became of it.
#[derive(Debug, Subcommand)]
pub(super) enum Webhook {
    /// Makes a webhook and prints its secret; it cannot be shown again.
    Create(set::Create),
    /// Lists webhooks.
    List,
    /// Shows a webhook; secrets are not shown.
    Show {
        /// The webhook's name.
        name: String,
    },
    /// Changes a webhook; what is not given stays.
    Update(set::Update),
    /// Removes a webhook with its deliveries.
    Delete {
        /// The webhook's name.
        name: String,
    },
    /// Keeps deliveries waiting.
    Pause {
        /// The webhook's name.
        name: String,
    },
    /// Delivers again, beginning with what waits.
    Resume {
        /// The webhook's name.
        name: String,
    },
    /// Makes a new secret and prints it; for a while the old one signs beside it.
    RotateSecret {
        /// The webhook's name.
        name: String,
    },
    /// Sends a test event now and tells what came back.
    Test {
        /// The webhook's name.
        name: String,
    },
    /// Lists deliveries, or shows one with all its tries.
    Deliveries(log::Deliveries),
    /// Sends deliveries again: same id, same body.
    Replay(log::Replay),
}

pub(super) async fn run(webhook: Webhook, config: &Config) -> anyhow::Result<()> {
    let app = match &webhook {
        Webhook::Create(_) => open::open(config).await?,
        _ => open::open_existing(config).await?,
    };
    let done = act(webhook, &app, config).await;
    app.close().await;
    done
}

async fn act(webhook: Webhook, app: &Arc<App>, config: &Config) -> anyhow::Result<()> {
    let database = &app.database;
    match webhook {
        Webhook::Create(create) => set::create(create, app, config).await?,
        Webhook::Update(update) => set::update(update, app, config).await?,
        Webhook::List => show::list(app).await?,
        Webhook::Show { name } => show::one(app, &named(app, name).await?).await?,
        Webhook::Delete { name } => {
            endpoints::delete(database, &named(app, name.clone()).await?).await?;
            print::note(format!("deleted {name}"));
        }
        Webhook::Pause { name } => {
            let name = named(app, name).await?;
            endpoints::pause(database, &name, "paused by hand").await?;
            print::note(format!("paused {name}; what happens meanwhile waits"));
        }
        Webhook::Resume { name } => {
            let name = named(app, name).await?;
            endpoints::resume(database, &name).await?;
            print::note(format!("resumed {name}"));
        }
        Webhook::RotateSecret { name } => {
            let name = named(app, name).await?;
            let hours = config.webhooks.rotation_hours;
            let secret = endpoints::rotate(database, &name, hours).await?;
            print::line(secret)?;
            print::note(format!("for {hours} hours the old secret signs as well"));
        }
        Webhook::Test { name } => test(app, config, &named(app, name).await?).await?,
        Webhook::Deliveries(deliveries) => log::deliveries(deliveries, app).await?,
        Webhook::Replay(replay) => log::replay(replay, app).await?,
    }
    Ok(())
}

async fn test(app: &App, config: &Config, name: &str) -> anyhow::Result<()> {
    let client = Client::new(&config.outbound)?;
    let trial = webhooks::try_out(&app.database, &client, &config.webhooks, name).await?;
    if let Some(status) = trial.status {
        print::line(format!("{status} after {} ms", trial.duration_ms))?;
    }
    if let Some(body) = trial.response.filter(|body| !body.is_empty()) {
        print::line(show::printable(&body))?;
    }
    match trial.error {
        None => Ok(()),
        Some(error) => Err(Failure::new(format!("not received: {error}")).into()),
    }
}

/// The name of a webhook that exists; otherwise the nearest is named.
async fn named(app: &App, name: String) -> anyhow::Result<String> {
    match endpoints::find(&app.database, &name).await {
        Ok(endpoint) => Ok(endpoint.name),
        Err(WebhookError::Unknown(_)) => {
            let known = endpoints::list(&app.database).await?;
            let names = known.iter().map(|endpoint| endpoint.name.as_str());
            Err(Failure::unknown("webhook", &name, names).into())
        }
        Err(error) => Err(error.into()),
    }
}
