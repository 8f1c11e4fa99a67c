//! Cache tags: short names of what an answer depends on, for proxies that purge by tag.
//!
//! - `d…` a document that is shown, or that was asked for by its identity.
//! - `k…` a value that every document of the answer has in a slug, unique field or identity: a list of one slug is
//!   touched only by documents that have or had it.
//! - `t…` a type of which any change may touch the answer: lists that no such value pins down.
//! - [`LARGE`] every document, on answers that show too many to name them.
//!
//! Nothing need be remembered to purge: the tags of a change follow from the change alone ([`of_change`]), on every
//! node and after a restart. Tags are hashes: two things with one tag are purged together, which costs a request and is
//! never wrong.

mod change;

pub use change::of_change;
pub(super) use change::{pinning, text};

use sha2::{Digest as _, Sha256};

use super::cache::Shape;

/// Answers with more documents than this carry the tag [`LARGE`] instead of one tag for each.
const MOST_TAGS: usize = 200;
/// Stands for every document.
pub const LARGE: &str = "large";

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const LENGTH: usize = 10;

/// The tag of a document.
pub fn of_document(document_id: &str) -> String {
    tag('d', document_id)
}

/// The tag of a type, by its number.
pub fn of_type(type_id: i64) -> String {
    tag('t', &type_id.to_string())
}

/// The tag of a value that pins documents of a type down.
pub(super) fn of_value(type_id: i64, key: &str, value: &str) -> String {
    tag('k', &format!("{type_id} {key} {value}"))
}

/// The tags of an answer to a query.
pub(super) fn of_answer(body: &[u8], path: &str, shape: &Shape) -> Vec<String> {
    let mut ids: Vec<&str> = document_ids(body).collect();
    ids.extend(path.split('/').nth(1));
    ids.sort_unstable();
    ids.dedup();
    let mut tags = shape.tags();
    match ids.len() > MOST_TAGS {
        true => tags.push(LARGE.to_owned()),
        false => tags.extend(ids.into_iter().map(of_document)),
    }
    tags
}

fn tag(letter: char, text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut tag = String::with_capacity(LENGTH + 1);
    tag.push(letter);
    for byte in digest.iter().take(LENGTH) {
        let index = usize::from(byte & 31);
        tag.push(char::from(LETTERS.get(index).copied().unwrap_or(b'a')));
    }
    tag
}

/// Every `documentId` in the JSON of an answer. What looks like one inside a text is escaped there; one that stands
/// in a JSON field is taken along, which is never wrong.
pub(super) fn document_ids(body: &[u8]) -> impl Iterator<Item = &str> {
    const KEY: &[u8] = br#""documentId":""#;
    let mut rest = body;
    std::iter::from_fn(move || {
        let start = memchr::memmem::find(rest, KEY)? + KEY.len();
        rest = rest.get(start..)?;
        let end = memchr::memchr(b'"', rest)?;
        let id = rest.get(..end)?;
        rest = rest.get(end..)?;
        Some(std::str::from_utf8(id).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_found_and_escaped_text_is_not() {
        let body =
            br#"{"data":[{"id":1,"documentId":"abc","t":"\"documentId\":\"no\""},{"documentId":"d"}]}"#;
        assert_eq!(document_ids(body).collect::<Vec<_>>(), ["abc", "d"]);
    }

    #[test]
    fn tags_are_short_and_differ() {
        let tags = [
            of_document("a"),
            of_document("b"),
            of_type(1),
            of_value(1, "f2", "a"),
        ];
        assert!(tags.iter().all(|tag| tag.len() == LENGTH + 1));
        let different: std::collections::BTreeSet<_> = tags.iter().collect();
        assert_eq!(different.len(), tags.len());
    }
}
