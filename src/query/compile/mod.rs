//! A checked query as SQL: one statement gives a whole page as JSON.
//!
//! The database builds the JSON, relations included, as correlated subqueries, so that a page costs one statement
//! and one row however much is populated. Identities are picked and sorted first; the JSON of the picked rows is
//! made outside, because what goes through a sorter is copied and loses that it is JSON.
//! What lies inside component items cannot be named in SQL (items are keyed by field id): such entries
//! carry their raw items and a hidden document number, see [`needs_completion`], and [`linked`] makes the statement
//! that fetches what items link to.
//!
//! Always true: values are bound, ids are literals, so that equal shapes have equal texts and prepared
//! statements are found again. Names in the text are attribute names or made from ids.
//! **Knows nothing about** connections, rows or HTTP. Start reading at [`page`].

mod aggregate;
mod builder;
mod compare;
mod facet;
mod filter;
mod hop;
mod linked;
mod order;
mod page;
mod scope;
mod select;
mod words;

pub use aggregate::aggregate;
pub use facet::{facet, found};
pub use linked::{Holders, is_linked, linked, reads_content};
pub use page::{count, page};
pub use select::{DOC_KEY, LOCALE_KEY, column_name, needs_completion, target};

use crate::base::Stage;
use crate::base::limits::QueryLimits;
use crate::platform::database::Dialect;
use crate::schema::Schema;

/// The words with which a statement fails that would populate more rows than allowed; they stand in the database's
/// error message.
pub const TOO_MANY_ROWS: &str = "too many populated rows:";

/// What compiling depends on besides the query.
#[derive(Debug, Clone, Copy)]
pub struct CompileOptions<'s> {
    /// Which SQL is spoken.
    pub dialect: Dialect,
    /// The stage asked for; types without drafts are read published.
    pub stage: Stage,
    /// Locale of localised targets when every locale is read.
    pub default_locale: &'s str,
    /// Rows of one populated relation per parent.
    pub populated_rows: u32,
}

impl<'s> CompileOptions<'s> {
    /// The options of a query that reads a stage.
    pub fn new(dialect: Dialect, schema: &'s Schema, stage: Stage, limits: &QueryLimits) -> Self {
        Self {
            dialect,
            stage,
            default_locale: schema.default_locale(),
            populated_rows: limits.populated_rows,
        }
    }
}
