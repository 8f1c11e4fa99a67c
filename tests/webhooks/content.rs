//! What is told: events, payloads, signatures; and what never is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use tympan::entries::{Target, Which, WriteRequest, resolve};
use tympan::schema::validate::{Mode, validate_entry};

use crate::receiver::{Got, Receiver};
use crate::site::{On, Site, block_on};

/// Whether one of the signatures is that of this secret; computed here from the specification.
pub(crate) fn is_signed(got: &Got, secret: &str) -> bool {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let signed = format!(
        "{}.{}.{}",
        got.id(),
        got.header("webhook-timestamp"),
        got.body
    );
    mac.update(signed.as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    got.header("webhook-signature")
        .split(' ')
        .any(|given| given == expected)
}

fn events(got: &[Got]) -> Vec<String> {
    got.iter()
        .map(|got| got.header("x-strapi-event").to_owned())
        .collect()
}

fn keys(json: &Json) -> Vec<&str> {
    json.as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn what_happens_is_told(on: On) {
    let site = Site::new(on);
    let receiver = Receiver::new();
    let secret = site.hook("all", &receiver.url("/all"), &[]);
    let tag = site.make("/tags", &json!({ "name": "red" }));
    let id = site.make(
        "/articles",
        &json!({ "title": "One", "slug": "one", "big": "9007199254740993", "tags": [tag] }),
    );
    // An entry is read when its event is queued: the first is queued before it changes.
    receiver.wait_for(4);
    site.change(
        &format!("/articles/{id}?status=draft"),
        &json!({ "title": "CNRY draft" }),
    );
    site.change(&format!("/articles/{id}"), &json!({ "title": "Two" }));
    block_on(async {
        let app = site.app().await;
        let schema = app.schema();
        let request = WriteRequest {
            content_type: schema.content_type("article").unwrap().clone(),
            schema,
            locale: "en".into(),
            target: Target::Published,
            author: None,
            expected: None,
        };
        let which = Which::Id(id.clone());
        app.entries
            .unpublish(request.clone(), which.clone())
            .await
            .unwrap();
        // Publishing alone is no update.
        app.entries.publish(request, which).await.unwrap();
        app.close().await;
    });
    site.delete(&format!("/articles/{id}"));
    let got = receiver.wait_for(9);
    assert_eq!(
        events(&got),
        [
            "entry.create",
            "entry.publish",
            "entry.create",
            "entry.publish",
            "entry.update",
            "entry.publish",
            "entry.unpublish",
            "entry.publish",
            "entry.delete"
        ]
    );
    for got in &got {
        assert_eq!((got.method.as_str(), got.path.as_str()), ("POST", "/all"));
        assert_eq!(got.header("content-type"), "application/json");
        assert!(is_signed(got, &secret), "{got:?}");
        let json = got.json();
        assert_eq!(
            keys(&json),
            ["event", "createdAt", "model", "uid", "entry"],
            "Strapi's keys in its order"
        );
        assert_eq!(json["event"], got.header("x-strapi-event"));
        assert!(!got.body.contains("CNRY"), "{}", got.body);
    }
    let about = |index: usize| got[index].json();
    assert_eq!(about(2)["model"], "article");
    assert_eq!(about(2)["uid"], "api::article.article");
    let entry = &about(3)["entry"];
    assert_eq!(
        (&entry["title"], &entry["locale"]),
        (&json!("One"), &json!("en"))
    );
    assert_eq!(entry["documentId"], id.as_str());
    assert_eq!(entry["tags"][0]["name"], "red", "relations one level deep");
    assert_eq!(about(5)["entry"]["title"], "Two");
    let gone = &about(8)["entry"];
    assert_eq!(
        (&gone["title"], &gone["documentId"]),
        (&json!("Two"), &json!(id))
    );
    assert_eq!(gone["big"], "9007199254740993", "as delivery shows it");
    let mut ids: Vec<&str> = got.iter().map(Got::id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), got.len(), "every event has an id of its own");
    let order: Vec<i64> = got
        .iter()
        .map(|got| got.header("tympan-sequence").parse().unwrap())
        .collect();
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn what_happens_is_told_on_sqlite() {
    what_happens_is_told(On::Sqlite);
}

#[test]
fn what_happens_is_told_on_postgres() {
    what_happens_is_told(On::Postgres);
}

#[test]
fn drafts_are_told_only_to_who_asked_for_them() {
    let site = Site::new(On::Sqlite);
    let receiver = Receiver::new();
    site.hook("open", &receiver.url("/open"), &[]);
    site.hook(
        "drafts",
        &receiver.url("/drafts"),
        &["--drafts", "--type", "article"],
    );
    let id = site.make("/articles?status=draft", &json!({ "title": "CNRY first" }));
    site.change(
        &format!("/articles/{id}?status=draft"),
        &json!({ "title": "CNRY second" }),
    );
    // The log keeps no values of drafts: both are read before the entry is gone.
    receiver.wait_until("both drafts", |got| {
        got.iter().filter(|got| got.path == "/drafts").count() == 2
    });
    site.delete(&format!("/articles/{id}"));
    site.make("/tags", &json!({ "name": "end" }));
    let got = receiver.wait_until("the end", |got| {
        got.iter().any(|got| got.body.contains("\"end\""))
            && got.iter().filter(|got| got.path == "/drafts").count() == 3
    });
    let open: Vec<&Got> = got.iter().filter(|got| got.path == "/open").collect();
    assert!(
        open.iter()
            .all(|got| !got.body.contains("CNRY") && !got.body.contains(&id)),
        "{open:?}"
    );
    let drafts: Vec<Got> = got
        .into_iter()
        .filter(|got| got.path == "/drafts")
        .collect();
    assert_eq!(
        events(&drafts),
        ["entry.create", "entry.update", "entry.delete"]
    );
    assert_eq!(drafts[1].json()["entry"]["title"], "CNRY second");
    assert_eq!(drafts[2].json()["entry"], json!({ "documentId": id }));
}

#[test]
fn nothing_secret_is_in_any_payload() {
    let site = Site::new(On::Sqlite);
    let receiver = Receiver::new();
    let template = site.config.with_file_name("template.json");
    let all = r#"{"all":"{{entry}}","note":"<{{entry.internalNote}}{{entry.passphrase}}{{entry.vault.title}}{{entry.seo.editorHint}}>"}"#;
    std::fs::write(&template, all).unwrap();
    let file = template.to_str().unwrap();
    site.hook("plain", &receiver.url("/plain"), &["--type", "article"]);
    site.hook(
        "template",
        &receiver.url("/template"),
        &["--type", "article", "--template", file],
    );
    for (query, why) in [
        (
            "filters[internalNote][$startsWith]=C",
            "Invalid key internalNote",
        ),
        ("fields=passphrase", "Invalid key passphrase"),
        ("filters[vault][title]=x", "Invalid key vault"),
        ("populate=vault", "Invalid key vault"),
        ("status=draft", "cannot hold `status`"),
        ("populate[seo][fields][0]=editorHint", "editorHint"),
    ] {
        let create = [
            "webhook",
            "create",
            "--name",
            "x",
            "--url",
            "http://127.0.0.1/",
            "--type",
            "article",
            "--query",
            query,
        ];
        let refused = site.refused(&create);
        assert!(refused.contains(why), "{query}: {refused}");
    }
    let vault = site.make("/vaults", &json!({ "title": "CNRY vault" }));
    let tag = site.make("/tags?status=draft", &json!({ "name": "CNRY tag" }));
    let seo = json!({ "metaTitle": "open", "editorHint": "CNRY hint", "sealed": vault });
    let id = site.make(
        "/articles",
        &json!({ "title": "Open", "internalNote": "CNRY note", "passphrase": "CNRY pass", "vault": vault,
            "tags": [tag], "seo": seo }),
    );
    // An entry that is gone when its event is read is told by what the log kept: wait until it was read.
    receiver.wait_for(4);
    site.delete(&format!("/articles/{id}"));
    let got = receiver.wait_for(6);
    for got in &got {
        assert!(
            !got.body.contains("CNRY") && !got.body.contains("$argon2"),
            "{}",
            got.body
        );
    }
    let template: Vec<&Got> = got.iter().filter(|got| got.path == "/template").collect();
    assert_eq!(template.len(), 3);
    assert_eq!(template[0].json()["all"]["seo"]["metaTitle"], "open");
    assert_eq!(template[0].json()["note"], "<>");
}

fn filters_choose(on: On) {
    let site = Site::new(on);
    let receiver = Receiver::new();
    let query = ["--type", "article", "--include", "tag", "--query"];
    let by_kind = [&query[..], &["filters[kind][$eq]=news&fields=title"]].concat();
    let by_tag = [&query[..], &["filters[tags][name]=red"]].concat();
    site.hook("kind", &receiver.url("/kind"), &by_kind);
    site.hook("tag", &receiver.url("/tag"), &by_tag);
    site.hook("every", &receiver.url("/every"), &[]);
    let red = site.make("/tags", &json!({ "name": "red" }));
    let news = site.make("/articles", &json!({ "title": "N", "kind": "news" }));
    let essay = site.make(
        "/articles",
        &json!({ "title": "E", "kind": "essay", "tags": [red] }),
    );
    let plain = site.make("/articles", &json!({ "title": "P" }));
    // What is gone before it could be read is told to all as well: these three are read first.
    receiver.wait_until("the plain one", |got| {
        got.iter().any(|got| got.body.contains(&plain))
    });
    for id in [&news, &essay, &plain] {
        site.delete(&format!("/articles/{id}"));
    }
    let last = site.make(
        "/articles",
        &json!({ "title": "L", "kind": "news", "tags": [red] }),
    );
    let got = receiver.wait_until("the last one at both", |got| {
        let last = |path: &str| {
            got.iter().any(|got| {
                got.path == path && got.body.contains(&last) && got.body.contains("entry.publish")
            })
        };
        last("/kind") && last("/tag")
    });
    let about = |path: &str| -> Vec<(String, String)> {
        let got = got.iter().filter(|got| got.path == path).map(Got::json);
        got.map(|json| {
            (
                json["event"].as_str().unwrap()[6..].to_owned(),
                json["entry"]["title"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    };
    assert_eq!(
        about("/kind"),
        pairs(&[
            ("create", "N"),
            ("publish", "N"),
            ("delete", "N"),
            ("create", "L"),
            ("publish", "L")
        ])
    );
    // What a relation was before cannot be told afterwards: deletions are told to all.
    assert_eq!(
        about("/tag"),
        pairs(&[
            ("create", "E"),
            ("publish", "E"),
            ("delete", "N"),
            ("delete", "E"),
            ("delete", "P"),
            ("create", "L"),
            ("publish", "L")
        ])
    );
    let kind = got.iter().find(|got| got.path == "/kind").unwrap().json();
    assert!(
        kind["entry"].get("kind").is_none() && kind["entry"].get("title").is_some(),
        "{kind}"
    );
}

#[test]
fn filters_choose_on_sqlite() {
    filters_choose(On::Sqlite);
}

#[test]
fn filters_choose_on_postgres() {
    filters_choose(On::Postgres);
}

#[test]
fn a_template_is_filled_with_whatever_is_in_the_entry() {
    let site = Site::new(On::Sqlite);
    let receiver = Receiver::new();
    let file = site.config.with_file_name("template.json");
    std::fs::write(&file, r#"{"text":"{{ event }}: {{ entry.title }}!","at":"{{createdAt}}","n":["{{ sequence }}"],"id":"{{id}}","l":"{{locale}}"}"#).unwrap();
    site.hook(
        "chat",
        &receiver.url("/chat"),
        &[
            "--event",
            "entry.publish",
            "--template",
            file.to_str().unwrap(),
        ],
    );
    let title = "\"},{\"x\":\"\\ \u{1f}\n</script>{{ uid }} ünï";
    site.make("/articles", &json!({ "title": title }));
    let got = &receiver.wait_for(1)[0];
    let json = got.json();
    assert_eq!(json["text"], format!("entry.publish: {title}!"));
    assert_eq!((&json["id"], &json["l"]), (&json!(got.id()), &json!("en")));
    assert!(json["n"][0].is_i64());
    std::fs::write(&file, r#"{"text":"{{ process.env }}"}"#).unwrap();
    let refused = site.refused(&[
        "webhook",
        "update",
        "chat",
        "--template",
        file.to_str().unwrap(),
    ]);
    assert!(refused.contains("is no path"), "{refused}");
}

#[test]
fn locales_are_told_of_one_by_one() {
    let site = Site::new(On::Sqlite);
    let receiver = Receiver::new();
    site.hook("all", &receiver.url("/"), &["--type", "article"]);
    let id = site.make("/articles?locale=en", &json!({ "title": "Hello" }));
    site.change(
        &format!("/articles/{id}?locale=fr"),
        &json!({ "title": "Bonjour" }),
    );
    site.delete(&format!("/articles/{id}?locale=*"));
    site.make("/articles", &json!({ "title": "end" }));
    let got = receiver.wait_until("the end", |got| {
        got.iter().any(|got| got.body.contains("\"end\""))
    });
    let told: Vec<(String, String)> = got
        .iter()
        .filter(|got| got.body.contains(&id))
        .map(Got::json)
        .map(|json| {
            (
                json["event"].as_str().unwrap().to_owned(),
                json["entry"]["title"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let deleted: Vec<&str> = told
        .iter()
        .filter(|(event, _)| event == "entry.delete")
        .map(|(_, title)| title.as_str())
        .collect();
    assert_eq!(deleted, ["Hello", "Bonjour"], "{told:?}");
    assert!(
        told.contains(&("entry.publish".into(), "Bonjour".into())),
        "{told:?}"
    );
}

#[test]
fn files_have_events_of_their_own() {
    let site = Site::new(On::Sqlite);
    let receiver = Receiver::new();
    site.hook(
        "files",
        &receiver.url("/"),
        &["--event", "media.create,media.delete"],
    );
    let id = block_on(async {
        let app = site.app().await;
        let schema = app.schema();
        let content_type = schema
            .content_type(tympan::access::FILE_TYPE)
            .unwrap()
            .clone();
        let json = json!({ "name": "a.png", "hash": "h", "mime": "image/png", "size": 1.5, "url": "/a.png", "provider": "local" });
        let checked = validate_entry(
            &schema,
            &content_type,
            json.as_object().unwrap(),
            Mode::Publish,
            false,
        )
        .unwrap();
        let edit = resolve::resolve(&app.database, &schema, &content_type, &checked)
            .await
            .unwrap();
        let request = WriteRequest {
            schema,
            content_type,
            locale: String::new(),
            target: Target::Published,
            author: None,
            expected: None,
        };
        let saved = app
            .entries
            .create(request.clone(), edit, None)
            .await
            .unwrap();
        receiver.wait_for(1);
        app.entries
            .delete(request, Which::Id(saved.document_id.clone()), true)
            .await
            .unwrap();
        app.close().await;
        saved.document_id
    });
    let got = receiver.wait_for(2);
    assert_eq!(events(&got), ["media.create", "media.delete"]);
    let json = got[0].json();
    assert_eq!(keys(&json), ["event", "createdAt", "media"]);
    assert_eq!(
        (&json["media"]["name"], &json["media"]["documentId"]),
        (&json!("a.png"), &json!(id))
    );
    assert_eq!(got[1].json()["media"]["url"], "/a.png");
}

#[test]
fn an_entry_that_is_too_large_is_sent_as_its_identity() {
    let site = Site::with(On::Sqlite, "[webhooks]\npayload_bytes = 1024\n");
    let receiver = Receiver::new();
    site.hook("small", &receiver.url("/"), &["--event", "entry.publish"]);
    let id = site.make(
        "/articles",
        &json!({ "title": "Long", "body": "x".repeat(5000) }),
    );
    let entry = receiver.wait_for(1)[0].json()["entry"].clone();
    assert_eq!(entry, json!({ "documentId": id, "locale": "en" }));
    assert!(site.server.log().contains("too large"));
}

#[test]
fn a_query_that_the_schema_has_outgrown_loses_no_event() {
    let site = Site::new(On::Sqlite);
    let receiver = Receiver::new();
    let more = [
        "--event",
        "entry.publish",
        "--type",
        "article",
        "--query",
        "filters[kind]=news&fields=title",
    ];
    site.hook("news", &receiver.url("/"), &more);
    site.make("/articles", &json!({ "title": "One", "kind": "news" }));
    receiver.wait_for(1);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leaks/schema");
    let copy = site.config.with_file_name("schema");
    for folder in ["types", "components/parts"] {
        std::fs::create_dir_all(copy.join(folder)).unwrap();
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.join(folder).join(file.file_name())).unwrap();
        }
    }
    std::fs::copy(root.join("locales.json"), copy.join("locales.json")).unwrap();
    let article = copy.join("types/article.json");
    let mut json: Json = serde_json::from_str(&std::fs::read_to_string(&article).unwrap()).unwrap();
    json["attributes"].as_object_mut().unwrap().remove("kind");
    std::fs::write(&article, json.to_string()).unwrap();
    site.run(&[
        "schema",
        "apply",
        copy.to_str().unwrap(),
        "--yes",
        "--allow-loss",
    ]);
    let until = std::time::Instant::now() + crate::PATIENCE;
    // The server serves the new schema after a moment.
    while site.send("GET", "/articles?fields=kind", None).0 != 400 {
        assert!(std::time::Instant::now() < until);
    }
    let id = site.make("/articles", &json!({ "title": "Two" }));
    let got = receiver.wait_for(2);
    assert_eq!(
        got[1].json()["entry"],
        json!({ "documentId": id, "locale": "en" })
    );
    assert!(
        site.server
            .log()
            .contains("does not fit the schema any more")
    );
}
