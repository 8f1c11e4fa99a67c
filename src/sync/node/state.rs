//! How far a node has come, kept in its settings.

use serde::{Deserialize, Serialize};

use super::follower::FollowError;
use crate::accounts::AccessRows;
use crate::platform::database::{Database, DatabaseError, Statement, Transaction};
use crate::schema::store::SchemaRows;

pub(super) const ORIGIN: &str = "follow_origin";
pub(super) const TOKEN: &str = "follow_token";
pub(super) const STAGING: &str = "follow_staging";

/// What is being fetched before it can be served.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Staging {
    /// Whether it takes the place of everything.
    pub(super) all: bool,
    pub(super) schema: SchemaRows,
    pub(super) access: Option<AccessRows>,
    /// Where the log is followed from afterwards, if it takes the place of everything.
    pub(super) token: Option<String>,
    pub(super) log_id: String,
    /// The types that are fetched, in order.
    pub(super) types: Vec<i64>,
    /// How many of them are there.
    pub(super) done: usize,
    /// The document come to in the next one.
    pub(super) after: i64,
}

/// What the settings say.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) log_id: Option<String>,
    pub(super) token: Option<String>,
    pub(super) staging: Option<Staging>,
    pub(super) access: i64,
}

impl State {
    pub(super) async fn load(database: &Database) -> Result<Self, FollowError> {
        let sql =
            "select name, value from settings where name in ($1, $2, $3, 'accounts_generation')";
        let names = [ORIGIN, TOKEN, STAGING];
        let statement = names.into_iter().fold(Statement::new(sql), Statement::bind);
        let mut state = Self::default();
        for row in database.fetch_all(statement).await? {
            let value = row.text(1)?;
            match row.text(0)? {
                ORIGIN => state.log_id = Some(value.to_owned()).filter(|id| !id.is_empty()),
                TOKEN => state.token = Some(value.to_owned()),
                // What cannot be read is fetched again.
                STAGING => state.staging = serde_json::from_str(value).ok(),
                _ => state.access = value.parse().unwrap_or_default(),
            }
        }
        Ok(state)
    }
}

/// Keeps a setting, or forgets it.
pub(super) async fn keep(
    tx: &mut Transaction,
    name: &'static str,
    value: Option<&str>,
) -> Result<(), DatabaseError> {
    let statement = match value {
        None => Statement::new("delete from settings where name = $1").bind(name),
        Some(value) => Statement::new(
            "insert into settings (name, value) values ($1, $2) \
             on conflict (name) do update set value = excluded.value",
        )
        .bind(name)
        .bind(value),
    };
    tx.execute(statement).await.map(|_| ())
}

/// Whether the database is that of a read node.
///
/// # Errors
/// When the database fails.
pub async fn followed_origin(database: &Database) -> Result<bool, DatabaseError> {
    let sql = "select 1 from settings where name = $1";
    let row = database.fetch_optional(Statement::new(sql).bind(ORIGIN));
    Ok(row.await?.is_some())
}

/// Whether the database has content of its own, which following would replace.
///
/// # Errors
/// When the database fails.
pub async fn foreign_content(database: &Database) -> Result<bool, DatabaseError> {
    if followed_origin(database).await? {
        return Ok(false);
    }
    let sql = "select (select count(*) from documents) + (select count(*) from users) \
               + (select count(*) from api_tokens) + (select count(*) from schema_types where uid like 'api::%')";
    let row = database.fetch_optional(Statement::new(sql)).await?;
    let count = row.map_or(Ok(0), |row| row.integer(0))?;
    Ok(count > 0)
}
