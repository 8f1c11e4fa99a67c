//! What is told to others: webhooks, and what a CDN must forget.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Background, supervise};
use crate::app::App;
use crate::platform::http_client::{Client, OutboundConfig, OutboundError};
use crate::purges::{PurgeConfig, Purger};
use crate::webhooks::{self, Followed, Sender, WebhookConfig};

/// The settings of what leaves.
#[derive(Debug, Clone)]
pub struct Outward {
    /// The client.
    pub outbound: OutboundConfig,
    /// Webhooks.
    pub webhooks: WebhookConfig,
    /// Purges.
    pub purge: PurgeConfig,
}

impl Background {
    /// Starts following the change log for webhooks, sending them, and purging if a CDN is configured.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn tell_others(&mut self, app: &Arc<App>, outward: Outward) -> Result<(), OutboundError> {
        let client = Client::new(&outward.outbound)?;
        outward.purge.check().map_err(OutboundError::Config)?;
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
        if outward.purge.is_on() {
            let urls = outward.purge.urls.iter();
            let configured =
                urls.fold(outward.outbound.clone(), |config, url| config.allowing(url));
            let purger = Purger {
                database: Arc::clone(&app.database),
                client: Client::new(&configured)?,
                config: outward.purge,
                timeout_ms: outward.outbound.timeout_ms,
            };
            let followed = Arc::clone(app);
            let follow = move || super::purging::follow(Arc::clone(&followed));
            self.tasks.spawn(supervise("purges follow", follow));
            let purge = move || purger.clone().run();
            self.tasks.spawn(supervise("purges", purge));
        }
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
