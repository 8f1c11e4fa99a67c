//! How far followers are behind the end of the log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Cursor;
use crate::base::clock;
use crate::platform::database::{Database, DatabaseError, Dialect, Statement};

/// Followers that are told apart.
const MOST: u32 = 100;

/// How far one follower is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// The follower.
    pub name: String,
    /// Changes it has not worked through, up to 10,000.
    pub changes: u64,
    /// How long ago the oldest of them happened.
    pub age: Duration,
}

/// Where the followers of this process stand that keep no durable cursor.
static FOLLOWERS: Mutex<BTreeMap<&'static str, Arc<Mutex<Cursor>>>> = Mutex::new(BTreeMap::new());

/// Tells how far a follower has come.
#[derive(Debug, Clone)]
pub struct Follower(Arc<Mutex<Cursor>>);

/// A follower of this process that keeps no durable cursor of this name; those that do are found by it.
pub fn follower(name: &'static str) -> Follower {
    let mut followers = FOLLOWERS.lock().unwrap_or_else(PoisonError::into_inner);
    Follower(Arc::clone(followers.entry(name).or_default()))
}

impl Follower {
    /// It has worked through everything up to here.
    pub fn at(&self, cursor: Cursor) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
    }
}

/// How far every follower is behind: those with a durable cursor and those of this process.
///
/// # Errors
/// When the database fails.
pub async fn lags(database: &Database) -> Result<Vec<Lag>, DatabaseError> {
    let kept = "select transaction_id, seq, name from cursors order by name limit $1";
    let mut places = BTreeMap::new();
    for row in database.fetch_all(Statement::new(kept).bind(MOST)).await? {
        places.insert(row.text(2)?.to_owned(), Cursor::of(&row)?);
    }
    for (name, place) in FOLLOWERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
    {
        let place = place.lock().unwrap_or_else(PoisonError::into_inner);
        places.insert((*name).to_owned(), *place);
    }
    let mut lags = Vec::with_capacity(places.len());
    for (name, place) in places {
        lags.push(lag(database, name, place).await?);
    }
    Ok(lags)
}

async fn lag(database: &Database, name: String, place: Cursor) -> Result<Lag, DatabaseError> {
    let sql = database.dialect().pick(
        "select count(*), min(at) from \
         (select at from changes where seq > $2 and $1 >= 0 order by seq limit 10000) behind",
        "select count(*), min(at) from (select at from changes where (xid, seq) > ($1::text::xid8, $2) \
         order by xid, seq limit 10000) behind",
    );
    let statement = Statement::new(sql);
    let statement = match database.dialect() {
        Dialect::Sqlite => statement.bind(place.transaction),
        Dialect::Postgres => statement.bind(place.transaction.to_string()),
    };
    let row = database.fetch_optional(statement.bind(place.seq)).await?;
    let row = row.ok_or(DatabaseError::Column(0))?;
    let since = row.text_or_null(1)?.and_then(clock::ms_of);
    let age = since.map_or(0, |since| clock::now_ms().saturating_sub(since));
    Ok(Lag {
        name,
        changes: u64::try_from(row.integer(0)?).unwrap_or_default(),
        age: Duration::from_millis(u64::try_from(age).unwrap_or_default()),
    })
}
