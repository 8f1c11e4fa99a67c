//! Following the change log: every event becomes a delivery per endpoint, once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tracing::Instrument as _;

use super::endpoints::{self, CURSOR};
use super::event::occurrences;
use super::payload::Writer;
use super::queue::{self, Queued};
use super::{Endpoint, WebhookConfig, WebhookError};
use crate::base::limits::QueryLimits;
use crate::changes::{self, Change, Cursor, Signal, Tail};
use crate::platform::database::{Database, DatabaseError, Statement};
use crate::platform::tracing::follower;
use crate::schema::{Schema, TypeId};

/// Changes queued in one transaction.
const BATCH: u32 = 50;
/// Deliveries queued in one transaction at most, beside those of one change.
const MOST_QUEUED: usize = 2000;
/// How long to wait where no endpoint was ever made; whoever makes the first one notes where its events begin.
const IDLE: Duration = Duration::from_secs(1);

/// What the follower needs.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "it holds a function")]
pub struct Followed {
    /// The database.
    pub database: Arc<Database>,
    /// Gives the schema of the moment.
    pub schema: Arc<dyn Fn() -> Arc<Schema> + Send + Sync>,
    /// Bounds of reading an entry.
    pub limits: QueryLimits,
    /// Settings.
    pub config: WebhookConfig,
    /// Rings when the log may have grown.
    pub signal: Signal,
    /// Told when something was queued.
    pub queued: Arc<Notify>,
}

/// Queues deliveries for what happens, until it fails; call it again then.
///
/// # Errors
/// When the database fails, or the schema of this process is not up to date yet.
pub async fn follow(followed: Followed) -> Result<(), WebhookError> {
    let database = &followed.database;
    let mut tail = Tail::new(Arc::clone(database), Cursor::default(), &followed.signal);
    loop {
        let Some(from) = Cursor::kept(database, CURSOR).await? else {
            rest(&followed).await?;
            continue;
        };
        if tail.cursor() != from {
            tail.seek(from);
        }
        let changes = tail.next(BATCH).await?;
        // While this one waited, another node may have queued them, or the first endpoint was made.
        if Cursor::kept(database, CURSOR).await? != Some(from) {
            continue;
        }
        let endpoints = endpoints::list(database).await?;
        let span = follower("webhooks", changes.len());
        queue_all(&followed, from, &endpoints, &changes)
            .instrument(span)
            .await?;
    }
}

async fn queue_all(
    followed: &Followed,
    from: Cursor,
    endpoints: &[Endpoint],
    changes: &[Change],
) -> Result<(), WebhookError> {
    let (queued, to) = deliveries(followed, endpoints, changes).await?;
    let some = !queued.is_empty();
    if advance(followed, from, to, queued).await? && some {
        followed.queued.notify_one();
    }
    Ok(())
}

/// Waits for the first endpoint. One that was made while the last other one was deleted may have found no beginning.
async fn rest(followed: &Followed) -> Result<(), DatabaseError> {
    tokio::time::sleep(IDLE).await;
    if endpoints::list(&followed.database).await?.is_empty() {
        return Ok(());
    }
    let begin = followed.database.write(|tx| {
        Box::pin(async move {
            let here = tx
                .fetch_optional(endpoints::locked_cursor(tx.dialect()))
                .await?;
            if here.is_none() {
                let end = changes::end_of(tx).await?;
                tx.execute(end.keep(CURSOR)).await?;
            }
            Ok(())
        })
    });
    begin.await
}

/// The deliveries of the first of these changes, and how far that goes.
async fn deliveries(
    followed: &Followed,
    endpoints: &[Endpoint],
    changes: &[Change],
) -> Result<(Vec<Queued>, Cursor), WebhookError> {
    let mut queued = Vec::new();
    let mut to = Cursor::default();
    for change in changes {
        if !endpoints.is_empty() {
            of_change(followed, endpoints, change, &mut queued).await?;
        }
        to = change.cursor;
        if queued.len() > MOST_QUEUED {
            break;
        }
    }
    Ok((queued, to))
}

async fn of_change(
    followed: &Followed,
    endpoints: &[Endpoint],
    change: &Change,
    queued: &mut Vec<Queued>,
) -> Result<(), WebhookError> {
    let Some(type_id) = change.type_id else {
        return Ok(());
    };
    let schema = (followed.schema)();
    let Some(content_type) = schema.content_type_by_id(TypeId(type_id)) else {
        return is_current(&followed.database, &schema).await;
    };
    let mut writer = Writer {
        database: &followed.database,
        schema: &schema,
        limits: &followed.limits,
        payload_bytes: usize::try_from(followed.config.payload_bytes).unwrap_or(usize::MAX),
        change,
        content_type,
        read: HashMap::new(),
    };
    for about in occurrences(change, content_type) {
        let concerned = endpoints.iter().filter(|endpoint| {
            let spec = &endpoint.spec;
            spec.events.contains(&about.event)
                && (spec.types.is_empty() || spec.types.contains(&content_type.uid))
                && (spec.drafts || !about.draft)
        });
        for endpoint in concerned {
            if let Some(payload) = writer.body(endpoint, &about).await? {
                queued.push(Queued {
                    event_id: about.id(change),
                    endpoint: endpoint.id,
                    event: about.event.name(),
                    uid: content_type.uid.clone(),
                    document_id: change.document_id.clone(),
                    sequence: change.cursor.seq,
                    payload,
                });
            }
        }
    }
    Ok(())
}

/// A type nobody knows was dropped, unless this process has not seen it yet.
async fn is_current(database: &Database, schema: &Schema) -> Result<(), WebhookError> {
    let sql = "select cast(value as bigint) from settings where name = 'schema_generation'";
    let row = database.fetch_optional(Statement::new(sql)).await?;
    let stored = row.map_or(Ok(0), |row| row.integer(0))?;
    match stored == schema.generation {
        true => Ok(()),
        false => Err(WebhookError::Behind),
    }
}

/// Queues and moves the cursor in one transaction, if no other node did so before.
async fn advance(
    followed: &Followed,
    from: Cursor,
    to: Cursor,
    queued: Vec<Queued>,
) -> Result<bool, DatabaseError> {
    let first_wait = followed.config.schedule.wait(0).unwrap_or(0);
    followed
        .database
        .write(move |tx| {
            Box::pin(async move {
                let row = tx
                    .fetch_optional(endpoints::locked_cursor(tx.dialect()))
                    .await?;
                let here = row.map(|row| endpoints::place(&row)).transpose()?;
                if here != Some(from) {
                    return Ok(false);
                }
                queue::insert(tx, queued, first_wait).await?;
                tx.execute(to.keep(CURSOR)).await?;
                Ok(true)
            })
        })
        .await
}
