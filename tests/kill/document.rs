//! One version of a document: what is written, and whether what is read is exactly that.

use serde_json::{Value, json};

use crate::support::http::{Connection, request};

/// What is asked for so that a row shows all its parts.
pub(crate) const POPULATE: &str = "populate[author]=true&populate[tags]=true&populate[links]=true&populate[seo][populate]=metaSocial";

/// The documents that links point to.
pub(crate) struct Targets {
    tags: Vec<String>,
    authors: Vec<String>,
}

impl Targets {
    pub(crate) fn make(connection: &mut Connection, token: &str) -> Targets {
        let mut create = |path: &str, data: Value| {
            let body = json!({ "data": data }).to_string();
            let answer = connection
                .send(&request("POST", path, Some(token), Some(&body)))
                .unwrap();
            let text = String::from_utf8_lossy(answer.body);
            assert_eq!(answer.status, 201, "POST {path}: {text}");
            let body: Value = serde_json::from_str(&text).unwrap();
            body["data"]["documentId"].as_str().unwrap().to_owned()
        };
        let tags = (0..5).map(|i| create("/api/tags", json!({ "name": format!("tag {i}") })));
        let tags = tags.collect();
        let authors =
            (0..3).map(|i| create("/api/authors", json!({ "name": format!("author {i}") })));
        Targets {
            tags,
            authors: authors.collect(),
        }
    }

    fn tags_of(&self, version: u64) -> Vec<&str> {
        let count = self.tags.len() as u64;
        let pick = |i| self.tags[((version + i) % count) as usize].as_str();
        (0..version % 4).map(pick).collect()
    }

    fn author_of(&self, version: u64) -> Option<&str> {
        let at = (version % (self.authors.len() as u64 + 1)) as usize;
        self.authors.get(at).map(String::as_str)
    }
}

/// The request body that writes a version.
pub(crate) fn body(slug: &str, version: u64, targets: &Targets) -> String {
    let label = label(version);
    let social = json!({ "network": "twitter", "title": label });
    let link = json!({ "label": label, "href": format!("/{version}") });
    json!({ "data": {
        "title": label, "slug": slug, "rating": version % 11, "body": text(version), "extra": { "version": version },
        "author": targets.author_of(version), "tags": targets.tags_of(version),
        "seo": { "metaTitle": label, "metaSocial": vec![social; (version % 3) as usize] },
        "links": vec![link; 1 + (version % 2) as usize],
    } })
    .to_string()
}

/// The version a row shows, if all of its parts show the same.
pub(crate) fn version_of(row: &Value, targets: &Targets) -> Result<u64, String> {
    let version = row["extra"]["version"]
        .as_u64()
        .ok_or_else(|| format!("no version in {row}"))?;
    let label = label(version);
    let expect = |what: &str, right: bool| {
        right
            .then_some(())
            .ok_or_else(|| format!("{what} is not of version {version}: {row}"))
    };
    let ids = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items
            .filter_map(|item| item["documentId"].as_str().map(str::to_owned))
            .collect()
    };
    let all = |items: &Value, name: &str, count: u64| {
        items.as_array().is_some_and(|items| {
            items.len() as u64 == count && items.iter().all(|item| item[name] == label.as_str())
        })
    };
    expect("title", row["title"] == label.as_str())?;
    expect("rating", row["rating"] == version % 11)?;
    expect("body", row["body"] == text(version).as_str())?;
    expect(
        "author",
        row["author"]["documentId"].as_str() == targets.author_of(version),
    )?;
    expect("tags", ids(&row["tags"]) == targets.tags_of(version))?;
    expect("seo", row["seo"]["metaTitle"] == label.as_str())?;
    expect(
        "seo.metaSocial",
        all(&row["seo"]["metaSocial"], "title", version % 3),
    )?;
    expect("links", all(&row["links"], "label", 1 + version % 2))?;
    Ok(version)
}

fn label(version: u64) -> String {
    format!("version {version}")
}

/// Long enough to need pages of its own now and then.
fn text(version: u64) -> String {
    format!("text {version} ").repeat(1 + (version % 7) as usize * 60)
}
