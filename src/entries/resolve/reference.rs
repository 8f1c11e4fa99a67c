//! How a write names documents: `"id"`, `5`, `{"documentId": …, "position": …}`, lists of them, `set`,
//! `connect` and `disconnect` (`rest-contract`: relations in writes).

use serde_json::{Map, Value as Json};

use crate::base::ids::is_document_id;
use crate::entries::links::{LinkChange, Place};

/// Documents one list of links may name in one write.
const MOST_REFERENCES: usize = 10_000;

/// A document as named by a client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Reference {
    /// By identity.
    Document(String),
    /// By the numeric id of a row.
    Number(i64),
    /// By the numeric id of a row of this type, in polymorphic relations.
    NumberOf(String, i64),
}

/// A reference that must be looked up.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'s> {
    /// The uid of the type it must be of; none for polymorphic relations.
    pub(super) target: Option<&'s str>,
    pub(super) reference: Reference,
}

/// A change of a list of links in terms of references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Set(Vec<Reference>),
    Patch {
        disconnect: Vec<Reference>,
        connect: Vec<(Reference, Position)>,
    },
}

/// Where a connected document goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position {
    Start,
    End,
    Before(Reference),
    After(Reference),
}

impl Change {
    /// The references to look up.
    pub(super) fn references(&self) -> Box<dyn Iterator<Item = &Reference> + '_> {
        match self {
            Self::Set(references) => Box::new(references.iter()),
            Self::Patch {
                disconnect,
                connect,
            } => {
                let anchors = connect.iter().filter_map(|(_, position)| match position {
                    Position::Before(anchor) | Position::After(anchor) => Some(anchor),
                    _ => None,
                });
                let connected = connect.iter().map(|(reference, _)| reference);
                Box::new(disconnect.iter().chain(connected).chain(anchors))
            }
        }
    }

    /// The same with numbers: `doc` finds what is linked, `beside` what others are placed beside, `past` what is
    /// disconnected; the latter two need not exist any more.
    pub(super) fn resolve(
        &self,
        mut doc: impl FnMut(&Reference) -> Option<i64>,
        mut beside: impl FnMut(&Reference) -> Option<i64>,
        past: impl Fn(&Reference) -> Option<i64>,
    ) -> LinkChange {
        match self {
            Self::Set(references) => LinkChange::Set(references.iter().filter_map(doc).collect()),
            Self::Patch {
                disconnect,
                connect,
            } => {
                let connect = connect
                    .iter()
                    .filter_map(|(reference, position)| {
                        let place = match position {
                            Position::Start => Place::Start,
                            Position::End => Place::End,
                            Position::Before(anchor) => {
                                beside(anchor).map_or(Place::End, Place::Before)
                            }
                            Position::After(anchor) => {
                                beside(anchor).map_or(Place::End, Place::After)
                            }
                        };
                        Some((doc(reference)?, place))
                    })
                    .collect();
                let disconnect = disconnect.iter().filter_map(past).collect();
                LinkChange::Patch {
                    disconnect,
                    connect,
                }
            }
        }
    }
}

/// Reads what a client wrote into a relation or media field.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn parse(json: &Json) -> Result<Change, String> {
    match json {
        Json::Object(object) if is_operation(object) => operation(object),
        // Neither set nor connected nor disconnected: as it was.
        Json::Object(object) if object.is_empty() => Ok(Change::Patch {
            disconnect: Vec::new(),
            connect: Vec::new(),
        }),
        other => Ok(Change::Set(references(other)?)),
    }
}

fn is_operation(object: &Map<String, Json>) -> bool {
    ["set", "connect", "disconnect"]
        .iter()
        .any(|key| object.contains_key(*key))
}

fn operation(object: &Map<String, Json>) -> Result<Change, String> {
    if let Some(key) = object
        .keys()
        .find(|key| !["set", "connect", "disconnect", "options"].contains(&key.as_str()))
    {
        return Err(format!(
            "unknown key {key} beside set, connect and disconnect"
        ));
    }
    let list = |key: &str| object.get(key).filter(|value| !value.is_null());
    match (list("set"), list("connect"), list("disconnect")) {
        (Some(set), connect, disconnect) if is_empty(connect) && is_empty(disconnect) => {
            Ok(Change::Set(references(set)?))
        }
        (Some(_), ..) => Err("set cannot be used with connect or disconnect".to_owned()),
        (None, connect, disconnect) => {
            let connect = elements(connect)?
                .iter()
                .map(|item| Ok((reference(item)?, position(item)?)))
                .collect::<Result<_, String>>()?;
            let disconnect = disconnect.map_or(Ok(Vec::new()), references)?;
            Ok(Change::Patch {
                disconnect,
                connect,
            })
        }
    }
}

fn is_empty(list: Option<&Json>) -> bool {
    list.is_none_or(|list| list.as_array().is_some_and(Vec::is_empty))
}

fn elements(json: Option<&Json>) -> Result<&[Json], String> {
    let list = match json {
        None | Some(Json::Null) => &[],
        Some(Json::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    if list.len() > MOST_REFERENCES {
        return Err(format!("names more than {MOST_REFERENCES} documents"));
    }
    Ok(list)
}

fn references(json: &Json) -> Result<Vec<Reference>, String> {
    elements(Some(json))?.iter().map(reference).collect()
}

fn reference(json: &Json) -> Result<Reference, String> {
    match json {
        Json::String(text) if is_document_id(text) => Ok(Reference::Document(text.clone())),
        Json::Number(number) => match number.as_i64() {
            Some(id) if id > 0 => Ok(Reference::Number(id)),
            _ => Err("a relation must be a documentId or a positive id".to_owned()),
        },
        Json::Object(object) => {
            let named = object.get("documentId").or_else(|| object.get("id"));
            match named {
                Some(Json::Object(_)) | None => {
                    Err("a relation must name a documentId or an id".to_owned())
                }
                Some(json) => match (reference(json)?, object.get("__type")) {
                    (Reference::Number(id), Some(Json::String(uid))) => {
                        Ok(Reference::NumberOf(uid.clone(), id))
                    }
                    (reference, _) => Ok(reference),
                },
            }
        }
        _ => Err("a relation must be a documentId, an id or an object with one of them".to_owned()),
    }
}

fn position(json: &Json) -> Result<Position, String> {
    let Some(position) = json.get("position").filter(|value| !value.is_null()) else {
        return Ok(Position::End);
    };
    let wrong = || "position must be {before}, {after}, {start: true} or {end: true}".to_owned();
    let object = position.as_object().ok_or_else(wrong)?;
    let mut keys = object.iter();
    match (keys.next(), keys.next()) {
        (Some((key, value)), None) => match (key.as_str(), value) {
            ("start", Json::Bool(true)) => Ok(Position::Start),
            ("end", Json::Bool(true)) => Ok(Position::End),
            ("before", value) => Ok(Position::Before(reference(value)?)),
            ("after", value) => Ok(Position::After(reference(value)?)),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_a_relation_is_read() {
        let document = |text: &str| Reference::Document(text.to_owned());
        assert_eq!(parse(&json!("a1")), Ok(Change::Set(vec![document("a1")])));
        assert_eq!(parse(&json!(null)), Ok(Change::Set(vec![])));
        assert_eq!(
            parse(&json!([3, { "id": 4 }, { "documentId": "b" }])),
            Ok(Change::Set(vec![
                Reference::Number(3),
                Reference::Number(4),
                document("b")
            ]))
        );
        assert_eq!(
            parse(
                &json!({ "connect": [{ "documentId": "c", "position": { "before": "d" } }], "disconnect": "e" })
            ),
            Ok(Change::Patch {
                disconnect: vec![document("e")],
                connect: vec![(document("c"), Position::Before(document("d")))]
            })
        );
        let nothing = Change::Patch {
            disconnect: vec![],
            connect: vec![],
        };
        assert_eq!(parse(&json!({})), Ok(nothing));
        assert_eq!(
            parse(&json!({ "set": ["f"], "connect": [], "disconnect": [] })),
            Ok(Change::Set(vec![document("f")]))
        );
        for wrong in [
            json!({ "set": [], "connect": ["a1"] }),
            json!([true]),
            json!("a b"),
            json!({ "connect": [{ "id": 1, "position": { "start": true, "end": true } }] }),
            json!({ "connect": [], "foo": 1 }),
            json!(-1),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
    }
}
