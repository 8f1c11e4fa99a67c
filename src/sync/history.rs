//! Whether a place is in this log, and how the log goes on behind it.

use super::SyncError;
use super::filter::hash;
use super::token::Place;
use crate::changes::{self, Change, Cursor};
use crate::platform::database::{Database, DatabaseError, Dialect, Statement};

impl Place {
    /// The place of a change.
    pub(super) fn of(change: &Change) -> Self {
        Self::marked(
            change.cursor,
            change.origin,
            &change.at,
            change.document_id.as_deref(),
        )
    }

    /// A change restored from a backup and another one that took its number have different marks.
    fn marked(cursor: Cursor, origin: i64, at: &str, document_id: Option<&str>) -> Self {
        let text = format!("{origin} {at} {}", document_id.unwrap_or_default());
        let mut mark = hash(text.as_bytes());
        mark.truncate(10);
        Self {
            transaction: cursor.transaction,
            seq: cursor.seq,
            mark,
        }
    }
}

/// The end of the log.
pub(super) async fn end(database: &Database) -> Result<Place, DatabaseError> {
    let end = changes::end(database).await?;
    let found = find(database, end.seq).await?;
    Ok(found.unwrap_or_default())
}

/// The place as it stands in the log now: a database that was moved to another cluster may have other numbers of
/// transactions.
///
/// # Errors
/// When the log does not know the place, or does not know any more what came after it.
pub(super) async fn resolve(database: &Database, place: &Place) -> Result<Place, SyncError> {
    if place.seq == 0 {
        let oldest = changes::oldest(database).await?;
        return match oldest.seq {
            0 | 1 => Ok(place.clone()),
            _ => Err(SyncError::Expired),
        };
    }
    if let Some(found) = find(database, place.seq).await? {
        return match found.mark == place.mark {
            true => Ok(found),
            false => Err(SyncError::OtherHistory),
        };
    }
    let oldest = changes::oldest(database).await?;
    if oldest.seq <= place.seq {
        return Err(SyncError::OtherHistory);
    }
    // Where numbers have no gaps, the first change kept may be the one right behind the place.
    let next = database.dialect() == Dialect::Sqlite && oldest.seq == place.seq + 1;
    match next {
        true => Ok(place.clone()),
        false => Err(SyncError::Expired),
    }
}

async fn find(database: &Database, seq: i64) -> Result<Option<Place>, DatabaseError> {
    let sql = database.dialect().pick(
        "select 0, seq, origin, at, document_id from changes where seq = $1",
        "select xid::text::bigint, seq, origin, at, document_id from changes where seq = $1",
    );
    let row = database
        .fetch_optional(Statement::new(sql).bind(seq))
        .await?;
    let Some(row) = row else { return Ok(None) };
    let cursor = Cursor {
        transaction: row.integer(0)?,
        seq: row.integer(1)?,
    };
    let document_id = row.text_or_null(4)?;
    Ok(Some(Place::marked(
        cursor,
        row.integer(2)?,
        row.text(3)?,
        document_id,
    )))
}
