//! Reads what PHP's `serialize` wrote, as far as it is plain data. Nothing is ever executed.
//!
//! Lengths inside the text are never trusted for allocation, and depth and size are bounded.
use serde_json::{Map, Number, Value};

const DEPTH: usize = 32;
const VALUES: usize = 100_000;

/// The value of a serialised text; nothing if it is something else, holds objects, or is too large.
pub(super) fn unserialize(text: &str) -> Option<Value> {
    let mut parser = Parser {
        rest: text.trim_end().as_bytes(),
        left: VALUES,
    };
    let value = parser.value(0)?;
    parser.rest.is_empty().then_some(value)
}

struct Parser<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        if depth > DEPTH {
            return None;
        }
        match self.take(2)? {
            b"N;" => Some(Value::Null),
            b"b:" => match self.until(b';')? {
                "0" => Some(Value::Bool(false)),
                "1" => Some(Value::Bool(true)),
                _ => None,
            },
            b"i:" => Some(Value::from(self.until(b';')?.parse::<i64>().ok()?)),
            b"d:" => Number::from_f64(self.until(b';')?.parse().ok()?).map(Value::Number),
            b"s:" => {
                let text = self.string()?;
                (self.take(1)? == b";").then_some(Value::String(text))
            }
            b"a:" => self.array(depth),
            _ => None,
        }
    }

    /// An array with keys 0, 1, 2 … is a list, any other an object.
    fn array(&mut self, depth: usize) -> Option<Value> {
        let count: usize = self.until(b':')?.parse().ok()?;
        if self.take(1)? != b"{" || count > self.left {
            return None;
        }
        let mut pairs = Vec::new();
        for _ in 0..count {
            let key = match self.value(DEPTH)? {
                Value::String(key) => key,
                Value::Number(key) => key.to_string(),
                _ => return None,
            };
            pairs.push((key, self.value(depth + 1)?));
        }
        if self.take(1)? != b"}" {
            return None;
        }
        let is_list = pairs
            .iter()
            .enumerate()
            .all(|(place, (key, _))| *key == place.to_string());
        Some(if is_list {
            Value::Array(pairs.into_iter().map(|(_, value)| value).collect())
        } else {
            Value::Object(pairs.into_iter().collect::<Map<_, _>>())
        })
    }

    /// The length counts bytes.
    fn string(&mut self) -> Option<String> {
        let length: usize = self.until(b':')?.parse().ok()?;
        if self.take(1)? != b"\"" {
            return None;
        }
        let text = std::str::from_utf8(self.take(length)?).ok()?.to_owned();
        (self.take(1)? == b"\"").then_some(text)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn until(&mut self, end: u8) -> Option<&'a str> {
        let place = self.rest.iter().take(40).position(|byte| *byte == end)?;
        let taken = self.take(place)?;
        self.take(1)?;
        std::str::from_utf8(taken).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_plain_data() {
        let text = r#"a:4:{s:5:"width";i:640;s:6:"height";i:480;s:4:"file";s:6:"ä.jpg";s:5:"sizes";a:2:{i:0;b:1;i:1;N;}}"#;
        assert_eq!(
            unserialize(text),
            Some(json!({ "width": 640, "height": 480, "file": "ä.jpg", "sizes": [true, null] }))
        );
    }

    #[test]
    fn refuses_objects_lies_and_depth() {
        for text in [
            r#"O:8:"stdClass":0:{}"#,
            r#"s:99999999999999999999:"a";"#,
            r#"s:10:"a";"#,
            "a:999999999:{",
            r#"s:1:"ä";"#,
            "i:1",
            "",
            "plain text",
        ] {
            assert_eq!(unserialize(text), None, "{text}");
        }
        let deep = format!("{}N;{}", "a:1:{i:0;".repeat(50), "}".repeat(50));
        assert_eq!(unserialize(&deep), None);
    }
}
