//! The schema: content types, components and locales, and everything that follows from them alone.
//!
//! A [`Schema`] is an immutable snapshot; a change makes a new one with a higher generation. Types,
//! components and fields have ids that never change and are never used again; names are labels.
//! What is read here was checked by [`check`] as one set, so targets, components and target fields exist.
//! The type of files is built in, see [`builtin`].
//!
//! **Knows nothing about** tables, callers, HTTP or entries that exist. Only [`files`] touches the disk.
//! Start reading at [`Schema`], then [`parse`], [`check`] and [`plan`].

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

pub mod blocks;
pub mod builtin;
pub mod check;
pub mod convert;
pub mod definition;
pub mod files;
mod ids;
pub mod iso;
pub mod json_schema;
mod kind;
pub mod layout;
pub mod names;
pub mod parse;
pub mod plan;
pub mod scalar;
mod shown;
pub mod slug;
pub mod store;
pub mod typescript;
pub mod validate;

pub use ids::{ComponentId, FieldId, TypeId};
pub use kind::{
    Condition, FieldKind, MediaKind, OnDelete, Pattern, Range, Relation, RelationKind, SlugOptions,
    TextRules, UidRules,
};
pub use layout::Storage;

/// The largest weight of an attribute in searches.
pub const LARGEST_SEARCH_BOOST: f64 = 100.0;

/// A language content is written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locale {
    /// Number of the locale in storage.
    pub id: i64,
    /// Code as in `?locale=`, such as `en` or `pt-BR`.
    pub code: String,
    /// Name shown to people.
    pub name: String,
    /// Whether requests without a locale mean this one; exactly one locale is the default.
    pub is_default: bool,
    /// Code of the locale read when a document lacks this one.
    pub fallback: Option<String>,
}

/// Whether a type holds many documents or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeKind {
    /// Many documents, served under the plural name.
    Collection,
    /// One document, served under the singular name.
    Single,
}

impl TypeKind {
    /// The word used in schema files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collection => "collectionType",
            Self::Single => "singleType",
        }
    }
}

/// A content type.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentType {
    /// Identity in storage.
    pub id: TypeId,
    /// Name in targets and permissions, such as `api::article.article`.
    pub uid: String,
    /// Collection or single.
    pub kind: TypeKind,
    /// Singular API name in kebab case.
    pub singular: String,
    /// Plural API name in kebab case.
    pub plural: String,
    /// Name shown to people.
    pub display_name: String,
    /// Whether documents have a draft beside the published stage.
    pub draft_and_publish: bool,
    /// Whether documents exist per locale.
    pub localized: bool,
    /// Whether `createdBy` and `updatedBy` may be populated.
    pub populate_creator_fields: bool,
    /// The fields in the order of the file.
    pub fields: Vec<Field>,
    /// Every top-level key of the file except `attributes` and `renamedFrom`, verbatim.
    pub definition: Map<String, Value>,
}

impl ContentType {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field with that id.
    pub fn field_by_id(&self, id: FieldId) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    /// The name under `/api/`: plural of a collection type, singular of a single type.
    pub fn api_name(&self) -> &str {
        match self.kind {
            TypeKind::Collection => &self.plural,
            TypeKind::Single => &self.singular,
        }
    }

    /// Whether `options.privateAttributes` hides this name; the way to hide `createdAt` and its like, which are
    /// no fields.
    pub fn hides(&self, name: &str) -> bool {
        let hidden = self
            .definition
            .get("options")
            .and_then(|options| options.get("privateAttributes"));
        let mut names = hidden.and_then(Value::as_array).into_iter().flatten();
        names.any(|hidden| hidden.as_str() == Some(name))
    }

    /// Whether the type is part of Tympan (`plugin::…`) and has no file in the schema folder.
    pub fn is_built_in(&self) -> bool {
        !self.uid.starts_with("api::")
    }
}

/// A group of fields used inside types and other components.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Identity in storage.
    pub id: ComponentId,
    /// `category.name`, the value of `__component`.
    pub uid: String,
    /// Name shown to people.
    pub display_name: String,
    /// The fields in the order of the file.
    pub fields: Vec<Field>,
    /// Every top-level key of the file except `attributes` and `renamedFrom`, verbatim.
    pub definition: Map<String, Value>,
}

impl Component {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field with that id.
    pub fn field_by_id(&self, id: FieldId) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }
}

/// One attribute of a type or component.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Identity in storage.
    pub id: FieldId,
    /// Name in requests and answers.
    pub name: String,
    /// What it holds, and the rules of that kind.
    pub kind: FieldKind,
    /// Whether publishing needs a value.
    pub required: bool,
    /// Whether no two documents may hold the same value.
    pub unique: bool,
    /// Whether the value never leaves through the delivery API.
    pub private: bool,
    /// Whether each locale has its own value; always false in a type that is not localised and in components.
    pub localized: bool,
    /// Whether `_q` looks into it.
    pub searchable: bool,
    /// Value of a new entry that names none, in canonical form.
    pub default: Option<Value>,
    /// When the field is shown; a hidden field is not required.
    pub condition: Option<Condition>,
    /// The attribute as written in the file, without `renamedFrom`.
    pub definition: Map<String, Value>,
}

/// An immutable snapshot of all types, components and locales.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// Grows by at least one with every change.
    pub generation: i64,
    types: Vec<Arc<ContentType>>,
    components: Vec<Arc<Component>>,
    locales: Vec<Locale>,
    type_by_uid: HashMap<String, usize>,
    type_by_id: HashMap<TypeId, usize>,
    type_by_api_name: HashMap<String, usize>,
    component_by_uid: HashMap<String, usize>,
    component_by_id: HashMap<ComponentId, usize>,
}

impl Schema {
    /// Builds a snapshot and its indexes; the parts must have passed [`check`].
    pub fn new(
        generation: i64,
        types: Vec<ContentType>,
        components: Vec<Component>,
        locales: Vec<Locale>,
    ) -> Self {
        let mut schema = Self {
            generation,
            types: types.into_iter().map(Arc::new).collect(),
            components: components.into_iter().map(Arc::new).collect(),
            locales,
            ..Self::default()
        };
        for (index, content_type) in schema.types.iter().enumerate() {
            schema.type_by_uid.insert(content_type.uid.clone(), index);
            schema.type_by_id.insert(content_type.id, index);
            if !content_type.is_built_in() {
                schema
                    .type_by_api_name
                    .insert(content_type.api_name().to_owned(), index);
            }
        }
        // Short names come second so that they never hide a full uid.
        for (index, content_type) in schema.types.iter().enumerate() {
            if !content_type.is_built_in() {
                schema
                    .type_by_uid
                    .entry(content_type.singular.clone())
                    .or_insert(index);
            }
        }
        for (index, component) in schema.components.iter().enumerate() {
            schema.component_by_uid.insert(component.uid.clone(), index);
            schema.component_by_id.insert(component.id, index);
        }
        schema
    }

    /// All types, built-in ones included.
    pub fn types(&self) -> &[Arc<ContentType>] {
        &self.types
    }

    /// All components.
    pub fn components(&self) -> &[Arc<Component>] {
        &self.components
    }

    /// All locales.
    pub fn locales(&self) -> &[Locale] {
        &self.locales
    }

    /// The locale of that code.
    pub fn locale(&self, code: &str) -> Option<&Locale> {
        self.locales.iter().find(|locale| locale.code == code)
    }

    /// Code of the default locale; `en` when there are no locales yet.
    pub fn default_locale(&self) -> &str {
        let chosen = self.locales.iter().find(|locale| locale.is_default);
        chosen
            .or(self.locales.first())
            .map_or("en", |locale| &locale.code)
    }

    /// The type named `api::article.article` or, for short, `article`.
    pub fn content_type(&self, uid: &str) -> Option<&Arc<ContentType>> {
        self.types.get(*self.type_by_uid.get(uid)?)
    }

    /// The type with that id.
    pub fn content_type_by_id(&self, id: TypeId) -> Option<&Arc<ContentType>> {
        self.types.get(*self.type_by_id.get(&id)?)
    }

    /// The type served as `/api/{name}`; built-in types have their own routes and are not found here.
    pub fn by_api_name(&self, name: &str) -> Option<&Arc<ContentType>> {
        self.types.get(*self.type_by_api_name.get(name)?)
    }

    /// The component named `category.name`.
    pub fn component(&self, uid: &str) -> Option<&Arc<Component>> {
        self.components.get(*self.component_by_uid.get(uid)?)
    }

    /// The component with that id.
    pub fn component_by_id(&self, id: ComponentId) -> Option<&Arc<Component>> {
        self.components.get(*self.component_by_id.get(&id)?)
    }
}
