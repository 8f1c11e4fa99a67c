//! Relations: cardinality, sides, and what deleting a target does.

/// A relation to documents of one type, or of any type when polymorphic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its cardinality as seen from the field.
    pub kind: RelationKind,
    /// Full uid of the target type; `None` for `morphToOne` and `morphToMany`.
    pub target: Option<String>,
    /// On the inverse side: the owning field of the target type; for `morphOne` and `morphMany` the target's
    /// polymorphic field.
    pub mapped_by: Option<String>,
    /// On the owning side: the field of the target type that shows the other direction.
    pub inversed_by: Option<String>,
    /// What deleting a target does.
    pub on_delete: OnDelete,
}

impl Relation {
    /// Whether the field holds a list.
    pub fn is_many(&self) -> bool {
        use RelationKind::{ManyToMany, MorphMany, MorphToMany, OneToMany};
        matches!(self.kind, OneToMany | ManyToMany | MorphToMany | MorphMany)
    }

    /// Whether the links belong to a field of the target type and this one shows them from the other end.
    pub fn is_inverse(&self) -> bool {
        self.mapped_by.is_some()
    }

    /// Whether a target may be linked by at most one owner.
    pub fn is_exclusive(&self) -> bool {
        matches!(self.kind, RelationKind::OneToOne | RelationKind::OneToMany)
    }

    /// Whether one field holds documents of any type.
    pub fn is_morph(&self) -> bool {
        matches!(
            self.kind,
            RelationKind::MorphToOne | RelationKind::MorphToMany
        )
    }
}

/// The cardinality of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// One target, linked from one owner only if two-way.
    OneToOne,
    /// Many targets, each linked from one owner.
    OneToMany,
    /// One target, linked from many owners.
    ManyToOne,
    /// Many targets, linked from many owners.
    ManyToMany,
    /// One target of any type.
    MorphToOne,
    /// Many targets of any type.
    MorphToMany,
    /// The inverse of a polymorphic field, showing one owner.
    MorphOne,
    /// The inverse of a polymorphic field, showing many owners.
    MorphMany,
}

impl RelationKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::OneToOne,
        Self::OneToMany,
        Self::ManyToOne,
        Self::ManyToMany,
        Self::MorphToOne,
        Self::MorphToMany,
        Self::MorphOne,
        Self::MorphMany,
    ];

    /// The word used in schema files.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneToOne => "oneToOne",
            Self::OneToMany => "oneToMany",
            Self::ManyToOne => "manyToOne",
            Self::ManyToMany => "manyToMany",
            Self::MorphToOne => "morphToOne",
            Self::MorphToMany => "morphToMany",
            Self::MorphOne => "morphOne",
            Self::MorphMany => "morphMany",
        }
    }
}

/// What deleting a target does to the documents that link to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnDelete {
    /// The target cannot be deleted while it is linked.
    Refuse,
    /// The link goes, the owner stays.
    #[default]
    Unlink,
    /// The owner is deleted too.
    Cascade,
}

impl OnDelete {
    /// The word used in schema files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Unlink => "unlink",
            Self::Cascade => "cascade",
        }
    }
}
