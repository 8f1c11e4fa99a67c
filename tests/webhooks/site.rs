//! A site with a running server, quick schedules and a full-access token.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tympan::app::App;
use tympan::platform::database::{DatabaseConfig, Statement};

use crate::support::http;
use crate::support::{Database, Server, run};

/// Where a test runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) token: String,
    pub(crate) config: PathBuf,
}

/// Tries one after the other, nearly at once.
pub(crate) const QUICK: &str =
    "[webhooks]\nschedule = \"0ms 20ms 20ms 20ms 20ms 20ms 20ms 20ms\"\n";

impl Site {
    pub(crate) fn new(on: On) -> Site {
        Site::with(on, QUICK)
    }

    /// With settings of its own.
    pub(crate) fn with(on: On, settings: &str) -> Site {
        let database = match on {
            On::Sqlite => Database::sqlite(),
            On::Postgres => Database::postgres(),
        };
        let config = database.data().join("test.toml");
        let outbound = match settings.contains("[outbound]") {
            true => "",
            false => "[outbound]\nallow = [\"127.0.0.0/8\"]\ntimeout_ms = 1500\n",
        };
        fs::write(&config, format!("{outbound}{settings}")).unwrap();
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leaks/schema");
        database.run(&["schema", "apply", schema.to_str().unwrap(), "--yes"]);
        let token = database.run(&["token", "create", "--name", "full", "--type", "full-access"]);
        let server = Server::start_with(database, &["--config", config.to_str().unwrap()]);
        Site {
            server,
            token,
            config,
        }
    }

    /// Runs a command that must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        run(&mut self.command(arguments))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let all = [arguments, &["--config", self.config.to_str().unwrap()]].concat();
        self.server.database().command(&all)
    }

    /// Runs a command that must fail and returns what it says.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let Output { status, stderr, .. } = self.command(arguments).output().unwrap();
        let text = String::from_utf8(stderr).unwrap();
        assert!(!status.success(), "{arguments:?}: {text}");
        text
    }

    /// Makes a webhook and returns its secret.
    pub(crate) fn hook(&self, name: &str, url: &str, more: &[&str]) -> String {
        let create = ["webhook", "create", "--name", name, "--url", url];
        self.run(&[&create, more].concat())
    }

    pub(crate) fn send(&self, method: &str, path: &str, data: Option<&Json>) -> (u16, Json) {
        let body = data.map(|data| json!({ "data": data }).to_string());
        let request = http::request(
            method,
            &format!("/api{path}"),
            Some(&self.token),
            body.as_deref(),
        );
        let mut connection = self.server.connect();
        let answer = connection.send(&request).unwrap();
        (
            answer.status,
            serde_json::from_slice(answer.body).unwrap_or_default(),
        )
    }

    /// Creates an entry and returns its identity.
    pub(crate) fn make(&self, path: &str, data: &Json) -> String {
        let (status, body) = self.send("POST", path, Some(data));
        assert_eq!(status, 201, "{path} {data}: {body}");
        body["data"]["documentId"].as_str().unwrap().to_owned()
    }

    pub(crate) fn change(&self, path: &str, data: &Json) {
        let (status, body) = self.send("PUT", path, Some(data));
        assert_eq!(status, 200, "{path} {data}: {body}");
    }

    pub(crate) fn delete(&self, path: &str) {
        let (status, body) = self.send("DELETE", path, None);
        assert_eq!(status, 204, "{path}: {body}");
    }

    /// The program's own parts on the same database, in this process.
    pub(crate) async fn app(&self) -> Arc<App> {
        let database = self.server.database();
        let url = match database.url() {
            Some(url) => url.to_owned(),
            None => format!("sqlite:{}", database.data().join("tympan.db").display()),
        };
        let config = DatabaseConfig {
            url,
            ..DatabaseConfig::default()
        };
        open(&config).await
    }

    /// A number from the database.
    pub(crate) fn number(&self, sql: &'static str) -> i64 {
        block_on(async {
            let app = self.app().await;
            let row = app
                .database
                .fetch_optional(Statement::new(sql))
                .await
                .unwrap();
            app.close().await;
            row.unwrap().integer(0).unwrap()
        })
    }

    /// Changes the database behind the server's back.
    pub(crate) fn execute(&self, sql: &'static str) {
        block_on(async {
            let app = self.app().await;
            let done: Result<u64, tympan::platform::database::DatabaseError> = app
                .database
                .write(move |tx| Box::pin(async move { tx.execute(Statement::new(sql)).await }))
                .await;
            done.unwrap();
            app.close().await;
        });
    }

    /// Waits until a command's output holds a text.
    pub(crate) fn wait_for(&self, arguments: &[&str], text: &str) -> String {
        let until = Instant::now() + crate::PATIENCE;
        loop {
            let said = self.run(arguments);
            if said.contains(text) {
                return said;
            }
            assert!(
                Instant::now() < until,
                "{arguments:?} never says {text:?}:\n{said}\n{}",
                self.server.log()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

async fn open(config: &DatabaseConfig) -> Arc<App> {
    App::open(
        config,
        tympan::base::limits::QueryLimits::default(),
        tympan::delivery::cache::CacheConfig::default(),
    )
    .await
    .unwrap()
}
