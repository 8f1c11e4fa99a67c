//! Carrying wishes out, one call at a time.

use std::sync::Arc;
use std::time::Duration;

use super::queue::{self, Turn};
use super::{PurgeConfig, adapter};
use crate::base::clock;
use crate::platform::database::{Database, DatabaseError, Dialect};
use crate::platform::http_client::Client;
use crate::webhooks::retry_after;

/// How often a node looks for wishes.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The first wait after a failure, and the longest.
const FIRST_WAIT_MS: u64 = 1000;
const LONGEST_WAIT_MS: u64 = 5 * 60 * 1000;
/// What a turn lasts beyond the time of its requests.
const MARGIN_MS: u64 = 10_000;

/// Tells the CDN what it must forget.
#[derive(Debug, Clone)]
pub struct Purger {
    /// The database.
    pub database: Arc<Database>,
    /// What calls.
    pub client: Client,
    /// Settings.
    pub config: PurgeConfig,
    /// Milliseconds a request may take.
    pub timeout_ms: u64,
}

impl Purger {
    /// Purges for ever.
    ///
    /// # Errors
    /// When the database fails; call it again then.
    pub async fn run(self) -> Result<(), DatabaseError> {
        let many = u64::try_from(self.config.urls.len()).unwrap_or(1).max(1);
        let lease_ms = self.timeout_ms.saturating_mul(many) + MARGIN_MS;
        let sizes = [
            adapter::most_tags(&self.config.adapter),
            self.config.most_tags,
        ];
        if self.database.dialect() == Dialect::Sqlite {
            // There is one serving process: whoever had the turn is gone.
            queue::free(&self.database).await?;
        }
        let mut failures: u32 = 0;
        loop {
            match queue::take(&self.database, sizes, lease_ms).await? {
                None => tokio::time::sleep(LOOK_EVERY).await,
                Some(turn) => self.call(turn, &mut failures).await?,
            }
        }
    }

    async fn call(&self, turn: Turn, failures: &mut u32) -> Result<(), DatabaseError> {
        let mut wrong = None;
        let mut asked = 0;
        for request in adapter::requests(&self.config, &turn.what()) {
            let refusal = match self.client.send(request).await {
                Ok(answer) => {
                    let wait = answer.retry_after.as_deref();
                    let wait = wait.and_then(|text| retry_after(text, clock::now_ms()));
                    asked = asked.max(wait.unwrap_or(0));
                    adapter::refusal(&self.config.adapter, &answer)
                }
                Err(error) => Some(error.to_string()),
            };
            // Each of several servers is told, whatever the others say.
            wrong = wrong.or(refusal);
        }
        let Some(error) = wrong else {
            if *failures > 0 {
                tracing::info!("purging works again");
            }
            *failures = 0;
            let pace = 60_000 / u64::from(self.config.per_minute.max(1));
            return queue::confirmed(&self.database, turn, pace).await;
        };
        if *failures == 0 {
            tracing::warn!(
                error,
                "purging failed; it is tried until it works, and pages may be stale until then"
            );
        }
        let wait = FIRST_WAIT_MS
            .saturating_mul(1 << (*failures).min(20))
            .min(LONGEST_WAIT_MS)
            .max(asked.min(LONGEST_WAIT_MS));
        *failures = failures.saturating_add(1);
        queue::failed(&self.database, turn, error, wait).await
    }
}
