//! From a row to a record: values as a write takes them, links at the paths of their fields.
use serde_json::{Map, Value};

use super::entity::EntityLine;
use super::index::{Fate, Row};
use super::links::Link;
use super::models::{AttributeKind, Model, ModelKind};
use super::source::StrapiArchive;
use crate::imports::record::{ImportLink, ImportRecord, ImportStage, ImportTarget, PathStep};

/// Builds the record of a row.
pub(super) fn record(
    archive: &StrapiArchive,
    model: &Model,
    row: &Row,
    entity: &EntityLine,
) -> serde_json::Result<ImportRecord> {
    let mut data: Map<String, Value> = serde_json::from_str(entity.data.get())?;
    let mut text = |key: &str| match data.get_mut(key).map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (created_at, updated_at) = (text("createdAt"), text("updatedAt"));
    let published_at = text("publishedAt").filter(|_| row.published);
    let mut folding = Folding {
        archive,
        relations: Vec::new(),
        path: Vec::new(),
    };
    let mut values = folding.fields(model, row.id, data);
    if model.kind == ModelKind::File {
        archive.name_folder(row.id, &mut values);
    }
    let stage = match (row.fate, row.published) {
        (Fate::Both, _) => ImportStage::Both,
        (_, true) => ImportStage::Published,
        (_, false) => ImportStage::Draft,
    };
    Ok(ImportRecord {
        content_type: model.uid.clone(),
        document_id: archive.document_id(u64::from(row.document)),
        locale: archive.locale_of(row).map(str::to_owned),
        stage,
        values,
        relations: folding.relations,
        created_at,
        updated_at,
        published_at,
    })
}

/// Folds the rows of components, and the links of all of them, into one record.
struct Folding<'a> {
    archive: &'a StrapiArchive,
    relations: Vec<ImportLink>,
    path: Vec<PathStep>,
}

impl Folding<'_> {
    fn fields(&mut self, model: &Model, row: u64, data: Map<String, Value>) -> Map<String, Value> {
        self.links(model, self.archive.links().of(model.number, row));
        let mut values = Map::with_capacity(data.len());
        for (key, value) in data {
            let Some((_, attribute)) = model.attribute(&key) else {
                continue;
            };
            let value = match &attribute.kind {
                AttributeKind::Value => value,
                AttributeKind::Component(uid) => {
                    let inner = self.archive.model(uid);
                    self.within(PathStep::Field(key.clone()), |f| f.component(inner, value))
                }
                AttributeKind::Zone => {
                    self.within(PathStep::Field(key.clone()), |f| f.component(None, value))
                }
                AttributeKind::Password | AttributeKind::Link { .. } | AttributeKind::LeftOut => {
                    continue;
                }
            };
            values.insert(key, value);
        }
        values
    }

    fn within<T>(&mut self, step: PathStep, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = read(self);
        self.path.pop();
        result
    }

    /// A component, or a list of them; those of a dynamic zone say themselves what they are.
    fn component(&mut self, model: Option<&Model>, value: Value) -> Value {
        match value {
            Value::Array(items) => {
                let items = items.into_iter().enumerate();
                let fold = |(place, item)| {
                    self.within(PathStep::Item(place), |folding| {
                        folding.component(model, item)
                    })
                };
                Value::Array(items.map(fold).collect())
            }
            Value::Object(data) => {
                let named = data
                    .get("__component")
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                let zone_model = named.as_deref().and_then(|uid| self.archive.model(uid));
                let Some(inner) = model.or(zone_model) else {
                    return Value::Null;
                };
                let id = data.get("id").and_then(Value::as_u64).unwrap_or_default();
                let mut values = self.fields(inner, id, data);
                if let Some(uid) = named.filter(|_| model.is_none()) {
                    values.insert("__component".to_owned(), Value::String(uid));
                }
                Value::Object(values)
            }
            _ => Value::Null,
        }
    }

    fn links(&mut self, model: &Model, links: &[Link]) {
        for group in links.chunk_by(|a, b| a.field == b.field) {
            let Some(field) = group.first() else { continue };
            let Some(attribute) = model.attributes.get(usize::from(field.field)) else {
                continue;
            };
            let mut path = self.path.clone();
            path.push(PathStep::Field(attribute.name.clone()));
            let targets = group.iter().map(|link| ImportTarget {
                document_id: self.archive.document_id(link.target),
                back_position: (!link.back_position.is_nan()).then_some(link.back_position),
            });
            self.relations.push(ImportLink {
                path,
                targets: targets.collect(),
            });
        }
    }
}

/// Reads a second time and meets something else: the file was replaced meanwhile.
pub(super) const CHANGED: &str = "the archive changed while it was read; import it again";
