//! Document ids: 24 lower-case letters and digits, kept where they are that and replaced otherwise.
use sha2::{Digest, Sha256};

/// Length of a document id.
const ID_LENGTH: usize = 24;

/// The id of a document, in a form that costs no allocation.
pub(super) type DocumentId = [u8; ID_LENGTH];

/// The id as it is, if it is one of ours too.
pub(super) fn valid_id(text: &str) -> Option<DocumentId> {
    let valid = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if valid {
        text.as_bytes().try_into().ok()
    } else {
        None
    }
}

/// The same id for the same source, whenever the archive is read.
pub(super) fn derived_id(uid: &str, source: &str) -> DocumentId {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let hash = Sha256::digest(format!("strapi {uid} {source}"));
    let mut id = [b'a'; ID_LENGTH];
    for (place, byte) in id.iter_mut().skip(1).zip(hash) {
        *place = LETTERS
            .get(usize::from(byte) % LETTERS.len())
            .copied()
            .unwrap_or(b'a');
    }
    id
}
