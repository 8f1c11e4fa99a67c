//! The schemas of an archive: as definitions to be applied, and as models to read rows by.
//!
//! Kept are the project's own types and its components. Of their attributes, those that Strapi adds
//! to every type and relations to types that are not kept are left out.
use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use super::FILE_UID;
use crate::imports::report::ImportReport;

/// Attributes that every type has without its schema saying so.
const IMPLICIT: [&str; 10] = [
    "id",
    "documentId",
    "createdAt",
    "updatedAt",
    "publishedAt",
    "firstPublishedAt",
    "createdBy",
    "updatedBy",
    "locale",
    "localizations",
];
/// Keys of a schema that the vocabulary of schema files knows.
const KEPT_KEYS: [&str; 6] = [
    "kind",
    "collectionName",
    "info",
    "options",
    "pluginOptions",
    "attributes",
];

/// One content type or component, as its schema file would say it.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// `api::article.article` or `shared.seo`.
    pub uid: String,
    /// The content of the schema file.
    pub definition: Map<String, Value>,
}

/// What a type is to the import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModelKind {
    Type,
    Component,
    File,
    LeftOut,
}

/// How the values of an attribute are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AttributeKind {
    Value,
    Password,
    Component(String),
    Zone,
    Link {
        many: bool,
        mapped_by: Option<String>,
    },
    LeftOut,
}

#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) kind: AttributeKind,
}

/// A type as the reader of rows and links needs it.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) number: u16,
    pub(super) uid: String,
    pub(super) kind: ModelKind,
    pub(super) draft_and_publish: bool,
    pub(super) localized: bool,
    pub(super) attributes: Vec<Attribute>,
    by_name: HashMap<String, u16>,
}

impl Model {
    pub(super) fn attribute(&self, name: &str) -> Option<(u16, &Attribute)> {
        let number = *self.by_name.get(name)?;
        Some((number, self.attributes.get(usize::from(number))?))
    }

    /// Is true for types whose rows become records.
    pub(super) fn has_records(&self) -> bool {
        matches!(self.kind, ModelKind::Type | ModelKind::File)
    }

    /// Is true for keys of a row that are no attributes.
    pub(super) fn is_implicit(&self, key: &str) -> bool {
        if self.kind == ModelKind::Component {
            key == "id"
        } else {
            IMPLICIT.contains(&key)
        }
    }

    pub(super) fn has_links(&self) -> bool {
        self.attributes
            .iter()
            .any(|a| matches!(a.kind, AttributeKind::Link { .. }))
    }
}

/// All types of an archive.
#[derive(Debug, Default)]
pub(super) struct Models {
    all: Vec<Model>,
    by_uid: HashMap<String, u16>,
}

impl Models {
    pub(super) fn get(&self, uid: &str) -> Option<&Model> {
        self.by_number(*self.by_uid.get(uid)?)
    }

    pub(super) fn by_number(&self, number: u16) -> Option<&Model> {
        self.all.get(usize::from(number))
    }

    fn insert(&mut self, uid: &str, schema: &Map<String, Value>, kept: &HashSet<String>) {
        let Ok(number) = u16::try_from(self.all.len()) else {
            return;
        };
        let kind = kind_of(uid, schema);
        let flag = |pointer: &[&str]| {
            let mut value = schema.get(*pointer.first()?)?;
            for key in pointer.get(1..)? {
                value = value.get(key)?;
            }
            value.as_bool()
        };
        let attributes: Vec<Attribute> = own_attributes(uid, kind, schema)
            .map(|(name, attribute)| Attribute {
                name: name.clone(),
                kind: attribute_kind(attribute, kept),
            })
            .collect();
        let by_name = (0u16..)
            .zip(&attributes)
            .map(|(n, a)| (a.name.clone(), n))
            .collect();
        self.by_uid.insert(uid.to_owned(), number);
        self.all.push(Model {
            number,
            uid: uid.to_owned(),
            kind,
            draft_and_publish: flag(&["options", "draftAndPublish"]).unwrap_or_default(),
            localized: flag(&["pluginOptions", "i18n", "localized"]).unwrap_or_default(),
            attributes,
            by_name,
        });
    }
}

/// Turns the schema lines into definitions to apply and models to read by.
pub(super) fn read_schemas(
    schemas: &BTreeMap<String, Map<String, Value>>,
    report: &mut ImportReport,
) -> (Vec<Definition>, Models) {
    let kept: HashSet<String> = schemas
        .iter()
        .filter(|(uid, schema)| matches!(kind_of(uid, schema), ModelKind::Type | ModelKind::File))
        .map(|(uid, _)| uid.clone())
        .chain([FILE_UID.to_owned()])
        .collect();
    let mut definitions = Vec::new();
    let mut models = Models::default();
    for (uid, schema) in schemas {
        models.insert(uid, schema, &kept);
        match kind_of(uid, schema) {
            ModelKind::Type | ModelKind::Component => {
                definitions.push(definition(uid, schema, &kept, report));
            }
            ModelKind::LeftOut => {
                report.add(
                    "types of Strapi itself and of plugins, not imported",
                    || uid.clone(),
                );
            }
            ModelKind::File => {}
        }
    }
    (definitions, models)
}

fn definition(
    uid: &str,
    schema: &Map<String, Value>,
    kept: &HashSet<String>,
    report: &mut ImportReport,
) -> Definition {
    let mut attributes = Map::new();
    for (name, attribute) in own_attributes(uid, kind_of(uid, schema), schema) {
        if attribute_kind(attribute, kept) != AttributeKind::LeftOut {
            attributes.insert(name.clone(), attribute.clone());
        } else if !name.starts_with("strapi_") {
            report.add("relations to types that are not imported, left out", || {
                let target = attribute
                    .get("target")
                    .and_then(Value::as_str)
                    .unwrap_or("?");
                format!("{uid} {name} → {target}")
            });
        }
    }
    let mut definition = Map::new();
    for key in KEPT_KEYS {
        if key == "attributes" {
            definition.insert(
                key.to_owned(),
                Value::Object(std::mem::take(&mut attributes)),
            );
        } else if let Some(value) = schema.get(key) {
            definition.insert(key.to_owned(), value.clone());
        }
    }
    Definition {
        uid: uid.to_owned(),
        definition,
    }
}

fn kind_of(uid: &str, schema: &Map<String, Value>) -> ModelKind {
    let component = schema.get("modelType").and_then(Value::as_str) == Some("component");
    if component && !uid.contains("::") {
        ModelKind::Component
    } else if uid.starts_with("api::") {
        ModelKind::Type
    } else if uid == FILE_UID {
        ModelKind::File
    } else {
        ModelKind::LeftOut
    }
}

fn own_attributes<'s>(
    uid: &'s str,
    kind: ModelKind,
    schema: &'s Map<String, Value>,
) -> impl Iterator<Item = (&'s String, &'s Value)> {
    let attributes = schema
        .get("attributes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    attributes.filter(move |(name, _)| match kind {
        ModelKind::Component => name.as_str() != "id",
        // The other side of media fields, and the folder, are read apart.
        ModelKind::File => {
            !IMPLICIT.contains(&name.as_str())
                && uid == FILE_UID
                && !["related", "folder"].contains(&name.as_str())
        }
        _ => !IMPLICIT.contains(&name.as_str()),
    })
}

fn attribute_kind(attribute: &Value, kept: &HashSet<String>) -> AttributeKind {
    let text = |key: &str| attribute.get(key).and_then(Value::as_str);
    match text("type") {
        Some("password") => AttributeKind::Password,
        Some("component") => AttributeKind::Component(text("component").unwrap_or("").to_owned()),
        Some("dynamiczone") => AttributeKind::Zone,
        Some("media") => AttributeKind::Link {
            many: attribute
                .get("multiple")
                .and_then(Value::as_bool)
                .unwrap_or_default(),
            mapped_by: None,
        },
        Some("relation") => match text("target") {
            Some(target) if !kept.contains(target) => AttributeKind::LeftOut,
            _ => AttributeKind::Link {
                many: text("relation").is_some_and(|relation| {
                    relation.ends_with("ToMany") || relation == "morphMany"
                }),
                mapped_by: text("mappedBy")
                    .or_else(|| text("morphBy"))
                    .map(str::to_owned),
            },
        },
        _ => AttributeKind::Value,
    }
}
