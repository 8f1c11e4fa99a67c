//! Names as the caller may use them: what stands behind a name in a type or component.

use crate::access::{Action, FILE_TYPE, View};
use crate::base::Stage;
use crate::base::limits::QueryLimits;
use crate::query::{Column, Hop};
use crate::schema::{Component, ContentType, Field, FieldKind};

use super::error::{Path, QueryError};

/// Where names are looked up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'s> {
    Type(&'s ContentType),
    Component(&'s Component),
}

impl<'s> Scope<'s> {
    pub(super) fn fields(self) -> &'s [Field] {
        match self {
            Self::Type(content_type) => &content_type.fields,
            Self::Component(component) => &component.fields,
        }
    }

    /// What a step leads into.
    pub(super) fn of(hop: Hop<'s>) -> Self {
        match hop {
            Hop::Relation { target, .. }
            | Hop::Inverse { target, .. }
            | Hop::Media { target, .. } => Self::Type(target),
            Hop::Component { component, .. } => Self::Component(component),
        }
    }

    /// The scalars that every entry or item has beside its fields.
    fn system(self, name: &str) -> Option<Column<'s>> {
        let column = match name {
            "id" => return Some(Column::Id),
            "documentId" => Column::DocumentId,
            "createdAt" => Column::CreatedAt,
            "updatedAt" => Column::UpdatedAt,
            "publishedAt" => Column::PublishedAt,
            "locale" => Column::Locale,
            _ => return None,
        };
        match (self, column) {
            (Self::Component(_), _) => None,
            (Self::Type(content_type), Column::Locale) if !content_type.localized => None,
            _ => Some(column),
        }
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Member<'s> {
    Column(Column<'s>),
    Hop(Hop<'s>),
    Zone(&'s Field),
    Morph(&'s Field),
}

/// One reading of one request's parameters: the caller's view, and what may still be spent.
pub(super) struct Reader<'s, 'l> {
    pub(super) view: &'s View,
    pub(super) limits: &'l QueryLimits,
    pub(super) stage: Stage,
    /// The top-level parameter being read, for errors.
    pub(super) param: &'static str,
    pub(super) filter_nodes: u32,
    pub(super) populated: u32,
}

impl<'s, 'l> Reader<'s, 'l> {
    pub(super) fn new(view: &'s View, limits: &'l QueryLimits, stage: Stage) -> Self {
        Self {
            view,
            limits,
            stage,
            param: "filters",
            filter_nodes: 0,
            populated: 0,
        }
    }

    /// What a name stands for; `None` if it does not exist for this caller.
    pub(super) fn member(&self, scope: Scope<'s>, name: &str) -> Option<Member<'s>> {
        let field = scope.fields().iter().find(|field| field.name == name);
        match field {
            Some(field) => self.member_of(field),
            None => scope.system(name).map(Member::Column),
        }
    }

    /// What a field is to this caller.
    pub(super) fn member_of(&self, field: &'s Field) -> Option<Member<'s>> {
        if !self.view.reads(field) {
            return None;
        }
        match &field.kind {
            FieldKind::Relation(relation) if relation.is_morph() => Some(Member::Morph(field)),
            FieldKind::Relation(relation) => {
                let target = self.readable(relation.target.as_deref()?)?;
                let hop = match &relation.mapped_by {
                    None => Hop::Relation { field, target },
                    Some(name) => Hop::Inverse {
                        field,
                        owner_field: target.field(name)?,
                        target,
                    },
                };
                Some(Member::Hop(hop))
            }
            FieldKind::Media { .. } => {
                let target = self.view.schema().content_type(FILE_TYPE)?;
                Some(Member::Hop(Hop::Media { field, target }))
            }
            FieldKind::Component { component, .. } => {
                let component = self.view.schema().component(component)?;
                Some(Member::Hop(Hop::Component { field, component }))
            }
            FieldKind::DynamicZone { .. } => Some(Member::Zone(field)),
            _ => Some(Member::Column(Column::Field(field))),
        }
    }

    /// The type of that uid, if the caller may read what this query would read of it.
    pub(super) fn readable(&self, uid: &str) -> Option<&'s ContentType> {
        let target = self.view.schema().content_type(uid)?;
        self.may_read(target).then_some(target.as_ref())
    }

    /// Whether the caller may read what this query would read of a type.
    pub(super) fn may_read(&self, target: &ContentType) -> bool {
        let drafts = self.stage == Stage::Draft && target.draft_and_publish;
        self.view.may(target, Action::Find) && (!drafts || self.view.may(target, Action::Draft))
    }

    /// The error of a name that does not exist, below a path.
    pub(super) fn unknown(&self, key: &str, below: Option<&Path<'_>>) -> QueryError {
        let path = below.map(Path::text);
        QueryError::invalid_key(self.param, key, path.as_deref())
    }

    /// The error of a name that exists and cannot stand there; Strapi's shows its whole path.
    pub(super) fn misplaced(&self, key: &str, below: Option<&Path<'_>>) -> QueryError {
        self.unknown(key, Some(&Path::below(below, key)))
    }

    /// The error of a value that cannot stand there.
    pub(super) fn unfit(&self, path: &Path<'_>, expected: &str) -> QueryError {
        QueryError::invalid_value(self.param, &path.text(), expected)
    }
}
