//! Sending: a node claims queues and empties them, each on its own.
//!
//! Endpoints whose last try failed share half of the places, so that many dead ones cannot take all, and leave after
//! one try; whoever waited longest is next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};

use super::queue::{self, Claim, Item, Work};
use super::retry::{Outcome, Verdict};
use super::{WebhookConfig, attempts, prune};
use crate::platform::database::{Database, DatabaseError, Dialect};
use crate::platform::http_client::{Client, Request};

/// How often a node looks for what became due.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often a node removes what is too old.
const PRUNE_EVERY: Duration = Duration::from_secs(600);
/// Deliveries of one endpoint before others get their turn.
const TURN: u32 = 50;
/// What a claim lasts beyond the time of a request.
const MARGIN_MS: u64 = 10_000;

/// Sends what is queued.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The database.
    pub database: Arc<Database>,
    /// What sends.
    pub client: Client,
    /// Settings.
    pub config: WebhookConfig,
    /// Milliseconds a request may take.
    pub timeout_ms: u64,
    /// Told when something was queued.
    pub queued: Arc<Notify>,
}

impl Sender {
    /// Sends for ever.
    ///
    /// # Errors
    /// When the database fails; call it again then. What was being sent is sent again after its claim has run out.
    pub async fn run(self) -> Result<(), DatabaseError> {
        if self.database.dialect() == Dialect::Sqlite {
            queue::free_all(&self.database).await?;
        }
        let mut pruned: Option<Instant> = None;
        let mut workers = JoinSet::new();
        let failing = Arc::new(AtomicU32::new(0));
        loop {
            if pruned.is_none_or(|at| at.elapsed() > PRUNE_EVERY) {
                prune::prune(&self.database, &self.config).await?;
                pruned = Some(Instant::now());
            }
            while let Some(done) = workers.try_join_next() {
                settled(done)?;
            }
            let claims = self.claim(&workers, &failing).await?;
            for claim in claims {
                let (sender, failing) = (self.clone(), Arc::clone(&failing));
                workers.spawn(async move {
                    let share = claim.failing.then(|| Share::take(failing));
                    let worked = sender.work(&claim).await;
                    drop(share);
                    worked
                });
            }
            tokio::select! {
                () = self.queued.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                Some(done) = workers.join_next() => settled(done)?,
            }
        }
    }

    async fn claim(
        &self,
        workers: &JoinSet<Result<(), DatabaseError>>,
        failing: &AtomicU32,
    ) -> Result<Vec<Claim>, DatabaseError> {
        let places = self.config.concurrency.max(2);
        let busy = u32::try_from(workers.len()).unwrap_or(u32::MAX);
        let free = places.saturating_sub(busy);
        let for_failing = (places / 2)
            .saturating_sub(failing.load(Ordering::SeqCst))
            .min(free);
        if free == 0 {
            return Ok(Vec::new());
        }
        // Half of what is free may go to failing ones; the rest of their share comes with the next look.
        let for_healthy = (free - for_failing).max(free.div_ceil(2));
        let for_failing = free - for_healthy;
        queue::claim(&self.database, [for_healthy, for_failing], self.lease_ms()).await
    }

    fn lease_ms(&self) -> u64 {
        self.timeout_ms + MARGIN_MS
    }

    /// Empties a claimed queue until its turn is over, it is empty or a try fails.
    async fn work(&self, claim: &Claim) -> Result<(), DatabaseError> {
        let at_once = self.config.per_endpoint.max(1);
        for _ in 0..TURN {
            let begun = queue::begin(&self.database, claim, at_once, self.lease_ms()).await?;
            let Some(work) = begun else { break };
            let sent = join_all(work.items.iter().map(|item| self.send(claim, &work, item))).await;
            let all = sent.into_iter().collect::<Result<Vec<bool>, _>>()?;
            if all.contains(&false) {
                break;
            }
        }
        queue::free(&self.database, claim).await
    }

    /// Makes one try; returns whether it was delivered.
    async fn send(&self, claim: &Claim, work: &Work, item: &Item) -> Result<bool, DatabaseError> {
        let request = Request {
            method: "POST",
            url: work.url.clone(),
            headers: attempts::headers(work, item),
            body: item.payload.clone().into_bytes(),
            answer_bytes: usize::try_from(self.config.answer_bytes).unwrap_or(0),
        };
        let began = Instant::now();
        let sent = self.client.send(request).await;
        let duration = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let outcome = Outcome::of(sent, duration, &work.headers);
        let delivered = outcome.verdict == Verdict::Delivered;
        if let Some(error) = &outcome.error {
            tracing::debug!(
                webhook = work.name,
                event = item.event_id,
                error,
                "a delivery failed"
            );
        }
        let (database, config) = (&self.database, &self.config);
        let paused = attempts::finish(database, config, claim.endpoint, item, outcome).await?;
        if let Some(reason) = paused {
            tracing::warn!(
                webhook = work.name,
                reason,
                "paused; resume it with `tympan webhook resume`"
            );
        }
        Ok(delivered)
    }
}

fn settled(done: Result<Result<(), DatabaseError>, JoinError>) -> Result<(), DatabaseError> {
    done.unwrap_or_else(|_| {
        tracing::error!("a webhook's sender panicked; its deliveries are tried again");
        Ok(())
    })
}

/// A place taken by an endpoint that fails.
struct Share(Arc<AtomicU32>);

impl Share {
    fn take(failing: Arc<AtomicU32>) -> Self {
        failing.fetch_add(1, Ordering::SeqCst);
        Self(failing)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
