//! Conditions of cached queries, owned, and whether a document meets them: yes, no, or it cannot be told here.
//!
//! What cannot be told counts as both, so that an answer is thrown away once too often rather than kept once too
//! long. SQL's third truth value is kept apart: `not` of an unknown comparison does not hold.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::changes::LinkSides;
use crate::delivery::tags;
use crate::query::{Column, Filter, Hop, Operator, Place, TextMatch};

/// Values that pin a query down at most; with more it counts as one of its whole type.
const MOST_PINS: usize = 20;

/// What a condition says of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Yes,
    No,
    /// A comparison with null: does not hold, and neither does its opposite.
    Null,
    /// It depends on what is not known here.
    Maybe,
}

impl Verdict {
    /// Whether a document may be among those that meet the condition.
    pub(super) fn may_hold(self) -> bool {
        matches!(self, Self::Yes | Self::Maybe)
    }

    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// A filter without borrowed parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare(String, Operator),
    /// Some document linked through this field meets the inner condition.
    Linked {
        field: i64,
        target: i64,
        inner: Box<Self>,
    },
    /// Whether nothing is linked through this field.
    Unlinked {
        field: i64,
        empty: bool,
    },
    /// What values and links of the document itself do not tell.
    Elsewhere,
}

/// Which values and links of a document decide something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Reads {
    pub(super) keys: BTreeSet<String>,
    pub(super) links: BTreeSet<i64>,
}

/// The key of a column in the values of a change.
pub(super) fn key(column: Column<'_>) -> String {
    match column {
        Column::Id => "id".to_owned(),
        Column::DocumentId => "documentId".to_owned(),
        Column::CreatedAt => "createdAt".to_owned(),
        Column::UpdatedAt => "updatedAt".to_owned(),
        Column::PublishedAt => "publishedAt".to_owned(),
        Column::Locale => "locale".to_owned(),
        Column::Field(field) => field.column(),
    }
}

impl Condition {
    /// The condition of a filter; what its values and own links are goes into `reads`.
    pub(super) fn new(filter: &Filter<'_>, reads: &mut Reads) -> Self {
        match filter {
            Filter::And(parts) => Self::And(Self::all(parts, reads)),
            Filter::Or(parts) => Self::Or(Self::all(parts, reads)),
            Filter::Not(inner) => Self::Not(Box::new(Self::new(inner, reads))),
            Filter::Compare(column, operator) => {
                let key = key(*column);
                reads.keys.insert(key.clone());
                Self::Compare(key, operator.clone())
            }
            Filter::Some(Hop::Relation { field, target } | Hop::Media { field, target }, inner) => {
                reads.links.insert(field.id.0);
                Self::Linked {
                    field: field.id.0,
                    target: target.id.0,
                    inner: Box::new(Self::new(inner, &mut Reads::default())),
                }
            }
            Filter::Empty(Hop::Relation { field, .. } | Hop::Media { field, .. }, empty) => {
                reads.links.insert(field.id.0);
                Self::Unlinked {
                    field: field.id.0,
                    empty: *empty,
                }
            }
            Filter::Some(hop, _) | Filter::Empty(hop, _) => {
                if let Hop::Component { field, .. } = hop {
                    reads.keys.insert(field.column());
                }
                Self::Elsewhere
            }
        }
    }

    fn all(parts: &[Filter<'_>], reads: &mut Reads) -> Vec<Self> {
        parts.iter().map(|part| Self::new(part, reads)).collect()
    }

    /// Values one of which every document must have under one of these keys.
    pub(super) fn pins(&self, keys: &BTreeSet<String>) -> Option<(String, Vec<String>)> {
        let text = |value: &Value| match value {
            Value::Null => None,
            value => Some(tags::text(value)),
        };
        match self {
            Self::And(parts) => parts.iter().find_map(|part| part.pins(keys)),
            Self::Compare(key, Operator::Eq(value)) if keys.contains(key) => {
                Some((key.clone(), vec![text(value)?]))
            }
            Self::Compare(key, Operator::In(values))
                if keys.contains(key) && values.len() <= MOST_PINS =>
            {
                let values = values.iter().map(text).collect::<Option<_>>()?;
                Some((key.clone(), values))
            }
            _ => None,
        }
    }

    /// The fields through which linked documents decide, with their type.
    pub(super) fn linked(&self, into: &mut BTreeMap<i64, i64>) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.linked(into)),
            Self::Not(inner) => inner.linked(into),
            Self::Linked { field, target, .. } => {
                into.insert(*field, *target);
            }
            Self::Compare(..) | Self::Unlinked { .. } | Self::Elsewhere => {}
        }
    }

    /// What the condition says of a document as it was or is.
    pub(super) fn verdict(&self, side: &Side<'_>) -> Verdict {
        match self {
            Self::And(parts) => side.combine(parts, Verdict::No, Verdict::Yes),
            Self::Or(parts) => side.combine(parts, Verdict::Yes, Verdict::No),
            Self::Not(inner) => match inner.verdict(side) {
                Verdict::Yes => Verdict::No,
                Verdict::No => Verdict::Yes,
                other => other,
            },
            Self::Compare(key, operator) => compare(side.values.get(key), operator),
            Self::Linked { field, inner, .. } => side.linked(*field, inner),
            Self::Unlinked { field, empty } => {
                let first = side.targets(*field).map(|mut targets| targets.next());
                match first {
                    Some(None) => Verdict::of(*empty),
                    // A link whose target is not public is none to a reader.
                    _ => Verdict::Maybe,
                }
            }
            Self::Elsewhere => Verdict::Maybe,
        }
    }
}

/// One locale of a document before or after a change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) values: &'a Map<String, Value>,
    /// The document's links; none if they are not known.
    pub(super) links: Option<&'a [LinkSides]>,
    pub(super) after: bool,
    pub(super) locale: &'a str,
    /// Public rows of documents linked to, by number; one that is missing is not known.
    pub(super) rows: &'a BTreeMap<i64, Vec<Map<String, Value>>>,
}

impl<'a> Side<'a> {
    /// `decides` ends it; otherwise unsure before null before `neutral`.
    fn combine(&self, parts: &[Condition], decides: Verdict, neutral: Verdict) -> Verdict {
        let mut result = neutral;
        for part in parts {
            match part.verdict(self) {
                verdict if verdict == decides => return decides,
                Verdict::Maybe => result = Verdict::Maybe,
                Verdict::Null if result != Verdict::Maybe => result = Verdict::Null,
                _ => {}
            }
        }
        result
    }

    /// The documents linked through a field on this side.
    pub(super) fn targets(&self, field: i64) -> Option<impl Iterator<Item = i64> + 'a> {
        let (after, locale) = (self.after, self.locale);
        let of_side = move |link: &&LinkSides| {
            let there = if after { link.4 } else { link.3 };
            link.0 == field && there && (link.2.is_empty() || link.2 == locale)
        };
        let links = self.links?;
        Some(links.iter().filter(of_side).map(|link| link.1))
    }

    fn linked(&self, field: i64, inner: &Condition) -> Verdict {
        let Some(targets) = self.targets(field) else {
            return Verdict::Maybe;
        };
        let mut result = Verdict::No;
        for target in targets {
            let Some(rows) = self.rows.get(&target) else {
                return Verdict::Maybe;
            };
            let verdicts = rows.iter().map(|values| {
                inner.verdict(&Side {
                    values,
                    links: None,
                    ..*self
                })
            });
            let may_hold = verdicts
                .clone()
                .filter(|verdict| verdict.may_hold())
                .count();
            let sure = verdicts.filter(|verdict| *verdict == Verdict::Yes).count();
            match (may_hold, sure) {
                (0, _) => {}
                (_, sure) if sure == rows.len() => return Verdict::Yes,
                // Which of several locales counts is not decided here.
                _ => result = Verdict::Maybe,
            }
        }
        result
    }
}

/// Compares as the database does; kinds that do not fit are not decided here.
fn compare(stored: Option<&Value>, operator: &Operator) -> Verdict {
    let stored = stored.unwrap_or(&Value::Null);
    if stored.is_object() {
        // Only the hash of a long text is known.
        return match operator {
            Operator::Null(null) => Verdict::of(!null),
            Operator::Eq(Value::Null) => Verdict::No,
            Operator::Ne(Value::Null) => Verdict::Yes,
            _ => Verdict::Maybe,
        };
    }
    match operator {
        Operator::Null(null) => Verdict::of(stored.is_null() == *null),
        Operator::Eq(Value::Null) => Verdict::of(stored.is_null()),
        Operator::Ne(Value::Null) => Verdict::of(!stored.is_null()),
        Operator::In(values) if values.is_empty() => Verdict::No,
        Operator::NotIn(values) if values.is_empty() => Verdict::Yes,
        Operator::In(values) | Operator::NotIn(values) if values.iter().any(Value::is_null) => {
            Verdict::Maybe
        }
        _ if stored.is_null() => Verdict::Null,
        Operator::Eq(value) => ordered(stored, value, |order| order == Ordering::Equal),
        Operator::Ne(value) => ordered(stored, value, |order| order != Ordering::Equal),
        Operator::Lt(value) => ordered(stored, value, |order| order == Ordering::Less),
        Operator::Lte(value) => ordered(stored, value, |order| order != Ordering::Greater),
        Operator::Gt(value) => ordered(stored, value, |order| order == Ordering::Greater),
        Operator::Gte(value) => ordered(stored, value, |order| order != Ordering::Less),
        Operator::Between(low, high) => {
            let over = ordered(stored, low, |order| order != Ordering::Less);
            let under = ordered(stored, high, |order| order != Ordering::Greater);
            match (over, under) {
                (Verdict::No, _) | (_, Verdict::No) => Verdict::No,
                (Verdict::Yes, Verdict::Yes) => Verdict::Yes,
                _ => Verdict::Maybe,
            }
        }
        Operator::In(values) => one_of(stored, values),
        Operator::NotIn(values) => match one_of(stored, values) {
            Verdict::Yes => Verdict::No,
            Verdict::No => Verdict::Yes,
            other => other,
        },
        Operator::EqIgnoringCase(text) => ignoring_case(stored, text, |a, b| a == b),
        Operator::NeIgnoringCase(text) => ignoring_case(stored, text, |a, b| a != b),
        Operator::Match(wanted) => matched(stored, wanted),
    }
}

fn one_of(stored: &Value, values: &[Value]) -> Verdict {
    let mut unsure = false;
    for value in values {
        match ordered(stored, value, |order| order == Ordering::Equal) {
            Verdict::Yes => return Verdict::Yes,
            Verdict::Maybe => unsure = true,
            _ => {}
        }
    }
    if unsure { Verdict::Maybe } else { Verdict::No }
}

fn ordered(stored: &Value, value: &Value, holds: impl Fn(Ordering) -> bool) -> Verdict {
    let order = match (stored, value) {
        (Value::String(a), Value::String(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a
                .as_f64()
                .zip(b.as_f64())
                .and_then(|(a, b)| a.partial_cmp(&b)),
        },
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    };
    order.map_or(Verdict::Maybe, |order| Verdict::of(holds(order)))
}

/// Only ASCII is folded alike by both databases.
fn ignoring_case(stored: &Value, text: &str, holds: impl Fn(&str, &str) -> bool) -> Verdict {
    match stored {
        Value::String(stored) if stored.is_ascii() && text.is_ascii() => Verdict::of(holds(
            &stored.to_ascii_lowercase(),
            &text.to_ascii_lowercase(),
        )),
        _ => Verdict::Maybe,
    }
}

fn matched(stored: &Value, wanted: &TextMatch) -> Verdict {
    let found = |stored: &str, text: &str| {
        let found = match wanted.place {
            Place::Anywhere => stored.contains(text),
            Place::Start => stored.starts_with(text),
            Place::End => stored.ends_with(text),
        };
        found != wanted.negated
    };
    match stored {
        _ if wanted.ignore_case => ignoring_case(stored, &wanted.text, found),
        Value::String(stored) => Verdict::of(found(stored, &wanted.text)),
        _ => Verdict::Maybe,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(condition: &Condition, values: &Value) -> Verdict {
        condition.verdict(&Side {
            values: values.as_object().unwrap(),
            links: Some(&[LinkSides(7, 40, String::new(), true, false)]),
            after: false,
            locale: "",
            rows: &BTreeMap::from([(40, vec![Map::from_iter([("f1".into(), json!("news"))])])]),
        })
    }

    #[test]
    fn null_is_neither_equal_nor_unequal() {
        let equal = Condition::Compare("f1".into(), Operator::Eq(json!("a")));
        assert_eq!(verdict(&equal, &json!({})), Verdict::Null);
        assert_eq!(
            verdict(&Condition::Not(Box::new(equal.clone())), &json!({})),
            Verdict::Null
        );
        assert_eq!(verdict(&equal, &json!({"f1": "a"})), Verdict::Yes);
        assert_eq!(verdict(&equal, &json!({"f1": {"h": 4}})), Verdict::Maybe);
    }

    #[test]
    fn one_sure_part_decides() {
        let no = Condition::Compare("f1".into(), Operator::Gt(json!(5)));
        let both = |word: fn(Vec<Condition>) -> Condition| {
            verdict(
                &word(vec![Condition::Elsewhere, no.clone()]),
                &json!({"f1": 5}),
            )
        };
        assert_eq!(both(Condition::And), Verdict::No);
        assert_eq!(both(Condition::Or), Verdict::Maybe);
    }

    #[test]
    fn linked_documents_are_looked_at_on_their_side() {
        let linked = |field, slug: &str| Condition::Linked {
            field,
            target: 2,
            inner: Box::new(Condition::Compare("f1".into(), Operator::Eq(json!(slug)))),
        };
        assert_eq!(verdict(&linked(7, "news"), &json!({})), Verdict::Yes);
        assert_eq!(verdict(&linked(7, "sport"), &json!({})), Verdict::No);
        assert_eq!(verdict(&linked(8, "news"), &json!({})), Verdict::No);
    }
}
