//! What names a kept answer: who asks for what in which form.

use std::hash::{Hash, Hasher};

use quick_cache::Equivalent;

/// A question as it came in; nothing is copied to look for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Stands for everything that authorised the question and the schema it was asked of.
    pub scope: u64,
    /// The path below `/api/`.
    pub path: &'a str,
    /// The query string.
    pub query: &'a str,
    /// Whether the answer is wanted in the form of Strapi 4.
    pub v4: bool,
}

/// The same, kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    scope: u64,
    v4: bool,
    path: Box<str>,
    query: Box<str>,
}

impl Asked<'_> {
    pub(super) fn keep(&self) -> Key {
        Key {
            scope: self.scope,
            v4: self.v4,
            path: self.path.into(),
            query: self.query.into(),
        }
    }
}

impl Key {
    pub(super) fn bytes(&self) -> usize {
        self.path.len() + self.query.len()
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.scope, self.v4, self.path, self.query).hash(state);
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.scope, self.v4, &*self.path, &*self.query).hash(state);
    }
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.scope == key.scope
            && self.v4 == key.v4
            && *self.path == *key.path
            && *self.query == *key.query
    }
}
