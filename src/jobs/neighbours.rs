//! Telling other nodes that something was written, and hearing it from them.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::platform::database::DatabaseError;

/// Announcements are at least so far apart; what is written between two of them is told by one.
const APART: Duration = Duration::from_millis(20);

/// Announces what this node has written.
pub(super) async fn announce(app: Arc<App>) -> Result<(), DatabaseError> {
    let mut written = app.written.subscribe();
    loop {
        if written.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        app.database.announce().await?;
        tokio::time::sleep(APART).await;
    }
}

/// Looks at the log at once when another node has written, instead of at the next look.
pub(super) async fn listen(app: Arc<App>) -> Result<(), DatabaseError> {
    let Some(mut listener) = app.database.listen().await? else {
        return std::future::pending().await;
    };
    loop {
        // Also right after the connection was made: what was announced before is lost.
        app.heard.ring();
        listener.heard().await?;
    }
}
