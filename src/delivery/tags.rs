//! Cache tags: short names of what an answer depends on, for proxies that purge by tag.
//!
//! `d…` names a document, `q…` a query. Tags are hashes: two things with one tag are purged together, which costs a
//! request and is never wrong.

use sha2::{Digest as _, Sha256};

/// Answers with more documents than this carry the tag [`LARGE`] instead of one tag for each.
const MOST_TAGS: usize = 200;
/// Stands for every document, on answers that show too many to name them.
pub const LARGE: &str = "large";

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const LENGTH: usize = 10;

/// The tag of a document.
pub fn of_document(document_id: &str) -> String {
    tag('d', &Sha256::digest(document_id.as_bytes()))
}

/// The tag of a query's shape.
pub fn of_query(name: &[u8; 16]) -> String {
    tag('q', name)
}

/// The tags of an answer to a query.
pub(super) fn of_answer(body: &[u8], query: &[u8; 16]) -> Vec<String> {
    let mut ids: Vec<&str> = document_ids(body).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut tags = vec![of_query(query)];
    match ids.len() > MOST_TAGS {
        true => tags.push(LARGE.to_owned()),
        false => tags.extend(ids.into_iter().map(of_document)),
    }
    tags
}

fn tag(letter: char, bytes: &[u8]) -> String {
    let mut tag = String::with_capacity(LENGTH + 1);
    tag.push(letter);
    for byte in bytes.iter().take(LENGTH) {
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
}
