//! The first pass: every public document by its number.

use super::SyncError;
use super::gather::Gathered;
use super::page::Feed;
use super::token::{Phase, Position};
use crate::base::Stage;
use crate::platform::database::{Statement, Value};
use crate::schema::ContentType;

/// The public documents after a document of a type; behind the last one the log goes on.
pub(super) async fn gather(
    feed: &Feed<'_>,
    from: &Position,
    (type_id, doc): (i64, i64),
    most: usize,
) -> Result<Gathered, SyncError> {
    let mut gathered = Gathered::new(from.clone(), most);
    for one in feed.filter.types(feed.view) {
        if one.id.0 < type_id {
            continue;
        }
        let after = if one.id.0 == type_id { doc } else { 0 };
        let mut last = after;
        let asked = gathered.room();
        let found = documents(feed, one, after, asked).await?;
        let count = found.len();
        for (doc, document_id) in found {
            let before = from.in_phase(Phase::Copy(one.id.0, last));
            gathered.add((one.id.0, doc, &document_id), &before);
            last = doc;
        }
        if count == asked {
            gathered.end = from.in_phase(Phase::Copy(one.id.0, last));
            return Ok(gathered);
        }
    }
    gathered.end = from.in_phase(Phase::Log);
    Ok(gathered)
}

async fn documents(
    feed: &Feed<'_>,
    content_type: &ContentType,
    after: i64,
    most: usize,
) -> Result<Vec<(i64, String)>, SyncError> {
    let table = content_type.table(Stage::Published);
    let sql = format!("select id, document_id from {table} where id > $1 order by id limit $2");
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let values = vec![Value::from(after), Value::from(most)];
    let rows = feed
        .database
        .fetch_all(Statement::with(sql, values))
        .await?;
    let documents = rows
        .iter()
        .map(|row| Ok((row.integer(0)?, row.text(1)?.to_owned())));
    documents.collect()
}
