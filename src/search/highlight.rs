//! Snippets: the part of a text where the words that were searched stand closest, as safe HTML.

use std::collections::{HashMap, HashSet};

use super::ask::Ask;
use super::language::Language;
use super::terms::typos;
use super::words::{Kind, Span, Word, spans, words};

/// Bytes of a text that are looked at together.
const PIECE: usize = 800;
/// Words whose answer is remembered, and the bytes of one; texts repeat their words.
const REMEMBERED: usize = 20_000;
const LONGEST: usize = 64;

/// Marks what was searched in texts of one language.
#[derive(Debug)]
pub struct Highlighter {
    language: Language,
    exact: HashSet<String>,
    /// Words as they were typed, for misspellings.
    typed: Vec<String>,
    prefix: Option<String>,
    misspelt: bool,
    /// The first letters of everything that is looked for.
    firsts: HashSet<char>,
    /// Whether a word, as it stands in a text, is marked. Folding and stemming it takes most of a snippet's time.
    known: HashMap<Box<str>, bool>,
}

impl Highlighter {
    /// Marks what a search looked for in texts of this locale; `misspelt` marks what it may have meant too.
    pub fn new(ask: &Ask, locale: &str, misspelt: bool) -> Self {
        let language = Language::of(locale);
        let mut exact = HashSet::new();
        let mut typed = Vec::new();
        let mut prefix = None;
        let last = ask.wanted.len().saturating_sub(1);
        for (index, piece) in ask.wanted.iter().enumerate() {
            let goes_on = ask.prefix && index == last && !piece.quoted;
            let found = words(&piece.text, language);
            let grams = found.iter().any(|word| word.kind == Kind::Gram);
            for word in &found {
                match word.kind {
                    Kind::Word => typed.push(word.text.clone()),
                    Kind::Last if grams => continue,
                    _ => {}
                }
                if matches!(word.kind, Kind::Last) || (goes_on && word.kind == Kind::Word) {
                    prefix = Some(word.text.clone());
                }
                if let Some(stem) = word.text.strip_prefix('\u{1}') {
                    exact.insert(stem.to_owned());
                }
                exact.insert(word.text.clone());
            }
        }
        if typed.len() > 1 {
            // Words that say nothing are found everywhere; marking them hides the others.
            let says = |word: &String| !language.is_stop_word(word);
            if typed.iter().any(says) {
                let nothing: Vec<&String> = typed.iter().filter(|word| !says(word)).collect();
                for word in nothing {
                    exact.remove(word);
                }
            }
        }
        let firsts = exact
            .iter()
            .chain(&prefix)
            .filter_map(|word| word.chars().next());
        Self {
            firsts: firsts.collect(),
            language,
            exact,
            typed,
            prefix,
            misspelt,
            known: HashMap::new(),
        }
    }

    /// The best part of a text of about `most` characters, escaped, with `<mark>` around what was searched; none if
    /// nothing of it stands there.
    pub fn snippet(&mut self, text: &str, most: usize) -> Option<String> {
        let hits = self.hits(text);
        let (first, last) = best_window(text, &hits, most)?;
        let (start, end) = around(text, first, last, most);
        let mut snippet = String::new();
        if start > 0 {
            snippet.push('…');
        }
        let mut at = start;
        for hit in hits.iter().filter(|hit| hit.0 >= start && hit.1 <= end) {
            if hit.0 < at {
                continue;
            }
            escape(&mut snippet, text.get(at..hit.0).unwrap_or_default());
            snippet.push_str("<mark>");
            escape(&mut snippet, text.get(hit.0..hit.1).unwrap_or_default());
            snippet.push_str("</mark>");
            at = hit.1;
        }
        escape(&mut snippet, text.get(at..end).unwrap_or_default());
        if end < text.len() {
            snippet.push('…');
        }
        Some(snippet)
    }

    /// Where words stand that were searched; neighbours of a script without spaces are one.
    ///
    /// A text is read in pieces and only until it has shown enough: one piece with the word, or two if there are
    /// several words that may stand together.
    fn hits(&mut self, text: &str) -> Vec<(usize, usize)> {
        let enough = if self.typed.len() > 1 { 2 } else { 1 };
        let mut hits: Vec<(usize, usize)> = Vec::new();
        let mut shown = 0;
        for (at, piece) in pieces(text) {
            let before = hits.len();
            for span in spans(piece) {
                let at = at + span.at;
                if !span.is_dense {
                    if self.marks(&span) {
                        hits.push((at, at + span.text.len()));
                    }
                    continue;
                }
                for word in words(span.text, self.language) {
                    if !self.matches(&word) {
                        continue;
                    }
                    let (start, end) = (at + word.range.start, at + word.range.end);
                    match hits.last_mut() {
                        Some(last) if start < last.1 => last.1 = last.1.max(end),
                        _ => hits.push((start, end)),
                    }
                }
            }
            shown += usize::from(hits.len() > before);
            if shown == enough {
                break;
            }
        }
        hits
    }

    /// Whether a word, or a form of it, was searched.
    fn marks(&mut self, span: &Span<'_>) -> bool {
        // Folding and stemming change no first letter of ASCII: most words need not be looked at.
        let first = span.text.chars().next().filter(char::is_ascii);
        let may_be = |first: char| self.firsts.contains(&first.to_ascii_lowercase());
        if !self.misspelt && first.is_some_and(|first| !may_be(first)) {
            return false;
        }
        if let Some(known) = self.known.get(span.text) {
            return *known;
        }
        let forms = words(span.text, self.language);
        let marks = forms.iter().any(|word| self.matches(word));
        if self.known.len() < REMEMBERED && span.text.len() <= LONGEST {
            self.known.insert(span.text.into(), marks);
        }
        marks
    }

    fn matches(&self, word: &Word) -> bool {
        if self.exact.contains(&word.text) {
            return true;
        }
        if word.kind == Kind::Form {
            let stem = word.text.trim_start_matches('\u{1}');
            return self.exact.contains(stem);
        }
        let begins = |prefix: &String| word.text.starts_with(prefix.as_str());
        if self.prefix.as_ref().is_some_and(begins) {
            return true;
        }
        self.misspelt
            && word.kind == Kind::Word
            && self.typed.iter().enumerate().any(|(index, typed)| {
                let goes_on = self.prefix.is_some() && index + 1 == self.typed.len();
                is_near(typed, &word.text, typos(typed), goes_on)
            })
    }
}

/// A text in pieces of about [`PIECE`] bytes that end between words, each with its place; one without spaces is whole.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let gap =
            |(index, c): (usize, char)| (index >= PIECE && c.is_whitespace()).then_some(index);
        let end = match rest.len() > PIECE {
            true => rest.char_indices().find_map(gap).unwrap_or(rest.len()),
            false => rest.len(),
        };
        let begin = at;
        at += end;
        Some((begin, rest.get(..end)?))
    })
}

/// The hits that stand together within `most` characters and are the most.
fn best_window(text: &str, hits: &[(usize, usize)], most: usize) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize, usize)> = None;
    for (index, first) in hits.iter().enumerate() {
        let reach = |hit: &&(usize, usize)| {
            text.get(first.0..hit.1)
                .is_some_and(|part| part.chars().count() <= most)
        };
        // A long text has many hits; the first hundred after one decide.
        let inside = hits.iter().skip(index).take(100).take_while(reach);
        let count = inside.clone().count();
        let last = inside.last().unwrap_or(first);
        if best.is_none_or(|(most_hits, ..)| count > most_hits) {
            best = Some((count.max(1), first.0, last.1));
        }
        if index > 200 {
            break;
        }
    }
    best.map(|(_, first, last)| (first, last))
}

/// The window widened to about `most` characters, to the edges of words where there are some.
fn around(text: &str, first: usize, last: usize, most: usize) -> (usize, usize) {
    let inside = text.get(first..last).map_or(0, |part| part.chars().count());
    let spare = most.saturating_sub(inside);
    let before = text.get(..first).unwrap_or_default();
    let after = text.get(last..).unwrap_or_default();
    let back = (spare / 3).max(spare.saturating_sub(after.chars().take(spare).count()));
    let mut start = before
        .char_indices()
        .rev()
        .take(back)
        .last()
        .map_or(first, |(at, _)| at);
    let front = spare.saturating_sub(
        text.get(start..first)
            .map_or(0, |part| part.chars().count()),
    );
    let mut end = after
        .char_indices()
        .nth(front)
        .map_or(text.len(), |(at, _)| last + at);
    if start > 0
        && let Some(gap) = text
            .get(start..first)
            .and_then(|part| part.find(char::is_whitespace))
    {
        start += gap + 1;
    }
    if end < text.len()
        && let Some(gap) = text
            .get(last..end)
            .and_then(|part| part.rfind(char::is_whitespace))
    {
        end = last + gap;
    }
    (text.get(start..).map_or(first, |_| start), end)
}

fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // Lines and runs of spaces become one space.
            c if c.is_whitespace() && html.ends_with(' ') => {}
            c if c.is_whitespace() => html.push(' '),
            c if c.is_control() => {}
            c => html.push(c),
        }
    }
}

/// Whether two words differ by at most `most` letters changed, left out, added or swapped with their neighbour; with
/// `goes_on` the second may go on.
fn is_near(typed: &str, word: &str, most: u8, goes_on: bool) -> bool {
    let most = usize::from(most);
    let typed: Vec<char> = typed.chars().collect();
    let word: Vec<char> = word.chars().take(typed.len() + most).collect();
    if most == 0 || (!goes_on && typed.len().abs_diff(word.len()) > most) {
        return false;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (i, a) in typed.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in word.iter().enumerate() {
            let at =
                |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
            let mut cost = at(&row, j) + usize::from(a != b);
            cost = cost.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped =
                i > 0 && j > 0 && typed.get(i - 1) == Some(b) && word.get(j - 1) == Some(a);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
    }
    match goes_on {
        true => row.iter().any(|cost| *cost <= most),
        false => row.last().is_some_and(|cost| *cost <= most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippet(
        query: &str,
        locale: &str,
        misspelt: bool,
        text: &str,
        most: usize,
    ) -> Option<String> {
        let ask = Ask::parse(query, true, 32).unwrap();
        Highlighter::new(&ask, locale, misspelt).snippet(text, most)
    }

    #[test]
    fn what_was_searched_is_marked_and_everything_is_escaped() {
        let text = "<b onclick=\"x()\">Runners</b> & running dogs";
        assert_eq!(
            snippet("running", "en", false, text, 200).unwrap(),
            "&lt;b onclick=&quot;x()&quot;&gt;Runners&lt;/b&gt; &amp; <mark>running</mark> dogs"
        );
        assert_eq!(snippet("cat", "en", false, text, 200), None);
        assert_eq!(
            snippet("runing", "en", true, text, 200)
                .unwrap()
                .matches("<mark>")
                .count(),
            1
        );
        assert_eq!(
            snippet("京都", "ja", false, "東京都の空", 50).unwrap(),
            "東<mark>京都</mark>の空"
        );
    }

    #[test]
    fn a_long_text_is_cut_at_words_around_the_hits() {
        let text = format!(
            "{} needle in hay {}",
            "before ".repeat(50),
            "after ".repeat(50)
        );
        let found = snippet("needle hay", "en", false, &text, 60).unwrap();
        assert!(found.starts_with('…') && found.ends_with('…'), "{found}");
        assert!(
            found.contains("<mark>needle</mark> in <mark>hay</mark>"),
            "{found}"
        );
        assert!(found.chars().count() < 60 + 30, "{found}");
    }

    #[test]
    fn a_long_text_is_read_in_pieces_that_lose_nothing() {
        let text = format!("{}needle{}", "hay ".repeat(1000), " straw".repeat(1000));
        let whole: String = pieces(&text).map(|(_, piece)| piece).collect();
        assert_eq!(whole, text);
        let stands = |(at, piece): (usize, &str)| text.get(at..at + piece.len()) == Some(piece);
        assert!(pieces(&text).all(stands));
        let found = snippet("needle", "en", false, &text, 60).unwrap();
        assert!(found.contains("<mark>needle</mark>"), "{found}");
        let dense = "東京".repeat(2000);
        assert_eq!(pieces(&dense).count(), 1);
    }

    #[test]
    fn near_words() {
        for (typed, word, most, near) in [
            ("recieve", "receive", 1, true),
            ("apple", "aple", 1, true),
            ("apple", "orange", 2, false),
            ("appel", "apple", 1, true),
        ] {
            assert_eq!(is_near(typed, word, most, false), near, "{typed} {word}");
        }
        assert!(
            is_near("aplli", "applications", 1, true) || is_near("appli", "applications", 1, true)
        );
    }
}
