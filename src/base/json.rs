//! Strict reading of JSON that strangers send.
//!
//! **Always true**: what [`parse`] returns stays within its [`JsonLimits`], names no key twice
//! in one object, and holds no NUL, which Postgres cannot store. What it accepts is exactly
//! what `serde_json` makes of it.
//! **Knows nothing about** content types or HTTP.
//! **Start reading at** [`parse`].

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Bounds of one JSON document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct JsonLimits {
    /// Length of the text in bytes.
    pub bytes: usize,
    /// Nesting of arrays and objects; more than 127 has no effect.
    pub depth: usize,
    /// Values in the whole document, containers included.
    pub nodes: usize,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self {
            bytes: 1024 * 1024,
            depth: 32,
            nodes: 100_000,
        }
    }
}

/// Why a text is refused; `path` is where, as `data.tags[2]`, empty at the top.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text is longer than allowed.
    #[error("the JSON text has {length} bytes; at most {limit} are allowed")]
    TooLong {
        /// Bytes received.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Arrays and objects nest too deeply.
    #[error(
        "the JSON nests deeper than {limit} levels at {}; flatten it",
        place(path)
    )]
    TooDeep {
        /// Levels allowed.
        limit: usize,
        /// Where the limit was passed.
        path: String,
    },
    /// The document holds too many values.
    #[error("the JSON holds more than {limit} values; send it in parts")]
    TooMany {
        /// Values allowed.
        limit: usize,
    },
    /// One object names a key twice.
    #[error("the key {key:?} appears twice in {}; keep one", place(path))]
    DuplicateKey {
        /// The key.
        key: String,
        /// The object that holds it.
        path: String,
    },
    /// A string or key contains the character NUL.
    #[error(
        "the text at {} contains a NUL character, which cannot be stored; remove it",
        place(path)
    )]
    Nul {
        /// Where the text is.
        path: String,
    },
    /// The text is not JSON.
    #[error(
        "invalid JSON at line {line}, column {column} ({}): {reason}",
        place(path)
    )]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// The innermost value being read.
        path: String,
        /// What was wrong.
        reason: String,
    },
}

fn place(path: &str) -> &str {
    if path.is_empty() {
        "the top level"
    } else {
        path
    }
}

/// Reads one JSON document; nothing may follow it but white space.
pub fn parse(text: &[u8], limits: &JsonLimits) -> Result<Value, JsonError> {
    if text.len() > limits.bytes {
        return Err(JsonError::TooLong {
            length: text.len(),
            limit: limits.bytes,
        });
    }
    let mut walk = Walk {
        limits,
        nodes: 0,
        fault: None,
        path: Vec::new(),
    };
    let mut source = serde_json::Deserializer::from_slice(text);
    let read = Node {
        walk: &mut walk,
        depth: 0,
    }
    .deserialize(&mut source)
    .and_then(|value| source.end().map(|()| value));
    read.map_err(|error| walk.explain(&error))
}

/// What a visitor refused; where it was is known only after unwinding.
enum Fault {
    TooDeep,
    TooMany,
    Nul,
    DuplicateKey(String),
}

/// What one reading keeps between values. The path is pushed while an error unwinds, innermost
/// first, so that a good document pays nothing for it.
struct Walk<'a> {
    limits: &'a JsonLimits,
    nodes: usize,
    fault: Option<Fault>,
    path: Vec<Step>,
}

enum Step {
    Key(String),
    Index(usize),
}

impl Walk<'_> {
    fn refuse<E: serde::de::Error>(&mut self, fault: Fault) -> E {
        self.fault = Some(fault);
        E::custom("refused")
    }

    fn explain(&mut self, error: &serde_json::Error) -> JsonError {
        let path = self.written_path();
        match self.fault.take() {
            Some(Fault::TooDeep) => JsonError::TooDeep {
                limit: self.limits.depth,
                path,
            },
            Some(Fault::TooMany) => JsonError::TooMany {
                limit: self.limits.nodes,
            },
            Some(Fault::Nul) => JsonError::Nul { path },
            Some(Fault::DuplicateKey(key)) => JsonError::DuplicateKey { key, path },
            None => JsonError::Syntax {
                line: error.line(),
                column: error.column(),
                path,
                reason: reason(error),
            },
        }
    }

    /// The path outermost first; long keys are cut so that an error stays readable.
    fn written_path(&self) -> String {
        let mut path = String::new();
        for step in self.path.iter().rev() {
            match step {
                Step::Index(index) => path.push_str(&format!("[{index}]")),
                Step::Key(key) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.extend(key.chars().take(64));
                }
            }
        }
        path
    }
}

/// The reason without serde_json's " at line 1 column 2", which the error states itself.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

struct Node<'w, 'a> {
    walk: &'w mut Walk<'a>,
    depth: usize,
}

impl<'a> Node<'_, 'a> {
    fn child(&mut self) -> Node<'_, 'a> {
        Node {
            walk: self.walk,
            depth: self.depth + 1,
        }
    }

    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.depth >= self.walk.limits.depth {
            return Err(self.walk.refuse(Fault::TooDeep));
        }
        Ok(())
    }

    fn text<E: serde::de::Error>(&mut self, text: String) -> Result<String, E> {
        if text.as_bytes().contains(&0) {
            return Err(self.walk.refuse(Fault::Nul));
        }
        Ok(text)
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        self.walk.nodes += 1;
        if self.walk.nodes > self.walk.limits.nodes {
            return Err(self.walk.refuse(Fault::TooMany));
        }
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: serde::de::Error>(mut self, value: &str) -> Result<Value, E> {
        self.text(value.to_owned()).map(Value::String)
    }

    fn visit_string<E: serde::de::Error>(mut self, value: String) -> Result<Value, E> {
        self.text(value).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut list = Vec::new();
        loop {
            match items.next_element_seed(self.child()) {
                Ok(Some(value)) => list.push(value),
                Ok(None) => return Ok(Value::Array(list)),
                Err(error) => {
                    self.walk.path.push(Step::Index(list.len()));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let key = self.text(key)?;
            if map.contains_key(&key) {
                return Err(self.walk.refuse(Fault::DuplicateKey(key)));
            }
            match entries.next_value_seed(self.child()) {
                Ok(value) => map.insert(key, value),
                Err(error) => {
                    self.walk.path.push(Step::Key(key));
                    return Err(error);
                }
            };
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, JsonError> {
        parse(text.as_bytes(), &JsonLimits::default())
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[^\u{0}]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[^\u{0}]{0,6}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_what_serde_json_reads(value in any_json()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(read(&text).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
        }

        #[test]
        fn accepts_nothing_serde_json_refuses(text in r#"[\[\]{}",:0-9eE.+\-a-u\\ ]{0,24}"#) {
            match (read(&text), serde_json::from_str::<Value>(&text)) {
                (Ok(ours), theirs) => prop_assert_eq!(ours, theirs.unwrap()),
                (Err(JsonError::Syntax { .. }), theirs) => prop_assert!(theirs.is_err()),
                (Err(_), _) => {}
            }
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&bytes, &JsonLimits::default());
        }
    }

    #[test]
    fn names_the_duplicate_and_its_object() {
        let error = read(r#"{"data":{"tags":[{"a":1},{"b":1,"b":2}]}}"#).unwrap_err();
        assert_eq!(
            error,
            JsonError::DuplicateKey {
                key: "b".into(),
                path: "data.tags[1]".into()
            }
        );
    }

    #[test]
    fn refuses_nul_in_values_and_keys() {
        assert_eq!(
            read(r#"{"a":"x\u0000"}"#).unwrap_err(),
            JsonError::Nul { path: "a".into() }
        );
        assert!(matches!(
            read(r#"{"\u0000":1}"#),
            Err(JsonError::Nul { .. })
        ));
    }

    #[test]
    fn refuses_depth_nodes_and_length_beyond_the_limits() {
        let limits = JsonLimits {
            bytes: 40,
            depth: 3,
            nodes: 5,
        };
        assert_eq!(parse(b"[[[1]]]", &limits).unwrap(), json!([[[1]]]));
        assert!(matches!(
            parse(b"[[[[1]]]]", &limits),
            Err(JsonError::TooDeep { limit: 3, .. })
        ));
        assert!(parse(b"[1,2,3,4]", &limits).is_ok());
        assert_eq!(
            parse(b"[1,2,3,4,5]", &limits).unwrap_err(),
            JsonError::TooMany { limit: 5 }
        );
        assert!(matches!(
            parse(&[b' '; 41], &limits),
            Err(JsonError::TooLong {
                length: 41,
                limit: 40
            })
        ));
        let deep = JsonLimits {
            depth: 100_000,
            ..JsonLimits::default()
        };
        assert!(parse("[".repeat(90_000).as_bytes(), &deep).is_err());
    }

    #[test]
    fn refuses_garbage_bad_utf8_and_numbers_out_of_range() {
        for text in [
            "",
            "{} x",
            "{\"a\":1e999}",
            "nan",
            "[1,]",
            "{\"a\" 1}",
            "01",
        ] {
            assert!(
                matches!(read(text), Err(JsonError::Syntax { .. })),
                "{text}"
            );
        }
        assert!(parse(b"\"\xff\"", &JsonLimits::default()).is_err());
        assert!(read(r#""\ud800""#).is_err());
        let error = read("{\"a\":\n[1,x]}").unwrap_err().to_string();
        assert!(error.contains("line 2, column 4 (a[1])"), "{error}");
    }

    #[test]
    fn the_markers_of_serde_json_are_ordinary_keys() {
        let value = read(r#"{"$serde_json::private::RawValue":"[]"}"#).unwrap();
        assert!(value.is_object());
    }
}
