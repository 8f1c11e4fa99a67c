//! Wishes: putting in, taking a turn, taking out.

use super::adapter::What;
use super::{EVERYTHING, PurgeConfig, is_tag};
use crate::platform::database::{Database, DatabaseError, Dialect, Statement, Transaction};

/// Rows of one insert.
const ROWS: usize = 200;

/// Wishes that the CDN forgets these tags; nothing happens if no CDN is configured.
///
/// # Errors
/// When the database fails.
pub async fn enqueue(
    database: &Database,
    config: &PurgeConfig,
    tags: Vec<String>,
) -> Result<(), DatabaseError> {
    if !config.is_on() || tags.is_empty() {
        return Ok(());
    }
    database
        .write(move |tx| Box::pin(async move { enqueue_in(tx, &tags).await }))
        .await
}

/// As [`enqueue`], in the transaction of what makes the tags stale. A tag that no CDN could be told becomes everything.
///
/// # Errors
/// When the database fails.
pub async fn enqueue_in(tx: &mut Transaction, tags: &[String]) -> Result<(), DatabaseError> {
    let usable = |tag: &String| {
        if is_tag(tag) {
            tag.clone()
        } else {
            EVERYTHING.to_owned()
        }
    };
    let mut tags: Vec<String> = tags.iter().map(usable).collect();
    // In one order for all, so that two transactions do not wait for each other.
    tags.sort_unstable();
    tags.dedup();
    let now = now(tx.dialect());
    for chunk in tags.chunks(ROWS) {
        let rows: Vec<String> = (1..=chunk.len())
            .map(|place| format!("(${place}, 1, {now}, 0)"))
            .collect();
        let sql = format!(
            "insert into purge_tags (tag, wanted, at, tries) values {} on conflict (tag) \
             do update set wanted = purge_tags.wanted + 1, at = excluded.at",
            rows.join(", ")
        );
        let values = chunk.iter().map(Into::into).collect();
        tx.execute(Statement::with(sql, values)).await?;
    }
    Ok(())
}

/// How purging goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Tags that wait.
    pub waiting: i64,
    /// What was wrong with the last call, if it failed.
    pub error: Option<String>,
    /// Since when every call failed, in milliseconds since 1970.
    pub failing_since: Option<i64>,
}

/// How purging goes.
///
/// # Errors
/// When the database fails.
pub async fn status(database: &Database) -> Result<Status, DatabaseError> {
    let sql = "select (select count(*) from purge_tags), error, failing_since from purge_turn where id = 1";
    let row = database.fetch_optional(Statement::new(sql)).await?;
    let row = row.ok_or(DatabaseError::Column(0))?;
    Ok(Status {
        waiting: row.integer(0)?,
        error: row.text_or_null(1)?.map(str::to_owned),
        failing_since: row.integer_or_null(2)?,
    })
}

/// What a node may purge now.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub(super) lease: i64,
    /// When it began, by the clock of the database.
    pub(super) at: i64,
    /// The tags, with how often each was wished for.
    pub(super) tags: Vec<(String, i64)>,
    pub(super) everything: bool,
}

impl Turn {
    pub(super) fn what(&self) -> What {
        match self.everything {
            true => What::Everything,
            false => What::Tags(self.tags.iter().map(|(tag, _)| tag.clone()).collect()),
        }
    }
}

/// Takes the turn if nobody has it, the pace allows a call and somebody wishes something. What failed comes last, so that
/// a tag that the CDN never takes stops no other.
pub(super) async fn take(
    database: &Database,
    [tags, most]: [u32; 2],
    lease_ms: u64,
) -> Result<Option<Turn>, DatabaseError> {
    let now = now(database.dialect());
    let some = "select 1 from purge_tags limit 1";
    if database
        .fetch_optional(Statement::new(some))
        .await?
        .is_none()
    {
        return Ok(None);
    }
    database
        .write(move |tx| {
            Box::pin(async move {
                let take = format!(
                    "update purge_turn set lease = lease + 1, lease_until = {now} + {lease_ms} where id = 1 \
                     and lease_until <= {now} and next_call <= {now} and exists ({some}) returning lease, {now}"
                );
                let Some(row) = tx.fetch_optional(Statement::new(take)).await? else {
                    return Ok(None);
                };
                let (lease, at) = (row.integer(0)?, row.integer(1)?);
                let sql = format!(
                    "select tag, wanted, (select count(*) from purge_tags) from purge_tags \
                     order by tag <> $1, tries, at, tag limit {tags}"
                );
                let rows = tx.fetch_all(Statement::new(sql).bind(EVERYTHING)).await?;
                let mut turn = Turn { lease, at, tags: Vec::new(), everything: false };
                for row in &rows {
                    let tag = row.text(0)?;
                    turn.everything |= tag == EVERYTHING || row.integer(2)? > i64::from(most);
                    turn.tags.push((tag.to_owned(), row.integer(1)?));
                }
                Ok(Some(turn))
            })
        })
        .await
}

/// Frees the turn.
pub(super) async fn free(database: &Database) -> Result<(), DatabaseError> {
    let sql = "update purge_turn set lease_until = 0 where lease_until > 0";
    let free =
        database.write(move |tx| Box::pin(async move { tx.execute(Statement::new(sql)).await }));
    free.await.map(|_: u64| ())
}

/// Gives the turn back after a call that was confirmed, and forgets what it purged.
pub(super) async fn confirmed(
    database: &Database,
    turn: Turn,
    pace_ms: u64,
) -> Result<(), DatabaseError> {
    let now = now(database.dialect());
    database
        .write(move |tx| {
            Box::pin(async move {
                if turn.everything {
                    let before = Statement::new("delete from purge_tags where at < $1").bind(turn.at);
                    tx.execute(before).await?;
                }
                for (tag, wanted) in turn.tags {
                    let sql = "delete from purge_tags where tag = $1 and wanted = $2";
                    tx.execute(Statement::new(sql).bind(tag).bind(wanted)).await?;
                }
                let sql = format!(
                    "update purge_turn set lease_until = 0, next_call = {now} + {pace_ms}, error = null, \
                     failing_since = null where id = 1 and lease = $1"
                );
                tx.execute(Statement::new(sql).bind(turn.lease)).await?;
                Ok(())
            })
        })
        .await
}

/// Gives the turn back after a call that failed; all wait before the next one.
pub(super) async fn failed(
    database: &Database,
    turn: Turn,
    error: String,
    wait_ms: u64,
) -> Result<(), DatabaseError> {
    let now = now(database.dialect());
    database
        .write(move |tx| {
            Box::pin(async move {
                for (tag, _) in &turn.tags {
                    let sql = "update purge_tags set tries = tries + 1 where tag = $1";
                    tx.execute(Statement::new(sql).bind(tag)).await?;
                }
                let sql = format!(
                    "update purge_turn set lease_until = 0, next_call = {now} + {wait_ms}, error = $2, \
                     failing_since = coalesce(failing_since, {now}) where id = 1 and lease = $1"
                );
                tx.execute(Statement::new(sql).bind(turn.lease).bind(error)).await?;
                Ok(())
            })
        })
        .await
}

fn now(dialect: Dialect) -> &'static str {
    dialect.pick(
        "cast(unixepoch('subsec') * 1000 as integer)",
        "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
    )
}
