//! Posts, pages and entries of other post types.
use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::dates;
use super::index::{Index, is_content};
use super::item::Item;
use super::records::link;
use super::slugs::{slugify, valid_slug};
use crate::imports::record::{ImportLink, ImportRecord, ImportStage};
use crate::imports::report::ImportReport;

/// What becomes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Readers may see it.
    Published,
    /// Only editors may see it.
    Draft,
    /// It is not imported, for this reason.
    Skip(&'static str),
}

/// Post types that hold settings or history of WordPress itself.
const MACHINERY: [&str; 13] = [
    "revision",
    "custom_css",
    "customize_changeset",
    "oembed_cache",
    "user_request",
    "wp_global_styles",
    "wp_template",
    "wp_template_part",
    "wp_font_family",
    "wp_font_face",
    "wp_navigation",
    "acf-field",
    "acf-field-group",
];

/// Meta keys that are read elsewhere, so that the report does not name them.
const READ_META: [&str; 4] = [
    "_thumbnail_id",
    "_wp_page_template",
    "_wp_attachment_metadata",
    "_wp_attachment_image_alt",
];

/// Decides what becomes of an item; only what WordPress shows to everybody is published.
pub(super) fn fate(item: &Item) -> Fate {
    let kind = item.post_type.as_str();
    match (kind, item.status.as_str()) {
        ("", _) => Fate::Skip("items without a type"),
        (kind, _) if MACHINERY.contains(&kind) => Fate::Skip("items of WordPress's own machinery"),
        (_, "trash") => Fate::Skip("items in the trash"),
        ("attachment", "private" | "draft" | "pending") => {
            Fate::Skip("attachments that are not public")
        }
        ("attachment", _) if super::media::address(item).is_none() => {
            Fate::Skip("attachments without an http address")
        }
        ("attachment", _) => Fate::Published,
        ("nav_menu_item", "publish") => Fate::Published,
        ("nav_menu_item", _) => Fate::Skip("menu items that were never saved"),
        (_, "publish") if item.post_password.is_empty() => Fate::Published,
        _ => Fate::Draft,
    }
}

/// The number of an item; its place in the file if it has none.
pub(super) fn item_key(item: &Item, number: u32) -> String {
    if !item.post_id.is_empty() {
        item.post_id.clone()
    } else if !item.guid.is_empty() {
        item.guid.clone()
    } else {
        format!("place {number}")
    }
}

/// The slug of the menu that a menu item is in.
pub(super) fn menu_of(item: &Item, index: &Index) -> String {
    let mut terms = item.terms.iter();
    terms
        .find(|term| term.taxonomy == "nav_menu")
        .map(|term| index.term_slug(term))
        .unwrap_or_default()
}

/// The record of a post, page, or entry of another type.
pub(super) fn entry(
    item: &Item,
    number: u32,
    document_id: String,
    index: &Index,
    report: &mut ImportReport,
) -> Option<ImportRecord> {
    let name = index.type_name(&item.post_type)?;
    let stage = match fate(item) {
        Fate::Published => ImportStage::Both,
        Fate::Draft => ImportStage::Draft,
        Fate::Skip(_) => return None,
    };
    let created = date(item, report);
    let modified =
        dates::time(&item.post_modified_gmt).or_else(|| dates::time(&item.post_modified));
    let mut values = values(item, &slug(item, number, index), report);
    if let Some(date) = &created {
        values.insert("date".to_owned(), json!(date));
        if item.status == "future" {
            values.insert("scheduledAt".to_owned(), json!(date));
        }
    }
    if let Some(modified) = &modified {
        values.insert("modified".to_owned(), json!(modified));
    }
    Some(ImportRecord {
        content_type: name.uid(),
        document_id,
        locale: None,
        stage,
        values,
        relations: links(item, index, report),
        updated_at: modified.or_else(|| created.clone()),
        published_at: created.clone().filter(|_| stage == ImportStage::Both),
        created_at: created,
    })
}

fn slug(item: &Item, number: u32, index: &Index) -> String {
    if let Some(chosen) = index.item_slugs.chosen(number) {
        return chosen.to_owned();
    }
    match valid_slug(&item.post_name) {
        slug if !slug.is_empty() => slug,
        _ => slugify(&item.title),
    }
}

fn values(item: &Item, slug: &str, report: &mut ImportReport) -> Map<String, Value> {
    let mut values = Map::new();
    values.insert("title".to_owned(), json!(item.title));
    if slug != item.post_name && !item.post_name.is_empty() {
        report.add("slugs that were changed", || {
            format!("{} → {slug}", item.post_name)
        });
        values.insert("wpSlug".to_owned(), json!(item.post_name));
    }
    values.insert("slug".to_owned(), json!(slug));
    values.insert("content".to_owned(), json!(item.content));
    let order = item.menu_order.parse::<i32>().unwrap_or_default();
    values.insert("menuOrder".to_owned(), json!(order));
    values.insert("sticky".to_owned(), json!(item.is_sticky == "1"));
    values.insert("format".to_owned(), json!(format(item)));
    let protected = !item.post_password.is_empty();
    values.insert("passwordProtected".to_owned(), json!(protected));
    if item.post_id.parse::<i64>().is_ok() {
        values.insert("wpId".to_owned(), json!(item.post_id));
    }
    let template = item.meta("_wp_page_template").unwrap_or_default();
    for (name, text) in [
        ("excerpt", item.excerpt.as_str()),
        ("link", &item.link),
        ("guid", &item.guid),
        ("wpStatus", &item.status),
        ("wpPassword", &item.post_password),
        ("commentStatus", &item.comment_status),
        ("pingStatus", &item.ping_status),
        (
            "template",
            if template == "default" { "" } else { template },
        ),
    ] {
        if !text.is_empty() {
            values.insert(name.to_owned(), json!(text));
        }
    }
    let custom = custom_fields(item, report);
    if !custom.is_empty() {
        values.insert("customFields".to_owned(), Value::Object(custom));
    }
    values
}

fn format(item: &Item) -> String {
    let mut terms = item
        .terms
        .iter()
        .filter(|term| term.taxonomy == "post_format");
    let slug = terms.next().and_then(|term| term.slug.as_deref());
    let format = slug.map(|slug| slug.strip_prefix("post-format-").unwrap_or(slug));
    format.unwrap_or("standard").to_owned()
}

/// Meta whose key starts with `_` belongs to WordPress and its plugins.
fn custom_fields(item: &Item, report: &mut ImportReport) -> Map<String, Value> {
    let mut fields: Map<String, Value> = Map::new();
    for (key, value) in &item.meta {
        if key.is_empty() || key.starts_with('_') {
            if !READ_META.contains(&key.as_str()) {
                report.add(&hidden_meta(key), || {
                    format!("{} {}", item.post_type, item.post_id)
                });
            }
            continue;
        }
        match fields.get_mut(key) {
            None => {
                fields.insert(key.clone(), json!(value));
            }
            Some(Value::Array(values)) => values.push(json!(value)),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    fields
}

/// Keys such as `_oembed_0a1b…` are counted together.
pub(super) fn hidden_meta(key: &str) -> String {
    let key = if key.starts_with("_oembed_") {
        "_oembed_…"
    } else {
        key
    };
    let key: String = key.chars().take(60).collect();
    format!("meta {key}, left out")
}

fn date(item: &Item, report: &mut ImportReport) -> Option<String> {
    if let Some(date) = dates::time(&item.post_date_gmt) {
        return Some(date);
    }
    if let Some(date) = dates::time(&item.post_date) {
        report.add("dates without a time zone, taken as UTC", || {
            item.post_id.clone()
        });
        return Some(date);
    }
    let date = dates::rss_time(&item.pub_date);
    if date.is_none() {
        report.add("entries without a readable date", || item.post_id.clone());
    }
    date
}

fn links(item: &Item, index: &Index, report: &mut ImportReport) -> Vec<ImportLink> {
    let site = index.site();
    let mut links = Vec::new();
    if let Some(login) = index.login(&item.creator) {
        if login != item.creator {
            report.add(
                "creators with stray characters, taken as the author they mean",
                || format!("{} of {}", item.creator, item.post_id),
            );
        }
        links.push(link("author", vec![site.author(login)]));
    }
    if let Some(image) = item.meta("_thumbnail_id").map(str::trim) {
        if index.has_item("attachment", image) {
            links.push(link("featuredImage", vec![site.item("attachment", image)]));
        } else {
            report.add("featured images that are not in the file", || {
                format!("{image} of {}", item.post_id)
            });
        }
    }
    if !matches!(item.post_parent.as_str(), "" | "0") {
        let parent = item.post_parent.as_str();
        if parent != item.post_id && index.has_item(&item.post_type, parent) {
            links.push(link("parent", vec![site.item(&item.post_type, parent)]));
        } else {
            report.add("parents that are not in the file", || {
                format!("{parent} of {}", item.post_id)
            });
        }
    }
    links.extend(term_links(item, index));
    links
}

fn term_links(item: &Item, index: &Index) -> Vec<ImportLink> {
    let site = index.site();
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for term in &item.terms {
        let slug = index.term_slug(term);
        let content = is_content(&term.taxonomy) && term.taxonomy != "nav_menu";
        if !content || !index.has_term(&term.taxonomy, &slug) {
            continue;
        }
        let Some(name) = index.taxonomy_name(&term.taxonomy) else {
            continue;
        };
        let (field, target) = (name.many(), site.term(&term.taxonomy, &slug));
        match found.iter_mut().find(|(known, _)| *known == field) {
            Some((_, targets)) => targets.push(target),
            None => found.push((field, vec![target])),
        }
    }
    let mut seen = HashSet::new();
    for (_, targets) in &mut found {
        targets.retain(|target| seen.insert(target.clone()));
    }
    found
        .into_iter()
        .map(|(field, targets)| link(&field, targets))
        .collect()
}
