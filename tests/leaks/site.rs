//! A small site full of secrets: private fields, a password, a type nobody was allowed, drafts.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::support::http;
use crate::support::{Database, Server};

/// What every secret value begins with.
pub(crate) const CANARY: &str = "CNRY";
/// An identity that no document has.
pub(crate) const MISSING: &str = "000000000000000000000000";

pub(crate) struct Site {
    pub(crate) server: Server,
    /// May do everything.
    pub(crate) full: String,
    /// May read every type, no drafts.
    pub(crate) reader: String,
    /// May do everything with articles, sees tags, and has no right to the vault or to drafts.
    pub(crate) writer: String,
    /// May write tags and find articles.
    pub(crate) tagger: String,
    pub(crate) vault: String,
    pub(crate) article: String,
    pub(crate) tag: String,
}

impl Site {
    pub(crate) fn start(database: Database, arguments: &[&str]) -> Site {
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leaks/schema");
        database.run(&["schema", "apply", schema.to_str().unwrap(), "--yes"]);
        for name in ["article", "tag"] {
            database.run(&["role", "allow", "public", name, "find", "findOne"]);
        }
        let token = |name: &str, more: &[&str]| {
            database.run(&[&["token", "create", "--name", name], more].concat())
        };
        let rights =
            "article:find,article:findOne,article:create,article:update,article:delete,tag:find";
        let mut site = Site {
            full: token("full", &["--type", "full-access"]),
            reader: token("reader", &["--type", "read-only"]),
            writer: token("writer", &["--type", "custom", "--allow", rights]),
            tagger: token(
                "tagger",
                &["--type", "custom", "--allow", "tag:create,article:find"],
            ),
            server: Server::start_with(database, arguments),
            vault: String::new(),
            article: String::new(),
            tag: String::new(),
        };
        site.fill();
        site
    }

    /// The published content; every secret in it begins with the canary.
    fn fill(&mut self) {
        self.vault = self.make("/vaults", &json!({ "title": "CNRY vault" }));
        self.tag = self.make("/tags?status=draft", &json!({ "name": "CNRY draft tag" }));
        let tag = self.make("/tags", &json!({ "name": "open tag" }));
        let seo = json!({ "metaTitle": "open", "editorHint": "CNRY hint", "sealed": self.vault });
        let mut item = seo.clone();
        item["__component"] = json!("parts.seo");
        self.article = self.make(
            "/articles",
            &json!({
                "title": "Open", "slug": "open", "body": "open words", "price": 1.5,
                "internalNote": "CNRY note", "passphrase": "CNRY pass", "vault": self.vault,
                "tags": [self.tag, tag], "seo": seo, "zone": [item],
            }),
        );
    }

    /// Creates an entry as the one who may everything and returns its identity.
    pub(crate) fn make(&self, path: &str, data: &Json) -> String {
        let (status, body) = self.send("POST", path, Some(&self.full), Some(data));
        assert_eq!(status, 201, "{path} {data}: {body}");
        let body: Json = serde_json::from_str(&body).unwrap();
        body["data"]["documentId"].as_str().unwrap().to_owned()
    }

    /// Status and body of a request below `/api`.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        data: Option<&Json>,
    ) -> (u16, String) {
        let body = data.map(|data| json!({ "data": data }).to_string());
        let request = http::request(method, &format!("/api{path}"), token, body.as_deref());
        let mut connection = self.server.connect();
        let answer = connection.send(&request).unwrap();
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        (answer.status, text)
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> (u16, String) {
        self.send("GET", path, token, None)
    }
}
