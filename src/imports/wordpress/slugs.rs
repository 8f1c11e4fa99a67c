//! Slugs: valid, readable, and unique per type.
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use deunicode::deunicode;

const LONGEST: usize = 200;

/// The slug of a text; empty if nothing of it can be part of one.
pub(super) fn slugify(text: &str) -> String {
    let plain = deunicode(text);
    let mut slug = String::new();
    for character in plain.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// A name of WordPress as a slug: kept if it is valid, else decoded and transliterated.
pub(super) fn valid_slug(name: &str) -> String {
    let valid = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    if name.len() <= LONGEST && name.chars().all(valid) {
        return name.to_owned();
    }
    slugify(&decoded(name))
}

/// Decodes `%xx`; a text that is no UTF-8 after that stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let hex = (*first == b'%')
            .then(|| tail.split_at_checked(2))
            .flatten()
            .and_then(|(digits, after)| {
                let digits = std::str::from_utf8(digits).ok()?;
                let value = u8::from_str_radix(digits, 16).ok()?;
                Some((value, after))
            });
        match hex {
            Some((value, after)) => {
                bytes.push(value);
                rest = after;
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Gives every entry of every type its own slug, in the order of the file.
///
/// Names that the file gives come first; entries without a name, or with one that is taken,
/// choose after all others, so that they never push one of these aside.
#[derive(Debug, Default)]
pub(super) struct Slugs {
    /// Fingerprints of type and slug, which are far smaller than the text.
    taken: HashSet<u64>,
    waiting: Vec<(String, u32, String)>,
    chosen: HashMap<u32, String>,
    next: HashMap<u64, u64>,
}

impl Slugs {
    /// Notes the wish of the entry with this number.
    pub(super) fn wish(&mut self, of_type: &str, entry: u32, named: bool, slug: String) {
        if !named || slug.is_empty() || !self.taken.insert(fingerprint(of_type, &slug)) {
            self.waiting.push((of_type.to_owned(), entry, slug));
        }
    }

    /// Lets the entries that wait choose.
    pub(super) fn settle(&mut self) {
        for (of_type, entry, wish) in std::mem::take(&mut self.waiting) {
            let base = if wish.is_empty() {
                of_type.clone()
            } else {
                wish
            };
            let slug = self.free(&of_type, base);
            self.chosen.insert(entry, slug);
        }
        self.taken = HashSet::new();
        self.next = HashMap::new();
    }

    /// The slug of an entry that could not have its wish.
    pub(super) fn chosen(&self, entry: u32) -> Option<&str> {
        self.chosen.get(&entry).map(String::as_str)
    }

    fn free(&mut self, of_type: &str, base: String) -> String {
        if self.taken.insert(fingerprint(of_type, &base)) {
            return base;
        }
        // Remembered, so that a million equal names do not take a million steps each.
        let next = self.next.entry(fingerprint(of_type, &base)).or_insert(2);
        loop {
            let slug = format!("{base}-{next}");
            *next += 1;
            if self.taken.insert(fingerprint(of_type, &slug)) {
                return slug;
            }
        }
    }
}

fn fingerprint(of_type: &str, slug: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (of_type, slug).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_valid_and_readable() {
        assert_eq!(valid_slug("about_us.2"), "about_us.2");
        assert_eq!(
            valid_slug("%ce%b5%cf%80%ce%af%cf%80%ce%b5%ce%b4%ce%bf-2"),
            "epipedo-2"
        );
        assert_eq!(valid_slug("100%"), "100");
        assert_eq!(slugify("  Über <em>uns</em>!  "), "uber-em-uns-em");
        assert_eq!(slugify("!!!"), "");
    }

    #[test]
    fn names_of_the_file_are_never_pushed_aside() {
        let mut slugs = Slugs::default();
        slugs.wish("post", 1, false, "draft".to_owned());
        slugs.wish("post", 2, true, "draft".to_owned());
        slugs.wish("post", 3, true, "draft".to_owned());
        slugs.wish("post", 4, true, "draft-2".to_owned());
        slugs.wish("page", 5, true, "draft".to_owned());
        slugs.wish("post", 6, false, String::new());
        slugs.settle();
        assert_eq!(slugs.chosen(2), None);
        assert_eq!(slugs.chosen(4), None);
        assert_eq!(slugs.chosen(5), None);
        assert_eq!(slugs.chosen(1), Some("draft-3"));
        assert_eq!(slugs.chosen(3), Some("draft-4"));
        assert_eq!(slugs.chosen(6), Some("post"));
    }
}
