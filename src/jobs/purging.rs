//! From the change log to the CDN: what a change touches is wished to be forgotten.

use std::sync::Arc;

use crate::app::App;
use crate::changes::{self, Change, Cursor, Tail};
use crate::delivery::tags;
use crate::platform::database::{Database, DatabaseError, Dialect, Statement};
use crate::purges::{self, EVERYTHING};

/// The follower's name in `cursors`.
const NAME: &str = "purges";
/// Changes worked through at a time.
const BATCH: u32 = 200;

/// Follows the log on any number of nodes; each change is worked through once, in the transaction that keeps the place.
///
/// # Errors
/// When the database fails; then it is called again.
pub(super) async fn follow(app: Arc<App>) -> Result<(), DatabaseError> {
    let database = &app.database;
    let start = match Cursor::kept(database, NAME).await? {
        Some(kept) => kept,
        // Nothing that a CDN holds was made before the first start with one.
        None => begin(database).await?,
    };
    let mut tail = Tail::new(Arc::clone(database), start, &app.signal);
    loop {
        let place = tail.cursor();
        let batch = tail.next(BATCH).await?;
        let wishes = wishes(&app, &batch).await?;
        let reached = tail.cursor();
        if !wish(database, place, reached, wishes).await? {
            // Another node was quicker.
            let kept = Cursor::kept(database, NAME).await?;
            tail.seek(kept.unwrap_or(place));
        }
    }
}

async fn begin(database: &Database) -> Result<Cursor, DatabaseError> {
    let end = changes::end(database).await?;
    let sql = "insert into cursors (name, transaction_id, seq) values ($1, $2, $3) on conflict do nothing";
    let statement = Statement::new(sql)
        .bind(NAME)
        .bind(end.transaction)
        .bind(end.seq);
    database
        .write(move |tx| Box::pin(async move { tx.execute(statement).await.map(|_| ()) }))
        .await?;
    let kept = Cursor::kept(database, NAME).await?;
    Ok(kept.unwrap_or(end))
}

async fn wishes(app: &App, batch: &[Change]) -> Result<Vec<String>, DatabaseError> {
    let schema = app.schema();
    let mut wishes = Vec::new();
    for change in batch {
        match tags::of_change(&app.database, &schema, change).await? {
            Some(tags) => wishes.extend(tags),
            None => return Ok(vec![EVERYTHING.to_owned()]),
        }
    }
    Ok(wishes)
}

/// Keeps the place and the wishes together; `false` if the place is not what this node thought.
async fn wish(
    database: &Database,
    place: Cursor,
    reached: Cursor,
    wishes: Vec<String>,
) -> Result<bool, DatabaseError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let lock = match tx.dialect() {
                    Dialect::Sqlite => "",
                    Dialect::Postgres => " for update",
                };
                let sql = format!("select transaction_id, seq from cursors where name = $1{lock}");
                let row = tx.fetch_optional(Statement::new(sql).bind(NAME)).await?;
                let row = row.ok_or(DatabaseError::Column(0))?;
                if (row.integer(0)?, row.integer(1)?) != (place.transaction, place.seq) {
                    return Ok(false);
                }
                purges::enqueue_in(tx, &wishes).await?;
                tx.execute(reached.keep(NAME)).await?;
                Ok(true)
            })
        })
        .await
}
