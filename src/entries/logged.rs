//! The line in the change log of a saved document, with what it changed in public.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Map, Value as Json, json};

use super::acts::Moment;
use super::tree::{Copy, Document, Row};
use crate::base::Stage;
use crate::changes::{self, Change, ChangeKind, Cursor, Detail, LinkSides, Sides};
use crate::platform::database::Value;

/// Texts of more bytes are kept as a hash: they are not filtered or sorted by in lists that matter.
const LONGEST_TEXT: usize = 160;
/// Links of a document that are kept with a change; with more, what changed is not kept.
const MOST_LINKS: usize = 500;

/// The change from one state of a document to another.
pub fn change(
    kind: ChangeKind,
    before: &Document,
    after: &Document,
    locale: &str,
    moment: &Moment,
) -> Change {
    let public = before.published != after.published;
    let stage = match public {
        true => Stage::Published,
        false => Stage::Draft,
    };
    let detail = public
        .then(|| detail(before, after))
        .flatten()
        .and_then(|detail| serde_json::to_string(&detail).ok());
    Change {
        cursor: Cursor::default(),
        kind,
        type_id: Some(after.type_id),
        doc: Some(after.doc),
        document_id: Some(after.document_id.clone()),
        locale: locale.to_owned(),
        stage: Some(stage.number()),
        author: moment.author.clone(),
        at: moment.at.clone(),
        origin: changes::origin(),
        detail,
    }
}

/// What is public before and after; none if that is too much to keep.
fn detail(before: &Document, after: &Document) -> Option<Detail> {
    let nothing = Copy::default();
    let old = before.published.as_ref().unwrap_or(&nothing);
    let new = after.published.as_ref().unwrap_or(&nothing);
    if old.links.len() + new.links.len() > MOST_LINKS {
        return None;
    }
    let codes: BTreeSet<&String> = old.rows.keys().chain(new.rows.keys()).collect();
    let locales = codes.into_iter().filter_map(|code| {
        let side = |document: &Document, copy: &Copy| {
            copy.rows
                .get(code)
                .map(|row| values(document, copy, row, code))
        };
        let sides = Sides {
            before: side(before, old),
            after: side(after, new),
        };
        let same_links = links_of(old, code).eq(links_of(new, code));
        let same = sides.before == sides.after && same_links;
        (!same).then(|| (code.clone(), sides))
    });
    Some(Detail {
        locales: locales.collect(),
        links: links(old, new),
    })
}

fn links_of<'a>(
    copy: &'a Copy,
    code: &'a str,
) -> impl Iterator<Item = (i64, i64, i64, i64, i64)> + 'a {
    let of_locale = copy
        .links
        .iter()
        .filter(move |link| link.locale.is_empty() || link.locale == code);
    of_locale.map(|link| {
        (
            link.field.0,
            link.item,
            link.position,
            link.target,
            link.back_position,
        )
    })
}

fn links(old: &Copy, new: &Copy) -> Vec<LinkSides> {
    let mut sides: BTreeMap<(i64, i64, &str), (bool, bool)> = BTreeMap::new();
    for link in &old.links {
        let key = (link.field.0, link.target, link.locale.as_str());
        sides.entry(key).or_default().0 = true;
    }
    for link in &new.links {
        let key = (link.field.0, link.target, link.locale.as_str());
        sides.entry(key).or_default().1 = true;
    }
    let sides = sides.into_iter();
    sides
        .map(|((field, target, locale), (was, is))| {
            LinkSides(field, target, locale.to_owned(), was, is)
        })
        .collect()
}

fn values(document: &Document, copy: &Copy, row: &Row, locale: &str) -> Map<String, Json> {
    let mut values = Map::new();
    values.insert("id".into(), row.id.into());
    values.insert("documentId".into(), document.document_id.as_str().into());
    values.insert("createdAt".into(), row.created_at.as_str().into());
    values.insert("updatedAt".into(), row.updated_at.as_str().into());
    if let Some(at) = &row.published_at {
        values.insert("publishedAt".into(), at.as_str().into());
    }
    if !locale.is_empty() {
        values.insert("locale".into(), locale.into());
    }
    for (field, value) in copy.shared.iter().chain(&row.columns) {
        let value = match value {
            Value::Null => continue,
            Value::Bool(value) => Json::Bool(*value),
            Value::Integer(value) => Json::from(*value),
            Value::Real(value) => Json::from(*value),
            Value::Text(value) if value.len() <= LONGEST_TEXT => Json::from(value.as_str()),
            Value::Text(value) => json!({ "h": hash(value.as_bytes()) }),
            Value::Bytes(value) => json!({ "h": hash(value) }),
        };
        values.insert(format!("f{field}"), value);
    }
    values
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
