//! The fields of one type or component: which go, come back, change and appear.

use super::diff::Planner;
use super::{Owner, Step, TypeRef};
use crate::schema::convert::{Fit, fit};
use crate::schema::definition::{FieldDefinition, TypeDefinition};
use crate::schema::{Field, FieldId};

/// Finds the steps that make the fields of an owner as wanted; `of` is given for a type.
pub(super) fn change(
    planner: &mut Planner,
    owner: &Owner,
    of: Option<(&TypeRef, &TypeDefinition)>,
    wanted: &[FieldDefinition],
) {
    let before = planner.working.fields(owner.id).to_vec();
    let kept = drop_and_rename(planner, owner, &before, wanted);
    let ids: Vec<Option<FieldId>> = wanted
        .iter()
        .zip(&kept)
        .map(|(definition, id)| id.or_else(|| restore(planner, owner, definition, &before)))
        .collect();
    for (definition, id) in wanted.iter().zip(&ids) {
        if let Some(id) = id {
            change_kind(planner, owner, *id, definition);
        }
    }
    if let Some((of, definition)) = of {
        set_localized(planner, owner, of, definition);
    }
    for (definition, id) in wanted.iter().zip(&ids) {
        match id {
            Some(id) => change_options(planner, owner, *id, definition),
            None => planner.push(Step::AddField {
                owner: owner.clone(),
                field: Box::new(definition.clone()),
            }),
        }
    }
    let order: Vec<String> = wanted.iter().map(|field| field.name.clone()).collect();
    if planner
        .working
        .fields(owner.id)
        .iter()
        .map(|field| &field.name)
        .ne(&order)
    {
        planner.push(Step::ReorderFields {
            owner: owner.clone(),
            order,
        });
    }
}

fn drop_and_rename(
    planner: &mut Planner,
    owner: &Owner,
    before: &[Field],
    wanted: &[FieldDefinition],
) -> Vec<Option<FieldId>> {
    let kept: Vec<Option<FieldId>> = wanted
        .iter()
        .map(|field| existing(before, field, wanted))
        .collect();
    for field in before
        .iter()
        .filter(|field| !kept.contains(&Some(field.id)))
    {
        planner.push(Step::TrashField {
            owner: owner.clone(),
            field: Box::new(field.clone()),
        });
    }
    for (definition, id) in wanted.iter().zip(&kept) {
        let Some(field) = id.and_then(|id| before.iter().find(|field| field.id == id)) else {
            continue;
        };
        if field.name != definition.name {
            let (from, to) = (field.name.clone(), definition.name.clone());
            planner.push(Step::RenameField {
                owner: owner.clone(),
                id: field.id,
                from,
                to,
            });
        }
    }
    kept
}

/// The field a definition means and whose values it can take over.
fn existing(
    before: &[Field],
    definition: &FieldDefinition,
    wanted: &[FieldDefinition],
) -> Option<FieldId> {
    let same = before.iter().find(|field| field.name == definition.name);
    let field = match (same, &definition.renamed_from) {
        (Some(same), _) => same,
        (None, Some(old)) if !wanted.iter().any(|other| other.name == *old) => {
            before.iter().find(|field| field.name == *old)?
        }
        _ => return None,
    };
    (fit(&field.kind, &definition.kind) != Fit::Never).then_some(field.id)
}

/// Brings back a dropped field of that name whose values fit as they are; the latest one.
fn restore(
    planner: &mut Planner,
    owner: &Owner,
    definition: &FieldDefinition,
    just_dropped: &[Field],
) -> Option<FieldId> {
    let candidates = planner.working.trash.fields.iter().rev();
    let field = candidates
        .filter(|(of, _)| *of == owner.id)
        .map(|(_, field)| field)
        .find(|field| {
            field.name == definition.name
                && fit(&field.kind, &definition.kind) == Fit::AsIs
                && !just_dropped.iter().any(|dropped| dropped.id == field.id)
        })?
        .clone();
    let id = field.id;
    planner.push(Step::RestoreField {
        owner: owner.clone(),
        field: Box::new(field),
    });
    Some(id)
}

fn change_kind(planner: &mut Planner, owner: &Owner, id: FieldId, definition: &FieldDefinition) {
    let Some(field) = planner
        .working
        .fields(owner.id)
        .iter()
        .find(|field| field.id == id)
        .cloned()
    else {
        return;
    };
    if fit(&field.kind, &definition.kind) == Fit::Converted {
        planner.push(Step::ChangeFieldKind {
            owner: owner.clone(),
            id,
            name: definition.name.clone(),
            from: field.kind,
            to: definition.kind.clone(),
        });
    }
}

fn set_localized(planner: &mut Planner, owner: &Owner, of: &TypeRef, definition: &TypeDefinition) {
    let was = planner
        .working
        .types
        .iter()
        .find(|one| one.id == of.id)
        .is_some_and(|one| one.localized);
    let changed: Vec<(FieldId, String, bool)> = planner
        .working
        .fields(owner.id)
        .iter()
        .filter_map(|field| {
            let wanted = definition.field(&field.name)?;
            (wanted.localized != field.localized)
                .then(|| (field.id, field.name.clone(), wanted.localized))
        })
        .collect();
    if was != definition.localized || !changed.is_empty() {
        planner.push(Step::SetLocalized {
            of: of.clone(),
            localized: definition.localized,
            changes_type: was != definition.localized,
            fields: changed,
        });
    }
}

fn change_options(planner: &mut Planner, owner: &Owner, id: FieldId, definition: &FieldDefinition) {
    let Some(field) = planner
        .working
        .fields(owner.id)
        .iter()
        .find(|field| field.id == id)
    else {
        return;
    };
    let wanted = FieldDefinition {
        renamed_from: None,
        localized: field.localized,
        ..definition.clone()
    };
    if FieldDefinition::of(field) != wanted {
        let becomes_unique = definition.unique && !field.unique;
        planner.push(Step::ChangeFieldOptions {
            owner: owner.clone(),
            id,
            to: Box::new(wanted),
            becomes_unique,
        });
    }
}
