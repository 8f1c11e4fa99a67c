//! One operator on one column.

use serde_json::Value;

use crate::query::text::Param;
use crate::query::{Column, Filter, Operator, Place, TextMatch};

use super::error::{Path, QueryError};
use super::scope::Reader;
use super::value::{Kind, truth};

/// Whether a key is an operator that Strapi knows; groups and `$not` included.
pub(super) fn is_operator(key: &str) -> bool {
    matches!(
        key,
        "$and" | "$or" | "$not" | "$in" | "$notIn" | "$between" | "$null" | "$notNull"
    ) || Simple::named(key).is_some()
}

/// An operator that takes one value; a list of values means that one of them holds.
#[derive(Debug, Clone, Copy)]
enum Simple {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    Eqi,
    Nei,
    Match {
        place: Place,
        ignore_case: bool,
        negated: bool,
    },
}

impl Simple {
    fn named(key: &str) -> Option<Self> {
        let (place, ignore_case, negated) = match key {
            "$eq" => return Some(Self::Eq),
            "$ne" => return Some(Self::Ne),
            "$lt" => return Some(Self::Lt),
            "$lte" => return Some(Self::Lte),
            "$gt" => return Some(Self::Gt),
            "$gte" => return Some(Self::Gte),
            "$eqi" => return Some(Self::Eqi),
            "$nei" => return Some(Self::Nei),
            "$contains" => (Place::Anywhere, false, false),
            "$containsi" => (Place::Anywhere, true, false),
            "$notContains" => (Place::Anywhere, false, true),
            "$notContainsi" => (Place::Anywhere, true, true),
            "$startsWith" => (Place::Start, false, false),
            "$startsWithi" => (Place::Start, true, false),
            "$endsWith" => (Place::End, false, false),
            "$endsWithi" => (Place::End, true, false),
            _ => return None,
        };
        Some(Self::Match {
            place,
            ignore_case,
            negated,
        })
    }
}

impl<'s> Reader<'s, '_> {
    /// `filters[column] = value`: a plain value, a list of them, or operators that must all hold.
    pub(super) fn attribute(
        &mut self,
        column: Column<'s>,
        value: &Param,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Filter<'s>, QueryError> {
        self.spend(depth)?;
        let operator = match value {
            Param::Null => Operator::Null(true),
            Param::Text(text) => Operator::Eq(self.cast(column, text, path)?),
            Param::List(items) => Operator::In(self.many(column, items, path)?),
            Param::Map(entries) => {
                let mut all = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    all.push(self.operator(column, key, value, path, depth)?);
                }
                return Ok(super::logic::all_of(all));
            }
        };
        Ok(Filter::Compare(column, operator))
    }

    fn operator(
        &mut self,
        column: Column<'s>,
        key: &str,
        value: &Param,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Filter<'s>, QueryError> {
        let operator = match key {
            "$not" => {
                let inner = self.attribute(column, value, path, depth + 1)?;
                return Ok(Filter::Not(Box::new(inner)));
            }
            "$and" | "$or" => {
                let mut parts = Vec::new();
                for item in self.group_items(key, value)? {
                    parts.push(self.attribute(column, item, path, depth + 1)?);
                }
                return Ok(super::logic::grouped(key, parts));
            }
            "$null" | "$notNull" => Operator::Null(self.truth(value, path)? == (key == "$null")),
            "$in" | "$notIn" => {
                let values = match value {
                    Param::List(items) => self.many(column, items, path)?,
                    one => self.many(column, std::slice::from_ref(one), path)?,
                };
                if key == "$in" {
                    Operator::In(values)
                } else {
                    Operator::NotIn(values)
                }
            }
            "$between" => self.between(column, value, path)?,
            _ => {
                let Some(simple) = Simple::named(key) else {
                    return Err(self.unknown(key, Some(path)));
                };
                return self.simple(column, simple, value, path, depth);
            }
        };
        self.spend(depth)?;
        Ok(Filter::Compare(column, operator))
    }

    fn simple(
        &mut self,
        column: Column<'s>,
        simple: Simple,
        value: &Param,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Filter<'s>, QueryError> {
        let Param::List(items) = value else {
            self.spend(depth)?;
            let operator = self.compare(column, simple, value, path)?;
            return Ok(Filter::Compare(column, operator));
        };
        let mut parts = Vec::with_capacity(items.len());
        for item in items {
            self.spend(depth)?;
            let operator = self.compare(column, simple, item, path)?;
            parts.push(Filter::Compare(column, operator));
        }
        Ok(super::logic::one_of(parts))
    }

    fn compare(
        &self,
        column: Column<'s>,
        simple: Simple,
        value: &Param,
        path: &Path<'_>,
    ) -> Result<Operator, QueryError> {
        let text = match (value, simple) {
            (Param::Null, Simple::Eq | Simple::Eqi) => return Ok(Operator::Null(true)),
            (Param::Null, Simple::Ne | Simple::Nei) => return Ok(Operator::Null(false)),
            (Param::Text(text), _) => text,
            _ => return Err(self.unfit(path, Kind::of(column).expected())),
        };
        Ok(match simple {
            Simple::Eq => Operator::Eq(self.cast(column, text, path)?),
            Simple::Ne => Operator::Ne(self.cast(column, text, path)?),
            Simple::Lt => Operator::Lt(self.cast(column, text, path)?),
            Simple::Lte => Operator::Lte(self.cast(column, text, path)?),
            Simple::Gt => Operator::Gt(self.cast(column, text, path)?),
            Simple::Gte => Operator::Gte(self.cast(column, text, path)?),
            Simple::Eqi | Simple::Nei if Kind::of(column) == Kind::Json => {
                return Err(self.unfit(path, Kind::Json.expected()));
            }
            Simple::Eqi => Operator::EqIgnoringCase(self.short(text, path)?.to_owned()),
            Simple::Nei => Operator::NeIgnoringCase(self.short(text, path)?.to_owned()),
            Simple::Match {
                place,
                ignore_case,
                negated,
            } => Operator::Match(TextMatch {
                place,
                text: self.short(text, path)?.to_owned(),
                ignore_case,
                negated,
            }),
        })
    }

    fn between(
        &self,
        column: Column<'s>,
        value: &Param,
        path: &Path<'_>,
    ) -> Result<Operator, QueryError> {
        match value {
            Param::List(items) => match items.as_slice() {
                [Param::Text(low), Param::Text(high)] => Ok(Operator::Between(
                    self.cast(column, low, path)?,
                    self.cast(column, high, path)?,
                )),
                _ => Err(self.unfit(path, "two values for $between")),
            },
            _ => Err(self.unfit(path, "two values for $between")),
        }
    }

    /// The values of `$in`; null may be among them.
    pub(super) fn many(
        &mut self,
        column: Column<'s>,
        items: &[Param],
        path: &Path<'_>,
    ) -> Result<Vec<Value>, QueryError> {
        if items.len() > self.limits.in_values as usize {
            let expected = format!("at most {} values", self.limits.in_values);
            return Err(self.unfit(path, &expected));
        }
        items
            .iter()
            .map(|item| match item {
                Param::Null => Ok(Value::Null),
                Param::Text(text) => self.cast(column, text, path),
                _ => Err(self.unfit(path, "a list of plain values")),
            })
            .collect()
    }

    fn cast(&self, column: Column<'s>, text: &str, path: &Path<'_>) -> Result<Value, QueryError> {
        let kind = Kind::of(column);
        kind.cast(self.short(text, path)?)
            .ok_or_else(|| match kind.format() {
                Some(message) => QueryError {
                    message: message.to_owned(),
                    ..self.unfit(path, kind.expected())
                },
                None => self.unfit(path, kind.expected()),
            })
    }

    fn short<'t>(&self, text: &'t str, path: &Path<'_>) -> Result<&'t str, QueryError> {
        if text.len() > self.limits.value_bytes as usize {
            let expected = format!("at most {} bytes", self.limits.value_bytes);
            return Err(self.unfit(path, &expected));
        }
        Ok(text)
    }

    pub(super) fn truth(&self, value: &Param, path: &Path<'_>) -> Result<bool, QueryError> {
        truth(value).ok_or_else(|| self.unfit(path, Kind::Boolean.expected()))
    }
}
