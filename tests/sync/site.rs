//! A Tympan inside the test: its types are those of the leak tests, its clients ask the endpoint without a socket.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use poem::endpoint::BoxEndpoint;
use poem::{Endpoint as _, EndpointExt as _, Request, Response};
use serde_json::{Value as Json, json};
use tympan::access::Action;
use tympan::accounts::tokens::TokenKind;
use tympan::accounts::{PUBLIC_ROLE, roles, tokens};
use tympan::app::App;
use tympan::base::limits::QueryLimits;
use tympan::delivery::cache::CacheConfig;
use tympan::entries::{EntryError, Saved, Target, Which, WriteRequest, resolve};
use tympan::platform::database::{Database, DatabaseConfig, DatabaseError, Statement};
use tympan::schema::validate::{self, Mode};
use tympan::schema::{files, plan, store};
use tympan::server::{ServerConfig, endpoint};

use crate::support::{Folder, Postgres};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

pub(crate) struct Site {
    pub(crate) app: Arc<App>,
    endpoint: BoxEndpoint<'static, Response>,
    pub(crate) full: String,
    pub(crate) reader: String,
    pub(crate) config: DatabaseConfig,
    pub(crate) folder: Folder,
}

impl Site {
    pub(crate) async fn new(on: On) -> Self {
        let folder = Folder::new();
        let url = match on {
            On::Sqlite => format!("sqlite:{}", folder.path().join("test.db").display()),
            On::Postgres => Postgres::shared().fresh_database(),
        };
        let config = DatabaseConfig {
            url,
            ..DatabaseConfig::default()
        };
        let database = Database::open(&config).await.unwrap();
        store::ensure_built_in(&database).await.unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leaks/schema");
        apply(&database, &root).await;
        for name in ["api::article.article", "api::tag.tag"] {
            let actions = [Action::Find, Action::FindOne];
            roles::allow(&database, PUBLIC_ROLE, name, &actions)
                .await
                .unwrap();
        }
        let token = |name, kind| tokens::create(&database, name, kind, None);
        let full = token("full", TokenKind::FullAccess).await.unwrap();
        let reader = TokenKind::ReadOnly { drafts: false };
        let reader = token("reader", reader).await.unwrap();
        database.close().await;
        let (app, endpoint) = open(&config).await;
        Self {
            app,
            endpoint,
            full,
            reader,
            config,
            folder,
        }
    }

    /// Closes and opens the database again, as a restart does.
    pub(crate) async fn restart(&mut self) {
        self.app.close().await;
        (self.app, self.endpoint) = open(&self.config).await;
    }

    /// Status and body of a request below `/api`.
    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> (u16, Json) {
        let uri = format!("/api{path}").parse().unwrap();
        let mut request = Request::builder().uri(uri);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = self.endpoint.call(request.finish()).await.unwrap();
        let status = response.status().as_u16();
        let text = response.into_body().into_string().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Json::Null))
    }

    /// Waits until the log can be read to its end: on PostgreSQL transactions of the other tests in the same cluster
    /// hold its end back.
    pub(crate) async fn settle(&self) {
        let sql = self.app.database.dialect().pick(
            "select 0",
            "select count(*) from changes where xid >= pg_snapshot_xmin(pg_current_snapshot())",
        );
        let start = Instant::now();
        loop {
            let row = self.app.database.fetch_optional(Statement::new(sql));
            if row.await.unwrap().unwrap().integer(0).unwrap() == 0 {
                return;
            }
            assert!(
                start.elapsed() < crate::wire::PATIENCE,
                "the log stands still"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn request(&self, name: &str, locale: &str, target: Target) -> WriteRequest {
        let schema = self.app.schema();
        let content_type = Arc::clone(schema.content_type(name).unwrap());
        WriteRequest {
            locale: match content_type.localized {
                true => locale.to_owned(),
                false => String::new(),
            },
            schema,
            content_type,
            target,
            author: None,
            expected: None,
        }
    }

    /// Creates a document, or changes the one named.
    pub(crate) async fn save(
        &self,
        name: &str,
        id: Option<&str>,
        locale: &str,
        target: Target,
        data: &Json,
    ) -> Result<Saved, EntryError> {
        let request = self.request(name, locale, target);
        let mode = match target {
            Target::Draft if request.content_type.draft_and_publish => Mode::Draft,
            _ => Mode::Publish,
        };
        let data = data.as_object().unwrap();
        let schema = Arc::clone(&request.schema);
        let one = Arc::clone(&request.content_type);
        let checked = validate::validate_entry(&schema, &one, data, mode, id.is_some())
            .unwrap_or_else(|problems| panic!("{problems:#?} in {data:?}"));
        let edit = resolve::resolve(&self.app.database, &schema, &one, &checked).await?;
        match id {
            None => self.app.entries.create(request, edit, None).await,
            Some(id) => {
                let which = Which::Id(id.to_owned());
                self.app.entries.update(request, which, edit).await
            }
        }
    }

    pub(crate) async fn file(&self, n: u32) -> String {
        let data = json!({
            "name": format!("{n}.png"), "hash": format!("h{n}"), "mime": "image/png", "size": 1.5,
            "url": format!("/uploads/{n}.png"), "provider": "local",
        });
        let saved = self
            .save("plugin::upload.file", None, "", Target::Published, &data)
            .await;
        saved.unwrap().document_id
    }

    pub(crate) async fn run(&self, sql: &str) {
        let sql = sql.to_owned();
        let done: Result<(), DatabaseError> = self
            .app
            .database
            .write(move |tx| {
                Box::pin(async move { tx.execute(Statement::new(sql)).await.map(|_| ()) })
            })
            .await;
        done.unwrap();
    }
}

async fn open(config: &DatabaseConfig) -> (Arc<App>, BoxEndpoint<'static, Response>) {
    let app = App::open(config, QueryLimits::default(), CacheConfig::default())
        .await
        .unwrap();
    let endpoint = endpoint(Arc::clone(&app), &ServerConfig::default())
        .unwrap()
        .boxed();
    (app, endpoint)
}

/// Brings the stored schema to what the files of a folder say.
pub(crate) async fn apply(database: &Database, root: &Path) {
    let wanted = files::read(root).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let schema = store::load(database).await.unwrap();
    let trash = store::trash(database).await.unwrap();
    let plan = plan::plan(&schema, &trash, &wanted);
    store::apply(database, &schema, &trash, &plan, None)
        .await
        .unwrap();
}
