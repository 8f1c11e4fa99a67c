//! Slugs made from text.

use deunicode::deunicode;

use super::SlugOptions;

/// The slug of a text: replaced, transliterated to ASCII, cut into words joined by the separator.
///
/// Empty if nothing of the text can stand in a slug.
pub fn slugify(text: &str, options: &SlugOptions) -> String {
    let mut text = text.to_owned();
    for (from, to) in &options.custom_replacements {
        text = text.replace(from, to);
    }
    // Before transliteration, which makes two capitals of one `Æ`.
    let text = if options.decamelize {
        decamelize(&text)
    } else {
        text
    };
    // Scripts that `deunicode` does not know become nothing rather than "[?]".
    let plain = deunicode::deunicode_with_tofu(&text, "");
    let spaced = if plain.trim().is_empty() {
        deunicode(&text)
    } else {
        plain
    };
    let underscore = options.preserve_leading_underscore && spaced.starts_with('_');
    let words: Vec<String> = spaced
        .replace(['\'', '\u{2019}'], "")
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| match options.lowercase {
            true => word.to_ascii_lowercase(),
            false => word.to_owned(),
        })
        .collect();
    let slug = words.join(&options.separator);
    if underscore { format!("_{slug}") } else { slug }
}

/// Puts a space where a lower-case letter or digit meets an upper-case letter, and before the last capital of
/// a run that is followed by a small letter.
fn decamelize(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut result = String::with_capacity(text.len() + 8);
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| characters.get(index));
        let after = characters.get(index + 1);
        let starts_word = character.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if starts_word {
            result.push(' ');
        }
        result.push(*character);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_script_become_a_slug() {
        let slug = |text| slugify(text, &SlugOptions::default());
        assert_eq!(slug("Hello, World!"), "hello-world");
        assert_eq!(slug("Crème brûlée & Æon"), "creme-brulee-aeon");
        assert_eq!(slug("fooBar HTMLPage"), "foo-bar-html-page");
        assert_eq!(slug("Don't stop"), "dont-stop");
        assert_eq!(slug("北京"), "bei-jing");
        assert_eq!(slug("!!!"), "");
    }
}
