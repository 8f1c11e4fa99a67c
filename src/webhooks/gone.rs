//! Entries that are no longer where they could be read: what is known of them comes from the change itself.
//!
//! A deletion or the end of publication is told with the scalar values that were public before; so is an entry that was
//! gone again before its event could be written. Texts too long for the change log, components and links are missing.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json};

use crate::access::View;
use crate::query::{Column, Filter, Operator, Place, TextMatch};
use crate::schema::{ContentType, FieldKind, Storage};

/// What a receiver may know of such an entry.
pub(super) fn entry(
    view: &View,
    content_type: &ContentType,
    (document_id, locale): (&str, &str),
    values: Option<&Map<String, Json>>,
) -> Json {
    let mut entry = Map::new();
    let known = |name: &str| values.and_then(|values| values.get(name)).cloned();
    if let Some(id) = known("id") {
        entry.insert("id".into(), id);
    }
    entry.insert("documentId".into(), document_id.into());
    let readable = content_type
        .fields
        .iter()
        .filter(|field| values.is_some() && field.kind.is_scalar() && view.reads(field));
    for field in readable {
        let value = known(&field.column()).unwrap_or(Json::Null);
        if is_hash(&value) {
            continue;
        }
        let value = match (field.storage(), &field.kind, value) {
            (Storage::Json, _, Json::String(text)) => {
                serde_json::from_str(&text).unwrap_or_default()
            }
            (_, FieldKind::BigInteger(_), Json::Number(number)) => number.to_string().into(),
            (_, _, value) => value,
        };
        entry.insert(field.name.clone(), value);
    }
    for name in ["createdAt", "updatedAt", "publishedAt"] {
        if let Some(value) = known(name) {
            entry.insert(name.into(), value);
        }
    }
    if content_type.localized && !locale.is_empty() {
        entry.insert("locale".into(), locale.into());
    }
    Json::Object(entry)
}

/// Whether the condition held for these values; none if they do not tell.
pub(super) fn holds(filter: &Filter<'_>, values: &Map<String, Json>) -> Option<bool> {
    match filter {
        Filter::And(parts) => settle(parts, values, false),
        Filter::Or(parts) => settle(parts, values, true),
        Filter::Not(inner) => holds(inner, values).map(|held| !held),
        Filter::Compare(column, operator) => {
            let value = values.get(&key(*column)).unwrap_or(&Json::Null);
            match is_hash(value) {
                true => presence(operator),
                false => Some(compare(value, operator)),
            }
        }
        Filter::Some(..) | Filter::Empty(..) => None,
    }
}

/// One part that is `decisive` decides; otherwise one that cannot be told leaves it open.
fn settle(parts: &[Filter<'_>], values: &Map<String, Json>, decisive: bool) -> Option<bool> {
    let mut told = Some(!decisive);
    for part in parts {
        match holds(part, values) {
            Some(held) if held == decisive => return Some(decisive),
            Some(_) => {}
            None => told = None,
        }
    }
    told
}

fn key(column: Column<'_>) -> String {
    match column {
        Column::Field(field) => field.column(),
        Column::Id => "id".to_owned(),
        Column::DocumentId => "documentId".to_owned(),
        Column::CreatedAt => "createdAt".to_owned(),
        Column::UpdatedAt => "updatedAt".to_owned(),
        Column::PublishedAt => "publishedAt".to_owned(),
        Column::Locale => "locale".to_owned(),
    }
}

/// A text too long to be kept stands as its hash.
fn is_hash(value: &Json) -> bool {
    value.is_object()
}

/// What can be said of a value of which only its presence is known.
fn presence(operator: &Operator) -> Option<bool> {
    match operator {
        Operator::Null(null) => Some(!null),
        Operator::Eq(Json::Null) => Some(false),
        Operator::Ne(Json::Null) => Some(true),
        _ => None,
    }
}

/// A comparison as SQL makes it: nothing but the tests for null holds for null.
fn compare(value: &Json, operator: &Operator) -> bool {
    let some = !value.is_null();
    match operator {
        Operator::Null(null) => *null != some,
        Operator::Eq(Json::Null) => !some,
        Operator::Ne(Json::Null) => some,
        Operator::In(wanted) => wanted.iter().any(|wanted| same(value, wanted)),
        Operator::NotIn(unwanted) if unwanted.is_empty() => true,
        _ if !some => false,
        Operator::Eq(wanted) => same(value, wanted),
        Operator::Ne(unwanted) => !same(value, unwanted),
        Operator::EqIgnoringCase(wanted) => lower(value) == wanted.to_lowercase(),
        Operator::NeIgnoringCase(unwanted) => lower(value) != unwanted.to_lowercase(),
        Operator::Lt(than) => order(value, than) == Some(Ordering::Less),
        Operator::Lte(than) => order(value, than).is_some_and(Ordering::is_le),
        Operator::Gt(than) => order(value, than) == Some(Ordering::Greater),
        Operator::Gte(than) => order(value, than).is_some_and(Ordering::is_ge),
        Operator::NotIn(unwanted) => !unwanted.iter().any(|unwanted| same(value, unwanted)),
        Operator::Match(wanted) => matches(value, wanted) != wanted.negated,
        Operator::Between(low, high) => {
            order(value, low).is_some_and(Ordering::is_ge)
                && order(value, high).is_some_and(Ordering::is_le)
        }
    }
}

fn same(a: &Json, b: &Json) -> bool {
    a == b || order(a, b) == Some(Ordering::Equal)
}

/// Numbers by size, also those that stand as text; everything else as text.
fn order(a: &Json, b: &Json) -> Option<Ordering> {
    let number = |value: &Json| match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    };
    match (a, b) {
        (Json::Null, _) | (_, Json::Null) => None,
        (Json::Number(_), _) | (_, Json::Number(_)) => number(a)?.partial_cmp(&number(b)?),
        _ => Some(plain(a).cmp(&plain(b))),
    }
}

fn matches(value: &Json, wanted: &TextMatch) -> bool {
    let (text, part) = match wanted.ignore_case {
        true => (lower(value), wanted.text.to_lowercase()),
        false => (plain(value), wanted.text.clone()),
    };
    match wanted.place {
        Place::Anywhere => text.contains(&part),
        Place::Start => text.starts_with(&part),
        Place::End => text.ends_with(&part),
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn lower(value: &Json) -> String {
    plain(value).to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn test(operator: Operator, value: &Json) -> bool {
        compare(value, &operator)
    }

    #[test]
    fn comparisons_are_those_of_sql() {
        let text = json!("Apple");
        assert!(test(Operator::Eq(json!("Apple")), &text));
        assert!(test(Operator::EqIgnoringCase("aPPLE".into()), &text));
        assert!(!test(Operator::Ne(json!("x")), &Json::Null));
        assert!(test(Operator::Ne(json!("x")), &text));
        assert!(
            test(Operator::Null(true), &Json::Null) && !test(Operator::Null(false), &Json::Null)
        );
        assert!(test(Operator::In(vec![json!(1), json!(2.0)]), &json!(2)));
        assert!(test(Operator::NotIn(vec![]), &Json::Null));
        assert!(!test(Operator::NotIn(vec![json!(1)]), &Json::Null));
        assert!(test(Operator::Between(json!(1), json!(3)), &json!(2.5)));
        assert!(test(
            Operator::Gte(json!("2026-01-01")),
            &json!("2026-01-02")
        ));
        assert!(!test(Operator::Lt(json!(5)), &json!("x")));
        let part = |text: &str, negated| {
            Operator::Match(TextMatch {
                place: Place::Start,
                text: text.into(),
                ignore_case: true,
                negated,
            })
        };
        assert!(test(part("aP", false), &text) && !test(part("aP", true), &text));
        assert!(!test(part("x", true), &Json::Null));
    }

    #[test]
    fn what_cannot_be_told_leaves_it_open() {
        let values = json!({ "id": 7, "f1": { "h": 5 } });
        let values = values.as_object().unwrap();
        let seven = || Filter::Compare(Column::Id, Operator::Eq(json!(7)));
        let eight = || Filter::Compare(Column::Id, Operator::Eq(json!(8)));
        assert_eq!(
            holds(&Filter::And(vec![seven(), eight()]), values),
            Some(false)
        );
        assert_eq!(
            holds(&Filter::Or(vec![eight(), seven()]), values),
            Some(true)
        );
        assert_eq!(holds(&Filter::Not(Box::new(eight())), values), Some(true));
        assert_eq!(holds(&Filter::And(vec![]), values), Some(true));
        assert_eq!(holds(&Filter::Or(vec![]), values), Some(false));
    }
}
