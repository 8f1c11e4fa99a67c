//! Reads a row without building it: what identifies it, its components, and a fingerprint.
//!
//! Two rows with equal fingerprints have the same content; ids and timestamps are not part of it.
//! Nesting is bounded here, so that building the row later cannot fail on it.
use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hasher};

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::entity::Text;
use super::hashed::{Hashed, deeper};
use super::models::{AttributeKind, Model, ModelKind, Models};

/// What is remembered of a row.
#[derive(Debug, Default)]
pub(super) struct RowOutline {
    pub(super) document_id: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) published: bool,
    pub(super) fingerprint: u64,
    /// Components that may own links: model and row id.
    pub(super) components: Vec<(u16, u64)>,
    /// Keys that the schema does not know.
    pub(super) unknown: HashMap<String, u64>,
    /// Password hashes, which are not imported.
    pub(super) passwords: u64,
}

/// Reads the `data` of an entity line.
pub(super) fn outline(
    models: &Models,
    model: &Model,
    data: &RawValue,
) -> serde_json::Result<RowOutline> {
    let mut state = State {
        models,
        hasher: DefaultHasher::new(),
        row: RowOutline::default(),
    };
    let mut deserializer = serde_json::Deserializer::from_str(data.get());
    Fields {
        model,
        depth: 0,
        state: &mut state,
    }
    .deserialize(&mut deserializer)?;
    let mut row = state.row;
    row.fingerprint = state.hasher.finish();
    Ok(row)
}

struct State<'m> {
    models: &'m Models,
    hasher: DefaultHasher,
    row: RowOutline,
}

/// The fields of a row, or of a component in it.
struct Fields<'a, 'm> {
    model: &'m Model,
    depth: u8,
    state: &'a mut State<'m>,
}

impl<'de> DeserializeSeed<'de> for Fields<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "the fields of {}", self.model.uid)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = deeper(self.depth)?;
        let (model, state) = (self.model, self.state);
        while let Some(Text(key)) = map.next_key()? {
            let Some((number, attribute)) = model.attribute(&key) else {
                implicit(model, state, &key, &mut map)?;
                continue;
            };
            state.hasher.write_u16(number);
            match &attribute.kind {
                AttributeKind::Value | AttributeKind::Link { .. } => {
                    map.next_value_seed(Hashed {
                        depth,
                        hasher: &mut state.hasher,
                    })?;
                }
                AttributeKind::LeftOut => drop(map.next_value::<IgnoredAny>()?),
                AttributeKind::Password => {
                    let password: Option<IgnoredAny> = map.next_value()?;
                    state.row.passwords += u64::from(password.is_some());
                }
                AttributeKind::Component(uid) => {
                    let model = state.models.get(uid);
                    map.next_value_seed(Items {
                        model,
                        zone: false,
                        depth,
                        state,
                    })?;
                }
                AttributeKind::Zone => {
                    map.next_value_seed(Items {
                        model: None,
                        zone: true,
                        depth,
                        state,
                    })?;
                }
            }
        }
        state.hasher.write_u8(b'}');
        Ok(())
    }
}

fn implicit<'de, A: MapAccess<'de>>(
    model: &Model,
    state: &mut State,
    key: &str,
    map: &mut A,
) -> Result<(), A::Error> {
    let row = &mut state.row;
    match (model.kind, key) {
        (ModelKind::Component, "id") => {
            let id: u64 = map.next_value()?;
            if model.has_links() {
                row.components.push((model.number, id));
            }
        }
        (ModelKind::Component, "__component") => drop(map.next_value::<IgnoredAny>()?),
        (ModelKind::Component, _) => unknown(model, row, key, map)?,
        (_, "documentId") => row.document_id = map.next_value()?,
        (_, "locale") => row.locale = map.next_value()?,
        (_, "publishedAt") => row.published = map.next_value::<Option<IgnoredAny>>()?.is_some(),
        _ => unknown(model, row, key, map)?,
    }
    Ok(())
}

fn unknown<'de, A: MapAccess<'de>>(
    model: &Model,
    row: &mut RowOutline,
    key: &str,
    map: &mut A,
) -> Result<(), A::Error> {
    let value: Option<IgnoredAny> = map.next_value()?;
    if value.is_some() && !model.is_implicit(key) {
        *row.unknown
            .entry(format!("{} {key}", model.uid))
            .or_default() += 1;
    }
    Ok(())
}

/// A component, a list of them, or a dynamic zone.
struct Items<'a, 'm> {
    model: Option<&'m Model>,
    zone: bool,
    depth: u8,
    state: &'a mut State<'m>,
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a component or a list of components whose schema is in the archive")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.state.hasher.write_u8(b'n');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Self {
            model: Some(model),
            depth,
            state,
            ..
        } = self
        else {
            return Err(A::Error::custom("a component of unknown type"));
        };
        state.hasher.write_u8(b'{');
        Fields {
            model,
            depth,
            state,
        }
        .visit_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self {
            model,
            zone,
            depth,
            state,
        } = self;
        let depth = deeper(depth)?;
        state.hasher.write_u8(b'[');
        if zone {
            while let Some(item) = seq.next_element::<&RawValue>()? {
                zone_item(item, depth, state).map_err(A::Error::custom)?;
            }
        } else {
            while seq
                .next_element_seed(Item {
                    model,
                    depth,
                    state,
                })?
                .is_some()
            {}
        }
        state.hasher.write_u8(b']');
        Ok(())
    }
}

/// The type of a zone's item may come after its fields, so it is looked up first.
fn zone_item(item: &RawValue, depth: u8, state: &mut State) -> serde_json::Result<()> {
    #[derive(Deserialize)]
    struct Type<'a> {
        #[serde(rename = "__component", borrow)]
        component: Text<'a>,
    }
    let Type {
        component: Text(component),
    } = serde_json::from_str(item.get())?;
    let Some(model) = state.models.get(&component) else {
        return Err(serde_json::Error::custom(format!(
            "component {component} has no schema"
        )));
    };
    state.hasher.write_u16(model.number);
    let mut deserializer = serde_json::Deserializer::from_str(item.get());
    Fields {
        model,
        depth,
        state,
    }
    .deserialize(&mut deserializer)
}

/// One item of a repeatable component.
struct Item<'a, 'm> {
    model: Option<&'m Model>,
    depth: u8,
    state: &'a mut State<'m>,
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self {
            model,
            depth,
            state,
        } = self;
        let Some(model) = model else {
            return Err(D::Error::custom("a component of unknown type"));
        };
        Fields {
            model,
            depth,
            state,
        }
        .deserialize(deserializer)
    }
}
