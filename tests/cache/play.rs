//! Random acts of editors.

use std::sync::Arc;

use poem::http::Method;
use serde_json::{Map, Value as Json, json};
use tympan::entries::{Target, Which, WriteRequest};

use crate::random::Random;
use crate::site::Site;

/// What has been made, by plural name.
#[derive(Default)]
pub(crate) struct World {
    made: Vec<(&'static str, String)>,
}

const PLURALS: [(&str, &str); 5] = [
    ("articles", "article"),
    ("categories", "category"),
    ("tags", "tag"),
    ("authors", "author"),
    ("pages", "page"),
];
const MOST: usize = 14;

impl World {
    pub(crate) fn of(&self, plural: &str) -> Vec<&str> {
        let made = self.made.iter().filter(|(of, _)| *of == plural);
        made.map(|(_, id)| id.as_str()).collect()
    }

    fn one(&self, random: &mut Random, plural: &str) -> Json {
        let all = self.of(plural);
        match random.pick(&all) {
            Some(id) if random.percent(85) => json!(id),
            _ => Json::Null,
        }
    }

    fn some(&self, random: &mut Random, plural: &str) -> Json {
        let all = self.of(plural);
        let chosen = random.some(&all, 3);
        match random.below(4) {
            0 => json!({ "connect": chosen }),
            1 => json!({ "disconnect": chosen }),
            _ => json!(chosen),
        }
    }

    fn values(&self, random: &mut Random, plural: &str) -> Json {
        let number = random.below(10);
        let mut data = Map::new();
        let mut maybe = |random: &mut Random, key: &str, value: Json| {
            if random.percent(45) {
                data.insert(key.to_owned(), value);
            }
        };
        match plural {
            "articles" => {
                maybe(random, "title", json!(format!("t{number}")));
                let long = "lorem ipsum ".repeat(1 + random.below(30));
                let body = [json!(long), Json::Null, json!("short")];
                let body = random.pick(&body).unwrap().clone();
                maybe(random, "body", body);
                let views = if random.percent(15) {
                    Json::Null
                } else {
                    json!(number)
                };
                maybe(random, "views", views);
                maybe(random, "featured", json!(number.is_multiple_of(2)));
                maybe(
                    random,
                    "date",
                    json!(format!("2026-0{}-11", 1 + number % 6)),
                );
                maybe(
                    random,
                    "score",
                    json!(f64::from(u8::try_from(number).unwrap()) / 4.0),
                );
                maybe(random, "big", json!(format!("900719925474099{number}")));
                let (category, author) =
                    (self.one(random, "categories"), self.one(random, "authors"));
                maybe(random, "category", category);
                maybe(random, "author", author.clone());
                let (tags, related) = (self.some(random, "tags"), self.some(random, "articles"));
                maybe(random, "tags", tags);
                maybe(random, "related", related);
                maybe(
                    random,
                    "seo",
                    json!({ "text": format!("s{}", number % 3), "source": author }),
                );
                let by: Vec<&str> = random.some(&self.of("tags"), 2);
                maybe(
                    random,
                    "blocks",
                    json!([{ "__component": "parts.quote", "text": "q", "by": by }]),
                );
            }
            "categories" => {
                maybe(random, "name", json!(format!("c{}", number % 4)));
                let (parent, articles) = (
                    self.one(random, "categories"),
                    self.some(random, "articles"),
                );
                maybe(random, "parent", parent);
                if random.percent(30) {
                    maybe(random, "articles", articles);
                }
            }
            "tags" => maybe(random, "name", json!(format!("g{}", number % 5))),
            "authors" => {
                maybe(random, "name", json!(format!("a{number}")));
                maybe(random, "country", json!(["de", "fr", "at"][number % 3]));
                maybe(random, "age", json!(30 + number * 3));
                let likes = self.one(random, "tags");
                maybe(random, "likes", likes);
            }
            _ => {
                maybe(random, "title", json!(format!("p{number}d")));
                maybe(random, "rank", json!(number));
                let (article, see) = (self.one(random, "articles"), self.some(random, "pages"));
                maybe(random, "article", article);
                maybe(random, "see", see);
            }
        }
        Json::Object(data)
    }

    /// One act; returns what was done, for messages.
    pub(crate) async fn act(&mut self, site: &Site, random: &mut Random) -> String {
        if random.percent(6) {
            let headline = json!({
                "headline": format!("h{}", random.below(4)),
                "featured": random.some(&self.of("articles"), 3),
                "page": self.one(random, "pages"),
            });
            let seen = site.write(Method::PUT, "/api/homepage", &headline).await;
            return format!("homepage: {}", seen.status);
        }
        let weights = [0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 4];
        let (plural, singular) = PLURALS[*random.pick(&weights).unwrap()];
        let all: Vec<String> = self.of(plural).into_iter().map(str::to_owned).collect();
        let id = random.pick(&all).cloned();
        let localized = plural == "pages";
        let locale = if localized && random.percent(50) {
            "de"
        } else {
            "en"
        };
        let mut parts = Vec::new();
        if localized {
            parts.push(format!("locale={locale}"));
        }
        if random.percent(25) {
            parts.push("status=draft".to_owned());
        }
        let query = if parts.is_empty() {
            String::new()
        } else {
            format!("?{}", parts.join("&"))
        };
        match (random.below(100), id) {
            (0..=24, _) | (_, None) if all.len() < MOST => {
                let data = self.values(random, plural);
                let path = format!("/api/{plural}{query}");
                let seen = site.write(Method::POST, &path, &data).await;
                assert!(
                    seen.status == 201 || seen.status == 400,
                    "{path}: {}",
                    seen.json()
                );
                if let Some(id) = seen.json()["data"]["documentId"].as_str() {
                    self.made.push((plural, id.to_owned()));
                }
                format!("create {path} {data}: {}", seen.status)
            }
            (_, None) => "nothing".to_owned(),
            (0..=79, Some(id)) => {
                let data = self.values(random, plural);
                let path = format!("/api/{plural}/{id}{query}");
                let seen = site.write(Method::PUT, &path, &data).await;
                assert!(seen.status < 500, "{path}: {}", seen.json());
                format!("update {path} {data}: {}", seen.status)
            }
            (80..=91, Some(id)) => {
                let schema = site.node.app.schema();
                let request = WriteRequest {
                    content_type: Arc::clone(schema.content_type(singular).unwrap()),
                    schema,
                    locale: if localized {
                        locale.to_owned()
                    } else {
                        String::new()
                    },
                    target: Target::Published,
                    author: None,
                    expected: None,
                };
                let which = Which::Id(id.clone());
                let entries = &site.node.app.entries;
                let done = match random.below(3) {
                    0 => entries.publish(request, which).await,
                    _ => entries.unpublish(request, which).await,
                };
                format!(
                    "(un)publish {plural} {id} {locale}: {:?}",
                    done.map(|saved| saved.revision)
                )
            }
            (_, Some(id)) => {
                let path = format!(
                    "/api/{plural}/{id}{}",
                    if localized {
                        format!("?locale={locale}")
                    } else {
                        String::new()
                    }
                );
                let seen = site.write(Method::DELETE, &path, &Json::Null).await;
                assert!(seen.status < 500, "{path}: {}", seen.status);
                if !localized {
                    self.made.retain(|(_, made)| *made != id);
                }
                format!("delete {path}: {}", seen.status)
            }
        }
    }
}
