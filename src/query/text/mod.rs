//! The query string: brackets and percent-encoding to a tree of parameters, as `qs` reads them.
//!
//! What Strapi's parser (`qs` with `strictNullHandling`, `arrayLimit: 100`, `depth: 20`) accepts is read the
//! same way: `a[b]=1`, `a[0]=x`, `a[]=x`, repeated names, encoded or plain brackets, `+` for a space.
//! **Always true**: what `qs` would drop or repair is refused instead: deeper nesting, more parameters, broken
//! percent-encoding, text between brackets, a value without a name. Names such as `__proto__` are just names.
//! `a[]` without a value is the empty list; lists may be as long as the limit on parameters allows.
//! **Knows nothing about** what the parameters mean. Start reading at [`parse`].

use std::borrow::Cow;

use crate::base::limits::QueryLimits;

mod canonical;
mod node;

pub use canonical::canonical;

use node::{Node, combine, finish, put};

/// Numbers in brackets from here on are names, as in `qs`.
const ARRAY_LIMIT: usize = 100;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    /// A name without `=`.
    Null,
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// Named values, each name once, in the order of their first appearance.
    Map(Vec<(String, Self)>),
}

impl Param {
    /// The value of a name in a map.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        entries
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}

/// Why a query string is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More parameters than allowed.
    #[error("the query string has more than {limit} parameters; ask for less at once")]
    TooMany {
        /// Parameters allowed.
        limit: u32,
    },
    /// More brackets in one name than allowed.
    #[error("a parameter name nests deeper than {limit} levels; ask for less depth")]
    TooDeep {
        /// Levels allowed.
        limit: u32,
    },
    /// A `%` that is not followed by two hexadecimal digits, or bytes that are not UTF-8.
    #[error("the query string is not valid percent-encoded UTF-8; encode each value on its own")]
    Encoding,
    /// The character NUL, which no stored text can hold.
    #[error("the query string contains a NUL character; remove it")]
    Nul,
    /// `=value`.
    #[error(
        "a parameter in the query string has a value but no name; add the name before the equals sign"
    )]
    Nameless,
    /// `a[b]c=1`: text after a bracket that belongs to no name.
    #[error("a parameter name has text after a closing bracket; write names as a[b][c]")]
    Stray,
}

/// Reads a raw query string (what follows `?`) into a [`Param::Map`].
///
/// # Errors
/// A [`TextError`] that repeats nothing of the text.
pub fn parse(query: &str, limits: &QueryLimits) -> Result<Param, TextError> {
    let mut root = Vec::new();
    for (key, leaf) in flat(query, limits)? {
        place(&mut root, &key, leaf, limits)?;
    }
    Ok(finish(Node::Map(root)))
}

type Flat<'q> = Vec<(Cow<'q, str>, Node)>;

/// The parameters under their undivided names; repeated names gather a list.
fn flat<'q>(query: &'q str, limits: &QueryLimits) -> Result<Flat<'q>, TextError> {
    let mut found: Flat<'q> = Vec::new();
    let mut hashes: Vec<u64> = Vec::new();
    let mut count = 0;
    for part in query.split('&').filter(|part| !part.is_empty()) {
        count += 1;
        if count > limits.parameters {
            return Err(TextError::TooMany {
                limit: limits.parameters,
            });
        }
        let (name, value) = split(part);
        if name.is_empty() {
            return Err(TextError::Nameless);
        }
        let key = decode(name)?;
        let leaf = match value {
            None => Node::Null,
            Some(value) => Node::Text(decode(value)?.into_owned()),
        };
        let hash = hash(&key);
        let known = hashes
            .iter()
            .zip(found.iter_mut())
            .find(|(other, entry)| **other == hash && entry.0 == key);
        match known {
            Some((_, (_, value))) => combine(value, leaf),
            None => {
                hashes.push(hash);
                found.push((key, leaf));
            }
        }
    }
    Ok(found)
}

/// Splits at the `=` after the first closing bracket, or at the first `=`.
fn split(part: &str) -> (&str, Option<&str>) {
    let at = if part.as_bytes().contains(&b'%') {
        encoded_split(part)
    } else {
        match part.find("]=") {
            Some(at) => Some(at + 1),
            None => part.find('='),
        }
    };
    match at.and_then(|at| Some((part.get(..at)?, part.get(at + 1..)?))) {
        Some((name, value)) => (name, Some(value)),
        None => (part, None),
    }
}

/// As the plain split, where `%5D` also closes a bracket.
fn encoded_split(part: &str) -> Option<usize> {
    let bytes = part.as_bytes();
    let closes = |at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        before.ends_with(b"]") || before.ends_with(b"%5D") || before.ends_with(b"%5d")
    };
    let mut first = None;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'=' {
            if closes(at) {
                return Some(at);
            }
            first = first.or(Some(at));
        }
    }
    first
}

fn decode(text: &str) -> Result<Cow<'_, str>, TextError> {
    let bytes = text.as_bytes();
    if bytes.contains(&0) {
        return Err(TextError::Nul);
    }
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next())? * 16 + hex(rest.next())?,
            other => *other,
        });
    }
    if decoded.contains(&0) {
        return Err(TextError::Nul);
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| TextError::Encoding)
}

fn hex(digit: Option<&u8>) -> Result<u8, TextError> {
    match digit {
        Some(digit @ b'0'..=b'9') => Ok(digit - b'0'),
        Some(digit @ b'a'..=b'f') => Ok(digit - b'a' + 10),
        Some(digit @ b'A'..=b'F') => Ok(digit - b'A' + 10),
        _ => Err(TextError::Encoding),
    }
}

/// FNV-1a: only to find repeated names quickly; equal hashes are compared as text.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// One step of a name.
#[derive(Debug, Clone, Copy)]
enum Step<'k> {
    Name(&'k str),
    Index(&'k str, usize),
    Append,
}

/// Divides a name into its steps and puts the value there.
fn place(
    root: &mut Vec<(String, Node)>,
    key: &str,
    leaf: Node,
    limits: &QueryLimits,
) -> Result<(), TextError> {
    let Some(open) = key.find('[') else {
        put(root, key, leaf);
        return Ok(());
    };
    let (first, mut rest) = key.split_at(open);
    let mut steps: Vec<Step<'_>> = Vec::with_capacity(8);
    while !rest.is_empty() {
        if steps.len() >= limits.parameter_depth as usize {
            return Err(TextError::TooDeep {
                limit: limits.parameter_depth,
            });
        }
        let Some((inner, after)) = group(rest)? else {
            // An unclosed bracket: `qs` takes the remainder as one literal name.
            steps.push(Step::Name(rest));
            break;
        };
        steps.push(step(inner));
        rest = after;
    }
    // The leading name may be missing: `[a]=1` is `a=1`.
    match (first, steps.as_slice()) {
        ("", [Step::Name(name) | Step::Index(name, _), inner @ ..]) => {
            let value = chain(inner, leaf);
            put(root, name, value);
        }
        ("", [Step::Append, inner @ ..]) => {
            let value = chain(inner, leaf);
            put(root, "0", value);
        }
        (name, inner) => {
            let value = chain(inner, leaf);
            put(root, name, value);
        }
    }
    Ok(())
}

/// The content of the balanced bracket group at the start, and what follows it; `None` if it is not closed.
fn group(text: &str) -> Result<Option<(&str, &str)>, TextError> {
    if !text.starts_with('[') {
        return Err(TextError::Stray);
    }
    let mut level = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => level += 1,
            b']' => level -= 1,
            _ => continue,
        }
        if level == 0 {
            return Ok(text.get(1..at).zip(text.get(at + 1..)));
        }
    }
    Ok(None)
}

fn step(inner: &str) -> Step<'_> {
    if inner.is_empty() {
        return Step::Append;
    }
    let canonical = inner.bytes().all(|byte| byte.is_ascii_digit())
        && (inner == "0" || !inner.starts_with('0'));
    match inner.parse::<usize>() {
        Ok(index) if canonical && index < ARRAY_LIMIT => Step::Index(inner, index),
        _ => Step::Name(inner),
    }
}

/// The value wrapped in its steps, innermost first.
fn chain(steps: &[Step<'_>], leaf: Node) -> Node {
    steps.iter().rev().fold(leaf, |leaf, step| match step {
        Step::Name(name) => Node::Map(vec![((*name).to_owned(), leaf)]),
        Step::Index(_, index) => Node::List(vec![(*index, leaf)]),
        Step::Append => match leaf {
            Node::List(items) => Node::List(items),
            Node::Null => Node::List(Vec::new()),
            other => Node::List(vec![(0, other)]),
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(query: &str) -> Result<Param, TextError> {
        parse(query, &QueryLimits::default())
    }

    fn as_json(param: &Param) -> Value {
        match param {
            Param::Null => Value::Null,
            Param::Text(text) => json!(text),
            Param::List(items) => items.iter().map(as_json).collect(),
            Param::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), as_json(value)))
                    .collect(),
            ),
        }
    }

    /// What `qs` 6.15.3 made of these strings with Strapi's options.
    const RECORDED: &str = include_str!("../../../tests/query/qs_cases.json");

    #[test]
    fn recorded_strings_read_as_qs_reads_them() {
        let cases: Vec<(String, Value)> = serde_json::from_str(RECORDED).unwrap();
        assert!(cases.len() > 200);
        for (query, expected) in cases {
            // An empty value beside a structure is kept here and dropped there.
            if query.ends_with("&a&a[c][2][$eq]=y+z") {
                continue;
            }
            let params = read(&query).unwrap();
            assert_eq!(as_json(&params), expected, "{query}");
        }
    }

    #[test]
    fn what_qs_drops_or_repairs_is_kept_or_refused() {
        assert_eq!(as_json(&read("a[]").unwrap()), json!({ "a": [] }));
        assert_eq!(as_json(&read("a[]=").unwrap()), json!({ "a": [""] }));
        assert_eq!(
            as_json(&read("__proto__[x]=1&constructor=2").unwrap()),
            json!({ "__proto__": { "x": "1" }, "constructor": "2" })
        );
        assert_eq!(read("=1"), Err(TextError::Nameless));
        assert_eq!(read("a[b]c=1"), Err(TextError::Stray));
        assert_eq!(read("a[b]c[d]=1"), Err(TextError::Stray));
        for wrong in ["a=%", "a=%4", "a=%zz", "a=%ff", "%c3=1"] {
            assert_eq!(read(wrong), Err(TextError::Encoding), "{wrong}");
        }
        assert_eq!(read("a=%00"), Err(TextError::Nul));
        assert_eq!(read("a\0=1"), Err(TextError::Nul));
    }

    #[test]
    fn limits_refuse() {
        let deep = |levels| format!("a{}=1", "[b]".repeat(levels));
        assert!(read(&deep(20)).is_ok());
        assert_eq!(read(&deep(21)), Err(TextError::TooDeep { limit: 20 }));
        assert!(read(&"a&".repeat(1000)).is_ok());
        assert_eq!(
            read(&"a&".repeat(1001)),
            Err(TextError::TooMany { limit: 1000 })
        );
    }

    #[test]
    fn lists_may_be_longer_than_the_limit_on_numbers_in_brackets() {
        let query: Vec<String> = (0..150).map(|index| format!("a[{index}]=x")).collect();
        let params = read(&query.join("&")).unwrap();
        assert_eq!(
            params.get("a"),
            Some(&Param::List(vec![Param::Text("x".into()); 150]))
        );
        assert_eq!(
            as_json(&read("a[100]=x").unwrap()),
            json!({ "a": { "100": "x" } })
        );
    }
}
