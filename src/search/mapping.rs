//! What of the schema is indexed, and how: made from the schema alone.
//!
//! Every searchable attribute of a type has a field of its own in the index for each stage, so that a search names
//! only what its caller may read, and drafts share no dictionary with what is public. Private attributes and
//! passwords are never in it, neither at the top nor inside components.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::{Deserialize, Serialize};
use tantivy::schema::{
    FAST, INDEXED, IndexRecordOption, Schema as IndexSchema, TextFieldIndexing, TextOptions,
};

use super::places::{DOC, MARK, ROW, SUM, field_name};
use crate::base::Stage;
use crate::schema::{ContentType, Field, FieldKind, LARGEST_SEARCH_BOOST, Schema, TypeId};

/// Grows when what is written into an index changes; older indexes are rebuilt.
const FORMAT: u32 = 1;
/// The name of the tokenizer of texts.
pub(super) const TOKENIZER: &str = "words";
/// Components inside components that are followed.
const DEEPEST: u32 = 8;
/// Names of attributes that name the entry.
const TITLES: [&str; 6] = [
    "title",
    "name",
    "headline",
    "heading",
    "label",
    "displayName",
];

/// How the text of a stored value is found.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// The value is the text.
    Plain,
    /// Markdown or HTML.
    Markup,
    /// Structured rich text.
    Blocks,
    /// Items of components.
    Items(Vec<Part>),
    /// A number, found by its value.
    Number,
}

/// A field inside a component.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) component: i64,
    /// The key in stored items.
    pub(super) key: String,
    pub(super) source: Source,
}

/// An attribute that is indexed.
#[derive(Debug, Clone)]
pub(super) struct Indexed {
    pub(super) id: i64,
    pub(super) localized: bool,
    pub(super) source: Source,
    pub(super) boost: f32,
}

/// What of a type is indexed.
#[derive(Debug, Clone)]
pub(super) struct TypeMapping {
    pub(super) id: TypeId,
    pub(super) localized: bool,
    pub(super) fields: Vec<Indexed>,
    pub(super) stages: &'static [Stage],
}

/// What is indexed of a schema.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) generation: i64,
    pub(super) types: Vec<TypeMapping>,
    pub(super) default_locale: String,
    pub(super) locales: Vec<String>,
    pub(super) kept: Kept,
}

/// What an index was made for; it lies beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    format: u32,
    fingerprint: u64,
    /// By type: each text that may be in the index.
    sources: BTreeMap<i64, BTreeSet<String>>,
}

impl Kept {
    /// Whether nothing of this type lies in the index that a reader of the newer schema may not search.
    pub(super) fn serves(&self, newer: &Self, id: TypeId) -> bool {
        match (self.sources.get(&id.0), newer.sources.get(&id.0)) {
            (Some(old), Some(new)) => old.is_subset(new),
            _ => false,
        }
    }
}

impl Mapping {
    pub(super) fn new(schema: &Schema) -> Self {
        let of_readers = |content_type: &&std::sync::Arc<ContentType>| !content_type.is_built_in();
        let types: Vec<TypeMapping> = schema
            .types()
            .iter()
            .filter(of_readers)
            .map(|content_type| type_mapping(schema, content_type))
            .collect();
        let sources = types.iter().map(|mapping| (mapping.id.0, sources(mapping)));
        let sources: BTreeMap<_, _> = sources.collect();
        let mut hasher = DefaultHasher::new();
        (FORMAT, &sources, schema.default_locale()).hash(&mut hasher);
        for locale in schema.locales() {
            locale.code.hash(&mut hasher);
        }
        Self {
            generation: schema.generation,
            default_locale: schema.default_locale().to_owned(),
            locales: schema
                .locales()
                .iter()
                .map(|locale| locale.code.clone())
                .collect(),
            kept: Kept {
                format: FORMAT,
                fingerprint: hasher.finish(),
                sources,
            },
            types,
        }
    }

    pub(super) fn of_type(&self, id: TypeId) -> Option<&TypeMapping> {
        self.types.iter().find(|mapping| mapping.id == id)
    }

    /// The schema of the index.
    pub(super) fn index_schema(&self) -> IndexSchema {
        let mut builder = IndexSchema::builder();
        builder.add_u64_field(DOC, INDEXED | FAST);
        builder.add_u64_field(ROW, FAST);
        builder.add_u64_field(SUM, FAST);
        let raw = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic);
        builder.add_text_field(MARK, TextOptions::default().set_indexing_options(raw));
        let words = TextFieldIndexing::default()
            .set_tokenizer(TOKENIZER)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let words = TextOptions::default().set_indexing_options(words);
        for mapping in &self.types {
            for field in mapping
                .fields
                .iter()
                .filter(|field| field.source != Source::Number)
            {
                for stage in mapping.stages {
                    builder.add_text_field(&field_name(*stage, field.id), words.clone());
                }
            }
        }
        builder.build()
    }
}

fn type_mapping(schema: &Schema, content_type: &ContentType) -> TypeMapping {
    let mut fields = Vec::new();
    let mut named = false;
    for field in &content_type.fields {
        let Some(source) = source(schema, field, 0) else {
            continue;
        };
        let is_string = matches!(field.kind, FieldKind::String(_));
        let is_title = is_string && !named;
        named |= is_string;
        fields.push(Indexed {
            id: field.id.0,
            localized: field.localized,
            boost: boost(field, is_title),
            source,
        });
    }
    TypeMapping {
        id: content_type.id,
        localized: content_type.localized,
        stages: content_type.stages(),
        fields,
    }
}

/// How the text of a field is found; none if it is not searched.
fn source(schema: &Schema, field: &Field, depth: u32) -> Option<Source> {
    if field.private || !field.searchable || depth > DEEPEST {
        return None;
    }
    match &field.kind {
        FieldKind::String(_)
        | FieldKind::Text(_)
        | FieldKind::Email(_)
        | FieldKind::Uid(_)
        | FieldKind::Enumeration { .. } => Some(Source::Plain),
        FieldKind::RichText(_) => Some(Source::Markup),
        FieldKind::Blocks => Some(Source::Blocks),
        FieldKind::Integer(_)
        | FieldKind::BigInteger(_)
        | FieldKind::Float(_)
        | FieldKind::Decimal(_)
            if depth == 0 =>
        {
            Some(Source::Number)
        }
        FieldKind::Component { component, .. } => items(schema, [component], depth),
        FieldKind::DynamicZone { components, .. } => items(schema, components, depth),
        _ => None,
    }
}

fn items<'a>(
    schema: &Schema,
    components: impl IntoIterator<Item = &'a String>,
    depth: u32,
) -> Option<Source> {
    let mut parts = Vec::new();
    for uid in components {
        let Some(component) = schema.component(uid) else {
            continue;
        };
        parts.extend(component.fields.iter().filter_map(|field| {
            Some(Part {
                component: component.id.0,
                key: field.column(),
                source: source(schema, field, depth + 1)?,
            })
        }));
    }
    (!parts.is_empty()).then_some(Source::Items(parts))
}

/// How much a hit in this field counts: as the schema says, or by what such fields usually hold.
fn boost(field: &Field, is_title: bool) -> f32 {
    let asked = field
        .definition
        .get("search")
        .and_then(|search| search.get("boost"))
        .and_then(serde_json::Value::as_f64);
    if let Some(asked) = asked {
        #[expect(clippy::cast_possible_truncation, reason = "a weight needs no digits")]
        return asked.clamp(0.0, LARGEST_SEARCH_BOOST) as f32;
    }
    let named = TITLES.contains(&field.name.as_str());
    match field.kind {
        FieldKind::String(_) if is_title || named => 4.0,
        FieldKind::String(_) | FieldKind::Uid(_) => 2.0,
        FieldKind::Text(_) | FieldKind::Email(_) => 1.5,
        _ => 1.0,
    }
}

/// Every text of a type that may be in the index.
fn sources(mapping: &TypeMapping) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    found.insert(format!("localized={}", mapping.localized));
    found.insert(format!("stages={}", mapping.stages.len()));
    for field in &mapping.fields {
        collect(&mut found, &field.id.to_string(), &field.source);
    }
    found
}

fn collect(found: &mut BTreeSet<String>, path: &str, source: &Source) {
    let word = match source {
        Source::Plain => "plain",
        Source::Markup => "markup",
        Source::Blocks => "blocks",
        Source::Number => "number",
        Source::Items(parts) => {
            for part in parts {
                let path = format!("{path}/{}.{}", part.component, part.key);
                collect(found, &path, &part.source);
            }
            return;
        }
    };
    found.insert(format!("{path}:{word}"));
}
