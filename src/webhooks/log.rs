//! The delivery log: what was sent, what waits, what is parked; and sending it again.

use super::{WebhookError, now};
use crate::platform::database::{Database, DatabaseError, Row, Statement};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is to be sent, now or later.
    Waiting,
    /// It was received.
    Delivered,
    /// It failed as often as the schedule allows.
    Parked,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Parked];

    /// The word stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
        }
    }
}

/// A delivery as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// `webhook-id`.
    pub event_id: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// What happened.
    pub event: String,
    /// To which type's entry.
    pub uid: String,
    /// To which entry.
    pub document_id: Option<String>,
    /// Its place among all changes.
    pub sequence: i64,
    /// `waiting`, `delivered` or `parked`.
    pub state: String,
    /// How often it was tried.
    pub tries: i64,
    /// When it was queued, in milliseconds since 1970.
    pub created_at: i64,
    /// When it is tried next, if it waits.
    pub next_at: i64,
}

/// One try of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number.
    pub number: i64,
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// The headers sent, as a JSON object; secret values are hidden.
    pub request: String,
    /// The status answered.
    pub status: Option<i64>,
    /// The beginning of the body answered.
    pub response: Option<String>,
    /// What was wrong.
    pub error: Option<String>,
}

/// Which deliveries are meant.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Those of this endpoint.
    pub endpoint: Option<String>,
    /// Those in this state.
    pub state: Option<State>,
}

/// Deliveries, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn deliveries(
    database: &Database,
    which: &Which,
    limit: u32,
) -> Result<Vec<Delivery>, DatabaseError> {
    let sql = format!(
        "{SELECT} where (cast($1 as text) is null or w.name = $1) and (cast($2 as text) is null or d.state = $2) \
         order by d.id desc limit $3"
    );
    let statement = Statement::new(sql)
        .bind(which.endpoint.as_deref())
        .bind(which.state.map(State::name))
        .bind(limit);
    let rows = database.fetch_all(statement).await?;
    rows.iter().map(delivery).collect()
}

/// One delivery with the body that is sent.
///
/// # Errors
/// When there is none of this number.
pub async fn one(database: &Database, id: i64) -> Result<(Delivery, String), WebhookError> {
    let sql = format!("{SELECT} where d.id = $1");
    let row = database
        .fetch_optional(Statement::new(sql).bind(id))
        .await?;
    let unknown = || WebhookError::Unknown(format!("the delivery {id}"));
    let row = row.ok_or_else(unknown)?;
    Ok((delivery(&row)?, row.text(11)?.to_owned()))
}

/// The tries of a delivery, in order.
///
/// # Errors
/// When the database fails.
pub async fn attempts(database: &Database, id: i64) -> Result<Vec<Attempt>, DatabaseError> {
    let sql = "select number, at, duration_ms, request, status, response, error from webhook_attempts \
               where delivery = $1 order by number";
    let rows = database.fetch_all(Statement::new(sql).bind(id)).await?;
    let text =
        |row: &Row, index| Ok::<_, DatabaseError>(row.text_or_null(index)?.map(str::to_owned));
    let attempts = rows.iter().map(|row| {
        Ok(Attempt {
            number: row.integer(0)?,
            at: row.integer(1)?,
            duration_ms: row.integer_or_null(2)?,
            request: row.text(3)?.to_owned(),
            status: row.integer_or_null(4)?,
            response: text(row, 5)?,
            error: text(row, 6)?,
        })
    });
    attempts.collect()
}

/// How many deliveries wait, and how many are parked.
///
/// # Errors
/// When the database fails.
pub async fn depth(database: &Database) -> Result<(i64, i64), DatabaseError> {
    let sql = "select (select count(*) from webhook_deliveries where state = 'waiting'), \
               (select count(*) from webhook_deliveries where state = 'parked')";
    let row = database.fetch_optional(Statement::new(sql)).await?;
    row.map_or(Ok((0, 0)), |row| Ok((row.integer(0)?, row.integer(1)?)))
}

/// Sends a delivery again, whatever became of it: same id, same body, the whole schedule.
///
/// # Errors
/// When there is none of this number.
pub async fn replay(database: &Database, id: i64) -> Result<(), WebhookError> {
    let now = now(database.dialect());
    let sql = format!("{REPLAY} next_at = {now} where id = $1");
    let again = Statement::new(sql).bind(id);
    let count: u64 = database
        .write(move |tx| Box::pin(async move { tx.execute(again).await }))
        .await
        .map_err(|error: DatabaseError| WebhookError::from(error))?;
    if count > 0 {
        return Ok(());
    }
    Err(WebhookError::Unknown(format!("the delivery {id}")))
}

/// Sends again what is parked and was queued since a time (milliseconds since 1970), of one endpoint or of all; returns
/// how many.
///
/// # Errors
/// When the database fails.
pub async fn replay_parked(
    database: &Database,
    endpoint: Option<i64>,
    since: i64,
) -> Result<u64, DatabaseError> {
    let now = now(database.dialect());
    let sql = format!(
        "{REPLAY} next_at = {now} where state = 'parked' and created_at >= $1 \
         and (cast($2 as bigint) is null or endpoint = $2)"
    );
    let again = Statement::new(sql).bind(since).bind(endpoint);
    database
        .write(move |tx| Box::pin(async move { tx.execute(again).await }))
        .await
}

const REPLAY: &str =
    "update webhook_deliveries set state = 'waiting', step = 0, finished_at = null,";

const SELECT: &str = "select d.id, d.event_id, w.name, d.event, d.uid, d.document_id, d.sequence, d.state, d.tries, \
                      d.created_at, d.next_at, d.payload from webhook_deliveries d join webhooks w on w.id = d.endpoint";

fn delivery(row: &Row) -> Result<Delivery, DatabaseError> {
    Ok(Delivery {
        id: row.integer(0)?,
        event_id: row.text(1)?.to_owned(),
        endpoint: row.text(2)?.to_owned(),
        event: row.text(3)?.to_owned(),
        uid: row.text(4)?.to_owned(),
        document_id: row.text_or_null(5)?.map(str::to_owned),
        sequence: row.integer(6)?,
        state: row.text(7)?.to_owned(),
        tries: row.integer(8)?,
        created_at: row.integer(9)?,
        next_at: row.integer(10)?,
    })
}
