//! Which history the log tells, and the key that signs tokens.

use crate::platform::database::{Database, DatabaseError, Statement};

/// What tokens are made and checked with; stored in the database, so that they hold on every node, after a restart
/// and after a restored backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Names the history that the change log tells; whoever breaks it gives it another name.
    pub log_id: String,
    pub(super) key: String,
}

impl Keys {
    /// Reads them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(database: &Database) -> Result<Self, DatabaseError> {
        let sql = "select (select value from settings where name = 'log_id'), \
                   (select value from settings where name = 'sync_key')";
        let row = database.fetch_optional(Statement::new(sql)).await?;
        let row = row.ok_or(DatabaseError::Column(0))?;
        Ok(Self {
            log_id: row.text(0)?.to_owned(),
            key: row.text(1)?.to_owned(),
        })
    }
}
