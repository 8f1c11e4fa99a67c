//! `tympan token`: API tokens for programs.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Subcommand, ValueEnum};

use super::failure::Failure;
use super::{open, print, role};
use crate::access::Action;
use crate::accounts::tokens::{self, TokenKind};
use crate::app::App;
use crate::base::clock;
use crate::config::Config;

const MS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// API tokens for programs.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Makes a token and prints it; it cannot be shown again.
    Create(Create),
    /// Lists tokens without their secrets.
    List,
    /// Takes a token's rights away for good.
    Revoke {
        /// The token's name.
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// A name by which people know it.
    #[arg(long)]
    name: String,
    /// What it may do.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Kind,
    /// One right of a custom token; may be given again, or several between commas.
    #[arg(
        long,
        value_name = "TYPE:ACTION",
        value_delimiter = ',',
        required_if_eq("kind", "custom")
    )]
    allow: Vec<String>,
    /// Whether a read-only token reads drafts too.
    #[arg(long)]
    drafts: bool,
    /// After how many days it stops working; without this, never.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    expires_days: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Reads every type.
    ReadOnly,
    /// Does everything.
    FullAccess,
    /// Does what `--allow` lists.
    Custom,
}

pub(super) async fn run(token: Token, config: &Config) -> anyhow::Result<()> {
    match token {
        Token::Create(create) => {
            let app = open::open(config).await?;
            let secret = make(&app, create).await;
            app.close().await;
            print::line(secret?)?;
        }
        Token::List => {
            let app = open::open_existing(config).await?;
            let tokens = tokens::list(&app.database).await;
            app.close().await;
            for token in tokens? {
                let expires = token.expires_at.as_deref().unwrap_or("never");
                print::line(format!(
                    "{}  {}  created {}  expires {expires}",
                    token.name, token.kind, token.created_at
                ))?;
            }
        }
        Token::Revoke { name } => {
            let app = open::open_existing(config).await?;
            let known = tokens::list(&app.database).await?;
            let names = known.iter().map(|token| token.name.as_str());
            if !known.iter().any(|token| token.name == name) {
                return Err(Failure::unknown("token", &name, names).into());
            }
            let revoked = tokens::revoke(&app.database, &name).await;
            app.close().await;
            revoked?;
            print::note(format!("revoked {name}"));
        }
    }
    Ok(())
}

async fn make(app: &App, create: Create) -> anyhow::Result<String> {
    let custom = create.kind == Kind::Custom;
    if !custom && !create.allow.is_empty() {
        let failure = Failure::new("`--allow` is for custom tokens");
        return Err(failure.hint("pass `--type custom`").into());
    }
    if create.drafts && create.kind != Kind::ReadOnly {
        let failure = Failure::new("`--drafts` is for read-only tokens");
        let hint = "a full-access token reads drafts; allow a custom one `TYPE:draft`";
        return Err(failure.hint(hint).into());
    }
    let kind = match create.kind {
        Kind::ReadOnly => TokenKind::ReadOnly {
            drafts: create.drafts,
        },
        Kind::FullAccess => TokenKind::FullAccess,
        Kind::Custom => TokenKind::Custom(allowed(app, &create.allow)?),
    };
    let expires_at = create
        .expires_days
        .map(|days| clock::stamp(clock::now_ms() + i64::from(days) * MS_PER_DAY));
    Ok(tokens::create(&app.database, &create.name, kind, expires_at).await?)
}

/// Reads `TYPE:ACTION`; the type may be a uid, which holds colons itself.
fn allowed(app: &App, rights: &[String]) -> Result<BTreeMap<String, BTreeSet<Action>>, Failure> {
    let mut allowed: BTreeMap<String, BTreeSet<Action>> = BTreeMap::new();
    for right in rights {
        let Some((name, action)) = right.trim().rsplit_once(':') else {
            let shown = right.escape_debug();
            let failure = Failure::new(format!("`--allow` needs a type and an action: `{shown}`"));
            return Err(failure.hint("write it as `article:find`"));
        };
        let content_type = open::content_type(app, name)?;
        let action = role::action(action)?;
        allowed
            .entry(content_type.uid.clone())
            .or_default()
            .insert(action);
    }
    Ok(allowed)
}
