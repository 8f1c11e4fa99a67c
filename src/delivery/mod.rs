//! Reading: runs a checked query and makes the bytes of the answer.
//!
//! A page is one statement whose only row holds the JSON of the entries; it is put into the envelope without being
//! parsed. Entries that hold component items are completed first (`render.rs`), with one more statement per
//! populated level. Totals are counted apart and remembered until something is written ([`Totals`]).
//!
//! Always true: the number of statements depends on what is populated, never on how many entries there are.
//! **Knows nothing about** HTTP, callers' rights (the query was checked) and writing.
//! Start reading at [`list`].

mod aggregate;
pub mod cache;
mod count;
mod envelope;
mod items;
mod raw;
mod read;
mod render;
pub mod tags;
mod v4;

pub use aggregate::aggregate;
pub use count::Totals;
pub use envelope::{Page, Pagination};
pub use read::{list, one};
pub use v4::v4;

use crate::platform::database::DatabaseError;
use crate::query::compile::TOO_MANY_ROWS;

/// Why a read gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// A populated relation holds more rows than one answer may carry.
    #[error(
        "a populated relation has more than {0} rows; ask for fewer with `limit` or `filters` inside `populate`"
    )]
    TooManyRows(u32),
    /// The answer would be larger than allowed.
    #[error(
        "the answer has more than {0} bytes; ask for a smaller page, fewer fields or less of what is populated"
    )]
    TooLarge(u64),
    /// The last entry's sort values do not fit into a cursor.
    #[error(
        "the sort values of the last entry are too long for a cursor; sort by something shorter or ask for pages by number"
    )]
    Cursor,
    /// What is stored is not as this program writes it.
    #[error("stored content cannot be read: {0}")]
    Stored(String),
    /// The database did not answer.
    #[error(transparent)]
    Database(DatabaseError),
}

impl ReadError {
    /// Tells a refused statement from a failed one.
    fn from_database(error: DatabaseError, populated_rows: u32) -> Self {
        match &error {
            DatabaseError::Other(message) if message.contains(TOO_MANY_ROWS) => {
                Self::TooManyRows(populated_rows)
            }
            _ => Self::Database(error),
        }
    }
}
