//! Components: they exist, hold what they may, and do not nest without end.

use std::collections::HashMap;

use super::{MAX_NESTING, file_problem};
use crate::schema::definition::{ComponentDefinition, Definitions, FieldDefinition, Problem};
use crate::schema::{FieldKind, RelationKind};

/// Checks that the components a field names exist.
pub(super) fn exist(
    field: &FieldDefinition,
    definitions: &Definitions,
    report: &mut dyn FnMut(&str, String),
) {
    let (rule, uids) = match &field.kind {
        FieldKind::Component { component, .. } => ("component", std::slice::from_ref(component)),
        FieldKind::DynamicZone { components, .. } => ("components", components.as_slice()),
        _ => return,
    };
    for uid in uids {
        if definitions.component(uid).is_none() {
            report(
                rule,
                format!("there is no component `{uid}`; add its file or correct the name"),
            );
        }
    }
}

/// Checks that a component's field is of a kind that may stand in a component.
pub(super) fn allowed_inside(field: &FieldDefinition, report: &mut dyn FnMut(&str, String)) {
    match &field.kind {
        FieldKind::Uid(_) | FieldKind::DynamicZone { .. } => {
            report(
                "type",
                format!("a {} cannot stand in a component", field.kind.name()),
            );
        }
        FieldKind::Relation(relation) => {
            let one_way = relation.mapped_by.is_none() && relation.inversed_by.is_none();
            if !one_way
                || !matches!(
                    relation.kind,
                    RelationKind::OneToOne | RelationKind::OneToMany
                )
            {
                report(
                    "relation",
                    "in a component only one-way oneToOne and oneToMany are possible".to_owned(),
                );
            }
        }
        _ if field.unique => {
            report(
                "unique",
                "values inside components cannot be unique".to_owned(),
            );
        }
        _ => {}
    }
}

/// Checks that components nest at most [`MAX_NESTING`] deep and that none needs itself.
///
/// A component may hold itself through a list or an optional field, as menus do; the depth of such values
/// is bounded when they are written.
pub(super) fn nesting(definitions: &Definitions, problems: &mut Vec<Problem>) {
    let held = edges(definitions, |_| true);
    for (component, height) in definitions.components.iter().zip(heights(&held)) {
        if height.is_some_and(|height| height > MAX_NESTING) {
            let message = format!(
                "components nest {} deep, {MAX_NESTING} at most",
                height.unwrap_or_default()
            );
            problems.push(file_problem(&component.file, "component", message));
        }
    }
    let needed = edges(definitions, |field| match &field.kind {
        FieldKind::Component {
            repeatable: true,
            min,
            ..
        } => field.required && min.is_some_and(|min| min > 0),
        _ => field.required && field.condition.is_none(),
    });
    for (component, height) in definitions.components.iter().zip(heights(&needed)) {
        if height.is_none() {
            let message = "requires itself through required components, so that no value could ever be complete";
            problems.push(file_problem(
                &component.file,
                "required",
                message.to_owned(),
            ));
        }
    }
}

/// For each component, the places of those it holds directly.
fn edges(definitions: &Definitions, follow: impl Fn(&FieldDefinition) -> bool) -> Vec<Vec<usize>> {
    let place: HashMap<&str, usize> = definitions
        .components
        .iter()
        .enumerate()
        .map(|(index, component)| (component.uid.as_str(), index))
        .collect();
    let held = |component: &ComponentDefinition| {
        let fields = component.fields.iter().filter(|field| follow(field));
        fields
            .filter_map(|field| match &field.kind {
                FieldKind::Component { component, .. } => place.get(component.as_str()).copied(),
                _ => None,
            })
            .collect()
    };
    definitions.components.iter().map(held).collect()
}

/// How many levels each component spans, itself included; `None` for those that reach a circle.
fn heights(held: &[Vec<usize>]) -> Vec<Option<usize>> {
    let mut heights: Vec<Option<usize>> = vec![None; held.len()];
    loop {
        let mut settled = false;
        for (index, children) in held.iter().enumerate() {
            if heights.get(index).is_some_and(Option::is_some) {
                continue;
            }
            let tallest = children.iter().try_fold(0, |tallest, child| {
                heights
                    .get(*child)
                    .copied()
                    .flatten()
                    .map(|height| tallest.max(height))
            });
            if let (Some(tallest), Some(slot)) = (tallest, heights.get_mut(index)) {
                *slot = Some(tallest + 1);
                settled = true;
            }
        }
        if !settled {
            return heights;
        }
    }
}
