//! A site asked without a socket, once with kept answers and once without, on the same database.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{HeaderMap, Method};
use poem::{Endpoint as _, EndpointExt as _, Request, Response};
use serde_json::{Value as Json, json};
use tympan::access::Action;
use tympan::accounts::tokens::{self, TokenKind};
use tympan::accounts::{PUBLIC_ROLE, roles};
use tympan::app::App;
use tympan::base::limits::QueryLimits;
use tympan::delivery::cache::{Answer, Asked, CacheConfig};
use tympan::jobs::Background;
use tympan::platform::database::{Database, DatabaseConfig};
use tympan::schema::{files, plan, store};
use tympan::server::{ServerConfig, endpoint};

use crate::support::{Folder, Postgres};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

/// One answer as it came.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

/// An app behind its endpoint.
pub(crate) struct Node {
    pub(crate) app: Arc<App>,
    endpoint: BoxEndpoint<'static, Response>,
    _background: Option<Background>,
}

impl Node {
    async fn open(config: &DatabaseConfig, cache: CacheConfig) -> Self {
        let keeps = cache.memory_mib > 0;
        let app = App::open(config, QueryLimits::default(), cache)
            .await
            .unwrap();
        let background = keeps.then(|| Background::start(&app));
        while keeps && !app.cache.is_followed() {
            tokio::task::yield_now().await;
        }
        let endpoint = endpoint(Arc::clone(&app), &ServerConfig::default()).unwrap();
        Self {
            endpoint: endpoint.boxed(),
            app,
            _background: background,
        }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Seen {
        let mut request = Request::builder().method(method).uri(path.parse().unwrap());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match body {
            None => request.finish(),
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_string()),
        };
        let response = self.endpoint.call(request).await.unwrap();
        Seen {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.into_body().into_vec().await.unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        self.send(Method::GET, path, &[], None).await
    }

    /// The kept answer to a public question.
    pub(crate) fn kept(&self, path: &str) -> Option<Arc<Answer>> {
        let path = path.strip_prefix("/api/").unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        self.app.cache.get(Asked {
            scope: self.app.public().scope,
            path,
            query,
            v4: false,
        })
    }
}

pub(crate) struct Site {
    /// With kept answers.
    pub(crate) node: Node,
    /// Another one with kept answers, where two are possible.
    pub(crate) other: Option<Node>,
    /// Without.
    truth: Node,
    pub(crate) token: String,
    _folder: Folder,
}

impl Site {
    pub(crate) async fn open(on: On, cache: CacheConfig) -> Self {
        let folder = Folder::new();
        let url = match on {
            On::Sqlite => format!("sqlite:{}", folder.path().join("test.db").display()),
            On::Postgres => Postgres::shared().fresh_database(),
        };
        let config = DatabaseConfig {
            url,
            ..DatabaseConfig::default()
        };
        let token = prepare(&Database::open(&config).await.unwrap(), folder.path()).await;
        let nothing = CacheConfig {
            memory_mib: 0,
            ..CacheConfig::default()
        };
        let other = match on {
            On::Sqlite => None,
            On::Postgres => Some(Node::open(&config, cache.clone()).await),
        };
        Self {
            node: Node::open(&config, cache).await,
            other,
            truth: Node::open(&config, nothing).await,
            token: format!("Bearer {token}"),
            _folder: folder,
        }
    }

    /// What is stored, whoever keeps what.
    pub(crate) async fn truth(&self, path: &str) -> Seen {
        self.truth.app.totals.bump();
        self.truth.get(path).await
    }

    /// A write with every right.
    pub(crate) async fn write(&self, method: Method, path: &str, data: &Json) -> Seen {
        let body = json!({ "data": data });
        let body = (method != Method::DELETE).then_some(&body);
        let headers = [("authorization", self.token.as_str())];
        self.node.send(method, path, &headers, body).await
    }

    /// Makes a published document and returns its identity.
    pub(crate) async fn create(&self, plural: &str, data: &Json) -> String {
        let path = format!("/api/{plural}");
        let seen = self.write(Method::POST, &path, data).await;
        assert_eq!(seen.status, 201, "{path} {data}: {}", seen.json());
        seen.json()["data"]["documentId"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

pub(crate) const TYPES: [&str; 6] = ["article", "category", "tag", "author", "page", "homepage"];

async fn prepare(database: &Database, folder: &Path) -> String {
    store::ensure_built_in(database).await.unwrap();
    let root = folder.join("schema");
    for (path, file) in schema_files() {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.to_string()).unwrap();
    }
    let wanted = files::read(&root).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let schema = store::load(database).await.unwrap();
    let trash = store::trash(database).await.unwrap();
    let steps = plan::plan(&schema, &trash, &wanted);
    store::apply(database, &schema, &trash, &steps, None)
        .await
        .unwrap();
    for name in TYPES {
        let uid = format!("api::{name}.{name}");
        let actions = [Action::Find, Action::FindOne];
        roles::allow(database, PUBLIC_ROLE, &uid, &actions)
            .await
            .unwrap();
    }
    tokens::create(database, "all", TokenKind::FullAccess, None)
        .await
        .unwrap()
}

fn schema_files() -> Vec<(&'static str, Json)> {
    let of = |kind: &str,
              singular: &str,
              plural: &str,
              drafts: bool,
              localized: bool,
              attributes: Json| {
        json!({
            "kind": kind,
            "info": { "singularName": singular, "pluralName": plural, "displayName": singular },
            "options": { "draftAndPublish": drafts },
            "pluginOptions": { "i18n": { "localized": localized } },
            "attributes": attributes,
        })
    };
    let local = json!({ "i18n": { "localized": true } });
    let relation = |kind: &str, target: &str| json!({ "type": "relation", "relation": kind, "target": target });
    let both = |kind: &str, target: &str, key: &str, other: &str| json!({ "type": "relation", "relation": kind, "target": target, key: other });
    vec![
        (
            "types/article.json",
            of(
                "collectionType",
                "article",
                "articles",
                true,
                false,
                json!({
                    "title": { "type": "string" },
                    "slug": { "type": "uid", "targetField": "title" },
                    "body": { "type": "text" },
                    "views": { "type": "integer" },
                    "featured": { "type": "boolean" },
                    "date": { "type": "date" },
                    "score": { "type": "decimal" },
                    "big": { "type": "biginteger" },
                    "category": both("manyToOne", "category", "inversedBy", "articles"),
                    "author": relation("manyToOne", "author"),
                    "tags": relation("manyToMany", "tag"),
                    "related": relation("manyToMany", "article"),
                    "seo": { "type": "component", "component": "parts.seo" },
                    "blocks": { "type": "dynamiczone", "components": ["parts.seo", "parts.quote"] },
                }),
            ),
        ),
        (
            "types/category.json",
            of(
                "collectionType",
                "category",
                "categories",
                true,
                false,
                json!({
                    "name": { "type": "string" },
                    "slug": { "type": "uid", "targetField": "name" },
                    "articles": both("oneToMany", "article", "mappedBy", "category"),
                    "parent": relation("manyToOne", "category"),
                }),
            ),
        ),
        (
            "types/tag.json",
            of(
                "collectionType",
                "tag",
                "tags",
                false,
                false,
                json!({
                    "name": { "type": "string" }, "slug": { "type": "uid", "targetField": "name" },
                }),
            ),
        ),
        (
            "types/author.json",
            of(
                "collectionType",
                "author",
                "authors",
                false,
                false,
                json!({
                    "name": { "type": "string" }, "country": { "type": "string" }, "age": { "type": "integer" },
                    "likes": relation("manyToOne", "tag"),
                }),
            ),
        ),
        (
            "types/page.json",
            of(
                "collectionType",
                "page",
                "pages",
                true,
                true,
                json!({
                    "title": { "type": "string", "pluginOptions": local },
                    "rank": { "type": "integer" },
                    "article": relation("manyToOne", "article"),
                    "see": { "type": "relation", "relation": "manyToMany", "target": "page", "pluginOptions": local },
                }),
            ),
        ),
        (
            "types/homepage.json",
            of(
                "singleType",
                "homepage",
                "homepages",
                true,
                false,
                json!({
                    "headline": { "type": "string" },
                    "featured": relation("oneToMany", "article"),
                    "page": relation("oneToOne", "page"),
                }),
            ),
        ),
        (
            "components/parts/seo.json",
            json!({ "info": { "displayName": "seo" }, "attributes": {
                "text": { "type": "string" }, "source": relation("oneToOne", "author"),
            }}),
        ),
        (
            "components/parts/quote.json",
            json!({ "info": { "displayName": "quote" }, "attributes": {
                "text": { "type": "string" }, "by": relation("oneToMany", "tag"),
            }}),
        ),
        (
            "locales.json",
            json!([
                { "code": "en", "name": "English", "isDefault": true }, { "code": "de", "name": "Deutsch" },
            ]),
        ),
    ]
}
