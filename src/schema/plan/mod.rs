//! From the schema that is to the schema that is wanted: steps in an order that is always legal.
//!
//! [`plan`] is a pure function. A step names what exists by its id and what is new by its definition, so that
//! whoever carries the steps out looks nothing up. [`Working`] carries them out on a schema in memory; the
//! same walk beside the database gives the snapshot to publish when the transaction commits. Planning what was
//! just applied gives no steps.
//!
//! A rename is told in the file by `"renamedFrom"`, the old name; it means nothing once the old name is gone.
//! What is dropped goes to the trash; the same name and kind brings it back with its values.
//!
//! **Knows nothing about** tables and rows; [`Step::count`] says which number is worth fetching for people.

use serde_json::Value;

use super::definition::{
    ComponentDefinition, Definitions, FieldDefinition, LocaleDefinition, TypeDefinition,
};
use super::{
    Component, ComponentId, ContentType, Field, FieldId, FieldKind, Locale, Schema, TypeId,
};

mod describe;
mod diff;
mod fields;
mod hints;
mod locales;
#[cfg(test)]
mod tests;
mod working;

pub use working::{Kind, Working};

/// What was dropped and can be restored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trash {
    /// Types with their fields.
    pub types: Vec<ContentType>,
    /// Components with their fields.
    pub components: Vec<Component>,
    /// Fields of types and components that are still there or in the trash themselves.
    pub fields: Vec<(OwnerId, Field)>,
}

/// Whose field it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnerId {
    /// A content type.
    Type(TypeId),
    /// A component.
    Component(ComponentId),
}

/// Whose field it is, with the name it has when the step's turn comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Identity.
    pub id: OwnerId,
    /// Uid, for messages.
    pub uid: String,
}

/// The steps from one schema to another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What is to be done, in this order.
    pub steps: Vec<Step>,
    /// Lines that tell how a drop and an addition could be one rename.
    pub hints: Vec<String>,
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// One change of the schema.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a plan holds few steps, and not for long"
)]
pub enum Step {
    /// A locale appears.
    AddLocale(LocaleDefinition),
    /// A locale's name, fallback or being the default changes.
    ChangeLocale {
        /// As it is.
        from: Locale,
        /// As it will be.
        to: LocaleDefinition,
    },
    /// A type goes to the trash with its documents.
    TrashType(TypeRef),
    /// A component goes to the trash.
    TrashComponent(ComponentRef),
    /// A type gets another singular name and uid.
    RenameType {
        /// The type under its old name.
        from: TypeRef,
        /// The new uid.
        to: String,
        /// The new singular name.
        singular: String,
    },
    /// A component gets another uid.
    RenameComponent {
        /// The component under its old name.
        from: ComponentRef,
        /// The new uid.
        to: String,
    },
    /// A type comes back from the trash with its fields and documents.
    RestoreType(TypeRef),
    /// A component comes back from the trash with its fields.
    RestoreComponent(ComponentRef),
    /// A component appears, with all its fields.
    CreateComponent(Box<ComponentDefinition>),
    /// A type appears, with all its fields.
    CreateType(Box<TypeDefinition>),
    /// Names, kind or options of a type change; nothing about storage, localisation or drafts.
    ChangeTypeOptions {
        /// The type.
        of: TypeRef,
        /// As it will be; its fields are left out.
        to: Box<TypeDefinition>,
        /// Whether it was a collection and becomes single.
        becomes_single: bool,
    },
    /// Names or options of a component change.
    ChangeComponentOptions {
        /// The component.
        of: ComponentRef,
        /// As it will be; its fields are left out.
        to: Box<ComponentDefinition>,
    },
    /// A field goes to the trash with its values.
    TrashField {
        /// Whose it is.
        owner: Owner,
        /// The field as it is.
        field: Box<Field>,
    },
    /// A field gets another name.
    RenameField {
        /// Whose it is.
        owner: Owner,
        /// The field.
        id: FieldId,
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// A field comes back from the trash with its values.
    RestoreField {
        /// Whose it is.
        owner: Owner,
        /// The field as it was.
        field: Box<Field>,
    },
    /// Values become values of another kind, or of the same kind with less room.
    ChangeFieldKind {
        /// Whose it is.
        owner: Owner,
        /// The field.
        id: FieldId,
        /// Its name.
        name: String,
        /// The kind of the stored values.
        from: FieldKind,
        /// The kind they get.
        to: FieldKind,
    },
    /// A type becomes localised or not, and values move between the document's row and the rows per locale.
    SetLocalized {
        /// The type.
        of: TypeRef,
        /// Whether the type is localised afterwards.
        localized: bool,
        /// Whether it changes in that.
        changes_type: bool,
        /// The fields that change, and whether they are localised afterwards.
        fields: Vec<(FieldId, String, bool)>,
    },
    /// Rules and options of a field change; stored values stay as they are.
    ChangeFieldOptions {
        /// Whose it is.
        owner: Owner,
        /// The field.
        id: FieldId,
        /// As it will be.
        to: Box<FieldDefinition>,
        /// Whether it was not unique and becomes so.
        becomes_unique: bool,
    },
    /// A field appears.
    AddField {
        /// Whose it is.
        owner: Owner,
        /// The field.
        field: Box<FieldDefinition>,
    },
    /// The order of fields changes, for people only.
    ReorderFields {
        /// Whose they are.
        owner: Owner,
        /// All names in the new order.
        order: Vec<String>,
    },
    /// A type gets drafts, or loses them.
    SetDraftAndPublish {
        /// The type.
        of: TypeRef,
        /// Whether it has drafts afterwards.
        on: bool,
    },
    /// A locale goes, with everything written in it.
    RemoveLocale(Locale),
}

/// A type that exists, or lies in the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeRef {
    /// Identity.
    pub id: TypeId,
    /// Uid when the step's turn comes.
    pub uid: String,
}

/// A component that exists, or lies in the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentRef {
    /// Identity.
    pub id: ComponentId,
    /// Uid when the step's turn comes.
    pub uid: String,
}

/// What a step means for values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Every value stays.
    Safe,
    /// Values that do not fit the new kind or rule stand in the way or are cleared.
    MayNotConvert,
    /// Values go to the trash or are gone.
    LosesValues,
}

/// A number to fetch so that people see what a step would do.
#[derive(Debug, Clone, PartialEq)]
pub enum Count {
    /// Documents of a type.
    Documents(TypeId),
    /// Documents of a type beyond the first.
    DocumentsBeyondOne(TypeId),
    /// Documents of a type whose draft differs from what is published, or was never published.
    Drafts(TypeId),
    /// Values, links or items a field holds.
    Values(OwnerId, FieldId),
    /// Values of a field that [`super::convert::convert`] to this kind refuses.
    NotConverting(OwnerId, FieldId, Box<FieldKind>),
    /// Links or items of a field that this kind has no room for.
    BeyondOne(OwnerId, FieldId, Box<FieldKind>),
    /// Items of a dynamic zone whose component is none of these.
    ItemsNotOf(OwnerId, FieldId, Vec<String>),
    /// Values of a field that occur more than once.
    Duplicates(OwnerId, FieldId),
    /// Values of a field in locales other than the default one.
    ValuesInOtherLocales(TypeId, FieldId),
    /// Rows of documents in a locale.
    LocaleRows(i64),
}

/// Finds the steps from the current schema to the wanted one.
pub fn plan(current: &Schema, trash: &Trash, wanted: &Definitions) -> Plan {
    diff::plan(current, trash, wanted)
}

/// A short rendering of a default for lines shown to people.
fn shown(value: &Value) -> String {
    super::scalar::shown(value)
}
