//! What somebody typed into a search box, taken apart.

use super::places::canonical_number;

/// A search text taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Ask {
    /// What must be there, in the order it was typed.
    pub(super) wanted: Vec<Piece>,
    /// What must not be there.
    pub(super) unwanted: Vec<Piece>,
    /// The whole text, if it is a number.
    pub(super) number: Option<String>,
    /// The whole text, if it can be an identity.
    pub(super) identity: Option<String>,
    /// Whether the last word may go on.
    pub(super) prefix: bool,
}

/// A word, or several that stand together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Piece {
    pub(super) text: String,
    /// Whether it stood in quotation marks: it is found as it is written only.
    pub(super) quoted: bool,
}

/// A search with more words than allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a search may have at most {0} words and phrases; leave some out")]
pub struct TooManyWords(pub u32);

impl Ask {
    /// Takes a text apart: words, `"phrases"`, and `-word` for what must not be there.
    ///
    /// # Errors
    /// When there are more words than allowed.
    pub fn parse(text: &str, prefix: bool, most: u32) -> Result<Self, TooManyWords> {
        let mut ask = Self {
            number: canonical_number(text),
            identity: Some(text.trim().to_owned()).filter(|text| is_identity(text)),
            prefix,
            ..Self::default()
        };
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (unwanted, from) = match rest.strip_prefix('-') {
                Some(from) if from.starts_with(|c: char| c == '"' || c.is_alphanumeric()) => {
                    (true, from)
                }
                _ => (false, rest),
            };
            let (piece, after) = piece(from);
            rest = after.trim_start();
            let list = match unwanted {
                true => &mut ask.unwanted,
                false => &mut ask.wanted,
            };
            if piece.text.chars().any(char::is_alphanumeric) {
                list.push(piece);
            }
            if ask.wanted.len() + ask.unwanted.len() > most as usize {
                return Err(TooManyWords(most));
            }
        }
        Ok(ask)
    }

    /// Whether nothing can be found by it.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.number.is_none() && self.identity.is_none()
    }
}

fn piece(from: &str) -> (Piece, &str) {
    if let Some(inside) = from.strip_prefix('"') {
        // Quotation marks that are still open while somebody types reach to the end.
        let (text, rest) = inside.split_once('"').unwrap_or((inside, ""));
        let piece = Piece {
            text: text.to_owned(),
            quoted: true,
        };
        return (piece, rest);
    }
    let end = from
        .char_indices()
        .find(|(at, c)| c.is_whitespace() || (*c == '"' && *at > 0))
        .map_or(from.len(), |(at, _)| at);
    let (text, rest) = from.split_at(end);
    let piece = Piece {
        text: text.to_owned(),
        quoted: false,
    };
    (piece, rest)
}

fn is_identity(text: &str) -> bool {
    (20..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pieces: &[Piece]) -> Vec<(&str, bool)> {
        pieces
            .iter()
            .map(|piece| (piece.text.as_str(), piece.quoted))
            .collect()
    }

    #[test]
    fn words_phrases_and_what_is_not_wanted() {
        let ask = Ask::parse(
            r#" red "apple pie" -green -"rotten fruit" - & A-1"#,
            true,
            32,
        )
        .unwrap();
        assert_eq!(
            texts(&ask.wanted),
            [("red", false), ("apple pie", true), ("A-1", false)]
        );
        assert_eq!(
            texts(&ask.unwanted),
            [("green", false), ("rotten fruit", true)]
        );
        assert_eq!(ask.number, None);
        assert_eq!(
            Ask::parse("-5", true, 32).unwrap().number.as_deref(),
            Some("-5")
        );
        assert_eq!(
            Ask::parse("99.90", true, 32).unwrap().number.as_deref(),
            Some("99.9")
        );
        assert!(Ask::parse("_ % ?", true, 32).unwrap().is_empty());
        assert_eq!(Ask::parse("a b c", true, 2), Err(TooManyWords(2)));
        assert_eq!(
            texts(&Ask::parse("\"open end", true, 2).unwrap().wanted),
            [("open end", true)]
        );
    }
}
