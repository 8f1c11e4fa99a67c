//! The items of menus.
use serde_json::{Value, json};

use super::dates;
use super::entries::{hidden_meta, menu_of};
use super::index::Index;
use super::item::Item;
use super::php;
use super::records::link;
use super::terms::{plain, put_number, texts};
use crate::imports::record::{ImportLink, ImportRecord};
use crate::imports::report::ImportReport;

/// The uid of the type that holds the items of menus.
pub(super) const MENU_ITEM_UID: &str = "api::menu-item.menu-item";

/// The record of a menu item. Its title is empty where WordPress shows that of the target.
pub(super) fn record(
    item: &Item,
    document_id: String,
    index: &Index,
    report: &mut ImportReport,
) -> ImportRecord {
    let meta = |key: &str| item.meta(key).unwrap_or_default().trim();
    let classes = classes(meta("_menu_item_classes"));
    let mut values = texts(&[
        ("title", item.title.as_str()),
        ("url", meta("_menu_item_url")),
        ("kind", meta("_menu_item_type")),
        ("object", meta("_menu_item_object")),
        ("target", meta("_menu_item_target")),
        ("rel", meta("_menu_item_xfn")),
        ("classes", &classes),
        ("description", &item.content),
        ("titleAttribute", &item.excerpt),
    ]);
    let order = item.menu_order.parse::<i32>().unwrap_or_default();
    values.insert("order".to_owned(), json!(order));
    put_number(&mut values, &item.post_id);
    for (key, _) in &item.meta {
        if !key.starts_with("_menu_item_") {
            report.add(&hidden_meta(key), || format!("menu item {}", item.post_id));
        }
    }
    let relations = links(item, index, report);
    let mut record = plain(MENU_ITEM_UID.to_owned(), document_id, values, relations);
    record.created_at = dates::time(&item.post_date_gmt).or_else(|| dates::time(&item.post_date));
    record.updated_at = dates::time(&item.post_modified_gmt).or_else(|| record.created_at.clone());
    record
}

fn links(item: &Item, index: &Index, report: &mut ImportReport) -> Vec<ImportLink> {
    let site = index.site();
    let menu = menu_of(item, index);
    let mut links = Vec::new();
    if index.has_term("nav_menu", &menu) {
        links.push(link("menu", vec![site.term("nav_menu", &menu)]));
    } else {
        report.add("menu items without a menu", || item.post_id.clone());
    }
    let parent = item
        .meta("_menu_item_menu_item_parent")
        .unwrap_or_default()
        .trim();
    if !matches!(parent, "" | "0") {
        if parent != item.post_id && index.has_item(&format!("menu {menu}"), parent) {
            links.push(link("parent", vec![site.menu_item(&menu, parent)]));
        } else {
            report.add("parents of menu items that are not in the file", || {
                format!("{parent} of {}", item.post_id)
            });
        }
    }
    let target = target(item, index);
    let aims = matches!(item.meta("_menu_item_type"), Some("post_type" | "taxonomy"));
    if target.is_none() && aims {
        let object = item.meta("_menu_item_object").unwrap_or_default();
        report.add("targets of menu items that are not in the file", || {
            let id = item.meta("_menu_item_object_id").unwrap_or_default();
            format!("{object} {id} of {}", item.post_id)
        });
    }
    links.extend(target);
    links
}

fn target(item: &Item, index: &Index) -> Option<ImportLink> {
    let site = index.site();
    let object = item.meta("_menu_item_object")?.trim();
    let id = item.meta("_menu_item_object_id")?.trim();
    match item.meta("_menu_item_type")?.trim() {
        "post_type" if index.has_item(object, id) => {
            let name = index.type_name(object)?;
            Some(link(&name.one(), vec![site.item(object, id)]))
        }
        "taxonomy" => {
            let slug = index.term_by_id(object, id)?;
            let name = index.taxonomy_name(object)?;
            Some(link(&name.one(), vec![site.term(object, slug)]))
        }
        _ => None,
    }
}

fn classes(text: &str) -> String {
    let Some(Value::Array(classes)) = php::unserialize(text) else {
        return String::new();
    };
    let words = classes.iter().filter_map(Value::as_str);
    let words = words.map(str::trim).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}
