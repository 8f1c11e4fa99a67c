//! Runs an aggregation.
//!
//! The answer is `{"data":[{"group":{"category.slug":"news"},"measures":{"count":3}}],"meta":{"limit":100,"more":false}}`:
//! an element per group, in the order of the group's keys; without keys there is one group of everything. `more` tells
//! that there are groups beyond the limit. Sums and means are doubles.

use std::fmt::Write as _;

use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::base::limits::QueryLimits;
use crate::platform::database::{Database, Value};
use crate::query::compile::{self, CompileOptions, column_name};
use crate::query::{AggregateQuery, Hop, Sort};
use crate::schema::Schema;

use super::ReadError;
use super::raw::parse;

/// Runs an aggregation, as the whole body of the answer.
///
/// # Errors
/// When the answer is too large or the database fails.
pub async fn aggregate(
    database: &Database,
    schema: &Schema,
    query: &AggregateQuery<'_>,
    limits: &QueryLimits,
) -> Result<Vec<u8>, ReadError> {
    let options = CompileOptions::new(database.dialect(), schema, query.stage, limits);
    let statement = compile::aggregate(options, query);
    let row = database
        .near()
        .fetch_optional(statement)
        .await
        .map_err(ReadError::Database)?;
    let Some(Value::Text(text)) = row.and_then(|row| row.into_values().into_iter().next()) else {
        return Err(ReadError::Stored("an aggregation gave no text".into()));
    };
    if u64::try_from(text.len()).map_or(true, |length| length > limits.response_bytes) {
        return Err(ReadError::TooLarge(limits.response_bytes));
    }
    let groups: Vec<Vec<&RawValue>> = parse(&text)?;
    Ok(write(query, &groups).into_bytes())
}

fn write(query: &AggregateQuery<'_>, groups: &[Vec<&RawValue>]) -> String {
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let keys: Vec<String> = query.group_by.iter().map(path).collect();
    let names: Vec<&str> = query
        .measures
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let mut body = String::from(r#"{"data":["#);
    for (index, group) in groups.iter().take(limit).enumerate() {
        let (of_group, measured) = group.split_at_checked(keys.len()).unwrap_or_default();
        body.push_str(if index == 0 {
            r#"{"group":"#
        } else {
            r#",{"group":"#
        });
        object(&mut body, keys.iter().map(String::as_str), of_group);
        body.push_str(r#","measures":"#);
        object(&mut body, names.iter().copied(), measured);
        body.push('}');
    }
    let more = groups.len() > limit;
    let _ = write!(body, r#"],"meta":{{"limit":{limit},"more":{more}}}}}"#);
    body
}

fn object<'a>(body: &mut String, keys: impl Iterator<Item = &'a str>, values: &[&RawValue]) {
    body.push('{');
    for (index, (key, value)) in keys.zip(values).enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(body, "{comma}{}:{}", Json::from(key), value.get());
    }
    body.push('}');
}

/// The dotted name of a group key, as in the request.
fn path(key: &Sort<'_>) -> String {
    let mut path = String::new();
    for hop in &key.path {
        let (Hop::Relation { field, .. }
        | Hop::Inverse { field, .. }
        | Hop::Media { field, .. }
        | Hop::Component { field, .. }) = hop;
        path.push_str(&field.name);
        path.push('.');
    }
    path.push_str(column_name(key.column));
    path
}
