//! What a change means for cached answers.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::condition::{Condition, Reads, Side, Verdict};
use super::shape::{Shape, Through};
use crate::changes::{Change, Detail, LinkSides, Sides};

/// A document's identity as answers remember it.
pub(super) type Mark = u64;

/// The mark of a documentId.
pub(super) fn mark(document_id: &str) -> Mark {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    KEYS.hash_one(document_id)
}

/// A change with what is needed to tell which answers it touches.
#[derive(Debug, Clone, Default)]
pub(super) struct Impact {
    /// Everything is touched: the schema changed, or too much.
    pub(super) everything: bool,
    pub(super) type_id: i64,
    pub(super) document: Mark,
    /// What changed in public; none if it was not kept, then anything may have.
    pub(super) detail: Option<Detail>,
    /// Documents whose public links lead to the changed one, with the field.
    pub(super) owners: Neighbours,
    /// Documents the changed one links to, before or after, with the field.
    pub(super) targets: Neighbours,
    /// Public rows of those targets by number.
    pub(super) rows: BTreeMap<i64, Vec<Map<String, Value>>>,
}

/// Documents beside the changed one.
#[derive(Debug, Clone, Default)]
pub(super) struct Neighbours {
    pub(super) marks: BTreeSet<(i64, Mark)>,
    /// Fields with more neighbours than are looked up, or whose neighbours are not known.
    pub(super) all_of: BTreeSet<i64>,
    /// Nothing is known: every field.
    pub(super) unknown: bool,
}

impl Neighbours {
    fn fields_in(&self, wanted: &BTreeSet<i64>) -> bool {
        self.unknown || self.all_of.iter().any(|field| wanted.contains(field))
    }

    fn documents_in<'a>(&'a self, wanted: &'a BTreeSet<i64>) -> impl Iterator<Item = Mark> + 'a {
        let of_field = self
            .marks
            .iter()
            .filter(|(field, _)| wanted.contains(field));
        of_field.map(|(_, document)| *document)
    }
}

/// How a change touches the answers of a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Touch {
    /// All of them.
    All,
    /// Those that show one of these documents.
    Showing(Vec<Mark>),
}

impl Impact {
    pub(super) fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    pub(super) fn new(change: &Change) -> Self {
        let (Some(type_id), Some(document_id)) = (change.type_id, &change.document_id) else {
            return Self::everything();
        };
        Self {
            type_id,
            document: mark(document_id),
            detail: change.detail(),
            ..Self::default()
        }
    }

    /// How the change touches answers of this shape.
    pub(super) fn touch(&self, shape: &Shape) -> Touch {
        if self.everything || shape.coarse.contains(&self.type_id) {
            return Touch::All;
        }
        let Some(detail) = &self.detail else {
            return match shape.types.contains(&self.type_id) {
                true => Touch::All,
                false => Touch::Showing(vec![self.document]),
            };
        };
        let of_root = shape.root == self.type_id && !shape.by_identity && self.moves(shape, detail);
        let of_others = || {
            let through = shape.through.iter();
            through
                .filter(|through| through.target == self.type_id)
                .any(|through| self.decides(shape, through, detail))
        };
        let beside =
            self.owners.fields_in(&shape.forward) || self.targets.fields_in(&shape.inverse);
        if of_root || of_others() || beside {
            return Touch::All;
        }
        let mut documents: Vec<Mark> = self.owners.documents_in(&shape.forward).collect();
        documents.extend(self.targets.documents_in(&shape.inverse));
        let shown = shape.localizations || self.sides(shape, detail).next().is_some();
        if shown {
            documents.push(self.document);
        }
        Touch::Showing(documents)
    }

    /// The changed locales that a shape reads.
    fn sides<'a>(
        &self,
        shape: &'a Shape,
        detail: &'a Detail,
    ) -> impl Iterator<Item = (&'a String, &'a Sides)> + use<'a> {
        let locales = detail.locales.iter();
        locales.filter(|(code, _)| {
            let wanted = shape.locale.as_ref();
            code.is_empty() || wanted.is_none_or(|locale| locale == *code)
        })
    }

    /// Whether the document enters, leaves or moves within what a shape finds.
    fn moves(&self, shape: &Shape, detail: &Detail) -> bool {
        self.sides(shape, detail).any(|(locale, sides)| {
            let (before, after) = self.verdicts(&shape.condition, sides, detail, locale);
            if !before.may_hold() && !after.may_hold() {
                return false;
            }
            let (Some(old), Some(new)) = (&sides.before, &sides.after) else {
                return true;
            };
            let same = |reads: &Reads| same(reads, (old, new), detail, locale);
            let stays = (before, after) == (Verdict::Yes, Verdict::Yes) || same(&shape.reads);
            !stays || !same(&shape.order)
        })
    }

    /// Whether the document changes what a shape finds among others.
    fn decides(&self, shape: &Shape, through: &Through, detail: &Detail) -> bool {
        self.sides(shape, detail).any(|(locale, sides)| {
            let (before, after) = self.verdicts(&through.condition, sides, detail, locale);
            if !before.may_hold() && !after.may_hold() {
                return false;
            }
            let (Some(old), Some(new)) = (&sides.before, &sides.after) else {
                return true;
            };
            let back = through.back.into_iter().collect();
            let same_links = same_links(&back, detail, locale);
            let holds = !through.sorts && (before, after) == (Verdict::Yes, Verdict::Yes);
            let same = holds || same(&through.reads, (old, new), detail, locale);
            !same || !same_links
        })
    }

    fn verdicts(
        &self,
        condition: &Condition,
        sides: &Sides,
        detail: &Detail,
        locale: &str,
    ) -> (Verdict, Verdict) {
        let verdict = |values: &Option<Map<String, Value>>, after| {
            values.as_ref().map_or(Verdict::No, |values| {
                condition.verdict(&Side {
                    values,
                    links: Some(&detail.links),
                    after,
                    locale,
                    rows: &self.rows,
                })
            })
        };
        (verdict(&sides.before, false), verdict(&sides.after, true))
    }
}

fn same(
    reads: &Reads,
    (old, new): (&Map<String, Value>, &Map<String, Value>),
    detail: &Detail,
    locale: &str,
) -> bool {
    let same_value = |key: &String| old.get(key) == new.get(key);
    reads.keys.iter().all(same_value) && same_links(&reads.links, detail, locale)
}

fn same_links(fields: &BTreeSet<i64>, detail: &Detail, locale: &str) -> bool {
    let concerns = |LinkSides(field, _, code, ..): &LinkSides| {
        fields.contains(field) && (code.is_empty() || code == locale)
    };
    let mut links = detail.links.iter().filter(|link| concerns(link));
    links.all(|link| link.3 == link.4)
}
