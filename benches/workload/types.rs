//! The content types and components of the workload, as schema files.

use std::path::Path;
use std::{fs, io};

use serde_json::{Value, json};

/// The singular names of the types.
pub(crate) const TYPES: &[&str] = &["author", "category", "tag", "article", "mega-menu"];
const COMPONENTS: &[&str] = &["section", "column", "link"];

/// The schema file of a type.
pub(crate) fn content_type(name: &str) -> Value {
    let string = json!({ "type": "string" });
    let text = json!({ "type": "text" });
    let name_field = json!({ "type": "string", "required": true });
    let slug = json!({ "type": "uid", "targetField": "name" });
    let listed = |by: &str| json!({ "type": "relation", "relation": "oneToMany", "target": "api::article.article", "mappedBy": by });
    match name {
        "author" => schema(
            name,
            "authors",
            "Author",
            false,
            &json!({
            "name": name_field, "email": string, "bio": text, "articles": listed("author") }),
        ),
        "category" => schema(
            name,
            "categories",
            "Category",
            false,
            &json!({
            "name": name_field, "slug": slug, "description": text, "articles": listed("category") }),
        ),
        "tag" => schema(
            name,
            "tags",
            "Tag",
            false,
            &json!({
            "name": name_field, "slug": slug,
            "articles": { "type": "relation", "relation": "manyToMany", "target": "api::article.article", "mappedBy": "tags" } }),
        ),
        "article" => schema(
            name,
            "articles",
            "Article",
            true,
            &json!({
            "title": { "type": "string", "required": true },
            "slug": { "type": "uid", "targetField": "title", "required": true },
            "excerpt": text, "body": { "type": "richtext" }, "publishDate": { "type": "datetime" },
            "views": { "type": "integer" }, "featured": { "type": "boolean", "default": false },
            "author": { "type": "relation", "relation": "manyToOne", "target": "api::author.author", "inversedBy": "articles" },
            "category": { "type": "relation", "relation": "manyToOne", "target": "api::category.category", "inversedBy": "articles" },
            "tags": { "type": "relation", "relation": "manyToMany", "target": "api::tag.tag", "inversedBy": "articles" } }),
        ),
        _ => schema(
            name,
            "mega-menus",
            "Mega menu",
            true,
            &json!({
            "title": string,
            "sections": { "type": "component", "repeatable": true, "component": "menu.section" } }),
        ),
    }
}

/// The schema file of a component of the menu.
pub(crate) fn component(name: &str) -> Value {
    let string = json!({ "type": "string" });
    let attributes = match name {
        "section" => json!({ "heading": string, "description": { "type": "text" },
            "columns": { "type": "component", "repeatable": true, "component": "menu.column" } }),
        "column" => json!({ "heading": string,
            "links": { "type": "component", "repeatable": true, "component": "menu.link" } }),
        _ => json!({ "label": string, "url": string,
            "article": { "type": "relation", "relation": "oneToOne", "target": "api::article.article" },
            "icon": { "type": "media", "multiple": false, "allowedTypes": ["images"] } }),
    };
    json!({ "collectionName": format!("components_menu_{name}s"), "info": { "displayName": name }, "options": {}, "attributes": attributes })
}

/// Writes `types/*.json` and `components/menu/*.json` into the folder.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    let types = folder.join("types");
    let components = folder.join("components").join("menu");
    fs::create_dir_all(&types)?;
    fs::create_dir_all(&components)?;
    for name in TYPES {
        fs::write(
            types.join(format!("{name}.json")),
            format!("{:#}\n", content_type(name)),
        )?;
    }
    for name in COMPONENTS {
        fs::write(
            components.join(format!("{name}.json")),
            format!("{:#}\n", component(name)),
        )?;
    }
    Ok(())
}

/// Every schema as an export archive lists it, one object per line.
pub(crate) fn export_lines() -> Vec<Value> {
    let types = TYPES.iter().map(|name| {
        with_uid(
            content_type(name),
            &format!("api::{name}.{name}"),
            "contentType",
        )
    });
    let components = COMPONENTS
        .iter()
        .map(|name| with_uid(component(name), &format!("menu.{name}"), "component"));
    types.chain(components).chain([file()]).collect()
}

/// Strapi's own type of media files, as far as the archive uses it.
fn file() -> Value {
    let (string, number) = (json!({ "type": "string" }), json!({ "type": "integer" }));
    json!({
        "uid": "plugin::upload.file", "modelType": "contentType", "kind": "collectionType",
        "collectionName": "files",
        "info": { "singularName": "file", "pluralName": "files", "displayName": "File" },
        "options": {},
        "attributes": {
            "name": string, "alternativeText": { "type": "text" }, "caption": { "type": "text" },
            "width": number, "height": number, "formats": { "type": "json" }, "hash": string,
            "ext": string, "mime": string, "size": { "type": "decimal" }, "url": { "type": "text" },
            "previewUrl": { "type": "text" }, "provider": string,
            "provider_metadata": { "type": "json" }, "folderPath": string,
            "related": { "type": "relation", "relation": "morphToMany" },
        },
    })
}

fn with_uid(mut schema: Value, uid: &str, model: &str) -> Value {
    schema["uid"] = json!(uid);
    schema["modelType"] = json!(model);
    schema
}

fn schema(name: &str, plural: &str, display: &str, drafts: bool, attributes: &Value) -> Value {
    let kind = if name == "mega-menu" {
        "singleType"
    } else {
        "collectionType"
    };
    json!({
        "kind": kind, "collectionName": plural.replace('-', "_"),
        "info": { "singularName": name, "pluralName": plural, "displayName": display },
        "options": { "draftAndPublish": drafts }, "attributes": attributes,
    })
}
