//! The queues of the endpoints: putting in, claiming, taking out.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::endpoints::{self, Header};
use super::{attempts, now};
use crate::platform::database::{Database, DatabaseError, Dialect, Row, Statement, Transaction};

/// Rows of one insert.
const ROWS: usize = 100;

/// A delivery about to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) event_id: String,
    pub(super) endpoint: i64,
    pub(super) event: &'static str,
    pub(super) uid: String,
    pub(super) document_id: Option<String>,
    pub(super) sequence: i64,
    pub(super) payload: String,
}

/// The right to send to an endpoint; another claim has a higher number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) endpoint: i64,
    pub(super) lease: i64,
    /// Whether its last try failed.
    pub(super) failing: bool,
}

/// What is to be sent now, and to whom.
pub(super) struct Work {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) headers: Vec<Header>,
    /// The secret, and the one before it while that still signs.
    pub(super) secrets: Vec<String>,
    /// The present, in milliseconds since 1970.
    pub(super) at: i64,
    pub(super) items: Vec<Item>,
}

/// One delivery of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) id: i64,
    pub(super) event_id: String,
    pub(super) event: String,
    pub(super) payload: String,
    pub(super) sequence: i64,
    /// The number of this try.
    pub(super) number: i64,
    /// Its place in the schedule, from 1.
    pub(super) step: i64,
}

/// Queues deliveries of endpoints that still exist; one that is there already is left alone.
pub(super) async fn insert(
    tx: &mut Transaction,
    mut queued: Vec<Queued>,
    first_wait: u64,
) -> Result<(), DatabaseError> {
    if queued.is_empty() {
        return Ok(());
    }
    let rows = tx
        .fetch_all(Statement::new("select id from webhooks"))
        .await?;
    let ids = rows.iter().map(|row| row.integer(0));
    let existing: BTreeSet<i64> = ids.collect::<Result<_, _>>()?;
    queued.retain(|row| existing.contains(&row.endpoint));
    let now = now(tx.dialect());
    for rows in queued.chunks(ROWS) {
        let mut sql = String::from(
            "insert into webhook_deliveries (event_id, endpoint, event, uid, document_id, sequence, payload, state, \
             tries, step, next_at, created_at) values ",
        );
        let mut statement = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let [a, b, c, d, e, f, g] = [1, 2, 3, 4, 5, 6, 7].map(|place| index * 7 + place);
            let _ = write!(
                sql,
                "{comma}(${a}, ${b}, ${c}, ${d}, ${e}, ${f}, ${g}, 'waiting', 0, 0, {now} + {first_wait}, {now})"
            );
            statement.extend([
                row.event_id.as_str().into(),
                row.endpoint.into(),
                row.event.into(),
                row.uid.as_str().into(),
                row.document_id.as_deref().into(),
                row.sequence.into(),
                row.payload.as_str().into(),
            ]);
        }
        sql.push_str(" on conflict (endpoint, event_id) do nothing");
        tx.execute(Statement::with(sql, statement)).await?;
    }
    Ok(())
}

/// Whose queue may be claimed: nobody holds it, and something in it is due.
fn claimable(dialect: Dialect) -> String {
    let now = now(dialect);
    format!(
        "w.state = 'active' and w.lease_until <= {now} and exists (select 1 from webhook_deliveries d \
         where d.endpoint = w.id and d.state = 'waiting' and d.next_at <= {now})"
    )
}

/// Claims up to so many queues: of endpoints that answer, and of those whose last try failed. Who was not tried for the
/// longest time comes first.
pub(super) async fn claim(
    database: &Database,
    [healthy, failing]: [u32; 2],
    lease_ms: u64,
) -> Result<Vec<Claim>, DatabaseError> {
    let dialect = database.dialect();
    let claimable = claimable(dialect);
    let looked = format!("select 1 from webhooks w where {claimable} limit 1");
    if database
        .fetch_optional(Statement::new(looked))
        .await?
        .is_none()
    {
        return Ok(Vec::new());
    }
    let (now, skip) = (now(dialect), dialect.pick("", " for update skip locked"));
    let claim = |which: &str, limit: u32| {
        Statement::new(format!(
            "update webhooks set lease = lease + 1, lease_until = {now} + {lease_ms}, tried_at = {now} \
             where id in (select w.id from webhooks w where {claimable} and w.failures {which} \
             order by w.tried_at, w.id limit {limit}{skip}) returning id, lease, failures"
        ))
    };
    let statements = [claim("= 0", healthy), claim("> 0", failing)];
    database
        .write(move |tx| {
            Box::pin(async move {
                let mut claims = Vec::new();
                for statement in statements {
                    for row in tx.fetch_all(statement).await? {
                        claims.push(Claim {
                            endpoint: row.integer(0)?,
                            lease: row.integer(1)?,
                            failing: row.integer(2)? > 0,
                        });
                    }
                }
                Ok(claims)
            })
        })
        .await
}

/// Frees every queue: on SQLite there is one serving process, so whoever held one is gone.
pub(super) async fn free_all(database: &Database) -> Result<(), DatabaseError> {
    let sql = "update webhooks set lease_until = 0 where lease_until > 0";
    let free =
        database.write(move |tx| Box::pin(async move { tx.execute(Statement::new(sql)).await }));
    free.await.map(|_: u64| ())
}

/// Gives a queue back.
pub(super) async fn free(database: &Database, claim: &Claim) -> Result<(), DatabaseError> {
    let sql = "update webhooks set lease_until = 0 where id = $1 and lease = $2";
    let statement = Statement::new(sql).bind(claim.endpoint).bind(claim.lease);
    let free = database.write(move |tx| Box::pin(async move { tx.execute(statement).await }));
    free.await.map(|_: u64| ())
}

/// Begins the next tries of a claimed queue: they are counted and logged before they are made. None if the claim was
/// lost, the endpoint paused or nothing is due.
pub(super) async fn begin(
    database: &Database,
    claim: &Claim,
    limit: u32,
    lease_ms: u64,
) -> Result<Option<Work>, DatabaseError> {
    let claim = claim.clone();
    database
        .write(move |tx| {
            Box::pin(async move {
                let Some(mut work) = held(tx, &claim).await? else {
                    return Ok(None);
                };
                work.items = due(tx, claim.endpoint, limit).await?;
                if work.items.is_empty() {
                    return Ok(None);
                }
                for item in &work.items {
                    let count = "update webhook_deliveries set tries = $2, step = $3 where id = $1";
                    let count = Statement::new(count)
                        .bind(item.id)
                        .bind(item.number)
                        .bind(item.step);
                    tx.execute(count).await?;
                    tx.execute(attempts::begin(&work, item)).await?;
                }
                let keep = format!(
                    "update webhooks set lease_until = $2 where id = $1 and lease = {}",
                    claim.lease
                );
                let until = work.at + i64::try_from(lease_ms).unwrap_or(i64::MAX / 2);
                tx.execute(Statement::new(keep).bind(claim.endpoint).bind(until))
                    .await?;
                Ok(Some(work))
            })
        })
        .await
}

async fn held(tx: &mut Transaction, claim: &Claim) -> Result<Option<Work>, DatabaseError> {
    let now = now(tx.dialect());
    let lock = tx.dialect().pick("", " for update");
    let sql = format!(
        "select name, url, headers, secret, case when old_secret_until > {now} then old_secret end, {now} \
         from webhooks where id = $1 and lease = $2 and state = 'active'{lock}"
    );
    let statement = Statement::new(sql).bind(claim.endpoint).bind(claim.lease);
    let Some(row) = tx.fetch_optional(statement).await? else {
        return Ok(None);
    };
    let mut secrets = vec![row.text(3)?.to_owned()];
    secrets.extend(row.text_or_null(4)?.map(str::to_owned));
    Ok(Some(Work {
        name: row.text(0)?.to_owned(),
        url: row.text(1)?.to_owned(),
        headers: endpoints::headers(row.text(2)?),
        secrets,
        at: row.integer(5)?,
        items: Vec::new(),
    }))
}

/// What is due, the oldest first. The sum keeps the database from gathering and sorting everything that is due for a
/// few rows of it.
async fn due(tx: &mut Transaction, endpoint: i64, limit: u32) -> Result<Vec<Item>, DatabaseError> {
    let now = now(tx.dialect());
    let sql = format!(
        "select id, event_id, event, payload, sequence, tries, step from webhook_deliveries \
         where endpoint = $1 and state = 'waiting' and next_at + 0 <= {now} order by id limit {limit}"
    );
    let rows = tx.fetch_all(Statement::new(sql).bind(endpoint)).await?;
    rows.iter().map(item).collect()
}

fn item(row: &Row) -> Result<Item, DatabaseError> {
    Ok(Item {
        id: row.integer(0)?,
        event_id: row.text(1)?.to_owned(),
        event: row.text(2)?.to_owned(),
        payload: row.text(3)?.to_owned(),
        sequence: row.integer(4)?,
        number: row.integer(5)? + 1,
        step: row.integer(6)? + 1,
    })
}
