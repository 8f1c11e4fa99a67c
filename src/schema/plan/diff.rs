//! Finding the steps: first what there is, then what it is called, then what is in it.

use super::{
    ComponentRef, Kind, Owner, OwnerId, Plan, Step, Trash, TypeRef, Working, fields, hints, locales,
};
use crate::schema::definition::{ComponentDefinition, Definitions, TypeDefinition};
use crate::schema::{Component, ComponentId, ContentType, Schema, TypeId, TypeKind, builtin};

/// Steps so far, carried out as they are found.
pub(super) struct Planner {
    pub(super) working: Working,
    steps: Vec<Step>,
    next_id: i64,
}

impl Planner {
    pub(super) fn push(&mut self, step: Step) {
        // Ids given here live as long as the plan; negative ones cannot be mistaken for real ones.
        let next_id = &mut self.next_id;
        self.working.apply(&step, &mut |_: Kind| {
            *next_id -= 1;
            *next_id
        });
        self.steps.push(step);
    }
}

/// See [`super::plan`].
pub(super) fn plan(current: &Schema, trash: &Trash, wanted: &Definitions) -> Plan {
    let mut planner = Planner {
        working: Working::new(current, trash),
        steps: Vec::new(),
        next_id: 0,
    };
    let mut wanted_types = builtin::types();
    wanted_types.extend(wanted.types.iter().cloned());

    let wanted_locales = locales::or_one(current, wanted);
    locales::appearing(&mut planner, wanted_locales.as_deref());
    let types: Vec<(Option<TypeId>, &TypeDefinition)> = wanted_types
        .iter()
        .map(|definition| {
            (
                existing_type(current, definition, &wanted_types),
                definition,
            )
        })
        .collect();
    let components: Vec<(Option<ComponentId>, &ComponentDefinition)> = wanted
        .components
        .iter()
        .map(|definition| {
            (
                existing_component(current, definition, &wanted.components),
                definition,
            )
        })
        .collect();
    drop_and_rename(&mut planner, current, &types, &components);
    appear(&mut planner, trash, &types, &components);
    change_components(&mut planner, &wanted.components);
    change_types(&mut planner, &wanted_types);
    locales::vanishing(&mut planner, wanted_locales.as_deref());

    let hints = hints::of(&planner.steps, current);
    Plan {
        steps: planner.steps,
        hints,
    }
}

/// The type a definition means: of the same uid, else the one it was renamed from, else of the same name.
fn existing_type(
    current: &Schema,
    definition: &TypeDefinition,
    wanted: &[TypeDefinition],
) -> Option<TypeId> {
    let by_uid = |uid: &str| current.types().iter().find(|one| one.uid == uid);
    if let Some(same) = by_uid(&definition.uid) {
        return Some(same.id);
    }
    let old_name = definition
        .renamed_from
        .as_deref()
        .unwrap_or(&definition.singular);
    let old = current
        .content_type(old_name)
        .filter(|old| !old.is_built_in())?;
    let still_wanted = wanted.iter().any(|other| other.uid == old.uid);
    (!still_wanted).then_some(old.id)
}

fn existing_component(
    current: &Schema,
    definition: &ComponentDefinition,
    wanted: &[ComponentDefinition],
) -> Option<ComponentId> {
    if let Some(same) = current.component(&definition.uid) {
        return Some(same.id);
    }
    let old = current.component(definition.renamed_from.as_deref()?)?;
    let still_wanted = wanted.iter().any(|other| other.uid == old.uid);
    (!still_wanted).then_some(old.id)
}

/// Drops come first: a name that is dropped may be given to something else.
fn drop_and_rename(
    planner: &mut Planner,
    current: &Schema,
    types: &[(Option<TypeId>, &TypeDefinition)],
    components: &[(Option<ComponentId>, &ComponentDefinition)],
) {
    for one in sorted_types(current) {
        if !one.is_built_in() && !types.iter().any(|(id, _)| *id == Some(one.id)) {
            planner.push(Step::TrashType(type_ref(one)));
        }
    }
    for one in sorted_components(current) {
        if !components.iter().any(|(id, _)| *id == Some(one.id)) {
            planner.push(Step::TrashComponent(component_ref(one)));
        }
    }
    for (id, definition) in types {
        let Some(one) = id.and_then(|id| current.content_type_by_id(id)) else {
            continue;
        };
        if one.uid != definition.uid {
            let (to, singular) = (definition.uid.clone(), definition.singular.clone());
            planner.push(Step::RenameType {
                from: type_ref(one),
                to,
                singular,
            });
        }
    }
    for (id, definition) in components {
        let Some(one) = id.and_then(|id| current.component_by_id(id)) else {
            continue;
        };
        if one.uid != definition.uid {
            planner.push(Step::RenameComponent {
                from: component_ref(one),
                to: definition.uid.clone(),
            });
        }
    }
}

fn appear(
    planner: &mut Planner,
    trash: &Trash,
    types: &[(Option<TypeId>, &TypeDefinition)],
    components: &[(Option<ComponentId>, &ComponentDefinition)],
) {
    for (_, definition) in components.iter().filter(|(id, _)| id.is_none()) {
        let step = match trash
            .components
            .iter()
            .rev()
            .find(|one| one.uid == definition.uid)
        {
            Some(old) => Step::RestoreComponent(component_ref(old)),
            None => Step::CreateComponent(Box::new((*definition).clone())),
        };
        planner.push(step);
    }
    for (_, definition) in types.iter().filter(|(id, _)| id.is_none()) {
        let step = match trash
            .types
            .iter()
            .rev()
            .find(|one| one.uid == definition.uid)
        {
            Some(old) => Step::RestoreType(type_ref(old)),
            None => Step::CreateType(Box::new((*definition).clone())),
        };
        planner.push(step);
    }
}

fn change_components(planner: &mut Planner, wanted: &[ComponentDefinition]) {
    for definition in wanted {
        let Some(one) = planner
            .working
            .components
            .iter()
            .find(|one| one.uid == definition.uid)
            .cloned()
        else {
            continue;
        };
        if one.definition != definition.definition || one.display_name != definition.display_name {
            let to = Box::new(ComponentDefinition {
                fields: Vec::new(),
                ..definition.clone()
            });
            planner.push(Step::ChangeComponentOptions {
                of: component_ref(&one),
                to,
            });
        }
        let owner = Owner {
            id: OwnerId::Component(one.id),
            uid: one.uid,
        };
        fields::change(planner, &owner, None, &definition.fields);
    }
}

fn change_types(planner: &mut Planner, wanted: &[TypeDefinition]) {
    for definition in wanted {
        let Some(one) = planner
            .working
            .types
            .iter()
            .find(|one| one.uid == definition.uid)
            .cloned()
        else {
            continue;
        };
        let of = type_ref(&one);
        if options_differ(&one, definition) {
            let becomes_single =
                one.kind == TypeKind::Collection && definition.kind == TypeKind::Single;
            let to = Box::new(TypeDefinition {
                fields: Vec::new(),
                ..definition.clone()
            });
            planner.push(Step::ChangeTypeOptions {
                of: of.clone(),
                to,
                becomes_single,
            });
        }
        let owner = Owner {
            id: OwnerId::Type(one.id),
            uid: one.uid.clone(),
        };
        fields::change(planner, &owner, Some((&of, definition)), &definition.fields);
        if one.draft_and_publish != definition.draft_and_publish {
            planner.push(Step::SetDraftAndPublish {
                of,
                on: definition.draft_and_publish,
            });
        }
    }
}

fn options_differ(one: &ContentType, wanted: &TypeDefinition) -> bool {
    one.definition != wanted.definition
        || one.kind != wanted.kind
        || one.plural != wanted.plural
        || one.display_name != wanted.display_name
        || one.populate_creator_fields != wanted.populate_creator_fields
}

fn sorted_types(schema: &Schema) -> Vec<&ContentType> {
    let mut types: Vec<&ContentType> = schema.types().iter().map(|one| &**one).collect();
    types.sort_by(|a, b| a.uid.cmp(&b.uid));
    types
}

fn sorted_components(schema: &Schema) -> Vec<&Component> {
    let mut components: Vec<&Component> = schema.components().iter().map(|one| &**one).collect();
    components.sort_by(|a, b| a.uid.cmp(&b.uid));
    components
}

fn type_ref(one: &ContentType) -> TypeRef {
    TypeRef {
        id: one.id,
        uid: one.uid.clone(),
    }
}

fn component_ref(one: &Component) -> ComponentRef {
    ComponentRef {
        id: one.id,
        uid: one.uid.clone(),
    }
}
