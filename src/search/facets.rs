//! How often values occur among the hits of a search.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::across::{AcrossError, OfType, Run};
use crate::delivery::ReadError;
use crate::platform::database::Value;
use crate::query::check::{Facet, TYPE_FACET};
use crate::query::{Column, ListQuery, Search as Asked, compile};
use crate::schema::FieldKind;

impl Run<'_> {
    /// The facets: each an array of values and counts, the most first.
    pub(super) async fn facets(&self, types: &[OfType]) -> Result<Map<String, Json>, AcrossError> {
        let mut answer = Map::new();
        for facet in &self.query.facets {
            let counts = match facet.name.as_str() {
                TYPE_FACET => self.types_counted(types),
                _ => self.counted(facet, types).await?,
            };
            answer.insert(facet.name.clone(), counts);
        }
        Ok(answer)
    }

    fn types_counted(&self, types: &[OfType]) -> Json {
        let mut counts: Vec<(&str, u64)> = self
            .query
            .types
            .iter()
            .zip(types)
            .filter(|(_, of)| of.total > 0)
            .map(|(query, of)| (query.content_type.api_name(), of.total))
            .collect();
        counts.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
        let counts = counts.into_iter();
        counts
            .map(|(value, count)| json!({ "value": value, "count": count }))
            .collect()
    }

    async fn counted(&self, facet: &Facet<'_>, types: &[OfType]) -> Result<Json, AcrossError> {
        let most = self.search.config().facet_values;
        let mut counts: BTreeMap<String, (Json, u64)> = BTreeMap::new();
        for ((query, of), value) in self.query.types.iter().zip(types).zip(&facet.values) {
            let Some(value) = value.as_ref().filter(|_| !of.hits.is_empty()) else {
                continue;
            };
            let rows = of.hits.iter().map(|hit| hit.row).collect();
            let query = ListQuery {
                search: Some(Asked::Found { rows, total: None }),
                filter: None,
                publication: None,
                ..query.clone()
            };
            let is_truth = matches!(value.column, Column::Field(field) if matches!(field.kind, FieldKind::Boolean));
            // More than are shown, because another type may count them too.
            let statement =
                compile::facet(self.options(&query), &query, value, most.saturating_mul(2));
            let rows = self
                .database
                .fetch_all(statement)
                .await
                .map_err(ReadError::Database)?;
            for row in rows {
                let count = row.integer(1).map_err(ReadError::Database)?;
                let value = shown(row.value(0).map_err(ReadError::Database)?, is_truth);
                let entry = counts.entry(value.to_string()).or_insert((value, 0));
                entry.1 += u64::try_from(count).unwrap_or(0);
            }
        }
        let mut counts: Vec<(String, (Json, u64))> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.1.cmp(&a.1.1).then(a.0.cmp(&b.0)));
        let counts = counts
            .into_iter()
            .take(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(counts
            .map(|(_, (value, count))| json!({ "value": value, "count": count }))
            .collect())
    }
}

fn shown(value: &Value, is_truth: bool) -> Json {
    match value {
        Value::Integer(number) if is_truth => Json::Bool(*number != 0),
        Value::Integer(number) => (*number).into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Null | Value::Bytes(_) => Json::Null,
    }
}
