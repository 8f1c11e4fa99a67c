//! The content types that hold what WordPress had, as schema files would say them.
use serde_json::{Map, Value, json};

use super::comments::COMMENT_UID;
use super::index::{Index, TypeUse};
use super::menus::MENU_ITEM_UID;
use super::names::TypeName;
use super::terms::AUTHOR_UID;

/// One content type, as its schema file would say it.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Such as `api::post.post`.
    pub uid: String,
    /// The content of the schema file.
    pub definition: Map<String, Value>,
}

/// All types that the records of a file need. The usual ones are always there.
pub(super) fn definitions(index: &Index) -> Vec<Definition> {
    let none = TypeUse::default();
    let contents: Vec<(&TypeName, &TypeUse)> = index
        .names
        .iter()
        .filter(|(source, _)| !source.starts_with("taxonomy "))
        .filter(|(source, _)| !["category", "post_tag", "nav_menu"].contains(&source.as_str()))
        .map(|(source, name)| (name, index.types.get(source).unwrap_or(&none)))
        .collect();
    let taxonomies: Vec<&TypeName> = index
        .names
        .iter()
        .filter(|(source, _)| source.starts_with("taxonomy "))
        .map(|(_, name)| name)
        .filter(|name| name.source != "nav_menu")
        .collect();
    let mut made = Vec::new();
    made.extend(
        contents
            .iter()
            .map(|(name, usage)| content(name, usage, index)),
    );
    made.extend(taxonomies.iter().map(|name| taxonomy(name, &contents)));
    made.push(author(&contents));
    made.push(comment(&contents));
    made.push(menu());
    made.push(menu_item(&contents, &taxonomies));
    made
}

fn has_taxonomy(name: &TypeName, usage: &TypeUse, taxonomy: &str) -> bool {
    let always = name.source == "post" && matches!(taxonomy, "category" | "post_tag");
    always || usage.taxonomies.contains(taxonomy)
}

fn is_commented(name: &TypeName, usage: &TypeUse) -> bool {
    usage.commented || matches!(name.source.as_str(), "post" | "page")
}

fn content(name: &TypeName, usage: &TypeUse, index: &Index) -> Definition {
    let mut fields = attributes(json!({
        "title": { "type": "text" },
        "slug": { "type": "uid", "targetField": "title" },
        "content": { "type": "richtext" },
        "excerpt": { "type": "richtext" },
        "date": { "type": "datetime" },
        "modified": { "type": "datetime" },
        "scheduledAt": { "type": "datetime" },
        "featuredImage": { "type": "media", "multiple": false, "allowedTypes": ["images", "files", "videos", "audios"] },
        "author": to_one(AUTHOR_UID, Some(&name.many())),
        "format": { "type": "string", "default": "standard" },
        "sticky": { "type": "boolean", "default": false },
        "menuOrder": { "type": "integer", "default": 0 },
        "template": { "type": "text" },
        "commentStatus": { "type": "string" },
        "pingStatus": { "type": "string" },
        "customFields": { "type": "json" },
        "link": { "type": "text" },
        "guid": { "type": "text" },
        "wpId": { "type": "biginteger" },
        "wpSlug": { "type": "text" },
        "wpStatus": { "type": "string" },
        "passwordProtected": { "type": "boolean", "default": false },
        "wpPassword": { "type": "text", "private": true },
    }));
    if usage.nested || name.source == "page" {
        fields.insert("parent".to_owned(), to_one(&name.uid(), Some("children")));
        fields.insert("children".to_owned(), from_many(&name.uid(), "parent"));
    }
    if is_commented(name, usage) {
        fields.insert("comments".to_owned(), from_many(COMMENT_UID, &name.one()));
    }
    for (source, target) in &index.names {
        let Some(taxonomy) = source.strip_prefix("taxonomy ") else {
            continue;
        };
        if taxonomy != "nav_menu" && has_taxonomy(name, usage, taxonomy) {
            let relation = json!({
                "type": "relation", "relation": "manyToMany",
                "target": target.uid(), "inversedBy": name.many(),
            });
            fields.insert(target.many(), relation);
        }
    }
    definition(&name.singular, &name.plural, true, fields)
}

fn taxonomy(name: &TypeName, contents: &[(&TypeName, &TypeUse)]) -> Definition {
    let mut fields = named();
    if name.source != "post_tag" {
        fields.insert("parent".to_owned(), to_one(&name.uid(), Some("children")));
        fields.insert("children".to_owned(), from_many(&name.uid(), "parent"));
    }
    for (owner, usage) in contents {
        if has_taxonomy(owner, usage, &name.source) {
            let relation = json!({
                "type": "relation", "relation": "manyToMany",
                "target": owner.uid(), "mappedBy": name.many(),
            });
            fields.insert(owner.many(), relation);
        }
    }
    definition(&name.singular, &name.plural, false, fields)
}

fn author(contents: &[(&TypeName, &TypeUse)]) -> Definition {
    let mut fields = attributes(json!({
        "name": { "type": "text" },
        "slug": { "type": "uid", "targetField": "name" },
        "login": { "type": "text", "private": true },
        "email": { "type": "text", "private": true },
        "firstName": { "type": "text" },
        "lastName": { "type": "text" },
        "wpId": { "type": "biginteger" },
    }));
    for (name, _) in contents {
        fields.insert(name.many(), from_many(&name.uid(), "author"));
    }
    definition("author", "authors", false, fields)
}

fn comment(contents: &[(&TypeName, &TypeUse)]) -> Definition {
    let mut fields = attributes(json!({
        "authorName": { "type": "text" },
        "authorEmail": { "type": "text", "private": true },
        "authorUrl": { "type": "text" },
        "authorIp": { "type": "text", "private": true },
        "date": { "type": "datetime" },
        "content": { "type": "richtext" },
        "approved": { "type": "boolean", "default": false },
        "type": { "type": "string", "default": "comment" },
        "wpStatus": { "type": "string" },
        "wpId": { "type": "biginteger" },
        "author": to_one(AUTHOR_UID, None),
        "attachment": { "type": "media", "multiple": false },
        "parent": to_one(COMMENT_UID, Some("children")),
        "children": from_many(COMMENT_UID, "parent"),
    }));
    for (name, usage) in contents {
        if is_commented(name, usage) {
            fields.insert(name.one(), to_one(&name.uid(), Some("comments")));
        }
    }
    definition("comment", "comments", true, fields)
}

fn menu() -> Definition {
    let mut fields = named();
    fields.insert("items".to_owned(), from_many(MENU_ITEM_UID, "menu"));
    definition("menu", "menus", false, fields)
}

fn menu_item(contents: &[(&TypeName, &TypeUse)], taxonomies: &[&TypeName]) -> Definition {
    let mut fields = attributes(json!({
        "title": { "type": "text" },
        "url": { "type": "text" },
        "order": { "type": "integer", "default": 0 },
        "menu": to_one("api::menu.menu", Some("items")),
        "parent": to_one(MENU_ITEM_UID, Some("children")),
        "children": from_many(MENU_ITEM_UID, "parent"),
        "kind": { "type": "string" },
        "object": { "type": "string" },
        "target": { "type": "string" },
        "rel": { "type": "text" },
        "classes": { "type": "text" },
        "description": { "type": "text" },
        "titleAttribute": { "type": "text" },
        "wpId": { "type": "biginteger" },
    }));
    let contents = contents.iter().map(|(name, _)| *name);
    for name in contents.chain(taxonomies.iter().copied()) {
        fields.insert(name.one(), to_one(&name.uid(), None));
    }
    definition("menu-item", "menu-items", false, fields)
}

/// The attributes of every taxonomy.
fn named() -> Map<String, Value> {
    attributes(json!({
        "name": { "type": "text" },
        "slug": { "type": "uid", "targetField": "name" },
        "description": { "type": "text" },
        "wpId": { "type": "biginteger" },
        "wpSlug": { "type": "text" },
    }))
}

fn to_one(target: &str, inverse: Option<&str>) -> Value {
    match inverse {
        Some(field) => json!({
            "type": "relation", "relation": "manyToOne", "target": target, "inversedBy": field,
        }),
        None => json!({ "type": "relation", "relation": "manyToOne", "target": target }),
    }
}

fn from_many(target: &str, field: &str) -> Value {
    json!({ "type": "relation", "relation": "oneToMany", "target": target, "mappedBy": field })
}

fn attributes(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn definition(
    singular: &str,
    plural: &str,
    drafts: bool,
    fields: Map<String, Value>,
) -> Definition {
    let definition = json!({
        "kind": "collectionType",
        "collectionName": plural.replace('-', "_"),
        "info": {
            "singularName": singular,
            "pluralName": plural,
            "displayName": display_name(singular),
        },
        "options": { "draftAndPublish": drafts },
        "pluginOptions": {},
        "attributes": Value::Object(fields),
    });
    Definition {
        uid: format!("api::{singular}.{singular}"),
        definition: attributes(definition),
    }
}

fn display_name(singular: &str) -> String {
    let mut name = singular.replace('-', " ");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}
