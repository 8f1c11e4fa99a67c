//! What an answer depends on besides the documents it shows: its query, without borrowed parts.
//!
//! Answers of the same query on other pages share a shape. A shape tells of a change whether documents may have
//! entered, left or moved within what the query finds.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::condition::{Condition, Reads, key};
use crate::base::Stage;
use crate::delivery::tags;
use crate::query::{
    AggregateQuery, Filter, Hop, ListQuery, LocaleChoice, Measure, Nested, Page, Populated,
    Selection, Shape as Populate, Sort,
};
use crate::schema::{ContentType, Schema};

/// What a query depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The type that is read.
    pub(super) root: i64,
    /// Whether one document is asked for by its identity: others do not matter, whatever they are.
    pub(super) by_identity: bool,
    /// Values one of which every document has in a slug, unique field or identity: key and values.
    pub(super) pinned: Option<(String, Vec<String>)>,
    /// Every document must meet it.
    pub(super) condition: Condition,
    /// What decides whether a document of the type is found.
    pub(super) reads: Reads,
    /// What decides where it stands, or what it adds to an aggregation.
    pub(super) order: Reads,
    /// Documents of other types that decide what is found or how it is sorted.
    pub(super) through: Vec<Through>,
    /// Populated relations that the shown documents own.
    pub(super) forward: BTreeSet<i64>,
    /// Populated relations that point at the shown documents.
    pub(super) inverse: BTreeSet<i64>,
    /// Types any change of which counts, because how it counts is not followed.
    pub(super) coarse: BTreeSet<i64>,
    /// Every type that is read.
    pub(super) types: BTreeSet<i64>,
    /// Whether other locales of the documents are shown.
    pub(super) localizations: bool,
    /// The locale that is read, also of related documents; none: all. A type without locales reads the default one.
    pub(super) locale: Option<String>,
}

/// Documents of another type that decide.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Through {
    pub(super) target: i64,
    pub(super) condition: Condition,
    pub(super) reads: Reads,
    /// The relation of the target that leads back, when the step is taken against its direction.
    pub(super) back: Option<i64>,
    /// Whether it decides the order, not what is found.
    pub(super) sorts: bool,
}

impl Shape {
    /// The shape of a read; none if its answer depends on what is not followed (drafts, search).
    pub fn of_list(schema: &Schema, query: &ListQuery<'_>) -> Option<Self> {
        if query.stage == Stage::Draft || query.publication.is_some() || query.search.is_some() {
            return None;
        }
        let mut shape = Self::new(schema, query.content_type, &query.locale);
        shape.filter(query.filter.as_ref());
        shape.pinned = shape.condition.pins(&tags::pinning(query.content_type));
        match &query.page {
            Page::One { document_id } => shape.by_identity = document_id.is_some(),
            _ => shape.sort(&query.sort),
        }
        shape.selection(&query.selection);
        Some(shape)
    }

    /// The shape of an aggregation.
    pub fn of_aggregate(schema: &Schema, query: &AggregateQuery<'_>) -> Option<Self> {
        if query.stage == Stage::Draft || query.search.is_some() {
            return None;
        }
        let mut shape = Self::new(schema, query.content_type, &query.locale);
        shape.filter(query.filter.as_ref());
        shape.sort(&query.group_by);
        for (_, measure) in &query.measures {
            let column = match measure {
                Measure::Count => continue,
                Measure::CountDistinct(column)
                | Measure::Min(column)
                | Measure::Max(column)
                | Measure::Avg(column)
                | Measure::Sum(column) => *column,
            };
            shape.order.keys.insert(key(column));
        }
        Some(shape)
    }

    fn new(schema: &Schema, root: &ContentType, locale: &LocaleChoice) -> Self {
        let locale = match (locale, root.localized) {
            (_, false) => Some(schema.default_locale().to_owned()),
            (LocaleChoice::All, true) => None,
            (LocaleChoice::One(code), true) => Some(code.clone()),
        };
        let root = root.id.0;
        Self {
            root,
            by_identity: false,
            pinned: None,
            condition: Condition::And(Vec::new()),
            reads: Reads::default(),
            order: Reads::default(),
            through: Vec::new(),
            forward: BTreeSet::new(),
            inverse: BTreeSet::new(),
            coarse: BTreeSet::new(),
            types: BTreeSet::from([root]),
            localizations: false,
            locale,
        }
    }

    /// A name for the shape, the same on every node and after a restart.
    pub fn name(&self) -> [u8; 16] {
        let digest = Sha256::digest(format!("{self:?}").as_bytes());
        let mut name = [0; 16];
        for (slot, byte) in name.iter_mut().zip(digest) {
            *slot = byte;
        }
        name
    }

    /// What proxies are told that an answer depends on, besides the documents it shows.
    pub(crate) fn tags(&self) -> Vec<String> {
        let mut types: BTreeSet<i64> = self.through.iter().map(|through| through.target).collect();
        types.extend(&self.coarse);
        let mut tags = Vec::new();
        match &self.pinned {
            _ if self.by_identity => {}
            Some((key, values)) => {
                let values = values.iter();
                tags.extend(values.map(|value| tags::of_value(self.root, key, value)));
            }
            None => {
                types.insert(self.root);
            }
        }
        tags.extend(types.into_iter().map(tags::of_type));
        tags
    }

    /// The fields of the root type through which linked documents decide, with their types.
    pub(super) fn linked(&self, into: &mut BTreeMap<i64, i64>) {
        self.condition.linked(into);
    }

    fn filter(&mut self, filter: Option<&Filter<'_>>) {
        let Some(filter) = filter else { return };
        self.condition = Condition::new(filter, &mut self.reads);
        self.steps(filter);
    }

    /// Notes what lies behind the steps of a filter.
    fn steps(&mut self, filter: &Filter<'_>) {
        match filter {
            Filter::And(parts) | Filter::Or(parts) => {
                parts.iter().for_each(|part| self.steps(part));
            }
            Filter::Not(inner) => self.steps(inner),
            Filter::Compare(..) => {}
            Filter::Some(hop, inner) => {
                self.step(*hop, Some(inner));
                self.steps(inner);
            }
            Filter::Empty(hop, _) => self.step(*hop, None),
        }
    }

    fn step(&mut self, hop: Hop<'_>, inner: Option<&Filter<'_>>) {
        let (target, back) = match hop {
            Hop::Relation { target, .. } | Hop::Media { target, .. } => (target, None),
            Hop::Inverse {
                target,
                owner_field,
                ..
            } => (target, Some(owner_field.id.0)),
            // Items are values of the document that holds them.
            Hop::Component { .. } => return,
        };
        let mut reads = Reads::default();
        let condition = match inner {
            Some(inner) => Condition::new(inner, &mut reads),
            None => Condition::And(Vec::new()),
        };
        self.types.insert(target.id.0);
        self.through.push(Through {
            target: target.id.0,
            condition,
            reads,
            back,
            sorts: false,
        });
    }

    fn sort(&mut self, sort: &[Sort<'_>]) {
        for sort in sort {
            let mut of_root = true;
            for (index, hop) in sort.path.iter().enumerate() {
                let (target, back) = match hop {
                    Hop::Relation { field, target } | Hop::Media { field, target } => {
                        if of_root {
                            self.order.links.insert(field.id.0);
                        }
                        (*target, None)
                    }
                    Hop::Inverse {
                        target,
                        owner_field,
                        ..
                    } => (*target, Some(owner_field.id.0)),
                    Hop::Component { field, .. } => {
                        if of_root {
                            self.order.keys.insert(field.column());
                        }
                        continue;
                    }
                };
                of_root = false;
                let mut reads = Reads::default();
                match sort.path.get(index + 1) {
                    Some(Hop::Relation { field, .. } | Hop::Media { field, .. }) => {
                        reads.links.insert(field.id.0);
                    }
                    Some(Hop::Component { field, .. }) => {
                        reads.keys.insert(field.column());
                    }
                    Some(Hop::Inverse { .. }) => {}
                    None => {
                        reads.keys.insert(key(sort.column));
                    }
                }
                self.types.insert(target.id.0);
                self.through.push(Through {
                    target: target.id.0,
                    condition: Condition::And(Vec::new()),
                    reads,
                    back,
                    sorts: true,
                });
            }
            if sort.path.is_empty() {
                self.order.keys.insert(key(sort.column));
            }
        }
    }

    fn selection(&mut self, selection: &Selection<'_>) {
        for Populated { shape, .. } in &selection.populated {
            self.populate(shape);
        }
    }

    fn populate(&mut self, shape: &Populate<'_>) {
        match shape {
            Populate::Entries { hop, nested, .. } => {
                self.populated_hop(*hop);
                self.nested(nested);
            }
            Populate::Count { hop, filter } => {
                self.populated_hop(*hop);
                self.coarse_steps(filter.as_ref());
            }
            Populate::Component { selection, .. } => self.selection(selection),
            Populate::Zone { parts, .. } => {
                parts.iter().for_each(|(_, part)| self.selection(part));
            }
            Populate::Morph { field, parts, .. } => {
                self.forward.insert(field.id.0);
                for (target, part) in parts {
                    self.types.insert(target.id.0);
                    self.selection(part);
                }
            }
            Populate::Localizations { selection } => {
                self.localizations = true;
                self.selection(selection);
            }
        }
    }

    fn populated_hop(&mut self, hop: Hop<'_>) {
        match hop {
            Hop::Relation { field, target } | Hop::Media { field, target } => {
                self.forward.insert(field.id.0);
                self.types.insert(target.id.0);
            }
            Hop::Inverse {
                owner_field,
                target,
                ..
            } => {
                self.inverse.insert(owner_field.id.0);
                self.types.insert(target.id.0);
            }
            Hop::Component { .. } => {}
        }
    }

    fn nested(&mut self, nested: &Nested<'_>) {
        self.coarse_steps(nested.filter.as_ref());
        let steps = nested.sort.iter().flat_map(|sort| &sort.path);
        for target in steps.filter_map(|hop| behind(*hop)) {
            self.coarse.insert(target);
            self.types.insert(target);
        }
        self.selection(&nested.selection);
    }

    /// What lies behind steps inside populated relations is not followed closely.
    fn coarse_steps(&mut self, filter: Option<&Filter<'_>>) {
        match filter {
            None | Some(Filter::Compare(..)) => {}
            Some(Filter::And(parts) | Filter::Or(parts)) => {
                parts.iter().for_each(|part| self.coarse_steps(Some(part)));
            }
            Some(Filter::Not(inner)) => self.coarse_steps(Some(inner)),
            Some(Filter::Some(hop, inner)) => {
                self.coarse.extend(behind(*hop));
                self.types.extend(behind(*hop));
                self.coarse_steps(Some(inner));
            }
            Some(Filter::Empty(hop, _)) => {
                self.coarse.extend(behind(*hop));
                self.types.extend(behind(*hop));
            }
        }
    }
}

fn behind(hop: Hop<'_>) -> Option<i64> {
    match hop {
        Hop::Relation { target, .. } | Hop::Media { target, .. } | Hop::Inverse { target, .. } => {
            Some(target.id.0)
        }
        Hop::Component { .. } => None,
    }
}
