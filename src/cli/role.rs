//! `tympan role`: what everybody (the role `public`) and other roles may do.

use clap::Subcommand;

use super::failure::Failure;
use super::{open, print};
use crate::access::Action;
use crate::accounts::roles;
use crate::app::App;
use crate::config::Config;

/// What roles may do; `public` is everybody without a token.
#[derive(Debug, Subcommand)]
pub(super) enum Role {
    /// Allows a role actions on a type.
    Allow(Change),
    /// Takes actions on a type from a role.
    Deny(Change),
    /// Lists what a role may do.
    List {
        /// The role, such as `public`.
        role: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// The role, such as `public`.
    role: String,
    /// A type by its singular name or uid.
    #[arg(value_name = "TYPE")]
    content_type: String,
    /// find, findOne, create, update, delete or draft.
    #[arg(required = true)]
    actions: Vec<String>,
}

pub(super) async fn run(role: Role, config: &Config) -> anyhow::Result<()> {
    let app = match role {
        Role::Allow(_) => open::open(config).await?,
        _ => open::open_existing(config).await?,
    };
    let done = act(&app, role).await;
    app.close().await;
    done
}

async fn act(app: &App, role: Role) -> anyhow::Result<()> {
    let (change, allow) = match role {
        Role::List { role } => return list(app, &role).await,
        Role::Allow(change) => (change, true),
        Role::Deny(change) => (change, false),
    };
    let content_type = open::content_type(app, &change.content_type)?;
    let actions = change.actions.iter().map(|name| action(name));
    let actions = actions.collect::<Result<Vec<_>, _>>()?;
    let (database, uid) = (&app.database, &content_type.uid);
    if allow {
        roles::allow(database, &change.role, uid, &actions).await?;
    } else {
        roles::deny(database, &change.role, uid, &actions).await?;
    }
    let may = if allow { "may" } else { "may not" };
    let names: Vec<_> = actions.into_iter().map(Action::name).collect();
    print::note(format!("{} {may} {}: {uid}", change.role, names.join(", ")));
    Ok(())
}

async fn list(app: &App, role: &str) -> anyhow::Result<()> {
    let allowed = roles::list(&app.database, role).await?;
    if allowed.is_empty() {
        print::note(format!("{role} may do nothing"));
    }
    for (uid, actions) in allowed {
        let names: Vec<_> = actions.into_iter().map(Action::name).collect();
        print::line(format!("{uid}  {}", names.join(" ")))?;
    }
    Ok(())
}

/// The action somebody named.
pub(super) fn action(name: &str) -> Result<Action, Failure> {
    let names = Action::ALL.map(Action::name);
    Action::from_name(name).ok_or_else(|| Failure::unknown("action", name, names))
}
