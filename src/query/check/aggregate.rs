//! Aggregations: `groupBy=category.slug&measures[total]=sum:price&measures[n]=count`.

use crate::access::View;
use crate::base::limits::QueryLimits;
use crate::query::text::Param;
use crate::query::{AggregateQuery, Column, Measure};
use crate::schema::{ContentType, FieldKind};

use super::error::QueryError;
use super::given::Given;
use super::page::whole;
use super::scope::{Member, Reader, Scope};
use super::value::Kind;

/// Most values computed in one request.
const MOST_MEASURES: usize = 20;
/// Longest name of a measure, which is a key of the answer.
const NAME_BYTES: usize = 64;
const INVALID_MEASURE: &str = "Invalid measure. Expected count, or countDistinct, min, max, avg or sum followed by a colon and a field";

pub(super) fn read<'s>(
    view: &'s View,
    content_type: &'s ContentType,
    given: &Given<'_>,
    limits: &QueryLimits,
) -> Result<AggregateQuery<'s>, QueryError> {
    let stage = given.stage(view, content_type)?;
    let scope = Scope::Type(content_type);
    let mut reader = Reader::new(view, limits, stage);
    let filter = reader.filters(scope, given.get("filters"))?;
    let filter = given.in_listed_locales(content_type, filter)?;
    reader.param = "groupBy";
    let group_by = reader.sort(scope, given.get("groupBy"))?;
    reader.param = "measures";
    let measures = measures(&reader, scope, given.get("measures"))?;
    let limit = match given.get("limit") {
        None => limits.max_page_size,
        Some(value) => whole("limit", value)?.map_or(limits.max_page_size, |limit| {
            let limit = u32::try_from(limit.max(1)).unwrap_or(u32::MAX);
            limit.min(limits.populated_rows)
        }),
    };
    Ok(AggregateQuery {
        content_type,
        stage,
        locale: given.locale(view, content_type)?,
        filter,
        search: given.search(limits)?,
        group_by,
        measures,
        limit,
    })
}

/// `measures=count,sum:price` (named as written), a list of such texts, or an object of names.
fn measures<'s>(
    reader: &Reader<'s, '_>,
    scope: Scope<'s>,
    value: Option<&Param>,
) -> Result<Vec<(String, Measure<'s>)>, QueryError> {
    let mut named: Vec<(&str, &str)> = Vec::new();
    match value {
        None | Some(Param::Null) => named.push(("count", "count")),
        Some(Param::Text(text)) => named.extend(unnamed(text)),
        Some(Param::List(items)) => {
            for item in items {
                let Param::Text(text) = item else {
                    return Err(QueryError::plain(INVALID_MEASURE));
                };
                named.extend(unnamed(text));
            }
        }
        Some(Param::Map(entries)) => {
            for (name, value) in entries {
                let Param::Text(text) = value else {
                    return Err(QueryError::plain(INVALID_MEASURE));
                };
                named.push((name, text));
            }
        }
    }
    if named.is_empty() || named.len() > MOST_MEASURES {
        return Err(QueryError::plain(format!(
            "Invalid measures. Expected between 1 and {MOST_MEASURES}"
        )));
    }
    let mut measures: Vec<(String, Measure<'s>)> = Vec::with_capacity(named.len());
    for (name, text) in named {
        if name.len() > NAME_BYTES || measures.iter().any(|(other, _)| other == name) {
            return Err(QueryError::plain(format!(
                "Invalid measures. Each name may be used once and have at most {NAME_BYTES} bytes"
            )));
        }
        measures.push((name.to_owned(), measure(reader, scope, text)?));
    }
    Ok(measures)
}

fn unnamed(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| (part, part))
}

fn measure<'s>(
    reader: &Reader<'s, '_>,
    scope: Scope<'s>,
    text: &str,
) -> Result<Measure<'s>, QueryError> {
    if text == "count" {
        return Ok(Measure::Count);
    }
    let (act, name) = text
        .split_once(':')
        .ok_or_else(|| QueryError::plain(INVALID_MEASURE))?;
    let Some(Member::Column(column)) = reader.member(scope, name) else {
        return Err(reader.unknown(name, None));
    };
    let kind = Kind::of(column);
    let counted = matches!(column, Column::Id) || matches!(kind, Kind::Integer | Kind::Number);
    let unfit = || {
        QueryError::invalid_value(
            reader.param,
            text,
            "a field of a kind that can be measured so",
        )
    };
    let plain = kind != Kind::Json && !is_truth(column);
    match act {
        "countDistinct" if kind != Kind::Json => Ok(Measure::CountDistinct(column)),
        "min" if plain => Ok(Measure::Min(column)),
        "max" if plain => Ok(Measure::Max(column)),
        "avg" if counted => Ok(Measure::Avg(column)),
        "sum" if counted => Ok(Measure::Sum(column)),
        "countDistinct" | "min" | "max" | "avg" | "sum" => Err(unfit()),
        _ => Err(QueryError::plain(INVALID_MEASURE)),
    }
}

fn is_truth(column: Column<'_>) -> bool {
    matches!(column, Column::Field(field) if matches!(field.kind, FieldKind::Boolean))
}
