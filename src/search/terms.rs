//! From what was asked to a query of the index, for one type and stage.
//!
//! Every word must be found in some field of the type; where, and in how short a text, decides the score. Scores are
//! made with fixed frequencies ([`Flat`]): they depend on the entry and on what was asked, never on other entries, so
//! that they cannot tell what stands in entries the caller may not see.

use tantivy::Term;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, FuzzyTermQuery, Occur, PhrasePrefixQuery,
    PhraseQuery, Query, TermQuery,
};
use tantivy::schema::{Field as Place, IndexRecordOption};

use super::ask::{Ask, Piece};
use super::language::Language;
use super::words::{Kind, Word, marked, words};

const STEM: f32 = 0.7;
const PREFIX: f32 = 0.5;
const ONE_TYPO: f32 = 0.35;
const TWO_TYPOS: f32 = 0.15;
const PHRASE: f32 = 1.3;
/// Words that begin with what was typed, when a phrase goes on.
const EXPANSIONS: u32 = 1000;
/// Letters from which a word may hold one typo, and two.
const TYPOS: [usize; 2] = [4, 7];
/// Letters of the parts into which a misspelt word may fall.
const SHORTEST_PART: usize = 3;

/// The frequencies that scores are made with: as if every word stood in 100 of 272 texts of 16 words each.
pub(super) struct Flat;

impl Bm25StatisticsProvider for Flat {
    fn total_num_tokens(&self, _: Place) -> tantivy::Result<u64> {
        Ok(272 * 16)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(272)
    }

    fn doc_freq(&self, _: &Term) -> tantivy::Result<u64> {
        Ok(100)
    }
}

/// How many typos a word may hold: none below 4 letters, one below 7, else two; numbers none.
pub(super) fn typos(word: &str) -> u8 {
    if word.chars().any(char::is_numeric) {
        return 0;
    }
    let letters = word.chars().count();
    let [one, two] = TYPOS;
    u8::from(letters >= one) + u8::from(letters >= two)
}

/// Makes the queries of one type.
pub(super) struct Terms<'a> {
    /// The fields that are searched and how much they count.
    pub(super) fields: &'a [(Place, f32)],
    pub(super) language: Language,
    /// Whether words may be misspelt.
    pub(super) forgiving: bool,
}

type Clauses = Vec<(Occur, Box<dyn Query>)>;

impl Terms<'_> {
    /// What must hold for the words asked for; none if there is no word.
    pub(super) fn query(&self, ask: &Ask) -> Option<Box<dyn Query>> {
        let mut clauses: Clauses = Vec::new();
        let pieces: Vec<(Vec<Word>, &Piece)> = ask
            .wanted
            .iter()
            .map(|piece| (words(&piece.text, self.language), piece))
            .filter(|(words, _)| !words.is_empty())
            .collect();
        let last = pieces.len().checked_sub(1)?;
        let says_nothing = |index: usize, words: &[Word], piece: &Piece| {
            let going_on = ask.prefix && index == last;
            !piece.quoted
                && !going_on
                && words
                    .iter()
                    .all(|word| self.language.is_stop_word(&word.text))
        };
        let all_nothing = pieces
            .iter()
            .enumerate()
            .all(|(index, (words, piece))| says_nothing(index, words, piece));
        for (index, (words, piece)) in pieces.iter().enumerate() {
            if !all_nothing && says_nothing(index, words, piece) {
                continue;
            }
            let goes_on = ask.prefix && index == last && !piece.quoted;
            self.add(&mut clauses, words, piece.quoted, goes_on);
        }
        for piece in &ask.unwanted {
            let words = words(&piece.text, self.language);
            if let Some(query) = self.together(&words, true, false) {
                clauses.push((Occur::MustNot, query));
            }
        }
        Some(single(clauses))
    }

    fn add(&self, clauses: &mut Clauses, words: &[Word], quoted: bool, goes_on: bool) {
        if quoted || !self.forgiving {
            clauses.extend(self.together(words, quoted, goes_on).map(must));
            return;
        }
        let grams: Vec<&Word> = words
            .iter()
            .filter(|word| word.kind == Kind::Gram)
            .collect();
        if !grams.is_empty() {
            let each: Clauses = grams
                .iter()
                .map(|word| should(self.anywhere(word)))
                .collect();
            let enough = each.len().div_ceil(3);
            let query = BooleanQuery::with_minimum_required_clauses(each, enough);
            clauses.push(must(Box::new(query)));
        }
        let written: Vec<&Word> = words
            .iter()
            .filter(|word| word.kind == Kind::Word)
            .collect();
        let end = written.len().saturating_sub(1);
        for (index, word) in written.iter().enumerate() {
            clauses.push(must(self.word(words, word, goes_on && index == end)));
        }
        if grams.is_empty() && written.is_empty() {
            clauses.extend(self.together(words, quoted, goes_on).map(must));
        }
    }

    /// Words that stand together as they were typed.
    fn together(&self, words: &[Word], quoted: bool, goes_on: bool) -> Option<Box<dyn Query>> {
        let has_grams = words.iter().any(|word| word.kind == Kind::Gram);
        let written: Vec<&Word> = words
            .iter()
            .filter(|word| word.kind != Kind::Form && !(has_grams && word.kind == Kind::Last))
            .collect();
        match written.as_slice() {
            [] => None,
            [one] if one.kind == Kind::Last => Some(self.each(|place| prefix(place, &one.text, 0))),
            [one] if quoted || one.kind == Kind::Gram => Some(self.anywhere(one)),
            [one] => Some(self.word(words, one, goes_on)),
            several => Some(self.phrase(several, goes_on)),
        }
    }

    /// A word as it is written, in any field.
    fn anywhere(&self, word: &Word) -> Box<dyn Query> {
        self.each(|place| term(place, &word.text))
    }

    /// A word, what has its stem, what begins with it if it goes on, and what it may be a misspelling of.
    fn word(&self, words: &[Word], word: &Word, goes_on: bool) -> Box<dyn Query> {
        let forms: Vec<&str> = words
            .iter()
            .filter(|form| form.kind == Kind::Form && form.position == word.position)
            .map(|form| form.text.as_str())
            .collect();
        let mut clauses: Clauses = Vec::new();
        for (place, boost) in self.fields {
            let mut add = |query: Box<dyn Query>, weight: f32| {
                clauses.push(should(Box::new(BoostQuery::new(query, boost * weight))));
            };
            add(term(*place, &word.text), 1.0);
            for form in &forms {
                add(term(*place, form), STEM);
                if let Some(stem) = form.strip_prefix('\u{1}') {
                    add(term(*place, stem), STEM);
                }
            }
            if forms.is_empty() {
                add(term(*place, &marked(&word.text)), STEM);
            }
            if goes_on {
                add(prefix(*place, &word.text, 0), PREFIX);
            }
            let most = if self.forgiving { typos(&word.text) } else { 0 };
            for (distance, weight) in [(1, ONE_TYPO), (2, TWO_TYPOS)] {
                if distance <= most {
                    add(misspelt(*place, &word.text, distance), weight);
                }
                if distance <= most && goes_on {
                    add(prefix(*place, &word.text, distance), weight * PREFIX);
                }
            }
            if self.forgiving {
                for parts in parted(&word.text) {
                    let terms = parts.map(|part| Term::from_field_text(*place, part));
                    add(Box::new(PhraseQuery::new(terms.to_vec())), ONE_TYPO);
                }
            }
        }
        single(clauses)
    }

    fn phrase(&self, words: &[&Word], goes_on: bool) -> Box<dyn Query> {
        let first = words.first().map_or(0, |word| word.position);
        let goes_on = goes_on && words.last().is_some_and(|word| word.kind == Kind::Word);
        let mut clauses: Clauses = Vec::new();
        for (place, boost) in self.fields {
            let terms: Vec<(usize, Term)> = words
                .iter()
                .map(|word| {
                    (
                        word.position - first,
                        Term::from_field_text(*place, &word.text),
                    )
                })
                .collect();
            let exact = PhraseQuery::new_with_offset(terms.clone());
            let exact = BoostQuery::new(Box::new(exact), boost * PHRASE);
            clauses.push(should(Box::new(exact)));
            if goes_on {
                let mut open = PhrasePrefixQuery::new_with_offset(terms);
                open.set_max_expansions(EXPANSIONS);
                let open = BoostQuery::new(Box::new(open), boost * PREFIX);
                clauses.push(should(Box::new(open)));
            }
        }
        single(clauses)
    }

    fn each(&self, query: impl Fn(Place) -> Box<dyn Query>) -> Box<dyn Query> {
        let clauses = self.fields.iter().map(|(place, boost)| {
            let query: Box<dyn Query> = Box::new(BoostQuery::new(query(*place), *boost));
            should(query)
        });
        single(clauses.collect())
    }
}

/// The pairs of words that a word is when a space was left out.
fn parted(word: &str) -> impl Iterator<Item = [&str; 2]> {
    let letters = word.chars().count();
    let last = letters.saturating_sub(SHORTEST_PART);
    let places = word.char_indices().enumerate();
    places
        .filter(move |(index, _)| (SHORTEST_PART..=last).contains(index))
        .map(|(_, (at, _))| <[&str; 2]>::from(word.split_at(at)))
}

/// A condition that does not count for the score.
pub(super) fn exactly(place: Place, mark: &str, score: f32) -> Box<dyn Query> {
    let term = Term::from_field_text(place, mark);
    let query = TermQuery::new(term, IndexRecordOption::Basic);
    Box::new(ConstScoreQuery::new(Box::new(query), score))
}

fn term(place: Place, word: &str) -> Box<dyn Query> {
    let term = Term::from_field_text(place, word);
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}

fn misspelt(place: Place, word: &str, distance: u8) -> Box<dyn Query> {
    let term = Term::from_field_text(place, word);
    Box::new(FuzzyTermQuery::new(term, distance, true))
}

fn prefix(place: Place, word: &str, distance: u8) -> Box<dyn Query> {
    let term = Term::from_field_text(place, word);
    Box::new(FuzzyTermQuery::new_prefix(term, distance, true))
}

fn must(query: Box<dyn Query>) -> (Occur, Box<dyn Query>) {
    (Occur::Must, query)
}

fn should(query: Box<dyn Query>) -> (Occur, Box<dyn Query>) {
    (Occur::Should, query)
}

fn single(mut clauses: Clauses) -> Box<dyn Query> {
    let alone = matches!(clauses.as_slice(), [(Occur::Must | Occur::Should, _)]);
    match clauses.pop() {
        Some((_, query)) if alone => query,
        Some(clause) => {
            clauses.push(clause);
            Box::new(BooleanQuery::new(clauses))
        }
        None => Box::new(BooleanQuery::new(clauses)),
    }
}
