//! What schema files say: types, components and locales by name, before they have ids.

use std::fmt;

use serde_json::{Map, Value};

use super::{
    Component, Condition, ContentType, Field, FieldId, FieldKind, Locale, Schema, TypeKind,
};

/// Everything a schema folder says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Definitions {
    /// The content types, sorted by uid.
    pub types: Vec<TypeDefinition>,
    /// The components, sorted by uid.
    pub components: Vec<ComponentDefinition>,
    /// The locales in the order of the file; `None` when the folder says nothing about locales.
    pub locales: Option<Vec<LocaleDefinition>>,
}

/// What one type's file says.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeDefinition {
    /// Where it was read, for messages.
    pub file: String,
    /// The singular name it had before, if it was renamed.
    pub renamed_from: Option<String>,
    /// See [`ContentType::uid`].
    pub uid: String,
    /// See [`ContentType::kind`].
    pub kind: TypeKind,
    /// See [`ContentType::singular`].
    pub singular: String,
    /// See [`ContentType::plural`].
    pub plural: String,
    /// See [`ContentType::display_name`].
    pub display_name: String,
    /// See [`ContentType::draft_and_publish`].
    pub draft_and_publish: bool,
    /// See [`ContentType::localized`].
    pub localized: bool,
    /// See [`ContentType::populate_creator_fields`].
    pub populate_creator_fields: bool,
    /// The attributes in the order of the file.
    pub fields: Vec<FieldDefinition>,
    /// See [`ContentType::definition`].
    pub definition: Map<String, Value>,
}

/// What one component's file says.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentDefinition {
    /// Where it was read, for messages.
    pub file: String,
    /// The uid it had before, if it was renamed.
    pub renamed_from: Option<String>,
    /// See [`Component::uid`].
    pub uid: String,
    /// See [`Component::display_name`].
    pub display_name: String,
    /// The attributes in the order of the file.
    pub fields: Vec<FieldDefinition>,
    /// See [`Component::definition`].
    pub definition: Map<String, Value>,
}

/// What one attribute says.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDefinition {
    /// The name it had before, if it was renamed.
    pub renamed_from: Option<String>,
    /// See [`Field::name`].
    pub name: String,
    /// See [`Field::kind`].
    pub kind: FieldKind,
    /// See [`Field::required`].
    pub required: bool,
    /// See [`Field::unique`].
    pub unique: bool,
    /// See [`Field::private`].
    pub private: bool,
    /// See [`Field::localized`].
    pub localized: bool,
    /// See [`Field::searchable`].
    pub searchable: bool,
    /// See [`Field::default`].
    pub default: Option<Value>,
    /// See [`Field::condition`].
    pub condition: Option<Condition>,
    /// See [`Field::definition`].
    pub definition: Map<String, Value>,
}

/// What the locales file says about one locale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocaleDefinition {
    /// See [`Locale::code`].
    pub code: String,
    /// See [`Locale::name`].
    pub name: String,
    /// See [`Locale::is_default`].
    pub is_default: bool,
    /// See [`Locale::fallback`].
    pub fallback: Option<String>,
}

/// One thing that is wrong in a schema folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the folder.
    pub file: String,
    /// The attribute, if one is to blame.
    pub attribute: Option<String>,
    /// The option or rule that was broken, such as `target` or `minLength`.
    pub rule: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(attribute) = &self.attribute {
            write!(f, "attribute `{attribute}`: ")?;
        }
        write!(f, "{}: {}", self.rule, self.message)
    }
}

impl Definitions {
    /// What the files of a schema would say; built-in types have none.
    pub fn of(schema: &Schema) -> Self {
        let mut types: Vec<_> = schema
            .types()
            .iter()
            .filter(|content_type| !content_type.is_built_in())
            .map(|content_type| TypeDefinition::of(content_type))
            .collect();
        let mut components: Vec<_> = schema
            .components()
            .iter()
            .map(|component| ComponentDefinition::of(component))
            .collect();
        types.sort_by(|a, b| a.uid.cmp(&b.uid));
        components.sort_by(|a, b| a.uid.cmp(&b.uid));
        let locales = schema.locales().iter().map(LocaleDefinition::of).collect();
        Self {
            types,
            components,
            locales: Some(locales),
        }
    }

    /// The type of that full uid.
    pub fn content_type(&self, uid: &str) -> Option<&TypeDefinition> {
        self.types.iter().find(|definition| definition.uid == uid)
    }

    /// The component of that uid.
    pub fn component(&self, uid: &str) -> Option<&ComponentDefinition> {
        self.components
            .iter()
            .find(|definition| definition.uid == uid)
    }
}

impl TypeDefinition {
    /// What the file of a type would say.
    pub fn of(content_type: &ContentType) -> Self {
        Self {
            file: super::files::type_file(&content_type.singular),
            renamed_from: None,
            uid: content_type.uid.clone(),
            kind: content_type.kind,
            singular: content_type.singular.clone(),
            plural: content_type.plural.clone(),
            display_name: content_type.display_name.clone(),
            draft_and_publish: content_type.draft_and_publish,
            localized: content_type.localized,
            populate_creator_fields: content_type.populate_creator_fields,
            fields: content_type
                .fields
                .iter()
                .map(FieldDefinition::of)
                .collect(),
            definition: content_type.definition.clone(),
        }
    }

    /// The attribute of that name.
    pub fn field(&self, name: &str) -> Option<&FieldDefinition> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The file's JSON.
    pub fn to_json(&self) -> Value {
        file_json(&self.definition, &self.fields)
    }
}

impl ComponentDefinition {
    /// What the file of a component would say.
    pub fn of(component: &Component) -> Self {
        Self {
            file: super::files::component_file(&component.uid),
            renamed_from: None,
            uid: component.uid.clone(),
            display_name: component.display_name.clone(),
            fields: component.fields.iter().map(FieldDefinition::of).collect(),
            definition: component.definition.clone(),
        }
    }

    /// The attribute of that name.
    pub fn field(&self, name: &str) -> Option<&FieldDefinition> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The file's JSON.
    pub fn to_json(&self) -> Value {
        file_json(&self.definition, &self.fields)
    }
}

impl FieldDefinition {
    /// What the file would say about a field.
    pub fn of(field: &Field) -> Self {
        Self {
            renamed_from: None,
            name: field.name.clone(),
            kind: field.kind.clone(),
            required: field.required,
            unique: field.unique,
            private: field.private,
            localized: field.localized,
            searchable: field.searchable,
            default: field.default.clone(),
            condition: field.condition.clone(),
            definition: field.definition.clone(),
        }
    }

    /// The field with an identity.
    pub fn into_field(self, id: FieldId) -> Field {
        Field {
            id,
            name: self.name,
            kind: self.kind,
            required: self.required,
            unique: self.unique,
            private: self.private,
            localized: self.localized,
            searchable: self.searchable,
            default: self.default,
            condition: self.condition,
            definition: self.definition,
        }
    }
}

impl LocaleDefinition {
    /// What the file would say about a locale.
    pub fn of(locale: &Locale) -> Self {
        Self {
            code: locale.code.clone(),
            name: locale.name.clone(),
            is_default: locale.is_default,
            fallback: locale.fallback.clone(),
        }
    }

    /// The locale with an identity.
    pub fn into_locale(self, id: i64) -> Locale {
        Locale {
            id,
            code: self.code,
            name: self.name,
            is_default: self.is_default,
            fallback: self.fallback,
        }
    }
}

fn file_json(definition: &Map<String, Value>, fields: &[FieldDefinition]) -> Value {
    let attributes: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.clone(), Value::Object(field.definition.clone())))
        .collect();
    let mut json = definition.clone();
    json.insert("attributes".to_owned(), Value::Object(attributes));
    Value::Object(json)
}
