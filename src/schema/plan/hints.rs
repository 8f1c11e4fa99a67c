//! Lines that tell how a drop and an addition could be one rename.

use std::collections::BTreeSet;

use super::Step;
use crate::schema::convert::{Fit, fit};
use crate::schema::definition::FieldDefinition;
use crate::schema::{Field, Schema};

/// Finds drops that look like the old name of something that appears.
pub(super) fn of(steps: &[Step], current: &Schema) -> Vec<String> {
    steps
        .iter()
        .filter_map(|step| hint(step, steps, current))
        .collect()
}

fn hint(drop: &Step, steps: &[Step], current: &Schema) -> Option<String> {
    match drop {
        Step::TrashField { owner, field } => {
            let new = steps.iter().find_map(|step| match step {
                Step::AddField {
                    owner: of,
                    field: new,
                } if of == owner && fit(&field.kind, &new.kind) == Fit::AsIs => {
                    Some(&new.name).filter(|name| **name != field.name)
                }
                _ => None,
            })?;
            Some(line(
                &format!("`{}` of {}", field.name, owner.uid),
                new,
                &field.name,
            ))
        }
        Step::TrashType(gone) => {
            let old = current.content_type_by_id(gone.id)?;
            let new = steps.iter().find_map(|step| match step {
                Step::CreateType(new) if alike(&old.fields, &new.fields) => Some(&new.singular),
                _ => None,
            })?;
            Some(line(
                &format!("the type `{}`", old.singular),
                new,
                &old.singular,
            ))
        }
        Step::TrashComponent(gone) => {
            let old = current.component_by_id(gone.id)?;
            let new = steps.iter().find_map(|step| match step {
                Step::CreateComponent(new) if alike(&old.fields, &new.fields) => Some(&new.uid),
                _ => None,
            })?;
            Some(line(&format!("the component `{}`", old.uid), new, &old.uid))
        }
        _ => None,
    }
}

fn line(what: &str, new: &str, old: &str) -> String {
    format!(
        "if {what} is now called `{new}`, write \"renamedFrom\": \"{old}\" in `{new}` and its values stay"
    )
}

/// Whether at least half of the names are the same.
fn alike(old: &[Field], new: &[FieldDefinition]) -> bool {
    let old: BTreeSet<&str> = old.iter().map(|field| field.name.as_str()).collect();
    let new: BTreeSet<&str> = new.iter().map(|field| field.name.as_str()).collect();
    let same = old.intersection(&new).count();
    same > 0 && same * 2 >= old.len().max(new.len())
}
