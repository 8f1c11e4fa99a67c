//! Lines that tell how a drop and an addition could be one rename.

use std::collections::BTreeSet;

use super::Step;
use crate::schema::Schema;
use crate::schema::convert::{Fit, fit};

/// Finds drops that look like the old name of something that appears.
pub(super) fn of(steps: &[Step], current: &Schema) -> Vec<String> {
    let mut hints = Vec::new();
    for step in steps {
        match step {
            Step::TrashField { owner, field } => {
                let appears = steps.iter().find_map(|other| match other {
                    Step::AddField {
                        owner: of,
                        field: new,
                    } if of == owner
                        && new.name != field.name
                        && fit(&field.kind, &new.kind) == Fit::AsIs =>
                    {
                        Some(&new.name)
                    }
                    _ => None,
                });
                hints.extend(appears.map(|name| {
                    line(
                        &format!("`{}` of {}", field.name, owner.uid),
                        name,
                        &field.name,
                    )
                }));
            }
            Step::TrashType(gone) => {
                let Some(old) = current.content_type_by_id(gone.id) else {
                    continue;
                };
                let names: BTreeSet<&str> =
                    old.fields.iter().map(|field| field.name.as_str()).collect();
                let appears = steps.iter().find_map(|other| match other {
                    Step::CreateType(new)
                        if alike(&names, new.fields.iter().map(|field| field.name.as_str())) =>
                    {
                        Some(&new.singular)
                    }
                    _ => None,
                });
                hints.extend(appears.map(|name| {
                    line(&format!("the type `{}`", old.singular), name, &old.singular)
                }));
            }
            Step::TrashComponent(gone) => {
                let Some(old) = current.component_by_id(gone.id) else {
                    continue;
                };
                let names: BTreeSet<&str> =
                    old.fields.iter().map(|field| field.name.as_str()).collect();
                let appears = steps.iter().find_map(|other| match other {
                    Step::CreateComponent(new)
                        if alike(&names, new.fields.iter().map(|field| field.name.as_str())) =>
                    {
                        Some(&new.uid)
                    }
                    _ => None,
                });
                hints.extend(
                    appears
                        .map(|name| line(&format!("the component `{}`", old.uid), name, &old.uid)),
                );
            }
            _ => {}
        }
    }
    hints
}

fn line(what: &str, new: &str, old: &str) -> String {
    format!(
        "if {what} is now called `{new}`, write \"renamedFrom\": \"{old}\" in `{new}` and its values stay"
    )
}

/// Whether at least half of the names are the same.
fn alike<'a>(old: &BTreeSet<&str>, new: impl Iterator<Item = &'a str>) -> bool {
    let new: BTreeSet<&str> = new.collect();
    let same = old.intersection(&new).count();
    same > 0 && same * 2 >= old.len().max(new.len())
}
