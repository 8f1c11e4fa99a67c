//! A read node follows its origin.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::sync::node::{FollowError, Follower};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// While the origin is away, it is asked this often.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Follows until the task is dropped.
///
/// # Errors
/// When the node's own database fails; then it is called again.
pub(super) async fn follow(app: Arc<App>, follower: Arc<Follower>) -> Result<(), FollowError> {
    let mut pause = FIRST_PAUSE;
    // What was written before a crash may not have been noticed.
    app.rewritten().await.map_err(own)?;
    loop {
        match follower.step(&app.schema()).await {
            Ok(step) => {
                if step.changed {
                    app.rewritten().await.map_err(own)?;
                }
                if let Some(following) = app.following() {
                    following.heard(step.complete, step.caught_up);
                }
                pause = FIRST_PAUSE;
            }
            Err(FollowError::Origin(error)) => {
                let news = app
                    .following()
                    .is_some_and(|following| following.failed(&error.to_string()));
                if news {
                    tracing::warn!(%error, "the origin is not followed; what is here is served");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

fn own(error: crate::app::AppError) -> FollowError {
    use crate::app::AppError;
    match error {
        AppError::Database(error) => error.into(),
        AppError::Schema(error) => error.into(),
    }
}
