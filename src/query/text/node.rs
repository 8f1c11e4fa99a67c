//! The tree while it is built: what several parameters of one name become together, as `qs` merges them.

use super::{ARRAY_LIMIT, Param};

/// A value being built; the items of lists carry their numbers, in ascending order, until the end.
#[derive(Debug)]
pub(super) enum Node {
    Null,
    Text(String),
    List(Items),
    Map(Vec<(String, Self)>),
}

pub(super) type Items = Vec<(usize, Node)>;

/// Adds one more value to a repeated name.
pub(super) fn combine(value: &mut Node, more: Node) {
    match value {
        Node::List(items) => append(items, more),
        _ => {
            let first = std::mem::replace(value, Node::Null);
            *value = Node::List(vec![(0, first), (1, more)]);
        }
    }
}

fn append(items: &mut Items, value: Node) {
    let next = items.last().map_or(0, |(index, _)| index + 1);
    items.push((next, value));
}

pub(super) fn put(entries: &mut Vec<(String, Node)>, name: &str, value: Node) {
    match entries.iter_mut().find(|(key, _)| key == name) {
        Some((_, slot)) => {
            let before = std::mem::replace(slot, Node::Null);
            *slot = merge(before, value);
        }
        None => entries.push((name.to_owned(), value)),
    }
}

/// What two values of one name become, as `qs` merges them; a plain value beside a structure is kept as a
/// further item, which whoever reads the parameter refuses, where `qs` drops it if it is empty.
fn merge(target: Node, source: Node) -> Node {
    match (target, source) {
        (Node::Map(mut entries), Node::Map(more)) => {
            for (name, value) in more {
                put(&mut entries, &name, value);
            }
            Node::Map(entries)
        }
        (Node::Map(mut entries), Node::List(more)) => {
            for (name, value) in numbered(more) {
                put(&mut entries, &name, value);
            }
            Node::Map(entries)
        }
        (Node::List(items), Node::Map(more)) => {
            merge(Node::Map(numbered(items).collect()), Node::Map(more))
        }
        (Node::List(items), Node::List(more)) => Node::List(merge_lists(items, more)),
        (Node::List(mut items), plain) => {
            append(&mut items, plain);
            Node::List(items)
        }
        (plain, Node::List(more)) => {
            let mut items = vec![(0, plain)];
            items.extend(more.into_iter().map(|(index, value)| (index + 1, value)));
            Node::List(items)
        }
        (one, other) => Node::List(vec![(0, one), (1, other)]),
    }
}

fn merge_lists(mut items: Items, more: Items) -> Items {
    for (index, value) in more {
        let slot = match items.binary_search_by_key(&index, |(at, _)| *at) {
            Ok(found) => items.get_mut(found),
            Err(place) => {
                items.insert(place, (index, value));
                continue;
            }
        };
        match slot {
            Some((_, before)) if before.is_structure() && value.is_structure() => {
                let first = std::mem::replace(before, Node::Null);
                *before = merge(first, value);
            }
            _ => append(&mut items, value),
        }
    }
    items
}

fn numbered(items: Items) -> impl Iterator<Item = (String, Node)> {
    items
        .into_iter()
        .map(|(index, value)| (index.to_string(), value))
}

impl Node {
    fn is_structure(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }
}

/// Closes the holes in lists; a list that outgrew the limit on numbers in brackets is a list again.
pub(super) fn finish(node: Node) -> Param {
    match node {
        Node::Null => Param::Null,
        Node::Text(text) => Param::Text(text),
        Node::List(items) => {
            Param::List(items.into_iter().map(|(_, value)| finish(value)).collect())
        }
        Node::Map(entries) if is_long_list(&entries) => Param::List(
            entries
                .into_iter()
                .map(|(_, value)| finish(value))
                .collect(),
        ),
        Node::Map(entries) => Param::Map(
            entries
                .into_iter()
                .map(|(name, value)| (name, finish(value)))
                .collect(),
        ),
    }
}

fn is_long_list(entries: &[(String, Node)]) -> bool {
    entries.len() > ARRAY_LIMIT
        && entries
            .iter()
            .enumerate()
            .all(|(index, (name, _))| name.parse() == Ok(index))
}
