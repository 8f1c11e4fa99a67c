//! The model beside the tables.

use std::collections::BTreeMap;

use crate::model::{Copy, Fields, Held, Item, Model};
use crate::stored::Tables;

/// How the model's names are told from the program's.
#[derive(Debug, Default)]
pub(crate) struct Meaning {
    /// Numbers of documents, in the model's order.
    pub(crate) docs: Vec<i64>,
    /// Identities, in the same order.
    pub(crate) ids: Vec<String>,
    items: BTreeMap<u64, u64>,
    tokens: BTreeMap<u64, u64>,
}

impl Meaning {
    /// The real id of an item.
    pub(crate) fn item(&self, token: u64) -> Option<u64> {
        self.items.get(&token).copied()
    }

    /// Compares everything; slugs that were open become known.
    pub(crate) fn compare(&mut self, model: &mut Model, mut tables: Tables) -> Result<(), String> {
        if let Some(wrong) = tables.wrong.first() {
            return Err(wrong.clone());
        }
        for n in 0..model.documents.len() {
            let document = &mut model.documents[n];
            if document.of.key == crate::types::FILE {
                continue;
            }
            let doc = self.docs[n];
            if document.trashed {
                tables.lists.retain(|key, _| key.0 != doc);
            }
            for stage in [0, 1] {
                let stored = tables.copies.remove(&(doc, stage));
                let held = if document.trashed {
                    None
                } else {
                    document.stages[stage].as_mut()
                };
                match (held, stored) {
                    (None, None) => {}
                    (Some(held), Some(stored)) => self.copy(held, &stored).map_err(|why| {
                        format!("document {n} ({}, stage {stage}) {why}\nstored: {stored:?}\nmodel: {held:?}", document.of.key)
                    })?,
                    (held, stored) => return Err(format!("document {n} ({}), stage {stage}: {held:?} against {stored:?}", document.of.key)),
                }
            }
            // A version is kept before its open slug is known.
            if let Some(copy) = document.stages[document.working()].clone()
                && let Some(last) = document.versions.get_mut(&document.revision)
            {
                close_slugs(last, &copy);
            }
        }
        if !tables.copies.is_empty() || !tables.lists.is_empty() {
            return Err(format!("left over: {:?} {:?}", tables.copies, tables.lists));
        }
        Ok(())
    }

    fn copy(&mut self, held: &mut Copy, stored: &Copy) -> Result<(), String> {
        self.fields(&mut held.shared, &stored.shared)?;
        let locales = |copy: &Copy| copy.locales.keys().cloned().collect::<Vec<_>>();
        if locales(held) != locales(stored) {
            return Err(format!("has locales {:?}", locales(stored)));
        }
        for (locale, fields) in &mut held.locales {
            self.fields(fields, &stored.locales[locale])
                .map_err(|why| format!("in {locale:?} {why}"))?;
        }
        Ok(())
    }

    fn fields(&mut self, held: &mut Fields, stored: &Fields) -> Result<(), String> {
        for key in held
            .keys()
            .chain(stored.keys())
            .copied()
            .collect::<Vec<_>>()
        {
            let wrong = || format!("holds {:?} in {key}", stored.get(key));
            let (Some(held), Some(stored)) = (held.get_mut(key), stored.get(key)) else {
                return Err(wrong());
            };
            match (&mut *held, stored) {
                (Held::Slug(text), Held::Scalar(json)) => {
                    if !json.as_str().unwrap().starts_with(text.as_str()) {
                        return Err(wrong());
                    }
                    *held = stored.clone();
                }
                (Held::Links(list), Held::Links(stored)) => {
                    let docs: Vec<i64> = list.iter().map(|n| self.docs[*n]).collect();
                    if docs
                        .iter()
                        .map(|doc| usize::try_from(*doc).unwrap())
                        .ne(stored.iter().copied())
                    {
                        return Err(wrong());
                    }
                }
                (Held::Items(items), Held::Items(stored)) if items.len() == stored.len() => {
                    for (item, stored) in items.iter_mut().zip(stored) {
                        self.same_item(item, stored)
                            .map_err(|why| format!("in {key}: {why}"))?;
                    }
                }
                (held, stored) if held == stored => {}
                _ => return Err(wrong()),
            }
        }
        Ok(())
    }

    fn same_item(&mut self, item: &mut Item, stored: &Item) -> Result<(), String> {
        let id = *self.items.entry(item.token).or_insert(stored.token);
        let token = *self.tokens.entry(stored.token).or_insert(item.token);
        if (id, token) != (stored.token, item.token) || item.component != stored.component {
            return Err(format!(
                "item {stored:?} stands for {item:?}, which was item {id}"
            ));
        }
        self.fields(&mut item.fields, &stored.fields)
    }
}

fn close_slugs(open: &mut Copy, known: &Copy) {
    for (locale, fields) in &mut open.locales {
        for (key, held) in fields {
            let now = known.locales.get(locale).and_then(|fields| fields.get(key));
            if let (Held::Slug(_), Some(now)) = (&*held, now) {
                *held = now.clone();
            }
        }
    }
}
