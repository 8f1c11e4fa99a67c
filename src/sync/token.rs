//! The text that says how far somebody has come.
//!
//! It is signed, so that a place in the log or a filter cannot be made up, and it grants nothing: what its bearer gets
//! is decided anew with every page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Filter, Keys, SyncError};
use crate::changes::Cursor;

/// Longest token that is looked at.
const LONGEST: usize = 4096;
/// Bytes of the signature.
const SIGNATURE: usize = 16;

/// A place in the log that can be recognised: its change was the one with this mark.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub(super) struct Place {
    #[serde(rename = "x")]
    pub(super) transaction: i64,
    #[serde(rename = "q")]
    pub(super) seq: i64,
    #[serde(rename = "m")]
    pub(super) mark: String,
}

impl Place {
    pub(super) fn cursor(&self) -> Cursor {
        Cursor {
            transaction: self.transaction,
            seq: self.seq,
        }
    }
}

/// What the bearer was being given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Everything, up to this document of this type; then the log from the place.
    #[serde(rename = "c")]
    Copy(i64, i64),
    /// The log after the place.
    #[serde(rename = "l")]
    Log,
    /// The log after the place; of the change that comes next, the document and those who refer to it up to this
    /// number have been given.
    #[serde(rename = "r")]
    Referrers(i64),
}

/// How far somebody has come.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Position {
    #[serde(rename = "a")]
    pub(super) at: Place,
    #[serde(rename = "p")]
    pub(super) phase: Phase,
}

/// How far somebody has come, with what they asked for and could see.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Token {
    #[serde(rename = "l")]
    pub(super) log_id: String,
    #[serde(flatten)]
    pub(super) position: Position,
    #[serde(rename = "f")]
    pub(super) filter: Filter,
    /// What the filter meant in the view of whom the token was given to.
    #[serde(rename = "v")]
    pub(super) view: String,
    #[serde(rename = "g")]
    pub(super) generation: i64,
}

impl Token {
    /// Reads a text that [`Token::text`] made.
    ///
    /// # Errors
    /// [`SyncError::Token`] if nobody with this key made it.
    pub fn read(text: &str, keys: &Keys) -> Result<Self, SyncError> {
        if text.len() > LONGEST {
            return Err(SyncError::Token);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SyncError::Token)?;
        let (signature, payload) = bytes.split_at_checked(SIGNATURE).ok_or(SyncError::Token)?;
        signer(keys, payload)
            .and_then(|signer| signer.verify_truncated_left(signature).ok())
            .ok_or(SyncError::Token)?;
        serde_json::from_slice(payload).map_err(|_| SyncError::Token)
    }

    /// The signed text.
    pub fn text(&self, keys: &Keys) -> String {
        let payload = serde_json::to_vec(self).unwrap_or_default();
        let signature = signer(keys, &payload).map(|signer| signer.finalize().into_bytes());
        let mut bytes = Vec::with_capacity(SIGNATURE + payload.len());
        bytes.extend(signature.iter().flatten().take(SIGNATURE));
        bytes.extend(payload);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What was asked for.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// What the filter meant in the view of whom it was given to.
    pub fn meaning(&self) -> &str {
        &self.view
    }

    /// Whether its bearer has everything up to this end of the log.
    pub fn has_reached(&self, end: Cursor) -> bool {
        self.position.phase == Phase::Log && self.position.at.cursor() >= end
    }
}

fn signer(keys: &Keys, payload: &[u8]) -> Option<Hmac<Sha256>> {
    let mut signer = Hmac::<Sha256>::new_from_slice(keys.key.as_bytes()).ok()?;
    signer.update(payload);
    Some(signer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_was_and_nothing_else_is_taken() {
        let keys = Keys {
            log_id: "h".into(),
            key: "secret".into(),
        };
        let token = Token {
            log_id: "h".into(),
            position: Position {
                at: Place {
                    transaction: 7,
                    seq: 9,
                    mark: "m".into(),
                },
                phase: Phase::Referrers(4),
            },
            filter: Filter::default(),
            view: "v".into(),
            generation: 3,
        };
        let text = token.text(&keys);
        assert_eq!(Token::read(&text, &keys).unwrap(), token);
        let other = Keys {
            key: "other".into(),
            ..keys.clone()
        };
        assert!(Token::read(&text, &other).is_err());
        for at in 0..text.len() {
            let mut broken = text.clone().into_bytes();
            broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
            let broken = String::from_utf8(broken).unwrap();
            assert!(Token::read(&broken, &keys).is_err(), "{at}");
        }
        for text in ["", "A", "!", &"A".repeat(5000)] {
            assert!(Token::read(text, &keys).is_err());
        }
    }
}
