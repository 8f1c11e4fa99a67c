//! Opening the database of a read node.

use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::open;
use crate::app::App;
use crate::config::Config;
use crate::sync::node::{self, Follower, Following, Origin, OriginError};

/// How long the origin is waited for before the node starts without it.
const FIRST_CONTACT: Duration = Duration::from_secs(5);

/// Opens the app of a read node and what follows its origin.
pub(super) async fn open(config: &Config) -> anyhow::Result<(Arc<App>, Follower)> {
    let follow = &config.follow;
    if !config.database.url.starts_with("sqlite:") {
        let failure = Failure::new("a read node keeps its copy in SQLite");
        return Err(failure.hint("leave `--database` out").into());
    }
    if follow.token.is_empty() {
        let failure = Failure::new("`--follow` needs a token of the origin");
        let hint = "make one there with `tympan token create --name NODE --type full-access`; pass it with \
                    TYMPAN_FOLLOW_TOKEN or `--token`";
        return Err(failure.hint(hint).into());
    }
    let origin =
        Origin::new(&follow.url, &follow.token).map_err(|error| Failure::new(error.to_string()))?;
    let shown = origin.shown();
    let app = open::open_any(config).await?;
    if node::foreign_content(&app.database).await? {
        let failure =
            Failure::new("this database has content of its own, which following would replace");
        return Err(failure
            .hint("name an empty folder with `--data DIR`")
            .into());
    }
    let follower = Follower::new(Arc::clone(&app.database), origin);
    let complete = follower.is_complete().await?;
    greet(&follower, &shown, complete).await?;
    app.follow(Arc::new(Following::new(shown, complete)))
        .await?;
    Ok((app, follower))
}

/// What will never work is said at once; an origin that is away is waited for later.
async fn greet(follower: &Follower, origin: &str, complete: bool) -> anyhow::Result<()> {
    let answered = tokio::time::timeout(FIRST_CONTACT, follower.probe()).await;
    let Ok(Err(error)) = answered else {
        return Ok(());
    };
    let hopeless = match error {
        OriginError::Newer | OriginError::Older => true,
        OriginError::Refused(_) => !complete,
        _ => false,
    };
    if hopeless {
        return Err(Failure::new(format!("cannot follow {origin}: {error}")).into());
    }
    tracing::warn!(%error, "the origin does not answer; the node starts with what it has");
    Ok(())
}
