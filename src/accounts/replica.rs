//! Tokens and rights as rows, to be taken over by another database.

use serde::{Deserialize, Serialize};

use crate::platform::database::{Batch, Database, DatabaseError, Row, Statement, Transaction};

/// API tokens with the hashes of their secrets, and the rights of roles and tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccessRows {
    /// The generation they are of.
    pub generation: i64,
    tokens: Vec<TokenRow>,
    grants: Vec<GrantRow>,
}

/// Id, name, hash of the secret, kind, when it was made, when it expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TokenRow(i64, String, String, String, String, Option<String>);

/// Holder, type, action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GrantRow(String, String, String);

impl AccessRows {
    /// Reads them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(database: &Database) -> Result<Self, DatabaseError> {
        loop {
            let before = super::directory::generation(database).await?;
            let tokens = "select id, name, secret_hash, kind, created_at, expires_at from api_tokens order by id";
            let tokens = database.fetch_all(Statement::new(tokens)).await?;
            let grants = "select holder, type_uid, action from grants";
            let grants = database.fetch_all(Statement::new(grants)).await?;
            if super::directory::generation(database).await? == before {
                return Ok(Self {
                    generation: before,
                    tokens: tokens.iter().map(token_row).collect::<Result<_, _>>()?,
                    grants: grants.iter().map(grant_row).collect::<Result<_, _>>()?,
                });
            }
        }
    }

    /// Puts them in the place of what is stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_over(&self, tx: &mut Transaction) -> Result<(), DatabaseError> {
        let mut batch = Batch::new(tx.dialect());
        batch.push(Statement::new("delete from api_tokens"));
        batch.push(Statement::new("delete from grants"));
        for TokenRow(id, name, hash, kind, created_at, expires_at) in &self.tokens {
            let sql = "insert into api_tokens (id, name, secret_hash, kind, created_at, expires_at) \
                       values ($1, $2, $3, $4, $5, $6)";
            let insert = Statement::new(sql).bind(*id).bind(name).bind(hash);
            batch.push(insert.bind(kind).bind(created_at).bind(expires_at.clone()));
        }
        for GrantRow(holder, type_uid, action) in &self.grants {
            let sql = "insert into grants (holder, type_uid, action) values ($1, $2, $3)";
            batch.push(Statement::new(sql).bind(holder).bind(type_uid).bind(action));
        }
        let raise = "insert into settings (name, value) values ('accounts_generation', $1) \
                     on conflict (name) do update set value = excluded.value";
        batch.push(Statement::new(raise).bind(self.generation.to_string()));
        tx.run(batch).await
    }
}

fn token_row(row: &Row) -> Result<TokenRow, DatabaseError> {
    let text = |index| row.text(index).map(str::to_owned);
    let expires_at = row.text_or_null(5)?.map(str::to_owned);
    let (id, name, hash) = (row.integer(0)?, text(1)?, text(2)?);
    Ok(TokenRow(id, name, hash, text(3)?, text(4)?, expires_at))
}

fn grant_row(row: &Row) -> Result<GrantRow, DatabaseError> {
    let text = |index| row.text(index).map(str::to_owned);
    Ok(GrantRow(text(0)?, text(1)?, text(2)?))
}
