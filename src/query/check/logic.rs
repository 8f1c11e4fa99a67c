//! What filters mean together: groups, opposites, and rows of nulls.

use crate::query::{Filter, Operator};

/// The opposite, as Strapi joins: of related rows, one that does not satisfy it is looked for.
pub(super) fn negated(filter: Filter<'_>) -> Filter<'_> {
    match filter {
        Filter::And(parts) if parts.iter().any(leaves) => {
            Filter::Or(parts.into_iter().map(negated).collect())
        }
        Filter::Or(parts) if parts.iter().any(leaves) => {
            Filter::And(parts.into_iter().map(negated).collect())
        }
        Filter::Not(inner) if leaves(&inner) => *inner,
        Filter::Some(hop, inner) => Filter::Some(hop, Box::new(negated(*inner))),
        Filter::Empty(hop, is_null) => Filter::Empty(hop, !is_null),
        other => Filter::Not(Box::new(other)),
    }
}

/// Whether a condition is about related rows.
fn leaves(filter: &Filter<'_>) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().any(leaves),
        Filter::Not(inner) => leaves(inner),
        Filter::Compare(..) => false,
        Filter::Some(..) | Filter::Empty(..) => true,
    }
}

/// Whether a condition holds for a row of nulls; `None` is SQL's unknown.
pub(super) fn holds_for_nothing(filter: &Filter<'_>) -> Option<bool> {
    match filter {
        Filter::And(parts) => {
            let mut parts = parts.iter().map(holds_for_nothing);
            combine(&mut parts, false)
        }
        Filter::Or(parts) => {
            let mut parts = parts.iter().map(holds_for_nothing);
            combine(&mut parts, true)
        }
        Filter::Not(inner) => holds_for_nothing(inner).map(|holds| !holds),
        Filter::Compare(_, Operator::Null(is_null)) | Filter::Empty(_, is_null) => Some(*is_null),
        Filter::Compare(..) => None,
        Filter::Some(_, inner) => holds_for_nothing(inner),
    }
}

/// Three-valued "and" (`decisive` false) or "or" (`decisive` true).
fn combine(parts: &mut dyn Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut result = Some(!decisive);
    for part in parts {
        match part {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

/// All of the conditions; one alone stands for itself.
pub(super) fn all_of(mut parts: Vec<Filter<'_>>) -> Filter<'_> {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            parts.push(last);
            Filter::And(parts)
        }
        (_, None) => Filter::And(parts),
    }
}

/// One of the conditions; one alone stands for itself.
pub(super) fn one_of(mut parts: Vec<Filter<'_>>) -> Filter<'_> {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            parts.push(last);
            Filter::Or(parts)
        }
        (_, None) => Filter::Or(parts),
    }
}

/// The conditions under `$and` or `$or`.
pub(super) fn grouped<'s>(key: &str, parts: Vec<Filter<'s>>) -> Filter<'s> {
    if key == "$or" {
        one_of(parts)
    } else {
        all_of(parts)
    }
}
