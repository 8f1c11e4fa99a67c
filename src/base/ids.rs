//! Identities made by this program.

use rand::RngExt as _;

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Characters of a `documentId`, as Strapi's.
pub const DOCUMENT_ID_LENGTH: usize = 24;
/// Base-36 digits that hold milliseconds since 1970 until the year 5188.
const TIME_DIGITS: usize = 9;

/// A new `documentId`: 24 lower-case letters and digits, the first nine from the time, so that new
/// documents land at the end of every index; the rest (77 bits) is random.
pub fn document_id(now_ms: i64) -> String {
    let mut text = [b'0'; DOCUMENT_ID_LENGTH];
    let mut rest = now_ms.unsigned_abs();
    for slot in text.iter_mut().take(TIME_DIGITS).rev() {
        *slot = digit(rest % 36);
        rest /= 36;
    }
    let mut random = rand::rng();
    for slot in text.iter_mut().skip(TIME_DIGITS) {
        *slot = digit(random.random_range(0..36));
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

fn digit(value: u64) -> u8 {
    usize::try_from(value)
        .ok()
        .and_then(|index| DIGITS.get(index))
        .copied()
        .unwrap_or(b'0')
}

/// Whether a text can be a `documentId`: 1 to 64 letters and digits (imported ones may be of other length).
pub fn is_document_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_differ() {
        let early = document_id(1_700_000_000_000);
        let late = document_id(1_800_000_000_000);
        assert!(early < late);
        assert_eq!(early.len(), DOCUMENT_ID_LENGTH);
        assert_ne!(document_id(5), document_id(5));
        assert!(is_document_id(&late));
    }
}
