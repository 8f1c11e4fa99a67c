//! The dataset as an archive in the format of `strapi export`.
//!
//! Types with drafts have two rows per document, one unpublished and one published, and the links of both.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::dataset::{Article, Dataset};
use super::{icon, types};

const MADE: &str = "2026-01-01T00:00:00.000Z";
const ICONS: usize = 12;
/// Bytes of one file of entities or links.
const PART_BYTES: usize = 128 * 1024 * 1024;

/// The document ids in the archive are made from the kind and the index.
pub(crate) fn document_id(kind: &str, index: usize) -> String {
    format!("{kind}{index:0>width$}", width = 24 - kind.len())
}

/// Writes the archive.
pub(crate) fn write(dataset: &Dataset, path: &Path) -> io::Result<()> {
    let mut tar = tar::Builder::new(BufWriter::new(File::create(path)?));
    let schemas: Vec<String> = types::export_lines().iter().map(Value::to_string).collect();
    append(
        &mut tar,
        "schemas/schemas_00001.jsonl",
        (schemas.join("\n") + "\n").as_bytes(),
    )?;
    for part in ["entities", "links"] {
        parts(&mut tar, dataset, part)?;
    }
    for index in 0..ICONS {
        let (file, bytes) = (file(index), icon::png(index)?);
        let hash = format!("icon_{index:02}");
        append(&mut tar, &format!("assets/uploads/{hash}.png"), &bytes)?;
        append(
            &mut tar,
            &format!("assets/metadata/{hash}.png.json"),
            file.to_string().as_bytes(),
        )?;
    }
    let metadata = json!({ "createdAt": MADE, "strapi": { "version": "5.54.0" } });
    append(&mut tar, "metadata.json", metadata.to_string().as_bytes())?;
    tar.into_inner()?.flush()
}

/// Writes the entities or the links, in files of a size that fits into memory.
fn parts(tar: &mut tar::Builder<impl Write>, dataset: &Dataset, part: &str) -> io::Result<()> {
    let (mut lines, mut number) = (Lines::default(), 0);
    let mut write = |lines: &mut Lines, least: usize| {
        let wanted = match part {
            "entities" => std::mem::take(&mut lines.entities),
            _ => std::mem::take(&mut lines.links),
        };
        lines.entities.clear();
        lines.links.clear();
        if wanted.len() > least {
            number += 1;
            return append(
                tar,
                &format!("{part}/{part}_{number:05}.jsonl"),
                wanted.as_bytes(),
            );
        }
        match part {
            "entities" => lines.entities = wanted,
            _ => lines.links = wanted,
        }
        Ok(())
    };
    lines.plain(dataset);
    for (index, article) in dataset.articles.iter().enumerate() {
        lines.article(index, article);
        write(&mut lines, PART_BYTES)?;
    }
    lines.menu(&dataset.menu);
    write(&mut lines, 0)
}

fn append(tar: &mut tar::Builder<impl Write>, path: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, path, bytes)
}

fn file(index: usize) -> Value {
    json!({
        "documentId": document_id("icon", index), "name": format!("icon-{index:02}.png"),
        "alternativeText": null, "caption": null, "width": 64, "height": 64, "formats": null,
        "hash": format!("icon_{index:02}"), "ext": ".png", "mime": "image/png", "size": 0.2,
        "url": format!("/uploads/icon_{index:02}.png"), "previewUrl": null, "provider": "local",
        "provider_metadata": null, "folderPath": "/",
    })
}

#[derive(Default)]
struct Lines {
    entities: String,
    links: String,
    components: usize,
}

/// Which row of a document: its number in the table, and whether it is the published one.
#[derive(Clone, Copy)]
struct Row {
    id: usize,
    published: bool,
}

fn rows(index: usize) -> [Row; 2] {
    [
        Row {
            id: 2 * index + 1,
            published: false,
        },
        Row {
            id: 2 * index + 2,
            published: true,
        },
    ]
}

impl Lines {
    fn entity(&mut self, uid: &str, document: &str, row: Row, data: Value) {
        let mut values = Map::new();
        values.insert("documentId".to_owned(), json!(document));
        if let Value::Object(data) = data {
            values.extend(data);
        }
        values.insert("createdAt".to_owned(), json!(MADE));
        values.insert("updatedAt".to_owned(), json!(MADE));
        values.insert(
            "publishedAt".to_owned(),
            if row.published {
                json!(MADE)
            } else {
                Value::Null
            },
        );
        values.insert("locale".to_owned(), Value::Null);
        let line = json!({ "type": uid, "id": row.id, "data": values });
        self.entities.push_str(&line.to_string());
        self.entities.push('\n');
    }

    fn link(&mut self, kind: &str, relation: &str, left: &Value, right: &Value) {
        let line = json!({ "kind": kind, "relation": relation, "left": left, "right": right });
        self.links.push_str(&line.to_string());
        self.links.push('\n');
    }

    /// Types without drafts have one row per document.
    fn plain(&mut self, dataset: &Dataset) {
        let row = |index| Row {
            id: index + 1,
            published: true,
        };
        for (i, author) in dataset.authors.iter().enumerate() {
            let data = json!({ "name": author.name, "email": author.email, "bio": author.bio });
            self.entity(
                "api::author.author",
                &document_id("author", i),
                row(i),
                data,
            );
        }
        for (i, category) in dataset.categories.iter().enumerate() {
            let data = json!({ "name": category.name, "slug": category.slug, "description": category.description });
            self.entity(
                "api::category.category",
                &document_id("category", i),
                row(i),
                data,
            );
        }
        for (i, tag) in dataset.tags.iter().enumerate() {
            let data = json!({ "name": tag.name, "slug": tag.slug });
            self.entity("api::tag.tag", &document_id("tag", i), row(i), data);
        }
        for i in 0..ICONS {
            self.entity(
                "plugin::upload.file",
                &document_id("icon", i),
                row(i),
                file(i),
            );
        }
    }

    fn article(&mut self, i: usize, article: &Article) {
        for row in rows(i) {
            let data = json!({ "title": article.title, "slug": article.slug, "excerpt": article.excerpt,
                "body": article.body, "publishDate": article.publish_date, "views": article.views,
                "featured": article.featured });
            self.entity(
                "api::article.article",
                &document_id("article", i),
                row,
                data,
            );
            self.article_links(article, row, i);
        }
    }

    fn article_links(&mut self, article: &Article, row: Row, position: usize) {
        let left = |field: &str, pos: usize| json!({ "type": "api::article.article", "ref": row.id, "field": field, "pos": pos });
        let right = |name: &str, index: usize| json!({ "type": format!("api::{name}.{name}"), "ref": index + 1, "field": "articles", "pos": position + 1 });
        self.link(
            "relation.basic",
            "manyToOne",
            &left("author", 1),
            &right("author", article.author),
        );
        self.link(
            "relation.basic",
            "manyToOne",
            &left("category", 1),
            &right("category", article.category),
        );
        for (pos, tag) in article.tags.iter().enumerate() {
            self.link(
                "relation.basic",
                "manyToMany",
                &left("tags", pos + 1),
                &right("tag", *tag),
            );
        }
    }

    fn menu(&mut self, menu: &Value) {
        for row in rows(0) {
            let sections = self.components(&menu["sections"], row);
            let data = json!({ "title": menu["title"], "sections": sections });
            self.entity(
                "api::mega-menu.mega-menu",
                &document_id("menu", 0),
                row,
                data,
            );
        }
    }

    /// Gives every component its id and turns what a link points to into links of the archive.
    fn components(&mut self, items: &Value, row: Row) -> Value {
        let mut done = Vec::new();
        for item in items.as_array().into_iter().flatten() {
            self.components += 1;
            let id = self.components;
            let mut component = Map::new();
            component.insert("id".to_owned(), json!(id));
            for (name, value) in item.as_object().into_iter().flatten() {
                match (name.as_str(), value.as_u64()) {
                    ("article", Some(index)) => self.menu_article(id, index as usize, row),
                    ("icon", Some(index)) => self.menu_icon(id, index as usize),
                    ("columns" | "links", _) => {
                        component.insert(name.clone(), self.components(value, row));
                    }
                    _ => {
                        component.insert(name.clone(), value.clone());
                    }
                }
            }
            done.push(Value::Object(component));
        }
        Value::Array(done)
    }

    fn menu_article(&mut self, component: usize, index: usize, row: Row) {
        let target = rows(index)[usize::from(row.published)].id;
        let left = json!({ "type": "menu.link", "ref": component, "field": "article" });
        let right = json!({ "type": "api::article.article", "ref": target });
        self.link("relation.basic", "oneToOne", &left, &right);
    }

    fn menu_icon(&mut self, component: usize, index: usize) {
        let left = json!({ "type": "plugin::upload.file", "ref": index + 1, "field": "related" });
        let right = json!({ "type": "menu.link", "ref": component, "field": "icon", "pos": 1 });
        self.link("relation.morph", "morphToMany", &left, &right);
    }
}
