//! Trying an endpoint out: one request now, beside the queue.

use std::time::Instant;

use serde_json::json;

use super::queue::{Item, Work};
use super::retry::{Outcome, Verdict};
use super::{WebhookConfig, WebhookError, attempts, endpoints};
use crate::base::clock;
use crate::platform::database::{Database, Statement};
use crate::platform::http_client::{Client, Request};

/// Strapi's name for it.
const EVENT: &str = "trigger-test";

/// How the trial went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Whether it was received.
    pub received: bool,
    /// The status answered.
    pub status: Option<u16>,
    /// The beginning of the body answered.
    pub response: Option<String>,
    /// What was wrong.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
}

/// Sends a signed test event to an endpoint, paused or not; nothing is stored.
///
/// # Errors
/// When there is no such endpoint.
pub async fn try_out(
    database: &Database,
    client: &Client,
    config: &WebhookConfig,
    name: &str,
) -> Result<Trial, WebhookError> {
    let endpoint = endpoints::find(database, name).await?;
    let secret = Statement::new("select secret from webhooks where id = $1").bind(endpoint.id);
    let secret = match database.fetch_optional(secret).await? {
        Some(row) => row.text(0)?.to_owned(),
        None => return Err(WebhookError::Unknown(format!("the webhook `{name}`"))),
    };
    let at = clock::now_ms();
    let item = Item {
        id: 0,
        event_id: format!("evt_{:016x}_test", rand::random::<u64>()),
        event: EVENT.to_owned(),
        payload: json!({ "event": EVENT, "createdAt": clock::stamp(at) }).to_string(),
        sequence: 0,
        number: 1,
        step: 1,
    };
    let work = Work {
        name: endpoint.name,
        url: endpoint.spec.url,
        headers: endpoint.spec.headers,
        secrets: vec![secret],
        at,
        items: Vec::new(),
    };
    let request = Request {
        method: "POST",
        url: work.url.clone(),
        headers: attempts::headers(&work, &item),
        body: item.payload.into_bytes(),
        answer_bytes: usize::try_from(config.answer_bytes).unwrap_or(0),
    };
    let began = Instant::now();
    let sent = client.send(request).await;
    let duration_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    let outcome = Outcome::of(sent, duration_ms, &work.headers);
    Ok(Trial {
        received: outcome.verdict == Verdict::Delivered,
        status: outcome.status,
        response: outcome.response,
        error: outcome.error,
        duration_ms,
    })
}
