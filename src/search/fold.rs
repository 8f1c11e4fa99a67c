//! Folding: letters that people take for the same become the same.

use deunicode::deunicode_char;

/// What a character is to the tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Part of a word between spaces.
    Letter,
    /// Part of a text written without spaces: every two neighbours are a word.
    Gram,
    /// An accent or vowel sign that stands on its own; it is left out.
    Mark,
    /// Between words.
    Gap,
}

/// What a character is to the tokenizer.
pub(super) fn class(c: char) -> Class {
    if c.is_ascii() {
        return match c.is_ascii_alphanumeric() {
            true => Class::Letter,
            false => Class::Gap,
        };
    }
    match u32::from(c) {
        // Combining accents; Hebrew points; Arabic vowels and the stretching sign; soft hyphen, zero-width joiners.
        0x0300..=0x036F
        | 0x0591..=0x05C7
        | 0x0640
        | 0x064B..=0x0652
        | 0x0670
        | 0x00AD
        | 0x200B..=0x200D => Class::Mark,
        // Thai and Lao, Myanmar, Khmer.
        0x0E01..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17DD => Class::Gram,
        // Kana, Bopomofo, Hangul letters and syllables; the middle dot of katakana is a gap.
        0x30FB => Class::Gap,
        0x3041..=0x318F | 0x31A0..=0x31FF | 0xAC00..=0xD7AF | 0xFF66..=0xFF9F => Class::Gram,
        // Han: iteration mark, extension A, unified, compatibility, extensions B and on.
        0x3005
        | 0x3007
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF
        | 0x20000..=0x323AF => Class::Gram,
        _ if c.is_alphanumeric() => Class::Letter,
        _ => Class::Gap,
    }
}

/// Appends the lower case of a character, wide forms made narrow.
pub(super) fn push_lower(text: &mut String, c: char) {
    match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => {
            let narrow = char::from_u32(wide - 0xFEE0).unwrap_or(c);
            text.extend(narrow.to_lowercase());
        }
        // The dot of Turkish capital I is no letter of its own.
        0x0130 => text.push('i'),
        _ => text.extend(c.to_lowercase()),
    }
}

/// A word in lower case without its accents.
pub(super) fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.to_owned();
    }
    let mut text = String::with_capacity(word.len());
    for c in word.chars() {
        match u32::from(c) {
            // Latin letters with marks, ligatures and ß.
            0x00C0..=0x024F | 0x1E00..=0x1EFF | 0xFB00..=0xFB06 => {
                let plain = deunicode_char(c).unwrap_or_default();
                text.extend(plain.chars().flat_map(char::to_lowercase));
            }
            _ => text.push(without_accent(c)),
        }
    }
    text
}

/// Letters of other alphabets that are written with and without an accent.
fn without_accent(c: char) -> char {
    match c {
        'ё' => 'е',
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        'أ' | 'إ' | 'آ' => 'ا',
        'ى' => 'ي',
        'ة' => 'ه',
        _ => c,
    }
}

/// The German spelling without umlauts; none if the word has none.
pub(super) fn umlauts_spelled(word: &str) -> Option<String> {
    word.contains(['ä', 'ö', 'ü']).then(|| {
        let spelled = word.replace('ä', "ae").replace('ö', "oe");
        folded(&spelled.replace('ü', "ue"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_go_and_alphabets_stay() {
        for (word, plain) in [
            ("élan", "elan"),
            ("straße", "strasse"),
            ("łódź", "lodz"),
            ("ёлка", "елка"),
            ("ώρα", "ωρα"),
            ("smørrebrød", "smorrebrod"),
        ] {
            assert_eq!(folded(word), plain);
        }
        assert_eq!(umlauts_spelled("müller").as_deref(), Some("mueller"));
        assert_eq!(umlauts_spelled("miller"), None);
    }
}
