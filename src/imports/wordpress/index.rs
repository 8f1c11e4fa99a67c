//! What the first pass remembers of a file, so that the second can link and name everything.
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::identity::Site;
use super::item::{Author, ItemTerm, Term};
use super::names::{Names, TypeName};
use super::slugs::{Slugs, slugify};

/// Taxonomies that hold no content of the site.
const MACHINERY: [&str; 4] = [
    "post_format",
    "link_category",
    "wp_theme",
    "wp_template_part_area",
];

/// How a post type is used.
#[derive(Debug, Default)]
pub(super) struct TypeUse {
    pub(super) taxonomies: BTreeSet<String>,
    pub(super) nested: bool,
    pub(super) commented: bool,
}

/// What the first pass remembers.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) site: Option<Site>,
    pub(super) authors: BTreeMap<String, Author>,
    pub(super) terms: BTreeMap<(String, String), Term>,
    pub(super) types: BTreeMap<String, TypeUse>,
    pub(super) item_slugs: Slugs,
    pub(super) names: BTreeMap<String, TypeName>,
    term_ids: HashMap<(String, String), String>,
    term_names: HashMap<(String, String), String>,
    /// Fingerprints of what is imported.
    items: HashSet<u64>,
}

impl Index {
    pub(super) fn site(&self) -> Site {
        self.site.clone().unwrap_or_else(|| Site::new(""))
    }

    pub(super) fn add_author(&mut self, author: Author) {
        self.authors.insert(author.login.clone(), author);
    }

    /// The login under which a creator is known; exports hold some with stray characters around.
    pub(super) fn login<'a>(&'a self, creator: &'a str) -> Option<&'a str> {
        let bare = creator.trim_matches(|c: char| !c.is_alphanumeric());
        [creator, bare]
            .iter()
            .find_map(|login| self.authors.get_key_value(*login))
            .map(|(login, _)| login.as_str())
    }

    /// The login of the author with this number.
    pub(super) fn login_of(&self, id: &str) -> Option<&str> {
        if id.is_empty() || id == "0" {
            return None;
        }
        let mut authors = self.authors.values();
        authors
            .find(|author| author.id == id)
            .map(|author| author.login.as_str())
    }

    pub(super) fn add_term(&mut self, term: Term) {
        let key = (term.taxonomy.clone(), term.slug.clone());
        if !term.id.is_empty() {
            self.term_ids
                .insert((term.taxonomy.clone(), term.id.clone()), term.slug.clone());
        }
        self.term_names.insert(
            (term.taxonomy.clone(), term.name.clone()),
            term.slug.clone(),
        );
        self.terms.insert(key, term);
    }

    /// The slug of a term that an item has; files of version 1.0 give only the name.
    pub(super) fn term_slug(&self, term: &ItemTerm) -> String {
        if let Some(slug) = &term.slug {
            return slug.clone();
        }
        let key = (term.taxonomy.clone(), term.name.clone());
        self.term_names
            .get(&key)
            .cloned()
            .unwrap_or_else(|| slugify(&term.name))
    }

    /// The slug of the term with this number.
    pub(super) fn term_by_id(&self, taxonomy: &str, id: &str) -> Option<&str> {
        let key = (taxonomy.to_owned(), id.to_owned());
        self.term_ids.get(&key).map(String::as_str)
    }

    pub(super) fn has_term(&self, taxonomy: &str, slug: &str) -> bool {
        self.terms
            .contains_key(&(taxonomy.to_owned(), slug.to_owned()))
    }

    /// Notes an item that will be imported; false if the same one was noted before.
    pub(super) fn add_item(&mut self, kind: &str, id: &str) -> bool {
        self.items.insert(fingerprint(kind, id))
    }

    pub(super) fn has_item(&self, kind: &str, id: &str) -> bool {
        self.items.contains(&fingerprint(kind, id))
    }

    /// Names all types; nothing may be added after that.
    pub(super) fn settle(&mut self) {
        self.item_slugs.settle();
        let mut names = Names::default();
        let taxonomies: BTreeSet<&String> =
            self.terms.keys().map(|(taxonomy, _)| taxonomy).collect();
        let always = ["post", "page", "category", "post_tag", "nav_menu"];
        let sources: BTreeSet<&str> = always
            .into_iter()
            .chain(self.types.keys().map(String::as_str))
            .collect();
        let mut made: BTreeMap<String, TypeName> = BTreeMap::new();
        for source in sources {
            made.insert(source.to_owned(), names.make(source));
        }
        for taxonomy in taxonomies {
            // A post type and a taxonomy may share a name in WordPress.
            made.insert(taxonomy_key(taxonomy), names.make(taxonomy));
        }
        for source in ["category", "post_tag", "nav_menu"] {
            made.insert(taxonomy_key(source), names.make(source));
        }
        self.names = made;
    }

    pub(super) fn type_name(&self, post_type: &str) -> Option<&TypeName> {
        self.names.get(post_type)
    }

    pub(super) fn taxonomy_name(&self, taxonomy: &str) -> Option<&TypeName> {
        self.names.get(&taxonomy_key(taxonomy))
    }
}

/// Whether a taxonomy holds content of the site.
pub(super) fn is_content(taxonomy: &str) -> bool {
    !taxonomy.is_empty() && !MACHINERY.contains(&taxonomy)
}

fn taxonomy_key(taxonomy: &str) -> String {
    format!("taxonomy {taxonomy}")
}

pub(super) fn fingerprint(kind: &str, id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, id).hash(&mut hasher);
    hasher.finish()
}
