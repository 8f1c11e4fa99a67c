//! Runs a query: its page, its total, the completion of components.

use serde_json::Value as Json;

use crate::base::limits::QueryLimits;
use crate::platform::database::{Database, Row, Value};
use crate::query::check::cursor::encode;
use crate::query::compile::{self, CompileOptions};
use crate::query::{ListQuery, Page as Asked, Search};
use crate::schema::Schema;

use super::{Page, Pagination, ReadError, Totals, render};

/// Reads a page of entries.
///
/// # Errors
/// When more is populated than allowed, the answer is too large, or the database fails.
pub async fn list(
    database: &Database,
    schema: &Schema,
    totals: &Totals,
    query: &ListQuery<'_>,
    limits: &QueryLimits,
) -> Result<Page, ReadError> {
    let options = CompileOptions::new(database.dialect(), schema, query.stage, limits);
    let statement = compile::page(options, query);
    let failed = |error| ReadError::from_database(error, limits.populated_rows);
    let row = database
        .near()
        .fetch_optional(statement)
        .await
        .map_err(failed)?;
    let Some(row) = row else {
        return Err(ReadError::Stored("a page gave no row".into()));
    };
    let count = u64::try_from(row.integer(0).map_err(failed)?).unwrap_or(0);
    let last = last_of_page(&query.page, &row, count)?;
    let entries = bounded(entries(row)?, limits)?;
    let entries = render::complete(database, options, query, entries, limits).await?;
    let mut pagination = Pagination::new(&query.page, None);
    match &mut pagination {
        Pagination::Pages { total, .. } | Pagination::Offset { total, .. } => {
            if wants_total(&query.page) {
                *total = Some(match known_total(query, count) {
                    Some(total) => total,
                    None => {
                        let statement = compile::count(options, query);
                        let counted = totals.count(database, schema.generation, statement);
                        counted.await.map_err(failed)?
                    }
                });
            }
        }
        Pagination::Cursor { next, .. } => *next = cursor(query, last.as_deref())?,
    }
    Ok(Page {
        entries,
        count,
        pagination,
    })
}

/// Reads one entry, as the whole body of the answer; `None` if there is none.
///
/// # Errors
/// As [`list`].
pub async fn one(
    database: &Database,
    schema: &Schema,
    query: &ListQuery<'_>,
    limits: &QueryLimits,
) -> Result<Option<Vec<u8>>, ReadError> {
    let options = CompileOptions::new(database.dialect(), schema, query.stage, limits);
    let statement = compile::page(options, query);
    let failed = |error| ReadError::from_database(error, limits.populated_rows);
    let Some(row) = database
        .near()
        .fetch_optional(statement)
        .await
        .map_err(failed)?
    else {
        return Ok(None);
    };
    let entry = bounded(entries(row)?, limits)?;
    let entry = render::complete(database, options, query, entry, limits).await?;
    Ok(Some(super::envelope::one_body(&entry)))
}

/// The cursor behind the last entry of a page.
fn cursor(query: &ListQuery<'_>, last: Option<&[Json]>) -> Result<Option<String>, ReadError> {
    let Some(values) = last else {
        return Ok(None);
    };
    let text = encode(query, values).ok_or(ReadError::Cursor)?;
    Ok(Some(text))
}

/// The JSON text of a page's row, moved out of it.
fn entries(row: Row) -> Result<String, ReadError> {
    match row.into_values().into_iter().nth(1) {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(ReadError::Stored("a page's entries are not text".into())),
    }
}

fn bounded(text: String, limits: &QueryLimits) -> Result<String, ReadError> {
    match u64::try_from(text.len()) {
        Ok(length) if length <= limits.response_bytes => Ok(text),
        _ => Err(ReadError::TooLarge(limits.response_bytes)),
    }
}

fn wants_total(page: &Asked) -> bool {
    match page {
        Asked::Numbered { with_count, .. } | Asked::Offset { with_count, .. } => *with_count,
        Asked::Cursor { .. } | Asked::One { .. } => false,
    }
}

/// The total, if the search index told it, or the page itself does: it is not full, and not behind the end.
fn known_total(query: &ListQuery<'_>, count: u64) -> Option<u64> {
    if let Some(Search::Found {
        total: Some(total), ..
    }) = query.search
    {
        return Some(total);
    }
    let (start, size) = match &query.page {
        Asked::Numbered { page, size, .. } => (
            page.saturating_sub(1).saturating_mul(u64::from(*size)),
            *size,
        ),
        Asked::Offset { start, limit, .. } => (*start, *limit),
        Asked::Cursor { .. } | Asked::One { .. } => return None,
    };
    (count < u64::from(size) && (count > 0 || start == 0)).then(|| start.saturating_add(count))
}

/// The sort values of the last entry of a full page by cursor; after a page that is not full nothing follows.
fn last_of_page(page: &Asked, row: &Row, count: u64) -> Result<Option<Vec<Json>>, ReadError> {
    let Asked::Cursor { size, .. } = page else {
        return Ok(None);
    };
    if count < u64::from(*size) {
        return Ok(None);
    }
    let unreadable = |error: String| ReadError::Stored(error);
    let text = row.text(2).map_err(|error| unreadable(error.to_string()))?;
    let mut values: Vec<Vec<Json>> =
        serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    Ok(values.pop())
}
