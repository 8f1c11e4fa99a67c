//! Authors, and the terms of all taxonomies with the menus among them.
use serde_json::{Map, Value, json};

use super::index::Index;
use super::item::{Author, Term};
use super::records::link;
use super::slugs::{Slugs, valid_slug};
use crate::imports::record::{ImportLink, ImportRecord, ImportStage};
use crate::imports::report::ImportReport;

/// The uid of the type that holds authors.
pub(super) const AUTHOR_UID: &str = "api::author.author";

/// The records of all authors and terms.
pub(super) fn records(index: &Index, report: &mut ImportReport) -> Vec<ImportRecord> {
    let authors = index
        .authors
        .values()
        .map(|author| ("author", author.login.as_str()));
    let terms = index
        .terms
        .values()
        .map(|term| (term.taxonomy.as_str(), term.slug.as_str()));
    let wishes: Vec<(&str, &str)> = authors.chain(terms).collect();
    let mut slugs = Slugs::default();
    for ((kind, name), number) in wishes.iter().zip(0u32..) {
        slugs.wish(kind, number, true, valid_slug(name));
    }
    slugs.settle();
    let slug_of = |number: u32, name: &str| match slugs.chosen(number) {
        Some(slug) => slug.to_owned(),
        None => valid_slug(name),
    };
    let mut records = Vec::with_capacity(wishes.len());
    let mut numbers = 0u32..;
    for (author, number) in index.authors.values().zip(&mut numbers) {
        records.push(author_record(
            author,
            &slug_of(number, &author.login),
            index,
        ));
    }
    let first = u32::try_from(index.authors.len()).unwrap_or(u32::MAX);
    for (term, number) in index.terms.values().zip(first..) {
        records.extend(term_record(
            term,
            &slug_of(number, &term.slug),
            index,
            report,
        ));
    }
    records
}

fn author_record(author: &Author, slug: &str, index: &Index) -> ImportRecord {
    let name = match author.display_name.as_str() {
        "" => &author.login,
        name => name,
    };
    let mut values = texts(&[
        ("name", name),
        ("login", &author.login),
        ("email", &author.email),
        ("firstName", &author.first_name),
        ("lastName", &author.last_name),
    ]);
    values.insert("slug".to_owned(), json!(slug));
    put_number(&mut values, &author.id);
    let id = index.site().author(&author.login);
    plain(AUTHOR_UID.to_owned(), id, values, Vec::new())
}

fn term_record(
    term: &Term,
    slug: &str,
    index: &Index,
    report: &mut ImportReport,
) -> Option<ImportRecord> {
    let type_name = index.taxonomy_name(&term.taxonomy)?;
    let name = if term.name.is_empty() {
        &term.slug
    } else {
        &term.name
    };
    let mut values = texts(&[("name", name), ("description", &term.description)]);
    if slug != term.slug {
        values.insert("wpSlug".to_owned(), json!(term.slug));
    }
    values.insert("slug".to_owned(), json!(slug));
    put_number(&mut values, &term.id);
    let mut relations = Vec::new();
    let nested = !matches!(term.taxonomy.as_str(), "post_tag" | "nav_menu");
    if nested && !term.parent.is_empty() {
        if term.parent != term.slug && index.has_term(&term.taxonomy, &term.parent) {
            let parent = index.site().term(&term.taxonomy, &term.parent);
            relations.push(link("parent", vec![parent]));
        } else {
            report.add("parents of terms that are not in the file", || {
                format!("{} of {}", term.parent, term.slug)
            });
        }
    }
    let id = index.site().term(&term.taxonomy, &term.slug);
    Some(plain(type_name.uid(), id, values, relations))
}

/// A record of a type without drafts.
pub(super) fn plain(
    content_type: String,
    document_id: String,
    values: Map<String, Value>,
    relations: Vec<ImportLink>,
) -> ImportRecord {
    ImportRecord {
        content_type,
        document_id,
        locale: None,
        stage: ImportStage::Published,
        values,
        relations,
        created_at: None,
        updated_at: None,
        published_at: None,
    }
}

/// The values of all texts that are not empty.
pub(super) fn texts(pairs: &[(&str, &str)]) -> Map<String, Value> {
    let filled = pairs.iter().filter(|(_, text)| !text.is_empty());
    filled
        .map(|(name, text)| ((*name).to_owned(), json!(text)))
        .collect()
}

/// The number in WordPress, as `wpId`.
pub(super) fn put_number(values: &mut Map<String, Value>, id: &str) {
    if id.parse::<i64>().is_ok() {
        values.insert("wpId".to_owned(), json!(id));
    }
}
