//! API tokens: made once, shown once, stored as a hash.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt as _;
use sha2::{Digest as _, Sha256};

use super::{AccountError, check_name, touch};
use crate::access::Action;
use crate::base::clock;
use crate::platform::database::{Database, DatabaseError, Statement};

/// What a token may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKind {
    /// Find and findOne on every type; drafts only if `drafts`.
    ReadOnly {
        /// Whether drafts may be read.
        drafts: bool,
    },
    /// Everything.
    FullAccess,
    /// The listed actions per type uid.
    Custom(BTreeMap<String, BTreeSet<Action>>),
}

impl TokenKind {
    /// The word stored and shown.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ReadOnly { drafts: false } => "read-only",
            Self::ReadOnly { drafts: true } => "read-only+drafts",
            Self::FullAccess => "full-access",
            Self::Custom(_) => "custom",
        }
    }
}

/// A token as listed; the secret cannot be shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its name.
    pub name: String,
    /// `read-only`, `read-only+drafts`, `full-access` or `custom`.
    pub kind: String,
    /// When it was made.
    pub created_at: String,
    /// When it stops working, if ever.
    pub expires_at: Option<String>,
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 43 characters of 62 hold 256 bits.
const SECRET_LENGTH: usize = 43;

/// Makes a token and returns its secret, `tympan_` and 43 random letters and digits.
///
/// # Errors
/// When the name is unusable or taken.
pub async fn create(
    database: &Database,
    name: &str,
    kind: TokenKind,
    expires_at: Option<String>,
) -> Result<String, AccountError> {
    check_name("token name", name)?;
    let secret = new_secret();
    let (name, hash) = (name.to_owned(), hash(&secret));
    let taken = format!("a token named `{name}`");
    let result = database
        .write(move |tx| {
            Box::pin(async move {
                let insert = Statement::new(
                    "insert into api_tokens (id, name, secret_hash, kind, created_at, expires_at) \
                     select coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5 from api_tokens returning id",
                )
                .bind(name)
                .bind(hash)
                .bind(kind.name())
                .bind(clock::now())
                .bind(expires_at);
                let row = tx.fetch_optional(insert).await?;
                let id = row.ok_or(DatabaseError::Column(0))?.integer(0)?;
                if let TokenKind::Custom(allowed) = kind {
                    for (uid, actions) in allowed {
                        for action in actions {
                            let grant = Statement::new("insert into grants values ($1, $2, $3)")
                                .bind(format!("token:{id}"))
                                .bind(uid.as_str())
                                .bind(action.name());
                            tx.execute(grant).await?;
                        }
                    }
                }
                touch(tx).await
            })
        })
        .await;
    match result {
        Ok(()) => Ok(secret),
        Err(DatabaseError::Unique(_)) => Err(AccountError::Exists(taken)),
        Err(error) => Err(error.into()),
    }
}

/// Every token, by name.
///
/// # Errors
/// When the database fails.
pub async fn list(database: &Database) -> Result<Vec<TokenInfo>, AccountError> {
    let statement =
        Statement::new("select name, kind, created_at, expires_at from api_tokens order by name");
    let rows = database.fetch_all(statement).await?;
    let tokens = rows.iter().map(|row| {
        Ok(TokenInfo {
            name: row.text(0)?.to_owned(),
            kind: row.text(1)?.to_owned(),
            created_at: row.text(2)?.to_owned(),
            expires_at: row.text_or_null(3)?.map(str::to_owned),
        })
    });
    Ok(tokens.collect::<Result<_, DatabaseError>>()?)
}

/// Takes a token's rights away for good.
///
/// # Errors
/// When there is no such token.
pub async fn revoke(database: &Database, name: &str) -> Result<(), AccountError> {
    let wanted = name.to_owned();
    let found: bool = database
        .write(move |tx| {
            Box::pin(async move {
                let delete = "delete from api_tokens where name = $1 returning id";
                let row = tx
                    .fetch_optional(Statement::new(delete).bind(wanted))
                    .await?;
                let Some(row) = row else {
                    return Ok::<_, DatabaseError>(false);
                };
                let holder = format!("token:{}", row.integer(0)?);
                tx.execute(Statement::new("delete from grants where holder = $1").bind(holder))
                    .await?;
                touch(tx).await?;
                Ok(true)
            })
        })
        .await?;
    if found {
        return Ok(());
    }
    Err(AccountError::Unknown(format!("the token `{name}`")))
}

/// The stored form of a secret.
pub fn hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn new_secret() -> String {
    let mut random = rand::rng();
    let letters = (0..SECRET_LENGTH).map(|_| {
        let index = random.random_range(0..ALPHABET.len());
        char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
    });
    format!("tympan_{}", letters.collect::<String>())
}
