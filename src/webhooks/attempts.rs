//! The log of tries: what was sent and what came back, without secrets.

use serde_json::{Map, Value as Json};

use super::queue::{Item, Work};
use super::retry::{Outcome, Verdict};
use super::{WebhookConfig, now, signature};
use crate::platform::database::{Database, DatabaseError, Statement, Transaction};

/// A paused endpoint has failed at least so often.
const FAILURES_BEFORE_PAUSE: i64 = 8;
/// A receiver that failed so often in a row was down.
const FAILURES_OF_A_DOWN_RECEIVER: i64 = 5;
/// What a try says that was never finished.
const UNFINISHED: &str = "no answer was recorded: the process that sent it ended";

/// The headers of a delivery, in the order of the log.
pub(super) fn headers(work: &Work, item: &Item) -> Vec<(String, String)> {
    let seconds = work.at / 1000;
    let signatures: Vec<String> = work
        .secrets
        .iter()
        .map(|secret| signature(secret, &item.event_id, seconds, &item.payload))
        .collect();
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("x-strapi-event".to_owned(), item.event.clone()),
        ("webhook-id".to_owned(), item.event_id.clone()),
        ("webhook-timestamp".to_owned(), seconds.to_string()),
        ("webhook-signature".to_owned(), signatures.join(" ")),
        ("tympan-sequence".to_owned(), item.sequence.to_string()),
        ("tympan-attempt".to_owned(), item.number.to_string()),
    ];
    let own = work.headers.iter();
    headers.extend(own.map(|header| (header.name.clone(), header.value.clone())));
    headers
}

/// The same as JSON, with what is secret hidden.
fn shown(work: &Work, item: &Item) -> String {
    let hidden = |name: &str| {
        work.headers
            .iter()
            .find(|header| header.secret && header.name == name)
    };
    let pairs = headers(work, item).into_iter().map(|(name, value)| {
        let value = hidden(&name).map_or(value, |header| header.shown().to_owned());
        (name, Json::from(value))
    });
    Json::Object(pairs.collect::<Map<_, _>>()).to_string()
}

/// Logs a try before it is made.
pub(super) fn begin(work: &Work, item: &Item) -> Statement {
    let sql = "insert into webhook_attempts (delivery, number, at, request, error) values ($1, $2, $3, $4, $5)";
    Statement::new(sql)
        .bind(item.id)
        .bind(item.number)
        .bind(work.at)
        .bind(shown(work, item))
        .bind(UNFINISHED)
}

/// Logs how a try ended, and moves its delivery on. Returns why the endpoint is paused, if it is now.
pub(super) async fn finish(
    database: &Database,
    config: &WebhookConfig,
    endpoint: i64,
    item: &Item,
    outcome: Outcome,
) -> Result<Option<String>, DatabaseError> {
    let (id, number) = (item.id, item.number);
    let tried = u64::try_from(item.step).unwrap_or(u64::MAX);
    let wait = config.schedule.wait(tried);
    let wait = wait.map(|wait| wait.max(outcome.retry_after_ms.unwrap_or(0)));
    let pause_after = i64::from(config.pause_after_hours) * 60 * 60 * 1000;
    database
        .write(move |tx| {
            Box::pin(async move {
                tx.execute(ended(id, number, &outcome)).await?;
                let now = now(tx.dialect());
                // A try that was fenced off moves nothing any more.
                let mine = "where id = $1 and tries = $2 and state = 'waiting'";
                let moved = match (outcome.verdict, wait) {
                    (Verdict::Delivered, _) => format!("state = 'delivered', finished_at = {now}"),
                    (Verdict::Gone, _) => format!("step = step - 1, next_at = {now}"),
                    (Verdict::Failed, Some(wait)) => format!("next_at = {now} + {wait}"),
                    (Verdict::Failed, None) => format!("state = 'parked', finished_at = {now}"),
                };
                let statement =
                    Statement::new(format!("update webhook_deliveries set {moved} {mine}"));
                tx.execute(statement.bind(id).bind(number)).await?;
                if outcome.verdict == Verdict::Delivered {
                    recovered(tx, endpoint).await?;
                    return Ok(None);
                }
                failed(tx, endpoint, outcome.verdict, pause_after).await
            })
        })
        .await
}

fn ended(delivery: i64, number: i64, outcome: &Outcome) -> Statement {
    let sql = "update webhook_attempts set duration_ms = $3, status = cast($4 as bigint), response = $5, error = $6 \
               where delivery = $1 and number = $2";
    Statement::new(sql)
        .bind(delivery)
        .bind(number)
        .bind(outcome.duration_ms)
        .bind(outcome.status.map(i64::from))
        .bind(outcome.response.as_deref())
        .bind(outcome.error.as_deref())
}

/// Forgets the failures. A receiver that was down and is back gets at once what waits for it; one that only refuses
/// certain events does not, or their tries would be used up by the success of others.
async fn recovered(tx: &mut Transaction, endpoint: i64) -> Result<(), DatabaseError> {
    let down = "select failures from webhooks where id = $1";
    let row = tx
        .fetch_optional(Statement::new(down).bind(endpoint))
        .await?;
    let failures = row.map_or(Ok(0), |row| row.integer(0))?;
    if failures == 0 {
        return Ok(());
    }
    let forget = "update webhooks set failures = 0, failing_since = null where id = $1";
    tx.execute(Statement::new(forget).bind(endpoint)).await?;
    if failures >= FAILURES_OF_A_DOWN_RECEIVER {
        let now = now(tx.dialect());
        let hurry = format!(
            "update webhook_deliveries set next_at = {now} where endpoint = $1 and state = 'waiting' and next_at > {now}"
        );
        tx.execute(Statement::new(hurry).bind(endpoint)).await?;
    }
    Ok(())
}

/// Counts a failure and pauses an endpoint that is gone or has failed for too long.
async fn failed(
    tx: &mut Transaction,
    endpoint: i64,
    verdict: Verdict,
    pause_after: i64,
) -> Result<Option<String>, DatabaseError> {
    let now = now(tx.dialect());
    let sql = format!(
        "update webhooks set failures = failures + 1, failing_since = coalesce(failing_since, {now}) \
         where id = $1 returning failures, {now} - failing_since"
    );
    let Some(row) = tx
        .fetch_optional(Statement::new(sql).bind(endpoint))
        .await?
    else {
        return Ok(None);
    };
    let (failures, since) = (row.integer(0)?, row.integer(1)?);
    let reason = match verdict {
        Verdict::Gone => "the receiver answered 410 Gone".to_owned(),
        _ if pause_after > 0 && since >= pause_after && failures >= FAILURES_BEFORE_PAUSE => {
            let hours = since / (60 * 60 * 1000);
            format!("{failures} tries in {hours} hours failed, and none succeeded")
        }
        _ => return Ok(None),
    };
    let pause =
        "update webhooks set state = 'paused', reason = $2 where id = $1 and state = 'active'";
    let paused = tx
        .execute(Statement::new(pause).bind(endpoint).bind(reason.as_str()))
        .await?;
    Ok((paused > 0).then_some(reason))
}
