//! The workload: authors, categories, tags, articles of about 3 KB, and a mega menu.
//!
//! The same bytes on every machine and as every other system is measured with; [`Dataset::digest`] proves it.
//! Relations are indexes into the lists.

use std::collections::HashSet;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::python_random::PythonRandom;

const SEED: u32 = 20_261_120;
/// Letters of a usual article's body.
pub(crate) const BODY: usize = 3000;
const WORDS: usize = 5000;
const COMMON: &str = "qommon";
const RARE: &str = "qarerare";
const FIRST_DAY: i64 = 1_704_067_200;
const ONSETS: &[&str] = &[
    "b", "br", "c", "ch", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl",
    "pr", "r", "s", "sh", "st", "t", "tr", "v", "w", "z",
];
const NUCLEI: &[&str] = &["a", "e", "i", "o", "u", "ai", "ea", "io", "ou"];
const CODAS: &[&str] = &["", "", "", "n", "r", "s", "l", "t", "m", "nd", "st", "ck"];

pub(crate) struct Author {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) bio: String,
}

pub(crate) struct Category {
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) description: String,
}

pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) slug: String,
}

pub(crate) struct Article {
    pub(crate) title: String,
    pub(crate) slug: String,
    pub(crate) excerpt: String,
    pub(crate) body: String,
    pub(crate) publish_date: String,
    pub(crate) views: usize,
    pub(crate) featured: bool,
    pub(crate) author: usize,
    pub(crate) category: usize,
    pub(crate) tags: Vec<usize>,
}

pub(crate) struct Dataset {
    pub(crate) authors: Vec<Author>,
    pub(crate) categories: Vec<Category>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) articles: Vec<Article>,
    /// `title` and `sections`; a link names its article and icon by index.
    pub(crate) menu: Value,
    /// What the requests ask for and what their answers must say.
    pub(crate) meta: Value,
}

impl Article {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "title": self.title, "slug": self.slug, "excerpt": self.excerpt, "body": self.body,
            "publishDate": self.publish_date, "views": self.views, "featured": self.featured,
            "author": self.author, "category": self.category, "tags": self.tags,
        })
    }
}

impl Dataset {
    /// So many articles with bodies of about so many letters; the usual ones have [`BODY`].
    pub(crate) fn generate(articles: usize, body: usize) -> Dataset {
        let mut writer = Writer::new();
        let authors = (0..50).map(|i| writer.author(i)).collect();
        let categories = (0..20).map(|i| writer.category(i)).collect();
        let tags = (0..100)
            .map(|i| Tag {
                name: format!("Tag {i} {}", writer.word()),
                slug: format!("tag-{i}"),
            })
            .collect();
        let rare: HashSet<usize> = (0..12)
            .map(|i| ((i as f64 + 0.5) * articles as f64 / 12.0) as usize)
            .collect();
        let articles: Vec<Article> = (0..articles)
            .map(|i| writer.article(i, rare.contains(&i), body))
            .collect();
        let menu = writer.menu(articles.len());
        let meta = meta(&articles);
        Dataset {
            authors,
            categories,
            tags,
            articles,
            menu,
            meta,
        }
    }

    /// SHA-256 of the articles as JSON lines and of the menu.
    pub(crate) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for article in &self.articles {
            hash.update(article.to_json().to_string());
            hash.update("\n");
        }
        hash.update(self.menu.to_string());
        hash.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

struct Writer {
    random: PythonRandom,
    words: Vec<String>,
    cumulated: Vec<f64>,
}

impl Writer {
    fn new() -> Writer {
        let mut writer = Writer {
            random: PythonRandom::new(SEED),
            words: Vec::new(),
            cumulated: Vec::new(),
        };
        let mut seen = HashSet::new();
        while writer.words.len() < WORDS {
            let word = writer.word();
            if word.len() >= 3 && seen.insert(word.clone()) {
                writer.words.push(word);
            }
        }
        // The word the searches look for stands in roughly one article in eight.
        COMMON.clone_into(&mut writer.words[400]);
        let mut sum = 0.0;
        for rank in 0..WORDS {
            sum += 1.0 / (rank as f64 + 2.7);
            writer.cumulated.push(sum);
        }
        writer
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.random.below(from.len())]
    }

    fn word(&mut self) -> String {
        let syllables =
            1 + usize::from(self.random.next() < 0.75) + usize::from(self.random.next() < 0.35);
        let mut word = String::new();
        for i in 0..syllables {
            word.push_str(self.pick(ONSETS));
            word.push_str(self.pick(NUCLEI));
            if i == syllables - 1 {
                word.push_str(self.pick(CODAS));
            }
        }
        word
    }

    fn drawn(&mut self) -> &str {
        let total = self.cumulated[WORDS - 1];
        let sought = self.random.next() * total;
        let at = self.cumulated.partition_point(|sum| *sum < sought);
        &self.words[at]
    }

    fn drawn_words(&mut self, count: usize) -> String {
        let mut text = String::new();
        for i in 0..count {
            if i > 0 {
                text.push(' ');
            }
            text.push_str(self.drawn());
        }
        capitalized(&text)
    }

    fn sentence(&mut self) -> String {
        let count = 6 + self.random.below(12);
        self.drawn_words(count) + "."
    }

    fn title(&mut self) -> String {
        let count = 4 + self.random.below(5);
        self.drawn_words(count)
    }

    fn text(&mut self, length: usize, paragraphs: bool) -> String {
        let (mut text, mut counted, mut sentences) = (String::new(), 0, 0);
        while counted < length {
            let sentence = self.sentence();
            counted += sentence.len() + 1;
            sentences += 1;
            text.push_str(&sentence);
            text.push_str(if paragraphs && sentences % 5 == 0 {
                "\n\n"
            } else {
                " "
            });
        }
        text.truncate(length);
        text.truncate(text.trim_end().len());
        text
    }

    fn author(&mut self, i: usize) -> Author {
        let (first, last) = (capitalized(&self.word()), capitalized(&self.word()));
        Author {
            name: format!("{first} {last}"),
            email: format!("author{i}@example.com"),
            bio: self.text(180, false),
        }
    }

    fn category(&mut self, i: usize) -> Category {
        Category {
            name: format!("Category {i} {}", self.word()),
            slug: format!("category-{i}"),
            description: self.text(120, false),
        }
    }

    fn article(&mut self, i: usize, rare: bool, length: usize) -> Article {
        let title = self.title();
        let mut body = self.text(length, true);
        if rare {
            body.insert_str((length / 2).min(body.len()), &format!(" {RARE} "));
        }
        let mut tags = Vec::new();
        while tags.len() < 3 {
            let tag = self.random.below(100);
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let mut slug = title.to_lowercase().replace(' ', "-");
        slug.truncate(60);
        Article {
            slug: format!("{}-{i}", slug.trim_end_matches('-')),
            title,
            excerpt: self.text(200, false),
            body,
            publish_date: date((i as i64 * 7919) % 1_048_573),
            views: self.random.below(100_000),
            featured: self.random.next() < 0.1,
            author: self.random.below(50),
            category: self.random.below(20),
            tags,
        }
    }

    fn menu(&mut self, articles: usize) -> Value {
        let sections: Vec<Value> = (0..6)
            .map(|section| self.section(section, articles))
            .collect();
        json!({ "title": "Mega menu", "sections": sections })
    }

    fn section(&mut self, section: usize, articles: usize) -> Value {
        let heading = format!("Section {section} {}", self.word());
        let description = self.text(80, false);
        let columns: Vec<Value> = (0..4)
            .map(|column| self.column(section, column, articles))
            .collect();
        json!({ "heading": heading, "description": description, "columns": columns })
    }

    fn column(&mut self, section: usize, column: usize, articles: usize) -> Value {
        let heading = format!("Column {section}.{column} {}", self.word());
        let links: Vec<Value> = (0..3)
            .map(|link| {
                let mut label = self.title();
                label.truncate(40);
                json!({ "label": label, "url": format!("/go/{section}/{column}/{link}"),
                    "article": self.random.below(articles), "icon": self.random.below(12) })
            })
            .collect();
        json!({ "heading": heading, "links": links })
    }
}

fn meta(articles: &[Article]) -> Value {
    let mut found: Vec<&str> = articles
        .iter()
        .filter(|article| article.category == 7 && article.views > 20_000)
        .map(|article| article.publish_date.as_str())
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    let newest = articles
        .iter()
        .map(|article| article.publish_date.as_str())
        .max();
    let hits = |word: &str| {
        let has = |text: &str| text.to_lowercase().contains(word);
        articles
            .iter()
            .filter(|article| has(&article.title) || has(&article.body))
            .count()
    };
    json!({
        "articles": articles.len(), "slug": articles[articles.len() / 2].slug,
        "category": "category-7", "viewsGt": 20_000, "filteredTotal": found.len(),
        "filteredPage3FirstDate": found.get(50), "newestDate": newest, "commonWord": COMMON, "commonHits": hits(COMMON),
        "rareWord": RARE, "rareHits": hits(RARE),
    })
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn date(minutes: i64) -> String {
    chrono::DateTime::from_timestamp(FIRST_DAY + minutes * 60, 0)
        .map(|date| date.format("%Y-%m-%dT%H:%M:%S.000Z").to_string())
        .unwrap_or_default()
}
