//! A small site on any database, and requests whose answers are looked at as a whole.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::support::{Database, Folder, Server};

/// Longer than anything in these tests takes on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Makes the types: `article` with drafts and a required title, in two locales `page`, the single `home`, and `note`
/// without drafts.
pub(crate) fn apply(database: &Database) {
    let folder = Folder::new();
    let write = |name: &str, json: Json| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, json.to_string()).unwrap();
    };
    let drafts = json!({ "draftAndPublish": true });
    let title =
        json!({ "title": { "type": "string", "required": true }, "number": { "type": "integer" } });
    let kind = |kind: &str, singular: &str, plural: &str| {
        json!({
            "kind": kind,
            "info": { "singularName": singular, "pluralName": plural, "displayName": singular },
            "options": drafts, "attributes": title,
        })
    };
    write(
        "types/article.json",
        kind("collectionType", "article", "articles"),
    );
    write("types/home.json", kind("singleType", "home", "homes"));
    let mut note = kind("collectionType", "note", "notes");
    note["options"] = json!({ "draftAndPublish": false });
    write("types/note.json", note);
    let mut page = kind("collectionType", "page", "pages");
    page["pluginOptions"] = json!({ "i18n": { "localized": true } });
    page["attributes"]["title"]["pluginOptions"] = json!({ "i18n": { "localized": true } });
    write("types/page.json", page);
    write(
        "locales.json",
        json!([{ "code": "en", "name": "English", "isDefault": true }, { "code": "de", "name": "Deutsch" }]),
    );
    let folder = folder.path().to_str().unwrap();
    database.run(&["schema", "apply", folder, "--yes"]);
}

pub(crate) fn token(database: &Database, name: &str) -> String {
    database.run(&["token", "create", "--name", name, "--type", "full-access"])
}

/// A node with a site, and the token that may everything.
pub(crate) struct Node {
    pub(crate) server: Server,
    pub(crate) token: String,
}

impl Node {
    pub(crate) fn start(database: Database) -> Node {
        apply(&database);
        let token = token(&database, "all");
        Node {
            server: Server::start(database),
            token,
        }
    }

    /// One more node on the same PostgreSQL database.
    pub(crate) fn beside(&self) -> Node {
        let url = self.server.database().url().expect("PostgreSQL");
        Node {
            server: Server::start(Database::at(url)),
            token: self.token.clone(),
        }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Json>) -> Answer {
        ask(
            self.server.address(),
            method,
            path,
            Some(&self.token),
            body,
            &[],
        )
        .unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None)
    }

    /// Makes an entry and returns its identity.
    pub(crate) fn make(&self, path: &str, data: Json) -> String {
        let answer = self.ask("POST", path, Some(&json!({ "data": data })));
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["data"]["documentId"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A command beside the node.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        self.server.database().run(arguments)
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Json,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .next()
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.body
            .pointer(pointer)
            .and_then(Json::as_str)
            .unwrap_or_default()
    }
}

/// One request on a connection of its own.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Json>,
    headers: &[(&str, &str)],
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, SOON)?;
    stream.set_read_timeout(Some(SOON))?;
    let body = body.map(Json::to_string).unwrap_or_default();
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    if let Some(token) = token {
        text.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    text.push_str("\r\n");
    text.push_str(&body);
    stream.write_all(text.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let broken = || std::io::Error::other(format!("no answer: {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(broken)?;
    let chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    let body = match chunked {
        true => body.lines().filter(|line| line.starts_with('{')).collect(),
        false => body.to_owned(),
    };
    Ok(Answer {
        status,
        head: head.to_owned(),
        body: serde_json::from_str(&body).unwrap_or(Json::Null),
    })
}
