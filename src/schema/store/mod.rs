//! The schema in the database: read as a snapshot, changed by a plan.
//!
//! Rows of `schema_types` and `schema_fields` hold each definition as written; parsing them again gives
//! the snapshot, so what a file may say and what is stored cannot drift apart.
//!
//! Always true: a plan is carried out as a whole or not at all, and the generation grows with it. What a
//! plan drops stays in tables and columns; what it replaces is renamed aside with `_was<generation>`.
//! **Knows nothing about** files, callers and versions of documents. Start reading at [`load`] and [`apply`].

mod apply;
mod columns;
mod create;
mod drafts;
mod items;
mod kinds;
mod load;
mod locales;
mod localize;
mod measure;
mod moves;
mod pages;
mod persist;
mod replica;
mod tables;
mod trash;
mod walk;

pub use apply::apply;
pub use create::ensure_built_in;
pub use load::load;
pub use measure::measure;
pub use replica::{SchemaRows, drop_tables, rebuild_tables};
pub use trash::trash;

use serde_json::{Map, Value as Json};

use crate::platform::database::{Database, DatabaseError, Statement};

/// Why the stored schema could not be read or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// What is stored is not a valid schema; somebody changed it by hand.
    #[error("the stored schema is damaged: {0}")]
    Damaged(String),
    /// The schema has changed since the plan was made.
    #[error("the schema has changed since the plan was made; plan again")]
    Changed,
    /// A step of the plan cannot be done.
    #[error("{0}")]
    Refused(String),
}

/// The generation that is stored now.
///
/// # Errors
/// When the database fails.
pub async fn generation(database: &Database) -> Result<i64, DatabaseError> {
    let sql = "select cast(value as bigint) from settings where name = 'schema_generation'";
    let row = database.fetch_optional(Statement::new(sql)).await?;
    row.map_or(Ok(1), |row| row.integer(0))
}

fn object(text: &str) -> Result<Map<String, Json>, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}
