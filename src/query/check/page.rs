//! Which part of a result: `pagination[…]`.
//!
//! As in Strapi, numbers below the least are raised to it and sizes above the limit are lowered to it; what
//! is not a whole number is refused.

use crate::base::limits::QueryLimits;
use crate::query::Page;
use crate::query::text::Param;

use super::error::QueryError;
use super::value::truth;

/// Digits of the largest page number or offset; more could not be counted through in any case.
const NUMBER_DIGITS: usize = 15;
const MIXED: &str = "Cannot use both page & offset pagination in the same query";
const MIXED_CURSOR: &str =
    "Cannot use a cursor together with page, start or limit pagination in the same query";
const COUNTED_CURSOR: &str =
    "Cannot use withCount together with a cursor. Ask for the count without a cursor";
const WITH_COUNT: &str =
    "Invalid withCount parameter. Expected \"t\",\"1\",\"true\",\"false\",\"0\",\"f\"";

/// The keys of `pagination` as given.
#[derive(Debug, Default)]
struct Asked<'p> {
    page: Option<i64>,
    page_size: Option<i64>,
    start: Option<i64>,
    limit: Option<i64>,
    with_count: Option<bool>,
    cursor: Option<&'p str>,
}

/// The page asked for, and the text of its cursor; [`Page::Cursor`] comes without a position yet.
pub(super) fn page<'p>(
    value: Option<&'p Param>,
    limits: &QueryLimits,
) -> Result<(Page, Option<&'p str>), QueryError> {
    let asked = match value {
        None | Some(Param::Null) => Asked::default(),
        Some(Param::Text(text)) if text.is_empty() => Asked::default(),
        Some(Param::Map(entries)) => asked(entries)?,
        Some(_) => {
            return Err(QueryError::plain(
                "Invalid pagination parameter. Expected pagination[page], [pageSize], [start], [limit], [withCount] or [cursor]",
            ));
        }
    };
    let with_count = asked.with_count.unwrap_or(true);
    let by_page = asked.page.is_some() || asked.page_size.is_some();
    let by_offset = asked.start.is_some() || asked.limit.is_some();
    if let Some(cursor) = asked.cursor {
        if asked.page.is_some() || by_offset {
            return Err(QueryError::pagination(MIXED_CURSOR));
        }
        if asked.with_count == Some(true) {
            return Err(QueryError::pagination(COUNTED_CURSOR));
        }
        let size = size(asked.page_size, limits);
        return Ok((Page::Cursor { after: None, size }, Some(cursor)));
    }
    if by_page && by_offset {
        return Err(QueryError::pagination(MIXED));
    }
    let page = if by_offset {
        Page::Offset {
            start: at_least(asked.start, 0),
            limit: size(asked.limit, limits),
            with_count,
        }
    } else {
        Page::Numbered {
            page: at_least(asked.page, 1),
            size: size(asked.page_size, limits),
            with_count,
        }
    };
    Ok((page, None))
}

fn asked(entries: &[(String, Param)]) -> Result<Asked<'_>, QueryError> {
    let mut asked = Asked::default();
    for (key, value) in entries {
        match key.as_str() {
            // A blank page is the first, as in Strapi; a blank size is refused, because there it is 1.
            "page" | "start" if is_blank(value) => {}
            "page" => asked.page = whole(key, value)?,
            "pageSize" => asked.page_size = whole(key, value)?,
            "start" => asked.start = whole(key, value)?,
            "limit" => asked.limit = whole(key, value)?,
            "withCount" => {
                let given = truth(value).ok_or_else(|| QueryError::plain(WITH_COUNT))?;
                asked.with_count = Some(given);
            }
            "cursor" => {
                asked.cursor = match value {
                    Param::Text(text) => Some(text),
                    Param::Null => Some(""),
                    _ => return Err(QueryError::pagination("Invalid cursor. Expected a text")),
                }
            }
            _ => {
                return Err(QueryError::invalid_key(
                    "pagination",
                    key,
                    Some("pagination"),
                ));
            }
        }
    }
    Ok(asked)
}

/// A whole number; a name without a value counts as not given.
pub(super) fn whole(key: &str, value: &Param) -> Result<Option<i64>, QueryError> {
    let refused = || {
        QueryError::plain(format!(
            "Invalid parameter at '{key}'. Expected a whole number of at most {NUMBER_DIGITS} digits"
        ))
    };
    match value {
        Param::Null => Ok(None),
        Param::Text(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let fits = digits.len() <= NUMBER_DIGITS;
            let parsed = if fits { text.trim().parse().ok() } else { None };
            parsed.map(Some).ok_or_else(refused)
        }
        _ => Err(refused()),
    }
}

fn is_blank(value: &Param) -> bool {
    matches!(value, Param::Text(text) if text.is_empty())
}

fn at_least(asked: Option<i64>, least: u64) -> u64 {
    asked.map_or(least, |number| {
        u64::try_from(number).unwrap_or_default().max(least)
    })
}

fn size(asked: Option<i64>, limits: &QueryLimits) -> u32 {
    let size = match asked {
        None => limits.default_page_size,
        Some(number) => u32::try_from(number.max(1)).unwrap_or(u32::MAX),
    };
    size.min(limits.max_page_size).max(1)
}
