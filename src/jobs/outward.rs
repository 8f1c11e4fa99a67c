//! What is told to others: webhooks.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Background, supervise};
use crate::app::App;
use crate::platform::http_client::{Client, OutboundConfig, OutboundError};
use crate::webhooks::{self, Followed, Sender, WebhookConfig};

/// The settings of what leaves.
#[derive(Debug, Clone)]
pub struct Outward {
    /// The client.
    pub outbound: OutboundConfig,
    /// Webhooks.
    pub webhooks: WebhookConfig,
}

impl Background {
    /// Starts following the change log for webhooks, and sending them.
    ///
    /// # Errors
    /// When the settings of the client cannot be used.
    pub fn tell_others(&mut self, app: &Arc<App>, outward: Outward) -> Result<(), OutboundError> {
        let client = Client::new(&outward.outbound)?;
        let queued = Arc::new(Notify::new());
        let types = Arc::clone(app);
        let followed = Followed {
            database: Arc::clone(&app.database),
            schema: Arc::new(move || types.schema()),
            limits: app.limits.clone(),
            config: outward.webhooks.clone(),
            signal: app.signal.clone(),
            queued: Arc::clone(&queued),
        };
        let follow = move || webhooks::follow(followed.clone());
        self.tasks.spawn(supervise("webhooks follow", follow));
        let sender = Sender {
            database: Arc::clone(&app.database),
            client,
            config: outward.webhooks,
            timeout_ms: outward.outbound.timeout_ms,
            queued,
        };
        let send = move || sender.clone().run();
        self.tasks.spawn(supervise("webhooks send", send));
        Ok(())
    }
}
