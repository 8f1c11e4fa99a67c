//! Documents as the simplest thing that could be right: values in maps, a list of links is a value of its
//! owner, and publishing copies one map into another.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::types::{self, Field, Holds, TYPES, Type};

pub(crate) type Fields = BTreeMap<&'static str, Held>;

/// What a field holds; a field that holds nothing is not there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Held {
    Scalar(Json),
    /// Numbers of documents of the model.
    Links(Vec<usize>),
    Items(Vec<Item>),
    /// A slug that begins with this text; the program chooses the number behind it.
    Slug(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// Stands for the id that the program gives.
    pub(crate) token: u64,
    pub(crate) component: &'static str,
    pub(crate) fields: Fields,
}

/// What a write gives for a field.
#[derive(Debug, Clone)]
pub(crate) enum Given {
    Scalar(Json),
    Links(Change),
    Items(Vec<GivenItem>),
}

#[derive(Debug, Clone)]
pub(crate) struct GivenItem {
    pub(crate) token: Option<u64>,
    pub(crate) component: &'static str,
    pub(crate) fields: Vec<(&'static str, Given)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Change {
    Set(Vec<usize>),
    Patch {
        disconnect: Vec<usize>,
        connect: Vec<(usize, Place)>,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Start,
    End,
    Before(usize),
    After(usize),
}

impl Change {
    pub(crate) fn on(&self, list: &[usize], many: bool) -> Vec<usize> {
        let mut list = list.to_vec();
        match self {
            Self::Set(all) => {
                list.clear();
                for one in all {
                    if !list.contains(one) {
                        list.push(*one);
                    }
                }
            }
            Self::Patch {
                disconnect,
                connect,
            } => {
                list.retain(|one| !disconnect.contains(one));
                for (one, place) in connect {
                    list.retain(|other| other != one);
                    let index = match place {
                        Place::Start => Some(0),
                        Place::End => None,
                        Place::Before(anchor) => list.iter().position(|other| other == anchor),
                        Place::After(anchor) => list
                            .iter()
                            .position(|other| other == anchor)
                            .map(|at| at + 1),
                    };
                    list.insert(index.unwrap_or(list.len()), *one);
                    if !many {
                        list = vec![*one];
                    }
                }
            }
        }
        list
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Copy {
    pub(crate) shared: Fields,
    pub(crate) locales: BTreeMap<String, Fields>,
}

impl Copy {
    pub(crate) fn fields(&self, each: &Type, field: &Field, locale: &str) -> Option<&Fields> {
        if each.locales && !field.localized {
            Some(&self.shared)
        } else {
            self.locales.get(locale)
        }
    }

    fn fields_mut(&mut self, each: &Type, field: &Field, locale: &str) -> &mut Fields {
        if each.locales && !field.localized {
            &mut self.shared
        } else {
            self.locales.entry(locale.to_owned()).or_default()
        }
    }

    fn maps(&mut self) -> impl Iterator<Item = &mut Fields> {
        std::iter::once(&mut self.shared).chain(self.locales.values_mut())
    }

    fn all(&self) -> impl Iterator<Item = &Fields> {
        std::iter::once(&self.shared).chain(self.locales.values())
    }
}

pub(crate) const DRAFT: usize = 0;
pub(crate) const PUBLISHED: usize = 1;

#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) of: &'static Type,
    pub(crate) trashed: bool,
    pub(crate) stages: [Option<Copy>; 2],
    pub(crate) revision: i64,
    /// The working copy after each act on this document.
    pub(crate) versions: BTreeMap<i64, Copy>,
}

impl Document {
    pub(crate) fn working(&self) -> usize {
        if self.of.drafts { DRAFT } else { PUBLISHED }
    }

    fn keep(&mut self) {
        self.revision += 1;
        if let Some(copy) = &self.stages[self.working()] {
            self.versions.insert(self.revision, copy.clone());
        }
    }
}

/// Why an act is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum No {
    NotFound,
    Invalid,
    Refused,
    InUse,
    Stale,
}

/// What a write leaves behind, and in which locale.
#[derive(Debug, Clone)]
pub(crate) struct How {
    pub(crate) locale: String,
    pub(crate) publish: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) documents: Vec<Document>,
    tokens: u64,
}

impl Model {
    pub(crate) fn add(&mut self, of: &'static Type) -> usize {
        let document = Document {
            of,
            trashed: false,
            stages: [None, None],
            revision: 0,
            versions: BTreeMap::new(),
        };
        self.documents.push(document);
        self.documents.len() - 1
    }

    pub(crate) fn alive(&self, key: &str) -> Vec<usize> {
        let all = 0..self.documents.len();
        all.filter(|&n| !self.documents[n].trashed && self.documents[n].of.key == key)
            .collect()
    }

    pub(crate) fn create(
        &mut self,
        of: &'static Type,
        how: &How,
        given: &[(&'static str, Given)],
    ) -> Result<usize, No> {
        if of.single && !self.alive(of.key).is_empty() {
            return Err(No::Refused);
        }
        let n = self.add(of);
        self.write(n, how, given)?;
        Ok(n)
    }

    pub(crate) fn write(
        &mut self,
        n: usize,
        how: &How,
        given: &[(&'static str, Given)],
    ) -> Result<(), No> {
        let of = self.documents[n].of;
        let working = self.documents[n].working();
        let mut copy = self.documents[n].stages[working].take().unwrap_or_default();
        let made = !copy.locales.contains_key(&how.locale);
        copy.locales.entry(how.locale.clone()).or_default();
        for (key, given) in given {
            let field = of.field(key);
            if !matches!(field.holds, Holds::Back { .. }) {
                put(
                    copy.fields_mut(of, field, &how.locale),
                    field,
                    given,
                    &mut self.tokens,
                );
            }
        }
        if made {
            fill_slug(&mut copy, of, &how.locale);
        }
        self.documents[n].stages[working] = Some(copy);
        if how.publish && of.drafts {
            self.copy_over(n, &how.locale, DRAFT, PUBLISHED)?;
        }
        self.settle(n)?;
        self.documents[n].keep();
        for (key, given) in given {
            if let (Holds::Back { owner, field, many }, Given::Links(change)) =
                (of.field(key).holds, given)
            {
                self.write_back(n, how, (owner, field, many), change);
            }
        }
        Ok(())
    }

    /// The owners that link to `n`, in no particular order.
    pub(crate) fn owners(
        &self,
        n: usize,
        owner: &str,
        field: &str,
        stage: usize,
        locale: &str,
    ) -> Vec<usize> {
        let of = types::of(owner);
        let all = 0..self.documents.len();
        all.filter(|&other| {
            let other = &self.documents[other];
            let copy = other.stages[stage]
                .as_ref()
                .filter(|_| other.of.key == owner);
            let held = copy.and_then(|copy| copy.fields(of, of.field(field), locale)?.get(field));
            matches!(held, Some(Held::Links(list)) if list.contains(&n))
        })
        .collect()
    }

    /// The stages and the locale in which a write of `n` changes links of the other side.
    pub(crate) fn back_places(
        &self,
        n: usize,
        how: &How,
        owner: &str,
        field: &str,
    ) -> Vec<(usize, String)> {
        let (of, mine) = (types::of(owner), self.documents[n].of);
        let locale = match (of.locales && of.field(field).localized, how.locale.as_str()) {
            (false, _) => "",
            (true, "") => "en",
            (true, locale) => locale,
        };
        let stages: &[usize] = match (of.drafts, how.publish || !mine.drafts) {
            (true, true) => &[DRAFT, PUBLISHED],
            (true, false) => &[DRAFT],
            (false, _) => &[PUBLISHED],
        };
        stages
            .iter()
            .map(|stage| (*stage, locale.to_owned()))
            .collect()
    }

    fn write_back(
        &mut self,
        n: usize,
        how: &How,
        (owner, field, many): (&'static str, &'static str, bool),
        change: &Change,
    ) {
        let of = types::of(owner);
        let Holds::Links {
            many: owner_many, ..
        } = of.field(field).holds
        else {
            unreachable!()
        };
        for (stage, locale) in self.back_places(n, how, owner, field) {
            let before = self.owners(n, owner, field, stage, &locale);
            let after = change.on(&before, many);
            for other in 0..self.documents.len() {
                let document = &mut self.documents[other];
                let trashed = document.trashed;
                let Some(copy) = document.stages[stage].as_mut() else {
                    continue;
                };
                let there = !trashed && (locale.is_empty() || copy.locales.contains_key(&locale));
                let (was, is) = (before.contains(&other), after.contains(&other));
                if was == is || (is && !there) {
                    continue;
                }
                let fields = copy.fields_mut(of, of.field(field), &locale);
                let mut list = links(fields, field);
                if !is {
                    list.retain(|one| *one != n);
                } else if owner_many {
                    list.push(n);
                } else {
                    list = vec![n];
                }
                hold_links(fields, field, list);
            }
        }
    }

    /// Takes a locale and what all locales share from one stage to the other.
    fn copy_over(&mut self, n: usize, locale: &str, from: usize, to: usize) -> Result<(), No> {
        let source = self.documents[n].stages[from].clone().ok_or(No::NotFound)?;
        let fields = source.locales.get(locale).ok_or(No::NotFound)?;
        let of = self.documents[n].of;
        let missing = |field: &&Field| field.required && !fields.contains_key(field.key);
        if to == PUBLISHED && of.fields.iter().any(|field| missing(&field)) {
            return Err(No::Invalid);
        }
        let copy = self.documents[n].stages[to].get_or_insert_default();
        copy.shared.clone_from(&source.shared);
        copy.locales.insert(locale.to_owned(), fields.clone());
        Ok(())
    }

    pub(crate) fn publish(&mut self, n: usize, locale: &str) -> Result<(), No> {
        if !self.documents[n].of.drafts {
            return Err(No::Refused);
        }
        self.copy_over(n, locale, DRAFT, PUBLISHED)?;
        self.settle(n)?;
        self.documents[n].keep();
        Ok(())
    }

    pub(crate) fn discard(&mut self, n: usize, locale: &str) -> Result<(), No> {
        if !self.documents[n].of.drafts {
            return Err(No::Refused);
        }
        self.copy_over(n, locale, PUBLISHED, DRAFT)?;
        self.settle(n)?;
        self.documents[n].keep();
        Ok(())
    }

    pub(crate) fn unpublish(&mut self, n: usize, locale: &str) -> Result<(), No> {
        if !self.documents[n].of.drafts {
            return Err(No::Refused);
        }
        let place = &mut self.documents[n].stages[PUBLISHED];
        let copy = place.as_mut().ok_or(No::NotFound)?;
        copy.locales.remove(locale).ok_or(No::NotFound)?;
        if copy.locales.is_empty() {
            *place = None;
        }
        self.documents[n].keep();
        Ok(())
    }

    pub(crate) fn delete(&mut self, n: usize, locale: Option<&str>) -> Result<(), No> {
        if let Some(locale) = locale {
            let mut stages = self.documents[n].stages.clone();
            let mut found = false;
            for place in &mut stages {
                let Some(copy) = place else { continue };
                found |= copy.locales.remove(locale).is_some();
                if copy.locales.is_empty() {
                    *place = None;
                }
            }
            if !found {
                return Err(No::NotFound);
            }
            if stages.iter().any(Option::is_some) {
                self.documents[n].stages = stages;
                self.documents[n].keep();
                return Ok(());
            }
        }
        let mut gone = BTreeSet::from([n]);
        let mut waiting = vec![n];
        while let Some(n) = waiting.pop() {
            let points = |other: &usize, key: &str, field: &str| {
                let other = &self.documents[*other];
                let copies = other.stages.iter().flatten();
                let mut held =
                    copies.flat_map(|copy| copy.all().filter_map(|fields| fields.get(field)));
                other.of.key == key
                    && held.any(|held| matches!(held, Held::Links(list) if list.contains(&n)))
            };
            if self
                .alive("note")
                .iter()
                .any(|other| points(other, "note", "pinned"))
            {
                return Err(No::InUse);
            }
            for other in self.alive("comment") {
                if points(&other, "comment", "on") && gone.insert(other) {
                    waiting.push(other);
                }
            }
        }
        for n in gone {
            self.documents[n].trashed = true;
            self.documents[n].revision += 1;
        }
        Ok(())
    }

    pub(crate) fn undelete(&mut self, n: usize) -> Result<(), No> {
        if !self.documents[n].trashed {
            return Err(No::NotFound);
        }
        let of = self.documents[n].of;
        if of.single && !self.alive(of.key).is_empty() {
            return Err(No::Refused);
        }
        self.documents[n].trashed = false;
        self.settle(n)?;
        self.documents[n].keep();
        Ok(())
    }

    pub(crate) fn restore(&mut self, n: usize, number: i64) -> Result<(), No> {
        let mut older = self.documents[n]
            .versions
            .get(&number)
            .cloned()
            .ok_or(No::NotFound)?;
        let working = self.documents[n].working();
        // Locales that came later stay.
        for (locale, fields) in self.documents[n].stages[working]
            .iter()
            .flat_map(|copy| &copy.locales)
        {
            older
                .locales
                .entry(locale.clone())
                .or_insert_with(|| fields.clone());
        }
        self.documents[n].stages[working] = Some(older);
        self.settle(n)?;
        self.documents[n].keep();
        Ok(())
    }

    pub(crate) fn duplicate(&mut self, n: usize) -> Result<usize, No> {
        let (of, working) = (self.documents[n].of, self.documents[n].working());
        if of.single {
            return Err(No::Refused);
        }
        let mut copy = self.documents[n].stages[working]
            .clone()
            .ok_or(No::NotFound)?;
        for fields in copy.maps() {
            for field in of.fields {
                let own = matches!(
                    field.holds,
                    Holds::Unique
                        | Holds::Slug
                        | Holds::Links {
                            exclusive: true,
                            ..
                        }
                );
                if own {
                    fields.remove(field.key);
                }
            }
            renew(fields, &mut self.tokens);
        }
        for locale in copy.locales.keys().cloned().collect::<Vec<_>>() {
            fill_slug(&mut copy, of, &locale);
        }
        let new = self.add(of);
        self.documents[new].stages[working] = Some(copy);
        self.settle(new)?;
        self.documents[new].keep();
        Ok(new)
    }

    /// What must be true between documents: a unique value stands once per stage, and an exclusive target
    /// leaves its previous owner.
    fn settle(&mut self, n: usize) -> Result<(), No> {
        let of = self.documents[n].of;
        for field in of.fields {
            for stage in [DRAFT, PUBLISHED] {
                let Some(copy) = self.documents[n].stages[stage].clone() else {
                    continue;
                };
                if field.holds == Holds::Slug {
                    self.slugs_alone(n, stage, field.key, &copy)?;
                }
                for fields in copy.all() {
                    match (field.holds, fields.get(field.key)) {
                        (Holds::Unique, Some(held)) => self.alone(n, stage, field.key, held)?,
                        (
                            Holds::Links {
                                exclusive: true, ..
                            },
                            Some(Held::Links(list)),
                        ) => {
                            self.take_from_others(n, stage, field.key, list);
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn alone(&self, n: usize, stage: usize, key: &str, held: &Held) -> Result<(), No> {
        let same = self
            .alive(self.documents[n].of.key)
            .into_iter()
            .filter(|other| *other != n)
            .any(|other| {
                let copy = self.documents[other].stages[stage].as_ref();
                copy.is_some_and(|copy| copy.all().any(|fields| fields.get(key) == Some(held)))
            });
        if same { Err(No::Invalid) } else { Ok(()) }
    }

    /// A slug that comes back may have been given to another meanwhile.
    fn slugs_alone(&self, n: usize, stage: usize, key: &str, copy: &Copy) -> Result<(), No> {
        for (locale, fields) in &copy.locales {
            let Some(slug @ Held::Scalar(_)) = fields.get(key) else {
                continue;
            };
            let others = self.alive(self.documents[n].of.key).into_iter();
            let same = others.filter(|other| *other != n).any(|other| {
                let copy = self.documents[other].stages[stage].as_ref();
                let fields = copy.and_then(|copy| copy.locales.get(locale));
                fields.is_some_and(|fields| fields.get(key) == Some(slug))
            });
            if same {
                return Err(No::Invalid);
            }
        }
        Ok(())
    }

    fn take_from_others(&mut self, n: usize, stage: usize, key: &'static str, targets: &[usize]) {
        let of = self.documents[n].of.key;
        for (other, document) in self.documents.iter_mut().enumerate() {
            let Some(copy) = document.stages[stage]
                .as_mut()
                .filter(|_| other != n && document.of.key == of)
            else {
                continue;
            };
            for fields in copy.maps() {
                let mut list = links(fields, key);
                list.retain(|target| !targets.contains(target));
                hold_links(fields, key, list);
            }
        }
    }
}

fn links(fields: &Fields, key: &str) -> Vec<usize> {
    match fields.get(key) {
        Some(Held::Links(list)) => list.clone(),
        _ => Vec::new(),
    }
}

fn hold_links(fields: &mut Fields, key: &'static str, list: Vec<usize>) {
    if list.is_empty() {
        fields.remove(key);
    } else {
        fields.insert(key, Held::Links(list));
    }
}

fn put(fields: &mut Fields, field: &Field, given: &Given, tokens: &mut u64) {
    match given {
        Given::Scalar(Json::Null) => {
            fields.remove(field.key);
        }
        Given::Scalar(json) => {
            fields.insert(field.key, Held::Scalar(json.clone()));
        }
        Given::Links(change) => {
            let Holds::Links { many, .. } = field.holds else {
                unreachable!("{field:?}")
            };
            let list = change.on(&links(fields, field.key), many);
            hold_links(fields, field.key, list);
        }
        Given::Items(given) => {
            let mut old = match fields.remove(field.key) {
                Some(Held::Items(items)) => items,
                _ => Vec::new(),
            };
            let items: Vec<Item> = given
                .iter()
                .map(|given| continued(&mut old, given, tokens))
                .collect();
            if !items.is_empty() {
                fields.insert(field.key, Held::Items(items));
            }
        }
    }
}

/// The old item that is meant, changed, or a new one.
fn continued(old: &mut Vec<Item>, given: &GivenItem, tokens: &mut u64) -> Item {
    let same = |item: &Item| Some(item.token) == given.token && item.component == given.component;
    let mut item = match old.iter().position(same) {
        Some(at) => old.remove(at),
        None => {
            *tokens += 1;
            Item {
                token: *tokens,
                component: given.component,
                fields: Fields::new(),
            }
        }
    };
    for (key, given) in &given.fields {
        let field = types::component(item.component)
            .iter()
            .find(|field| field.key == *key)
            .unwrap();
        put(&mut item.fields, field, given, tokens);
    }
    item
}

fn renew(fields: &mut Fields, tokens: &mut u64) {
    for held in fields.values_mut() {
        if let Held::Items(items) = held {
            for item in items {
                *tokens += 1;
                item.token = *tokens;
                renew(&mut item.fields, tokens);
            }
        }
    }
}

fn fill_slug(copy: &mut Copy, of: &Type, locale: &str) {
    let Some(field) = of.fields.iter().find(|field| field.holds == Holds::Slug) else {
        return;
    };
    let fields = copy.locales.get_mut(locale).unwrap();
    let Some(Held::Scalar(Json::String(title))) = fields.get("title") else {
        return;
    };
    let slug = match title.as_str() {
        "Alpha" => "alpha",
        "Beta" => "beta",
        _ => "uni-q-1",
    };
    let slug = Held::Slug(slug.to_owned());
    fields.entry(field.key).or_insert(slug);
}

/// The types whose documents are made here.
pub(crate) fn makeable(n: usize) -> &'static Type {
    &TYPES[n % TYPES.len()]
}
