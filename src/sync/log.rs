//! The pass along the log: which documents look different since a place.

use std::sync::Arc;

use super::SyncError;
use super::gather::{Gathered, Wanted};
use super::page::Feed;
use super::token::{Phase, Place, Position};
use crate::access::FILE_TYPE;
use crate::changes::{self, Change, ChangeKind};
use crate::platform::database::{Row, Statement};
use crate::schema::store;

/// Changes one page looks at.
pub(super) const WINDOW: u32 = 1000;

/// The documents that look different because of changes after a position.
///
/// # Errors
/// [`SyncError::SchemaChanged`] if the log tells of a schema that the view does not know yet.
pub(super) async fn gather(
    feed: &Feed<'_>,
    from: &Position,
    changes: &[Arc<Change>],
    most: usize,
) -> Result<Gathered, SyncError> {
    let mut gathered = Gathered::new(from.clone(), most);
    let mut schema_is_known = false;
    for change in changes {
        if change.kind == ChangeKind::Schema && !schema_is_known {
            if store::generation(feed.database).await? != feed.view.schema().generation {
                return Err(SyncError::SchemaChanged);
            }
            schema_is_known = true;
        }
        if change.is_public() && !one(feed, &mut gathered, change).await? {
            return Ok(gathered);
        }
        gathered.end = Position {
            at: Place::of(change),
            phase: Phase::Log,
        };
    }
    gathered.more = changes.len() >= WINDOW as usize;
    Ok(gathered)
}

/// Adds what one change alters; false if the page is full before its end.
async fn one(feed: &Feed<'_>, gathered: &mut Gathered, change: &Change) -> Result<bool, SyncError> {
    let (Some(type_id), Some(doc)) = (change.type_id, change.doc) else {
        return Ok(true);
    };
    let mut after = 0;
    if let Phase::Referrers(done) = gathered.end.phase {
        after = done;
    } else if feed.filter.type_of(feed.view, type_id).is_some() {
        let document_id = change.document_id.as_deref().unwrap_or_default();
        let before = gathered.end.clone();
        match gathered.add((type_id, doc, document_id), &before) {
            Some(wanted) => note(wanted, change),
            None => return Ok(false),
        }
    }
    if !alters_referrers(feed, change, type_id) {
        return Ok(true);
    }
    loop {
        let asked = gathered.room().saturating_add(1);
        let referrers = referrers(feed, doc, after, asked).await?;
        let count = referrers.len();
        for row in referrers {
            let (owner, owner_type) = (row.integer(0)?, row.integer(1)?);
            gathered.end.phase = Phase::Referrers(after);
            if feed.filter.type_of(feed.view, owner_type).is_some() {
                let before = gathered.end.clone();
                let identity = (owner_type, owner, row.text(2)?);
                if gathered.add(identity, &before).is_none() {
                    return Ok(false);
                }
            }
            after = owner;
        }
        if count < asked {
            return Ok(true);
        }
    }
}

/// Notes what a change took away.
fn note(wanted: &mut Wanted, change: &Change) {
    wanted.deleted |= change.kind == ChangeKind::Delete;
    match change.detail() {
        Some(detail) => {
            let gone = detail.locales.into_iter();
            let gone = gone.filter(|(_, sides)| sides.before.is_some());
            wanted.gone.extend(gone.map(|(code, _)| code));
        }
        // Links changed from the other side make nothing public and hide nothing.
        None => wanted.anything_gone |= change.kind != ChangeKind::Link && change.stage == Some(1),
    }
}

/// Whether entries that refer to the document look different now: they show files whole, and only documents that are
/// public.
fn alters_referrers(feed: &Feed<'_>, change: &Change, type_id: i64) -> bool {
    let schema = feed.view.schema();
    let file = schema.content_type(FILE_TYPE);
    if file.is_some_and(|file| file.id.0 == type_id) {
        return true;
    }
    match change.detail() {
        Some(detail) => {
            let mut sides = detail.locales.values();
            sides.any(|sides| sides.before.is_some() != sides.after.is_some())
        }
        None => change.kind != ChangeKind::Link,
    }
}

/// Public documents that refer to a document, by number.
async fn referrers(
    feed: &Feed<'_>,
    doc: i64,
    after: i64,
    most: usize,
) -> Result<Vec<Row>, SyncError> {
    let sql = "select distinct l.owner, d.type_id, d.document_id \
               from links l join documents d on d.doc = l.owner \
               where l.target = $1 and l.stage = 1 and l.owner > $2 and d.trashed_at is null \
               order by l.owner limit $3";
    let statement = Statement::new(sql)
        .bind(doc)
        .bind(after)
        .bind(i64::try_from(most).unwrap_or(i64::MAX));
    Ok(feed.database.fetch_all(statement).await?)
}

/// The changes after a place.
pub(super) async fn changes_after(
    feed: &Feed<'_>,
    place: &Place,
) -> Result<Vec<Arc<Change>>, SyncError> {
    if let Some(kept) = feed.live.after(place.cursor(), WINDOW as usize) {
        return Ok(kept);
    }
    let read = changes::read(feed.database, place.cursor(), WINDOW).await?;
    Ok(read.into_iter().map(Arc::new).collect())
}
