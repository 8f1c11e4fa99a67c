//! Publishing and unpublishing at a time, over HTTP and by commands.

use serde_json::{Value as Json, json};

use crate::site::{Answer, Node, SOON, ask};
use crate::support::Database;
use crate::support::cluster::until;

/// Seconds since 1970.
fn now_s() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64
}

/// A time as RFC 3339, so many seconds from now, in the zone of Berlin's winter.
pub(crate) fn at(seconds: i64) -> String {
    tympan::base::clock::stamp((now_s() + seconds + 3600) * 1000).replace('Z', "+01:00")
}

pub(crate) fn schedule(node: &Node, path: &str, data: Json) -> Answer {
    node.ask(
        "POST",
        &format!("/api{path}/schedules"),
        Some(&json!({ "data": data })),
    )
}

fn states(node: &Node, path: &str) -> Vec<(String, String)> {
    let answer = node.get(&format!("/api{path}/schedules"));
    assert_eq!(answer.status, 200, "{answer:?}");
    let all = answer.body["data"].as_array().unwrap().iter();
    all.map(|one| {
        (
            one["action"].as_str().unwrap().to_owned(),
            one["status"].as_str().unwrap().to_owned(),
        )
    })
    .collect()
}

fn is_public(node: &Node, path: &str) -> bool {
    node.get(&format!("/api{path}")).status == 200
}

fn a_document_comes_and_goes(database: Database) {
    let node = Node::start(database);
    let id = node.make("/api/articles?status=draft", json!({ "title": "Later" }));
    let path = format!("/articles/{id}");
    assert!(!is_public(&node, &path));
    let made = schedule(&node, &path, json!({ "action": "publish", "at": at(2) }));
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.text("/data/status"), "waiting");
    assert!(made.text("/data/at").ends_with(".000Z"), "{made:?}");
    // The same wish again is the same schedule.
    let again = json!({ "action": "publish", "at": made.text("/data/at") });
    assert_eq!(
        schedule(&node, &path, again).body["data"]["id"],
        made.body["data"]["id"]
    );
    until("it is public", SOON, || is_public(&node, &path));
    assert_eq!(
        schedule(&node, &path, json!({ "action": "unpublish", "at": at(0) })).status,
        201
    );
    until("it is gone", SOON, || !is_public(&node, &path));
    until("both are done", SOON, || {
        states(&node, &path)
            .iter()
            .all(|(_, state)| state == "done")
    });
    assert_eq!(states(&node, &path).len(), 2);
    let listed = node.run(&["jobs", "list"]);
    assert!(
        listed.contains("publish  done") && listed.contains(&id),
        "{listed}"
    );
}

#[test]
fn a_document_comes_and_goes_on_sqlite() {
    a_document_comes_and_goes(Database::sqlite());
}

#[test]
fn a_document_comes_and_goes_on_postgres() {
    a_document_comes_and_goes(Database::postgres());
}

fn what_cannot_be_done_ends_with_its_reason(database: Database) {
    let node = Node::start(database);
    let incomplete = node.make("/api/articles?status=draft", json!({ "number": 1 }));
    let deleted = node.make("/api/articles?status=draft", json!({ "title": "Gone" }));
    let draft = node.make("/api/articles?status=draft", json!({ "title": "Draft" }));
    for (id, action) in [
        (&incomplete, "publish"),
        (&deleted, "publish"),
        (&draft, "unpublish"),
    ] {
        let data = json!({ "action": action, "at": at(1) });
        assert_eq!(
            schedule(&node, &format!("/articles/{id}"), data).status,
            201
        );
    }
    assert_eq!(
        node.ask("DELETE", &format!("/api/articles/{deleted}"), None)
            .status,
        204
    );
    for (id, reason) in [
        (&incomplete, "title: "),
        (&deleted, "is not there"),
        (&draft, "not public"),
    ] {
        let path = format!("/api/articles/{id}/schedules");
        until("it has failed", SOON, || {
            node.get(&path).text("/data/0/status") == "failed"
        });
        let answer = node.get(&path);
        assert!(answer.text("/data/0/error").contains(reason), "{answer:?}");
    }
    let listed = node.run(&["jobs", "list", "--state", "failed"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    // Corrected, it can be tried again.
    let body = json!({ "data": { "title": "Complete" } });
    let path = format!("/api/articles/{incomplete}");
    assert_eq!(
        node.ask("PUT", &format!("{path}?status=draft"), Some(&body))
            .status,
        200
    );
    let job = node.get(&format!("{path}/schedules")).body["data"][0]["id"].to_string();
    node.run(&["jobs", "retry", &job]);
    until("it is public", SOON, || node.get(&path).status == 200);
}

#[test]
fn what_cannot_be_done_ends_with_its_reason_on_sqlite() {
    what_cannot_be_done_ends_with_its_reason(Database::sqlite());
}

#[test]
fn what_cannot_be_done_ends_with_its_reason_on_postgres() {
    what_cannot_be_done_ends_with_its_reason(Database::postgres());
}

#[test]
fn wishes_that_make_no_sense_are_refused() {
    let node = Node::start(Database::sqlite());
    let id = node.make("/api/articles?status=draft", json!({ "title": "x" }));
    let note = node.make("/api/notes", json!({ "title": "x" }));
    let page = node.make("/api/pages?status=draft", json!({ "title": "x" }));
    let article = format!("/articles/{id}");
    for (path, data, says) in [
        (&article, json!({}), "action must be one of"),
        (
            &article,
            json!({ "action": "delete", "at": at(9) }),
            "action must be one of",
        ),
        (
            &article,
            json!({ "action": "publish" }),
            "written with its zone",
        ),
        (
            &article,
            json!({ "action": "publish", "at": 7 }),
            "written with its zone",
        ),
        (
            &article,
            json!({ "action": "publish", "at": "2036-01-01T00:00:00" }),
            "written with its zone",
        ),
        (
            &article,
            json!({ "action": "publish", "at": at(-600) }),
            "has passed",
        ),
        (
            &article,
            json!({ "action": "publish", "at": at(9), "x": 1 }),
            "Invalid key x",
        ),
        (
            &article,
            json!({ "action": "publish", "at": at(9), "locale": "de" }),
            "has no locales",
        ),
        (
            &format!("/notes/{note}"),
            json!({ "action": "publish", "at": at(9) }),
            "has no drafts",
        ),
        (
            &format!("/pages/{page}"),
            json!({ "action": "publish", "at": at(9), "locale": "xx" }),
            "no locale",
        ),
        (
            &format!("/pages/{page}"),
            json!({ "action": "publish", "at": at(9), "locale": 1 }),
            "code of a locale",
        ),
    ] {
        let answer = schedule(&node, path, data.clone());
        assert_eq!(answer.status, 400, "{data} {answer:?}");
        assert!(
            answer.text("/error/message").contains(says),
            "{data} {answer:?}"
        );
    }
    let unknown = schedule(
        &node,
        "/articles/nosuchdocument",
        json!({ "action": "publish", "at": at(9) }),
    );
    assert_eq!(unknown.status, 404, "{unknown:?}");
    // An identity of another type.
    let other = schedule(
        &node,
        &format!("/articles/{page}"),
        json!({ "action": "publish", "at": at(9) }),
    );
    assert_eq!(other.status, 404, "{other:?}");
    assert_eq!(
        node.ask("PATCH", &format!("/api{article}/schedules"), None)
            .status,
        405
    );
    for n in 0..100 {
        let answer = schedule(
            &node,
            &article,
            json!({ "action": "publish", "at": at(1000 + n) }),
        );
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let one_more = schedule(
        &node,
        &article,
        json!({ "action": "publish", "at": at(2000) }),
    );
    assert!(
        one_more
            .text("/error/message")
            .contains("100 open schedules"),
        "{one_more:?}"
    );
}

#[test]
fn only_who_may_update_sees_and_makes_schedules() {
    let node = Node::start(Database::sqlite());
    let id = node.make("/api/articles", json!({ "title": "x" }));
    let page = node.make("/api/pages?status=draft", json!({ "title": "x" }));
    let path = format!("/api/articles/{id}/schedules");
    let body = json!({ "data": { "action": "unpublish", "at": at(1000) } });
    let made = node.ask("POST", &path, Some(&body)).body["data"]["id"].to_string();
    let token = |name: &str, allow: &str| {
        node.run(&[
            "token", "create", "--name", name, "--type", "custom", "--allow", allow,
        ])
    };
    let reader = token("reader", "article:find,article:findOne,article:draft");
    let other = token("other", "page:update");
    let address = node.server.address();
    for token in [Some(reader.as_str()), Some(other.as_str()), None] {
        for (method, path) in [
            ("GET", path.clone()),
            ("POST", path.clone()),
            ("DELETE", format!("{path}/{made}")),
        ] {
            let sent = (method == "POST").then_some(&body);
            let answer = ask(address, method, &path, token, sent, &[]).unwrap();
            assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
            assert!(answer.body["data"].is_null());
        }
    }
    // Through a type of one's own nobody reaches another type's schedule.
    for document in [&id, &page] {
        let path = format!("/api/pages/{document}/schedules/{made}");
        assert_eq!(
            ask(address, "DELETE", &path, Some(&other), None, &[])
                .unwrap()
                .status,
            404
        );
        let listed = ask(
            address,
            "GET",
            &format!("/api/pages/{document}/schedules"),
            Some(&other),
            None,
            &[],
        )
        .unwrap();
        assert_eq!(listed.body["data"], json!([]));
    }
    assert_eq!(
        node.ask("DELETE", &format!("{path}/{made}"), None).status,
        204
    );
    assert_eq!(node.get(&path).text("/data/0/status"), "cancelled");
    assert_eq!(
        node.ask("DELETE", &format!("{path}/{made}"), None).status,
        409
    );
    assert_eq!(
        node.ask("DELETE", &format!("{path}/99999"), None).status,
        404
    );
}

#[test]
fn a_locale_is_published_alone_and_single_types_too() {
    let node = Node::start(Database::sqlite());
    let page = node.make("/api/pages?status=draft", json!({ "title": "English" }));
    let path = format!("/pages/{page}");
    let german = json!({ "data": { "title": "Deutsch" } });
    assert_eq!(
        node.ask(
            "PUT",
            &format!("/api{path}?status=draft&locale=de"),
            Some(&german)
        )
        .status,
        200
    );
    let answer = schedule(
        &node,
        &path,
        json!({ "action": "publish", "at": at(0), "locale": "de" }),
    );
    assert_eq!((answer.status, answer.text("/data/locale")), (201, "de"));
    until("German is public", SOON, || {
        is_public(&node, &format!("{path}?locale=de"))
    });
    assert!(!is_public(&node, &path), "English is not");
    assert_eq!(
        schedule(&node, "/home", json!({ "action": "publish", "at": at(0) })).status,
        404
    );
    let body = json!({ "data": { "title": "Home" } });
    assert_eq!(
        node.ask("PUT", "/api/home?status=draft", Some(&body))
            .status,
        200
    );
    assert_eq!(
        schedule(&node, "/home", json!({ "action": "publish", "at": at(0) })).status,
        201
    );
    until("home is public", SOON, || is_public(&node, "/home"));
}

fn a_run_that_was_missed_happens_at_start(database: Database) {
    let mut node = Node::start(database);
    let id = node.make("/api/articles?status=draft", json!({ "title": "Missed" }));
    let cancelled = node.make(
        "/api/articles?status=draft",
        json!({ "title": "Cancelled" }),
    );
    node.server.kill();
    let add = |id: &str| node.run(&["schedule", "add", "article", id, "publish", "--at", &at(1)]);
    let number = add(&id);
    let second = add(&cancelled);
    node.run(&["schedule", "cancel", &second]);
    let listed = node.run(&["schedule", "list"]);
    assert!(
        listed.contains("publish  article") && listed.contains(&id) && !listed.contains(&cancelled),
        "{listed}"
    );
    // Its time passes while nobody is there.
    let due = now_s() + 2;
    until("its time has passed", SOON, || now_s() > due);
    node.server.start_again();
    until("it is public", SOON, || {
        is_public(&node, &format!("/articles/{id}"))
    });
    assert!(!is_public(&node, &format!("/articles/{cancelled}")));
    let shown: Json = serde_json::from_str(&node.run(&["jobs", "show", &number])).unwrap();
    assert_eq!(
        (&shown["state"], &shown["attempts"]),
        (&json!("done"), &json!(1))
    );
}

#[test]
fn a_run_that_was_missed_happens_at_start_on_sqlite() {
    a_run_that_was_missed_happens_at_start(Database::sqlite());
}

#[test]
fn a_run_that_was_missed_happens_at_start_on_postgres() {
    a_run_that_was_missed_happens_at_start(Database::postgres());
}
