//! Languages: which stemmer and which stop words belong to a locale.

use std::sync::OnceLock;

use tantivy::tokenizer::{Language as Known, RawTokenizer, Stemmer, StopWordFilter, TextAnalyzer};

/// Languages with a stemmer, by the first part of a locale code. Their places are part of the index's format.
const KNOWN: [(&str, Known); 20] = [
    ("ar", Known::Arabic),
    ("da", Known::Danish),
    ("nl", Known::Dutch),
    ("en", Known::English),
    ("fi", Known::Finnish),
    ("fr", Known::French),
    ("de", Known::German),
    ("el", Known::Greek),
    ("hu", Known::Hungarian),
    ("it", Known::Italian),
    ("no", Known::Norwegian),
    ("nb", Known::Norwegian),
    ("nn", Known::Norwegian),
    ("pt", Known::Portuguese),
    ("ro", Known::Romanian),
    ("ru", Known::Russian),
    ("es", Known::Spanish),
    ("sv", Known::Swedish),
    ("ta", Known::Tamil),
    ("tr", Known::Turkish),
];
/// The first of the private-use characters that tell the index's tokenizer the language of a text.
const FIRST_MARKER: u32 = 0xE000;

/// The language of a text; one that is not known is folded and not stemmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Language(Option<u8>);

impl Language {
    /// The language of a locale such as `de` or `pt-BR`.
    pub(super) fn of(locale: &str) -> Self {
        let code = locale.split(['-', '_']).next().unwrap_or_default();
        let found = KNOWN
            .iter()
            .position(|(known, _)| known.eq_ignore_ascii_case(code));
        Self(found.and_then(|place| u8::try_from(place).ok()))
    }

    /// A character to put before a text, which tells its language.
    pub(super) fn marker(self) -> char {
        let place = self.0.map_or(0, |place| u32::from(place) + 1);
        char::from_u32(FIRST_MARKER + place).unwrap_or('\u{E000}')
    }

    /// The language a marker tells.
    pub(super) fn of_marker(marker: char) -> Self {
        let place = u32::from(marker)
            .checked_sub(FIRST_MARKER + 1)
            .and_then(|place| u8::try_from(place).ok())
            .filter(|place| usize::from(*place) < KNOWN.len());
        Self(place)
    }

    /// Whether letters with two dots are also written with an `e` behind them.
    pub(super) fn spells_umlauts(self) -> bool {
        self.known() == Some(Known::German)
    }

    fn known(self) -> Option<Known> {
        KNOWN.get(usize::from(self.0?)).map(|(_, known)| *known)
    }

    /// What takes the endings off words, if the language has it.
    pub(super) fn stemmer(self) -> Option<WordStemmer> {
        let stemmer = Stemmer::new(self.known()?);
        let analyzer = TextAnalyzer::builder(RawTokenizer::default()).filter(stemmer);
        Some(WordStemmer(analyzer.build()))
    }

    /// Whether a folded word says nothing by itself, such as "the".
    pub(super) fn is_stop_word(self, word: &str) -> bool {
        static STOPS: [OnceLock<Option<TextAnalyzer>>; KNOWN.len()] =
            [const { OnceLock::new() }; KNOWN.len()];
        let (Some(place), Some(known)) = (self.0, self.known()) else {
            return false;
        };
        let Some(slot) = STOPS.get(usize::from(place)) else {
            return false;
        };
        let analyzer = slot.get_or_init(|| {
            let filter = StopWordFilter::new(known)?;
            let raw = TextAnalyzer::builder(RawTokenizer::default());
            Some(raw.filter(filter).build())
        });
        analyzer
            .clone()
            .is_some_and(|mut analyzer| !analyzer.token_stream(word).advance())
    }
}

/// Takes the endings off words.
pub(super) struct WordStemmer(TextAnalyzer);

impl WordStemmer {
    /// The stem of a word in lower case.
    pub(super) fn stem(&mut self, word: &str) -> String {
        let mut stream = self.0.token_stream(word);
        match stream.advance() {
            true => stream.token().text.clone(),
            false => word.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_has_a_language_and_a_marker_leads_back_to_it() {
        assert_eq!(Language::of("pt-BR"), Language::of("pt"));
        assert_ne!(Language::of("de"), Language::of("en"));
        for code in ["de", "en", "xx", "nb_NO"] {
            let language = Language::of(code);
            assert_eq!(Language::of_marker(language.marker()), language);
        }
        assert!(Language::of("en").is_stop_word("the"));
        assert!(!Language::of("en").is_stop_word("tree"));
        assert!(!Language::of("xx").is_stop_word("the"));
    }
}
