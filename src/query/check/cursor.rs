//! The text of `pagination[cursor]`: the sort values and id of the last entry seen, for the one who sends it back.
//!
//! It holds nothing that the answer did not: a query may only sort by what its caller may read. It is not
//! secret and not signed; a changed cursor is refused if it does not fit the query, and otherwise is only
//! another position in the same list.

use serde_json::Value;

use crate::query::{ListQuery, Sort};
use crate::schema::ContentType;

use super::error::QueryError;
use super::value::Kind;

/// Longest cursor accepted.
const MAX_BYTES: usize = 2048;
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The cursor after an entry with these sort values and id, in the order of the query's sort.
///
/// `None` if the values are too long for a cursor: sort by something shorter.
pub fn encode(query: &ListQuery<'_>, values: &[Value]) -> Option<String> {
    let mut parts = Vec::with_capacity(values.len() + 1);
    parts.push(Value::from(fingerprint(query.content_type, &query.sort)));
    parts.extend_from_slice(values);
    let text = base64(serde_json::to_string(&parts).ok()?.as_bytes());
    (text.len() <= MAX_BYTES).then_some(text)
}

/// The values in a cursor made by a query with the same type and sort; `None` for the empty cursor.
pub(super) fn decode(
    text: &str,
    content_type: &ContentType,
    sort: &[Sort<'_>],
) -> Result<Option<Vec<Value>>, QueryError> {
    if text.is_empty() {
        return Ok(None);
    }
    let refused = || {
        QueryError::pagination(
            "Invalid cursor. Send the cursor of an earlier answer to the same query, or an empty one to begin",
        )
    };
    if text.len() > MAX_BYTES {
        return Err(refused());
    }
    let bytes = unbase64(text).ok_or_else(refused)?;
    let mut values: Vec<Value> = serde_json::from_slice(&bytes).map_err(|_| refused())?;
    let expected = fingerprint(content_type, sort);
    let fits = values.len() == sort.len() + 2
        && values.first() == Some(&Value::from(expected))
        && values.last().is_some_and(|id| id.as_i64().is_some())
        && sort
            .iter()
            .zip(values.iter().skip(1))
            .all(|(key, value)| Kind::of(key.column).fits(value));
    if !fits {
        return Err(refused());
    }
    values.remove(0);
    Ok(Some(values))
}

/// FNV-1a over what the order depends on: a cursor of another query is an accident, not an attack.
fn fingerprint(content_type: &ContentType, sort: &[Sort<'_>]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut feed = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    feed(&content_type.id.to_string());
    for key in sort {
        for hop in &key.path {
            feed(&super::hop_field(*hop).id.to_string());
        }
        feed(&super::column_mark(key.column));
        feed(if key.descending { "desc" } else { "asc" });
    }
    format!("{hash:016x}")
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = (group >> (18 - 6 * place)) & 63;
            let letter = usize::try_from(index)
                .ok()
                .and_then(|index| LETTERS.get(index));
            text.push(char::from(letter.copied().unwrap_or(b'A')));
        }
    }
    text
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.as_bytes().chunks(4) {
        if chunk.len() == 1 {
            return None;
        }
        let mut group = 0_u32;
        for byte in chunk {
            let value = LETTERS.iter().position(|letter| letter == byte)?;
            group = group << 6 | u32::try_from(value).ok()?;
        }
        group <<= 6 * (4 - chunk.len());
        bytes.extend(group.to_be_bytes().iter().skip(1).take(chunk.len() - 1));
    }
    Some(bytes)
}
