//! Why the feed gives nothing.

use crate::delivery::ReadError;
use crate::platform::database::DatabaseError;
use crate::schema::store::StoreError;

/// Why there is no page.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SyncError {
    /// The token is not one of ours.
    #[error(
        "the token is not one that this server gave; send the nextToken of an earlier answer, or none to start over"
    )]
    Token,
    /// The token asks for something else than the request.
    #[error(
        "`{0}` differs from what the token was made for; leave it out, or start over without a token"
    )]
    Differs(&'static str),
    /// The token belongs to another database or another history.
    #[error(
        "the token belongs to another history of this database, such as before a backup was restored; start over without a token and drop what you hold"
    )]
    OtherHistory,
    /// What comes after the token is no longer kept.
    #[error(
        "the token is older than the changes that are kept; start over without a token and drop what you hold"
    )]
    Expired,
    /// The schema in the database is newer than the caller's view; look again.
    #[error("the schema has changed; try again")]
    SchemaChanged,
    /// An entry could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The stored schema cannot be read.
    #[error(transparent)]
    Schema(#[from] StoreError),
}
