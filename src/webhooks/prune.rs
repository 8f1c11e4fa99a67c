//! Removing what is too old, a little at a time.

use super::{WebhookConfig, now};
use crate::platform::database::{Database, DatabaseError, Statement};

/// Deliveries removed in one transaction.
const BATCH: u64 = 500;

/// Removes finished deliveries that are older than they are kept, and parks what has waited for a paused endpoint as long.
///
/// # Errors
/// When the database fails.
pub(super) async fn prune(
    database: &Database,
    config: &WebhookConfig,
) -> Result<(), DatabaseError> {
    let now = now(database.dialect());
    let kept = i64::from(config.keep_days) * 24 * 60 * 60 * 1000;
    let park = format!(
        "update webhook_deliveries set state = 'parked', finished_at = {now} where state = 'waiting' \
         and created_at < {now} - {kept} and endpoint in (select id from webhooks where state = 'paused')"
    );
    let park =
        database.write(move |tx| Box::pin(async move { tx.execute(Statement::new(park)).await }));
    let _: u64 = park.await?;
    let old = format!(
        "select id from webhook_deliveries where finished_at < {now} - {kept} limit {BATCH}"
    );
    loop {
        let old = old.clone();
        let removed: u64 = database
            .write(move |tx| {
                Box::pin(async move {
                    let rows = tx.fetch_all(Statement::new(old)).await?;
                    for row in &rows {
                        for sql in [
                            "delete from webhook_attempts where delivery = $1",
                            "delete from webhook_deliveries where id = $1",
                        ] {
                            tx.execute(Statement::new(sql).bind(row.integer(0)?))
                                .await?;
                        }
                    }
                    Ok::<_, DatabaseError>(u64::try_from(rows.len()).unwrap_or(0))
                })
            })
            .await?;
        if removed < BATCH {
            return Ok(());
        }
    }
}
