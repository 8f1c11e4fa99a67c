//! Who there is: API tokens, the rights of roles, people.
//!
//! Only hashes of secrets are stored: SHA-256 of tokens (their 256 random bits need no slow hash),
//! argon2id of passwords. Every change raises `accounts_generation`, by which running servers notice.
//!
//! **Knows nothing about** HTTP. Start reading at [`tokens::create`] and [`Directory::load`].

pub mod directory;
mod replica;
pub mod roles;
pub mod tokens;
pub mod users;

pub use directory::{Directory, TokenHolder};
pub use replica::AccessRows;

use crate::platform::database::{DatabaseError, Statement, Transaction};

/// The role of requests without credentials.
pub const PUBLIC_ROLE: &str = "public";

/// Why an account could not be made or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountError {
    /// The name, address or role is not usable.
    #[error("{0}")]
    Invalid(String),
    /// There is one with this name.
    #[error("{0} exists already; choose another name")]
    Exists(String),
    /// There is none with this name.
    #[error("{0} does not exist")]
    Unknown(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Tells running servers that tokens or rights changed.
pub(crate) async fn touch(tx: &mut Transaction) -> Result<(), DatabaseError> {
    let update = "update settings set value = cast(cast(value as bigint) + 1 as text) \
                  where name = 'accounts_generation'";
    if tx.execute(Statement::new(update)).await? == 0 {
        let insert = "insert into settings (name, value) values ('accounts_generation', '2')";
        tx.execute(Statement::new(insert)).await?;
    }
    Ok(())
}

/// A usable name of a token or role: 1 to 100 printable characters.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), AccountError> {
    let usable = (1..=100).contains(&name.chars().count())
        && name == name.trim()
        && !name.chars().any(char::is_control);
    if usable {
        return Ok(());
    }
    Err(AccountError::Invalid(format!(
        "the {what} `{}` must have 1 to 100 printable characters and no blanks around",
        name.escape_debug()
    )))
}
