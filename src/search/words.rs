//! From text to words: the one analysis of what is indexed, asked for and highlighted.
//!
//! Words are lower case without accents. Each stands at its place; the stem of a word stands at the same place
//! with a mark before it, so that phrases, prefixes and typos see words as they are written and only a search
//! for the stem sees stems. Scripts without spaces give every pair of neighbouring characters, and the last
//! character by itself, so that any part of a text is found.

use std::ops::Range;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::fold::{Class, class, folded, push_lower, umlauts_spelled};
use super::language::{Language, WordStemmer};

/// Stands before a stem.
const STEM: char = '\u{1}';
/// Characters of a word that count; more are cut off.
const LONGEST_WORD: usize = 64;

/// How a word was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it is written.
    Word,
    /// Two neighbours of a script without spaces.
    Gram,
    /// The last character of such a text.
    Last,
    /// Another form at the place of the word before: its stem, or another spelling.
    Form,
}

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) kind: Kind,
    pub(super) position: usize,
    /// Where it stands in the text, in bytes.
    pub(super) range: Range<usize>,
}

/// A part of a text between gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span<'t> {
    /// Where it stands in the text, in bytes.
    pub(super) at: usize,
    pub(super) text: &'t str,
    /// Whether it is written in a script without spaces.
    pub(super) is_dense: bool,
}

/// The words of a text.
pub(super) fn words(text: &str, language: Language) -> Vec<Word> {
    let mut reader = Reader {
        found: Vec::new(),
        position: 0,
        stemmer: language.stemmer(),
        language,
    };
    for span in spans(text) {
        match span.is_dense {
            true => reader.grams(&span),
            false => reader.word(&span),
        }
    }
    reader.found
}

/// The parts of a text that hold words, in order: each a word, or a run of a script without spaces.
pub(super) fn spans(text: &str) -> impl Iterator<Item = Span<'_>> {
    let mut next = 0;
    std::iter::from_fn(move || {
        // An accent before any letter belongs to nothing.
        let at = past(text, next, |class| {
            matches!(class, Class::Gap | Class::Mark)
        });
        let is_dense = class(text.get(at..)?.chars().next()?) == Class::Gram;
        next = match is_dense {
            true => past(text, at, |class| class == Class::Gram),
            false => past(text, at, |class| {
                matches!(class, Class::Letter | Class::Mark)
            }),
        };
        Some(Span {
            at,
            text: text.get(at..next)?,
            is_dense,
        })
    })
}

/// The first place from `at` on whose character is of none of these classes.
fn past(text: &str, mut at: usize, of: impl Fn(Class) -> bool) -> usize {
    while let Some(byte) = text.as_bytes().get(at) {
        // Most texts are mostly ASCII; finding words is what most of indexing and highlighting consists of.
        let c = match byte.is_ascii() {
            true => Some(char::from(*byte)),
            false => text.get(at..).and_then(|rest| rest.chars().next()),
        };
        match c {
            Some(c) if of(class(c)) => at += c.len_utf8(),
            _ => break,
        }
    }
    at
}

/// The stem of a word as it stands in the index.
pub(super) fn marked(stem: &str) -> String {
    format!("{STEM}{stem}")
}

struct Reader {
    found: Vec<Word>,
    position: usize,
    stemmer: Option<WordStemmer>,
    language: Language,
}

impl Reader {
    fn word(&mut self, span: &Span<'_>) {
        let written = span.text;
        let range = span.at..span.at + written.len();
        let mut lower = String::with_capacity(written.len());
        for c in written
            .chars()
            .filter(|c| class(*c) == Class::Letter)
            .take(LONGEST_WORD)
        {
            push_lower(&mut lower, c);
        }
        let plain = folded(&lower);
        if let Some(stemmer) = &mut self.stemmer {
            let stem = folded(&stemmer.stem(&lower));
            if stem != plain {
                self.push(marked(&stem), Kind::Form, range.clone());
            }
        }
        if self.language.spells_umlauts()
            && let Some(spelled) = umlauts_spelled(&lower)
        {
            self.push(spelled, Kind::Form, range.clone());
        }
        self.push(plain, Kind::Word, range);
        self.position += 1;
    }

    fn grams(&mut self, span: &Span<'_>) {
        let letters = span.text.char_indices();
        let mut before: Option<(usize, char)> = None;
        for (at, c) in letters.map(|(at, c)| (span.at + at, c)) {
            if let Some((from, first)) = before {
                let mut text = String::with_capacity(8);
                push_lower(&mut text, first);
                push_lower(&mut text, c);
                self.push(text, Kind::Gram, from..at + c.len_utf8());
                self.position += 1;
            }
            before = Some((at, c));
        }
        if let Some((at, c)) = before {
            let mut text = String::with_capacity(4);
            push_lower(&mut text, c);
            self.push(text, Kind::Last, at..at + c.len_utf8());
            self.position += 1;
        }
    }

    fn push(&mut self, text: String, kind: Kind, range: Range<usize>) {
        self.found.push(Word {
            text,
            kind,
            position: self.position,
            range,
        });
    }
}

/// The tokenizer of the index: a text begins with the marker of its language.
#[derive(Debug, Clone, Default)]
pub(super) struct IndexTokenizer;

/// The words of one text.
pub(super) struct WordStream {
    words: std::vec::IntoIter<Word>,
    token: Token,
}

impl Tokenizer for IndexTokenizer {
    type TokenStream<'a> = WordStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream {
        let mut rest = text.chars();
        let language = rest.next().map_or(Language::of(""), Language::of_marker);
        WordStream {
            words: words(rest.as_str(), language).into_iter(),
            token: Token::default(),
        }
    }
}

impl TokenStream for WordStream {
    fn advance(&mut self) -> bool {
        let Some(word) = self.words.next() else {
            return false;
        };
        self.token = Token {
            offset_from: word.range.start,
            offset_to: word.range.end,
            position: word.position,
            text: word.text,
            position_length: 1,
        };
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, locale: &str) -> Vec<(usize, String)> {
        let words = words(text, Language::of(locale)).into_iter();
        words.map(|word| (word.position, word.text)).collect()
    }

    #[test]
    fn words_have_places_and_stems_stand_beside_them() {
        assert_eq!(
            texts("Running, over A-1!", "en"),
            [
                (0, "\u{1}run".into()),
                (0, "running".into()),
                (1, "over".into()),
                (2, "a".into()),
                (3, "1".into())
            ]
        );
        let german = texts("Äpfel", "de");
        assert!(german.contains(&(0, "apfel".into())) && german.contains(&(0, "aepfel".into())));
    }

    #[test]
    fn scripts_without_spaces_give_pairs() {
        assert_eq!(
            texts("東京都 iPhone手机", "ja"),
            [
                (0, "東京".into()),
                (1, "京都".into()),
                (2, "都".into()),
                (3, "iphone".into()),
                (4, "手机".into()),
                (5, "机".into())
            ]
        );
        assert_eq!(texts("한국", "ko"), [(0, "한국".into()), (1, "국".into())]);
    }

    #[test]
    fn ranges_are_of_the_text_as_written() {
        for word in words("Ein schöner Tag: e\u{301}lan 東京", Language::of("de")) {
            assert!(
                "Ein schöner Tag: e\u{301}lan 東京"
                    .get(word.range)
                    .is_some()
            );
        }
    }
}
