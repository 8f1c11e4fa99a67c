//! One site with the types of the recordings, asked without a socket.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{HeaderName, HeaderValue, Method, header};
use poem::{Endpoint as _, EndpointExt as _, Request, Response};
use serde_json::{Map, Value as Json, json};
use tympan::access::Action;
use tympan::accounts::tokens::TokenKind;
use tympan::accounts::{PUBLIC_ROLE, roles, tokens as api_tokens};
use tympan::app::App;
use tympan::base::limits::QueryLimits;
use tympan::delivery::cache::CacheConfig;
use tympan::entries::{Target, WriteRequest, resolve};
use tympan::platform::database::{Database, DatabaseConfig};
use tympan::schema::validate::{self, Mode};
use tympan::schema::{files, plan, store};
use tympan::search::SearchConfig;
use tympan::server::{ServerConfig, endpoint};

use super::tokens::Tokens;
use super::{Answer, Asked, Case, folder, read};
use crate::support::{Folder, Postgres};

/// Which database.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A running Tympan and what the tokens of the recordings stand for on it.
pub(super) struct Site {
    app: Arc<App>,
    url: String,
    endpoint: BoxEndpoint<'static, Response>,
    tokens: Tokens,
    secrets: BTreeMap<&'static str, String>,
    folder: Folder,
}

impl Site {
    pub(super) async fn open(kind: Kind) -> Self {
        let folder = Folder::new();
        let url = match kind {
            Kind::Sqlite => format!("sqlite:{}", folder.path().join("test.db").display()),
            Kind::Postgres => Postgres::shared().fresh_database(),
        };
        let config = DatabaseConfig {
            url,
            ..DatabaseConfig::default()
        };
        let secrets = prepare(&Database::open(&config).await.unwrap()).await;
        let limits = QueryLimits::default();
        let data = Some(folder.path().to_owned());
        let app = App::open_in(
            data,
            SearchConfig::default(),
            &config,
            limits,
            CacheConfig::default(),
        );
        let app = app.await.unwrap();
        let (search, database) = (app.search.clone(), Arc::clone(&app.database));
        tokio::spawn(search.follow(database, app.signal.clone()));
        let mut tokens = Tokens::default();
        upload(&app, &mut tokens).await;
        let endpoint = endpoint(Arc::clone(&app), &ServerConfig::default())
            .unwrap()
            .boxed();
        let mut site = Self {
            app,
            url: config.url,
            endpoint,
            tokens,
            secrets,
            folder,
        };
        site.name_locales().await;
        site
    }

    /// A recorded read, ready to be sent over a socket.
    pub(super) async fn filled(&mut self, case: &Case) -> (String, Vec<(String, String)>) {
        self.name_rows(case).await;
        let path = escaped(&self.tokens.fill_text(&case.request.path));
        let headers = self.headers(&case.request).into_iter();
        let text = |value: HeaderValue| value.to_str().unwrap().to_owned();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value)));
        (path, headers.collect())
    }

    /// Closes it and hands its database over.
    pub(super) async fn into_database(self) -> (String, Folder) {
        self.app.close().await;
        (self.url, self.folder)
    }

    /// Waits until everything that was written can be found.
    pub(super) async fn is_indexed(&self) {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let checked = self.app.search.check(&self.app.database).await;
            if checked.as_ref().is_ok_and(|checked| checked.differing == 0) {
                return;
            }
            assert!(std::time::Instant::now() < end, "{checked:?}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// The answer to a recorded request, with tokens in the place of ids.
    pub(super) async fn ask(&mut self, case: &Case) -> Answer {
        self.name_rows(case).await;
        let asked = &case.request;
        let seen = self.send(asked).await;
        if let (Some(name), Some(id)) = (&case.r#as, seen.body["data"]["documentId"].as_str()) {
            self.tokens.name_doc(name, id);
        }
        Answer {
            status: seen.status,
            body: self.tokens.mask(&seen.body),
        }
    }

    /// Looks up the rows a request names.
    async fn name_rows(&mut self, case: &Case) {
        let asked = &case.request;
        let text = format!("{} {}", asked.path, asked.body.clone().unwrap_or_default());
        for row in self.tokens.row_tokens(&text) {
            let seen = self.send(&get(&row.path)).await;
            let id = seen.body["data"]["id"].as_i64();
            let id =
                id.unwrap_or_else(|| panic!("{}: {} shows {}", case.name, row.path, seen.body));
            self.tokens.name_row(&row.token, id);
        }
    }

    async fn send(&self, asked: &Asked) -> Answer {
        let path = escaped(&self.tokens.fill_text(&asked.path));
        let method: Method = asked.method.parse().unwrap();
        let mut request = Request::builder().method(method.clone()).uri(
            path.parse()
                .unwrap_or_else(|error| panic!("{path}: {error}")),
        );
        for (name, value) in self.headers(asked) {
            request = request.header(name, value);
        }
        let request = match &asked.body {
            None => request.finish(),
            Some(Json::String(text)) => request.body(self.tokens.fill_text(text)),
            Some(body) => request.body(self.tokens.fill(body).to_string()),
        };
        let response = self.endpoint.call(request).await.unwrap();
        let status = response.status().as_u16();
        let text = response.into_body().into_string().await.unwrap();
        let body = match method {
            Method::HEAD => Json::Null,
            _ if text.is_empty() => Json::Null,
            _ => serde_json::from_str(&text).unwrap_or(Json::String(text)),
        };
        Answer { status, body }
    }

    fn headers(&self, asked: &Asked) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers: BTreeMap<String, Option<String>> = BTreeMap::new();
        headers.insert(
            "authorization".to_owned(),
            Some("Bearer $token:full".to_owned()),
        );
        if asked.body.is_some() {
            headers.insert(
                header::CONTENT_TYPE.to_string(),
                Some("application/json".to_owned()),
            );
        }
        for (name, value) in &asked.headers {
            headers.insert(name.clone(), value.as_str().map(str::to_owned));
        }
        let present = headers.into_iter().filter_map(|(name, value)| {
            let mut value = value?;
            for (token, secret) in &self.secrets {
                value = value.replace(&format!("$token:{token}"), secret);
            }
            Some((name.parse().unwrap(), value.parse().unwrap()))
        });
        present.collect()
    }

    async fn name_locales(&mut self) {
        let seen = self.send(&get("/api/i18n/locales")).await;
        for locale in seen.body.as_array().into_iter().flatten() {
            if let (Some(code), Some(id)) = (locale["code"].as_str(), locale["documentId"].as_str())
            {
                self.tokens.name_doc(&format!("locale-{code}"), id);
            }
        }
    }
}

fn get(path: &str) -> Asked {
    Asked {
        method: "GET".to_owned(),
        path: path.to_owned(),
        headers: Map::new(),
        body: None,
    }
}

/// What a browser's `fetch` escapes in a URL.
fn escaped(path: &str) -> String {
    path.chars()
        .map(|c| match c {
            '"' | '<' | '>' | '\'' | ' ' | '`' | '{' | '}' => format!("%{:02X}", u32::from(c)),
            c => c.to_string(),
        })
        .collect()
}

/// Types, locales, rights and tokens of the recordings.
async fn prepare(database: &Database) -> BTreeMap<&'static str, String> {
    store::ensure_built_in(database).await.unwrap();
    let types = Folder::new();
    for part in ["types", "components"] {
        copy(
            &folder().join("schema").join(part),
            &types.path().join(part),
        );
    }
    let locales = json!([
        { "code": "en", "name": "English (en)", "isDefault": true },
        { "code": "fr", "name": "French (fr)" },
    ]);
    fs::write(types.path().join("locales.json"), locales.to_string()).unwrap();
    let wanted = files::read(types.path()).unwrap();
    let schema = store::load(database).await.unwrap();
    let trash = store::trash(database).await.unwrap();
    let steps = plan::plan(&schema, &trash, &wanted);
    store::apply(database, &schema, &trash, &steps, None)
        .await
        .unwrap();
    for name in ["article", "tag", "page", "event"] {
        let uid = format!("api::{name}.{name}");
        let actions = [Action::Find, Action::FindOne];
        roles::allow(database, PUBLIC_ROLE, &uid, &actions)
            .await
            .unwrap();
    }
    let uid = "api::category.category";
    roles::allow(database, PUBLIC_ROLE, uid, &[Action::Find])
        .await
        .unwrap();
    let mut secrets = BTreeMap::new();
    for (name, kind) in [
        ("full", TokenKind::FullAccess),
        ("read-only", TokenKind::ReadOnly { drafts: true }),
    ] {
        let secret = api_tokens::create(database, name, kind, None)
            .await
            .unwrap();
        secrets.insert(name, secret);
    }
    secrets
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
}

/// The rows of the uploaded files.
async fn upload(app: &Arc<App>, tokens: &mut Tokens) {
    let schema = app.schema();
    let file = Arc::clone(schema.content_type("plugin::upload.file").unwrap());
    for row in read::<Vec<Map<String, Json>>>(&folder().join("media/files.json")) {
        let mut data = row.clone();
        data.retain(|name, _| file.field(name).is_some());
        let checked =
            validate::validate_entry(&schema, &file, &data, Mode::Publish, false).unwrap();
        let edit = resolve::resolve(&app.database, &schema, &file, &checked)
            .await
            .unwrap();
        let request = WriteRequest {
            schema: Arc::clone(&schema),
            content_type: Arc::clone(&file),
            locale: String::new(),
            target: Target::Published,
            author: None,
            expected: None,
        };
        let saved = app.entries.create(request, edit, None).await.unwrap();
        let name = row["id"].as_str().unwrap().trim_start_matches("$file:");
        tokens.name_doc(&format!("file-{name}"), &saved.document_id);
        tokens.name_file(name, saved.doc);
    }
}
