//! Who may do what: the one check every route passes.
//!
//! A [`View`] is the schema as one caller may see it. Queries, writes, the API description and error
//! texts are made from a view and nothing else, so what a caller may not see cannot be told from
//! what does not exist.
//!
//! **Knows nothing about** HTTP, tokens' storage or SQL. Start reading at [`View::may`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::schema::{ContentType, Field, FieldKind, Schema, TypeId};

/// The content type that media attributes point at.
pub const FILE_TYPE: &str = "plugin::upload.file";

/// What can be done with the entries of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// List entries, or be populated.
    Find,
    /// Read one entry by its identity.
    FindOne,
    /// Make an entry.
    Create,
    /// Change or publish an entry.
    Update,
    /// Delete an entry or one of its locales.
    Delete,
    /// Read drafts with the actions above.
    Draft,
}

impl Action {
    /// Every action, in the order they are shown.
    pub const ALL: [Self; 6] = [
        Self::Find,
        Self::FindOne,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Draft,
    ];

    /// The name in commands and stored grants: `find`, `findOne`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::FindOne => "findOne",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Draft => "draft",
        }
    }

    /// The action of a name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// What a caller has been allowed, by type uid; independent of the schema's generation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Grants {
    /// Nothing until something is allowed.
    #[default]
    Nothing,
    /// Find and findOne on every type; drafts only if `drafts`.
    ReadAll {
        /// Whether drafts may be read too.
        drafts: bool,
    },
    /// Every action on every type.
    Everything,
    /// The listed actions per type uid.
    Listed(BTreeMap<String, BTreeSet<Action>>),
}

/// The schema as one caller may see it.
#[derive(Debug, Clone)]
pub struct View {
    schema: Arc<Schema>,
    allowed: Allowed,
}

#[derive(Debug, Clone)]
enum Allowed {
    Same(BTreeSet<Action>),
    Listed(BTreeMap<TypeId, BTreeSet<Action>>),
}

impl View {
    /// The view of a caller with these grants on this schema.
    pub fn new(schema: Arc<Schema>, grants: &Grants) -> Self {
        let allowed = match grants {
            Grants::Nothing => Allowed::Same(BTreeSet::new()),
            Grants::Everything => Allowed::Same(Action::ALL.into()),
            Grants::ReadAll { drafts } => {
                let mut actions = BTreeSet::from([Action::Find, Action::FindOne]);
                if *drafts {
                    actions.insert(Action::Draft);
                }
                Allowed::Same(actions)
            }
            Grants::Listed(types) => Allowed::Listed(
                types
                    .iter()
                    .filter_map(|(uid, actions)| {
                        Some((schema.content_type(uid)?.id, actions.clone()))
                    })
                    .collect(),
            ),
        };
        Self { schema, allowed }
    }

    /// The same rights on another generation of the schema.
    #[must_use]
    pub fn on(&self, schema: Arc<Schema>) -> Self {
        Self {
            schema,
            allowed: self.allowed.clone(),
        }
    }

    /// The same rights without those on drafts.
    #[must_use]
    pub fn without_drafts(mut self) -> Self {
        match &mut self.allowed {
            Allowed::Same(actions) => {
                actions.remove(&Action::Draft);
            }
            Allowed::Listed(types) => {
                for actions in types.values_mut() {
                    actions.remove(&Action::Draft);
                }
            }
        }
        self
    }

    /// Whether every action is allowed on every type, also on those to come.
    pub fn is_full(&self) -> bool {
        let all = BTreeSet::from(Action::ALL);
        matches!(&self.allowed, Allowed::Same(actions) if *actions == all)
    }

    /// Whether every type exists for this caller, so that a name that is unknown is no secret.
    pub fn sees_all(&self) -> bool {
        matches!(&self.allowed, Allowed::Same(actions) if !actions.is_empty())
    }

    /// The schema behind the view; use it for identity and storage, never to tell a caller what exists.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Whether the caller may do this with entries of this type.
    pub fn may(&self, content_type: &ContentType, action: Action) -> bool {
        match &self.allowed {
            Allowed::Same(actions) => actions.contains(&action),
            Allowed::Listed(types) => types
                .get(&content_type.id)
                .is_some_and(|actions| actions.contains(&action)),
        }
    }

    /// Whether anything at all is allowed on this type.
    pub fn knows(&self, content_type: &ContentType) -> bool {
        Action::ALL
            .into_iter()
            .any(|action| self.may(content_type, action))
    }

    /// Whether a field exists for this caller when reading, filtering, sorting or searching.
    ///
    /// Private fields and passwords exist for nobody here; a relation exists if its target may be found.
    pub fn reads(&self, field: &Field) -> bool {
        if field.private {
            return false;
        }
        match &field.kind {
            FieldKind::Password(_) => false,
            FieldKind::Relation(relation) => match &relation.target {
                None => true,
                Some(uid) => self
                    .schema
                    .content_type(uid)
                    .is_some_and(|target| self.may(target, Action::Find)),
            },
            _ => true,
        }
    }

    /// Whether a field exists for this caller when writing.
    ///
    /// Private fields and passwords can be written by those who never read them; a relation exists only if its
    /// target may be found, since the answer tells whether the document it names is there.
    pub fn writes(&self, field: &Field) -> bool {
        let FieldKind::Relation(relation) = &field.kind else {
            return true;
        };
        let target = relation.target.as_deref();
        target
            .and_then(|uid| self.schema.content_type(uid))
            .is_none_or(|target| self.may(target, Action::Find))
    }
}
