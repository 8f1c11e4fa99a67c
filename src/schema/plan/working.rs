//! A schema in memory on which steps are carried out.

use super::{Owner, OwnerId, Step, Trash};
use crate::schema::definition::{ComponentDefinition, FieldDefinition, TypeDefinition};
use crate::schema::{
    Component, ComponentId, ContentType, Field, FieldId, FieldKind, Locale, Schema, TypeId,
};

/// What an id is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A content type.
    Type,
    /// A component.
    Component,
    /// A field.
    Field,
    /// A locale.
    Locale,
}

/// A schema and its trash between two steps.
#[derive(Debug, Clone, Default)]
pub struct Working {
    pub(super) types: Vec<ContentType>,
    pub(super) components: Vec<Component>,
    pub(super) locales: Vec<Locale>,
    pub(super) trash: Trash,
}

impl Working {
    /// Starts from a snapshot and what lies in its trash.
    pub fn new(schema: &Schema, trash: &Trash) -> Self {
        Self {
            types: schema
                .types()
                .iter()
                .map(|content_type| (**content_type).clone())
                .collect(),
            components: schema
                .components()
                .iter()
                .map(|component| (**component).clone())
                .collect(),
            locales: schema.locales().to_vec(),
            trash: trash.clone(),
        }
    }

    /// The snapshot with all steps so far, and the trash.
    pub fn finish(mut self, generation: i64) -> (Schema, Trash) {
        self.locales
            .sort_by(|a, b| (!a.is_default, &a.code).cmp(&(!b.is_default, &b.code)));
        (
            Schema::new(generation, self.types, self.components, self.locales),
            self.trash,
        )
    }

    /// A snapshot as it is now, for looking names up between steps.
    pub fn snapshot(&self, generation: i64) -> (Schema, Trash) {
        self.clone().finish(generation)
    }

    /// Carries out one step; `next_id` gives an id that was never used for that kind of thing.
    ///
    /// A step that names something that is not there changes nothing.
    pub fn apply(&mut self, step: &Step, next_id: &mut dyn FnMut(Kind) -> i64) {
        match step {
            Step::AddLocale(locale) => self
                .locales
                .push(locale.clone().into_locale(next_id(Kind::Locale))),
            Step::ChangeLocale { from, to } => {
                for locale in self
                    .locales
                    .iter_mut()
                    .filter(|locale| locale.id == from.id)
                {
                    *locale = to.clone().into_locale(locale.id);
                }
            }
            Step::RemoveLocale(gone) => self.locales.retain(|locale| locale.id != gone.id),
            Step::TrashType(_)
            | Step::TrashComponent(_)
            | Step::RestoreType(_)
            | Step::RestoreComponent(_)
            | Step::CreateType(_)
            | Step::CreateComponent(_) => self.apply_to_set(step, next_id),
            Step::RenameType { .. }
            | Step::RenameComponent { .. }
            | Step::ChangeTypeOptions { .. }
            | Step::ChangeComponentOptions { .. }
            | Step::SetDraftAndPublish { .. } => self.apply_to_whole(step),
            _ => self.apply_to_fields(step, next_id),
        }
    }

    fn apply_to_set(&mut self, step: &Step, next_id: &mut dyn FnMut(Kind) -> i64) {
        match step {
            Step::TrashType(gone) => move_out(&mut self.types, &mut self.trash.types, |one| {
                one.id == gone.id
            }),
            Step::RestoreType(back) => move_out(&mut self.trash.types, &mut self.types, |one| {
                one.id == back.id
            }),
            Step::TrashComponent(gone) => {
                move_out(&mut self.components, &mut self.trash.components, |one| {
                    one.id == gone.id
                });
            }
            Step::RestoreComponent(back) => {
                move_out(&mut self.trash.components, &mut self.components, |one| {
                    one.id == back.id
                });
            }
            Step::CreateType(definition) => self.types.push(new_type(definition, next_id)),
            Step::CreateComponent(definition) => {
                self.components.push(new_component(definition, next_id))
            }
            _ => {}
        }
    }

    fn apply_to_whole(&mut self, step: &Step) {
        match step {
            Step::RenameType { from, to, singular } => {
                for content_type in self.types.iter_mut().filter(|one| one.id == from.id) {
                    to.clone_into(&mut content_type.uid);
                    singular.clone_into(&mut content_type.singular);
                }
                self.each_kind(|kind| retarget(kind, &from.uid, to));
            }
            Step::RenameComponent { from, to } => {
                for component in self.components.iter_mut().filter(|one| one.id == from.id) {
                    to.clone_into(&mut component.uid);
                }
                self.each_kind(|kind| rename_component(kind, &from.uid, to));
            }
            Step::ChangeTypeOptions { of, to, .. } => {
                for one in self.types.iter_mut().filter(|one| one.id == of.id) {
                    one.kind = to.kind;
                    one.plural.clone_from(&to.plural);
                    one.display_name.clone_from(&to.display_name);
                    one.populate_creator_fields = to.populate_creator_fields;
                    one.definition.clone_from(&to.definition);
                }
            }
            Step::ChangeComponentOptions { of, to } => {
                for one in self.components.iter_mut().filter(|one| one.id == of.id) {
                    one.display_name.clone_from(&to.display_name);
                    one.definition.clone_from(&to.definition);
                }
            }
            Step::SetDraftAndPublish { of, on } => {
                for one in self.types.iter_mut().filter(|one| one.id == of.id) {
                    one.draft_and_publish = *on;
                }
            }
            _ => {}
        }
    }

    fn apply_to_fields(&mut self, step: &Step, next_id: &mut dyn FnMut(Kind) -> i64) {
        match step {
            Step::TrashField { owner, field } => {
                let Some(fields) = self.fields_mut(owner.id) else {
                    return;
                };
                let Some(at) = fields.iter().position(|one| one.id == field.id) else {
                    return;
                };
                let gone = fields.remove(at);
                self.trash.fields.push((owner.id, gone));
            }
            Step::RestoreField { owner, field } => {
                let trashed = &mut self.trash.fields;
                let Some(at) = trashed.iter().position(|(_, one)| one.id == field.id) else {
                    return;
                };
                let (_, back) = trashed.remove(at);
                if let Some(fields) = self.fields_mut(owner.id) {
                    fields.push(back);
                }
            }
            Step::AddField { owner, field } => {
                let id = FieldId(next_id(Kind::Field));
                if let Some(fields) = self.fields_mut(owner.id) {
                    fields.push((**field).clone().into_field(id));
                }
            }
            Step::RenameField { owner, id, to, .. } => {
                if let Some(field) = self.field_mut(owner, *id) {
                    to.clone_into(&mut field.name);
                }
            }
            Step::ChangeFieldKind { owner, id, to, .. } => {
                if let Some(field) = self.field_mut(owner, *id) {
                    field.kind = to.clone();
                }
            }
            Step::ChangeFieldOptions { owner, id, to, .. } => {
                if let Some(field) = self.field_mut(owner, *id) {
                    let localized = field.localized;
                    *field = FieldDefinition {
                        localized,
                        ..(**to).clone()
                    }
                    .into_field(*id);
                }
            }
            Step::SetLocalized {
                of,
                localized,
                fields,
                ..
            } => self.set_localized(of.id, *localized, fields),
            Step::ReorderFields { owner, order } => {
                if let Some(fields) = self.fields_mut(owner.id) {
                    fields.sort_by_key(|field| order.iter().position(|name| *name == field.name));
                }
            }
            _ => {}
        }
    }

    fn set_localized(&mut self, id: TypeId, localized: bool, changed: &[(FieldId, String, bool)]) {
        for one in self.types.iter_mut().filter(|one| one.id == id) {
            one.localized = localized;
            for field in &mut one.fields {
                if let Some((_, _, on)) = changed.iter().find(|(id, _, _)| *id == field.id) {
                    field.localized = *on;
                }
            }
        }
    }

    /// The type with that id, as it is now.
    pub fn content_type(&self, id: TypeId) -> Option<&ContentType> {
        self.types.iter().find(|one| one.id == id)
    }

    /// A field of a type or component, as it is now.
    pub fn field(&self, owner: OwnerId, id: FieldId) -> Option<&Field> {
        self.fields(owner).iter().find(|field| field.id == id)
    }

    /// Code of the default locale, as it is now.
    pub fn default_locale(&self) -> &str {
        let chosen = self.locales.iter().find(|locale| locale.is_default);
        chosen
            .or(self.locales.first())
            .map_or("en", |locale| &locale.code)
    }

    pub(super) fn fields(&self, owner: OwnerId) -> &[Field] {
        let found = match owner {
            OwnerId::Type(id) => self
                .types
                .iter()
                .find(|one| one.id == id)
                .map(|one| &one.fields),
            OwnerId::Component(id) => self
                .components
                .iter()
                .find(|one| one.id == id)
                .map(|one| &one.fields),
        };
        found.map_or(&[], Vec::as_slice)
    }

    fn fields_mut(&mut self, owner: OwnerId) -> Option<&mut Vec<Field>> {
        match owner {
            OwnerId::Type(id) => self
                .types
                .iter_mut()
                .find(|one| one.id == id)
                .map(|one| &mut one.fields),
            OwnerId::Component(id) => self
                .components
                .iter_mut()
                .find(|one| one.id == id)
                .map(|one| &mut one.fields),
        }
    }

    fn field_mut(&mut self, owner: &Owner, id: FieldId) -> Option<&mut Field> {
        self.fields_mut(owner.id)?
            .iter_mut()
            .find(|field| field.id == id)
    }

    /// Visits the kind of every field there is, the trash included, so that a restored field finds its target.
    fn each_kind(&mut self, mut visit: impl FnMut(&mut FieldKind)) {
        let types = self
            .types
            .iter_mut()
            .chain(&mut self.trash.types)
            .flat_map(|one| &mut one.fields);
        let components = self
            .components
            .iter_mut()
            .chain(&mut self.trash.components)
            .flat_map(|one| &mut one.fields);
        let alone = self.trash.fields.iter_mut().map(|(_, field)| field);
        for field in types.chain(components).chain(alone) {
            visit(&mut field.kind);
        }
    }
}

fn move_out<T>(from: &mut Vec<T>, to: &mut Vec<T>, wanted: impl Fn(&T) -> bool) {
    if let Some(at) = from.iter().position(wanted) {
        to.push(from.remove(at));
    }
}

fn retarget(kind: &mut FieldKind, from: &str, to: &str) {
    if let FieldKind::Relation(relation) = kind
        && relation.target.as_deref() == Some(from)
    {
        relation.target = Some(to.to_owned());
    }
}

fn rename_component(kind: &mut FieldKind, from: &str, to: &str) {
    let uids = match kind {
        FieldKind::Component { component, .. } => std::slice::from_mut(component),
        FieldKind::DynamicZone { components, .. } => components.as_mut_slice(),
        _ => return,
    };
    for uid in uids.iter_mut().filter(|uid| *uid == from) {
        to.clone_into(uid);
    }
}

fn new_fields(definitions: &[FieldDefinition], next_id: &mut dyn FnMut(Kind) -> i64) -> Vec<Field> {
    definitions
        .iter()
        .map(|field| field.clone().into_field(FieldId(next_id(Kind::Field))))
        .collect()
}

fn new_type(definition: &TypeDefinition, next_id: &mut dyn FnMut(Kind) -> i64) -> ContentType {
    ContentType {
        id: TypeId(next_id(Kind::Type)),
        uid: definition.uid.clone(),
        kind: definition.kind,
        singular: definition.singular.clone(),
        plural: definition.plural.clone(),
        display_name: definition.display_name.clone(),
        draft_and_publish: definition.draft_and_publish,
        localized: definition.localized,
        populate_creator_fields: definition.populate_creator_fields,
        fields: new_fields(&definition.fields, next_id),
        definition: definition.definition.clone(),
    }
}

fn new_component(
    definition: &ComponentDefinition,
    next_id: &mut dyn FnMut(Kind) -> i64,
) -> Component {
    Component {
        id: ComponentId(next_id(Kind::Component)),
        uid: definition.uid.clone(),
        display_name: definition.display_name.clone(),
        fields: new_fields(&definition.fields, next_id),
        definition: definition.definition.clone(),
    }
}
