//! Everyone who may ask for something, in memory.

use std::collections::HashMap;

use super::{PUBLIC_ROLE, roles};
use crate::access::Grants;
use crate::platform::database::{Database, DatabaseError, Statement};

/// The rights of the public role and of every token, as of one generation.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// The generation this was read at.
    pub generation: i64,
    /// What requests without credentials may do.
    pub public: Grants,
    /// Tokens by the hash of their secret.
    pub tokens: HashMap<String, TokenHolder>,
}

/// A token and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    /// Its name, shown as author.
    pub name: String,
    /// What it may do.
    pub grants: Grants,
    /// When it stops working, in stored form.
    pub expires_at: Option<String>,
}

impl Directory {
    /// Reads all of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(database: &Database) -> Result<Self, DatabaseError> {
        // The generation first: a change in between is read again at the next look.
        let generation = generation(database).await?;
        let public = roles::holder(database, &format!("role:{PUBLIC_ROLE}")).await?;
        let statement =
            Statement::new("select id, name, secret_hash, kind, expires_at from api_tokens");
        let mut tokens = HashMap::new();
        for row in database.fetch_all(statement).await? {
            let grants = match row.text(3)? {
                "full-access" => Grants::Everything,
                "read-only" => Grants::ReadAll { drafts: false },
                "read-only+drafts" => Grants::ReadAll { drafts: true },
                _ => {
                    let holder = format!("token:{}", row.integer(0)?);
                    Grants::Listed(roles::holder(database, &holder).await?)
                }
            };
            let token = TokenHolder {
                name: row.text(1)?.to_owned(),
                grants,
                expires_at: row.text_or_null(4)?.map(str::to_owned),
            };
            tokens.insert(row.text(2)?.to_owned(), token);
        }
        Ok(Self {
            generation,
            public: Grants::Listed(public),
            tokens,
        })
    }
}

pub(super) async fn generation(database: &Database) -> Result<i64, DatabaseError> {
    let sql = "select cast(value as bigint) from settings where name = 'accounts_generation'";
    let row = database.fetch_optional(Statement::new(sql)).await?;
    row.map_or(Ok(1), |row| row.integer(0))
}
