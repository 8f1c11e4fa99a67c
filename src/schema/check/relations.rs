//! Relations: both sides agree, and the kind is possible where the field stands.

use super::is_single;
use crate::schema::builtin;
use crate::schema::definition::{Definitions, FieldDefinition, TypeDefinition};
use crate::schema::{FieldKind, OnDelete, Relation, RelationKind};

/// Checks the relation of a type's field, if it is one.
pub(super) fn check(
    owner: &TypeDefinition,
    field: &FieldDefinition,
    definitions: &Definitions,
    report: &mut dyn FnMut(&str, String),
) {
    let FieldKind::Relation(relation) = &field.kind else {
        return;
    };
    use RelationKind::{ManyToMany, ManyToOne};
    if is_single(owner.kind) && matches!(relation.kind, ManyToOne | ManyToMany) {
        report(
            "relation",
            format!(
                "a single type cannot have {}; use oneToOne or oneToMany",
                relation.kind.name()
            ),
        );
    }
    if relation.is_inverse() && relation.on_delete != OnDelete::Unlink {
        report(
            "onDelete",
            "belongs to the side with `inversedBy`, which owns the links".to_owned(),
        );
    }
    sides(relation, report);
    let Some(target) = relation.target.as_deref() else {
        return;
    };
    // What the accounts' types will hold is not known here, and the files' own polymorphic field is implicit.
    if [builtin::SITE_USER, builtin::STAFF].contains(&target) || is_file_usage(target, relation) {
        return;
    }
    let fields = match definitions.content_type(target) {
        Some(definition) => definition.fields.as_slice(),
        None if target == builtin::FILE => &[],
        // An unknown target is its own problem.
        None => return,
    };
    if let Some(name) = &relation.mapped_by {
        other_side("mappedBy", name, owner, field, (target, fields), report);
    }
    if let Some(name) = &relation.inversed_by {
        other_side("inversedBy", name, owner, field, (target, fields), report);
    }
}

fn is_file_usage(target: &str, relation: &Relation) -> bool {
    let inverse = matches!(
        relation.kind,
        RelationKind::MorphOne | RelationKind::MorphMany
    );
    target == builtin::FILE && inverse && relation.mapped_by.as_deref() == Some("related")
}

/// Checks that the kind goes with `mappedBy` and `inversedBy`.
fn sides(relation: &Relation, report: &mut dyn FnMut(&str, String)) {
    use RelationKind::{ManyToOne, MorphMany, MorphOne, MorphToMany, MorphToOne, OneToMany};
    let (mapped, inversed) = (relation.mapped_by.is_some(), relation.inversed_by.is_some());
    let name = relation.kind.name();
    if mapped && inversed {
        report(
            "mappedBy",
            "cannot stand beside `inversedBy`; one side owns the links".to_owned(),
        );
    }
    match relation.kind {
        OneToMany if inversed => {
            report("inversedBy", "a oneToMany is the inverse side; use `mappedBy`, and `inversedBy` on the manyToOne".to_owned());
        }
        ManyToOne if mapped => {
            report(
                "mappedBy",
                "a manyToOne owns the links; use `inversedBy`, and `mappedBy` on the oneToMany"
                    .to_owned(),
            );
        }
        MorphOne | MorphMany if !mapped => {
            report(
                "mappedBy",
                format!("a {name} needs `mappedBy`, the polymorphic field of its target"),
            );
        }
        MorphToOne | MorphToMany if mapped || inversed => {
            report("mappedBy", format!("a {name} names no other side"));
        }
        _ => {}
    }
}

fn other_side(
    rule: &str,
    name: &str,
    owner: &TypeDefinition,
    field: &FieldDefinition,
    (target, fields): (&str, &[FieldDefinition]),
    report: &mut dyn FnMut(&str, String),
) {
    let FieldKind::Relation(relation) = &field.kind else {
        return;
    };
    let Some(other) = fields.iter().find(|other| other.name == name) else {
        report(
            rule,
            format!("`{target}` has no attribute `{name}`; add it or leave `{rule}` out"),
        );
        return;
    };
    let FieldKind::Relation(back) = &other.kind else {
        report(
            rule,
            format!(
                "`{name}` of `{target}` is a {}, not a relation",
                other.kind.name()
            ),
        );
        return;
    };
    if !fits(relation.kind, back.kind) {
        let (here, there) = (relation.kind.name(), back.kind.name());
        report(
            rule,
            format!("a {here} does not go with `{name}` of `{target}`, which is a {there}"),
        );
        return;
    }
    if back.is_morph() {
        return;
    }
    if back.target.as_deref() != Some(owner.uid.as_str()) {
        report(
            rule,
            format!("`{name}` of `{target}` does not point to `{}`", owner.uid),
        );
        return;
    }
    let (opposite, named) = match rule {
        "mappedBy" => ("inversedBy", back.inversed_by.as_deref()),
        _ => ("mappedBy", back.mapped_by.as_deref()),
    };
    if named != Some(field.name.as_str()) {
        report(
            rule,
            format!(
                "`{name}` of `{target}` must say \"{opposite}\": \"{}\"",
                field.name
            ),
        );
    }
}

fn fits(here: RelationKind, there: RelationKind) -> bool {
    use RelationKind::{
        ManyToMany, ManyToOne, MorphMany, MorphOne, MorphToMany, MorphToOne, OneToMany, OneToOne,
    };
    matches!(
        (here, there),
        (OneToOne, OneToOne)
            | (OneToMany, ManyToOne)
            | (ManyToOne, OneToMany)
            | (ManyToMany, ManyToMany)
            | (MorphOne | MorphMany, MorphToOne | MorphToMany)
    )
}
