//! Which documents a page is about, and where it may be cut.

use std::collections::{BTreeSet, HashMap};

use super::token::{Phase, Position};

/// A document a page has something to say about.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) doc: i64,
    pub(super) type_id: i64,
    pub(super) document_id: String,
    /// Locales that were public.
    pub(super) gone: BTreeSet<String>,
    /// Whether it may have been public in any locale.
    pub(super) anything_gone: bool,
    /// Whether it was deleted.
    pub(super) deleted: bool,
    /// Where to go on if the page ends before this document.
    pub(super) before: Position,
}

/// The documents of a page, each once, in the order of their first change.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) wanted: Vec<Wanted>,
    by_doc: HashMap<i64, usize>,
    most: usize,
    /// Where to go on behind all of them.
    pub(super) end: Position,
    /// Whether more may follow there.
    pub(super) more: bool,
}

impl Gathered {
    pub(super) fn new(from: Position, most: usize) -> Self {
        Self {
            wanted: Vec::new(),
            by_doc: HashMap::new(),
            most,
            end: from,
            more: true,
        }
    }

    /// How many documents there is room for.
    pub(super) fn room(&self) -> usize {
        self.most.saturating_sub(self.wanted.len())
    }

    /// Adds a document, or finds it; none if there is no room for it.
    pub(super) fn add(
        &mut self,
        (type_id, doc, document_id): (i64, i64, &str),
        before: &Position,
    ) -> Option<&mut Wanted> {
        if let Some(at) = self.by_doc.get(&doc) {
            return self.wanted.get_mut(*at);
        }
        if self.room() == 0 {
            return None;
        }
        self.by_doc.insert(doc, self.wanted.len());
        self.wanted.push(Wanted {
            doc,
            type_id,
            document_id: document_id.to_owned(),
            gone: BTreeSet::new(),
            anything_gone: false,
            deleted: false,
            before: before.clone(),
        });
        self.wanted.last_mut()
    }
}

impl Position {
    /// The same place in another phase.
    pub(super) fn in_phase(&self, phase: Phase) -> Self {
        Self {
            at: self.at.clone(),
            phase,
        }
    }
}
