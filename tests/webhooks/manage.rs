//! The commands: making, changing, pausing, rotating, trying out; and what they never show.

use serde_json::json;

use crate::content::is_signed;
use crate::receiver::{Got, Receiver};
use crate::site::{On, Site};

#[test]
fn after_a_rotation_both_secrets_sign_for_a_while() {
    let site = Site::new(On::Sqlite);
    let receiver = Receiver::new();
    let old = site.hook("site", &receiver.url("/"), &["--event", "entry.publish"]);
    let new = site.run(&["webhook", "rotate-secret", "site"]);
    assert_ne!(old, new);
    site.make("/tags", &json!({ "name": "first" }));
    let got = &receiver.wait_for(1)[0];
    assert_eq!(got.header("webhook-signature").split(' ').count(), 2);
    assert!(is_signed(got, &old) && is_signed(got, &new));
    site.execute("update webhooks set old_secret_until = old_secret_until - 86400001");
    site.make("/tags", &json!({ "name": "second" }));
    let got = &receiver.wait_for(2)[1];
    assert!(!is_signed(got, &old) && is_signed(got, &new));
}

#[test]
fn secrets_are_shown_once_and_never_again() {
    let site = Site::new(On::Sqlite);
    let receiver = Receiver::new();
    let file = site.config.with_file_name("token");
    std::fs::write(&file, "CNRY-header").unwrap();
    let header = format!("x-key: {}", file.display());
    let url = receiver.url("/hook?key=CNRY-url");
    let secret = site.hook(
        "site",
        &url,
        &["--secret-header", &header, "--header", "x-site: blog"],
    );
    let new = site.run(&["webhook", "rotate-secret", "site"]);
    site.make("/tags", &json!({ "name": "first" }));
    let got = receiver.wait_for(2);
    assert_eq!(
        (got[0].header("x-key"), got[0].header("x-site")),
        ("CNRY-header", "blog")
    );
    site.wait_for(&["webhook", "deliveries", "--state", "delivered"], "site");
    let mut said = String::new();
    for command in [
        &["webhook", "list"][..],
        &["webhook", "show", "site"],
        &["webhook", "deliveries"],
        &["webhook", "deliveries", "1"],
        &["webhook", "test", "site"],
        &["config"],
    ] {
        said.push_str(&site.run(command));
    }
    said.push_str(&site.server.log());
    assert!(
        said.contains("x-site: blog") && said.contains("x-key: •••"),
        "{said}"
    );
    for hidden in [
        "CNRY",
        secret.trim_start_matches("whsec_"),
        new.trim_start_matches("whsec_"),
    ] {
        assert!(!said.contains(hidden), "{hidden} in {said}");
    }
}

#[test]
fn a_webhook_is_changed_paused_resumed_tried_out_and_deleted() {
    let site = Site::new(On::Sqlite);
    let receiver = Receiver::new();
    let secret = site.hook("site", &receiver.url("/old"), &["--type", "article"]);
    site.run(&[
        "webhook",
        "update",
        "site",
        "--url",
        &receiver.url("/new"),
        "--type",
        "tag",
        "--event",
        "entry.publish",
    ]);
    let shown = site.run(&["webhook", "show", "site"]);
    assert!(
        shown.contains("/new") && shown.contains("api::tag.tag") && shown.contains("entry.publish"),
        "{shown}"
    );
    site.run(&["webhook", "pause", "site"]);
    let tag = site.make("/tags", &json!({ "name": "first" }));
    site.make("/articles", &json!({ "title": "not told" }));
    site.wait_for(&["webhook", "deliveries", "--state", "waiting"], &tag);
    assert_eq!(receiver.got().len(), 0);
    // A trial is made also while it is paused.
    let said = site.run(&["webhook", "test", "site"]);
    assert!(said.starts_with("200 after"), "{said}");
    let trial = &receiver.wait_for(1)[0];
    assert!(is_signed(trial, &secret));
    assert_eq!(
        (trial.path.as_str(), trial.json()["event"].as_str()),
        ("/new", Some("trigger-test"))
    );
    site.run(&["webhook", "resume", "site"]);
    let got = receiver.wait_for(2);
    assert!(got[1].body.contains(&tag));
    site.run(&["webhook", "delete", "site"]);
    site.make("/tags", &json!({ "name": "second" }));
    assert_eq!(site.run(&["webhook", "list"]), "");
    assert_eq!(site.number("select count(*) from webhook_deliveries"), 0);
    // Who comes later is told of nothing that was before.
    site.hook(
        "late",
        &receiver.url("/late"),
        &["--event", "entry.publish"],
    );
    let last = site.make("/tags", &json!({ "name": "third" }));
    let got = receiver.wait_until("the late one", |got| {
        got.iter().any(|got| got.path == "/late")
    });
    let late: Vec<&Got> = got.iter().filter(|got| got.path == "/late").collect();
    assert!(late.len() == 1 && late[0].body.contains(&last));
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    let site = Site::new(On::Sqlite);
    site.hook("site", "http://127.0.0.1:9/", &[]);
    let create = [
        "webhook",
        "create",
        "--name",
        "x",
        "--url",
        "http://127.0.0.1:9/",
    ];
    for (arguments, why) in [
        (&["webhook", "show", "sit"][..], "did you mean `site`?"),
        (
            &["webhook", "deliveries", "77"],
            "the delivery 77 does not exist",
        ),
        (
            &["webhook", "replay", "77"],
            "the delivery 77 does not exist",
        ),
        (
            &[
                "webhook",
                "create",
                "--name",
                "site",
                "--url",
                "http://127.0.0.1:9/",
            ],
            "exists already",
        ),
        (
            &[
                "webhook",
                "create",
                "--name",
                " x",
                "--url",
                "http://127.0.0.1:9/",
            ],
            "no blanks around",
        ),
        (
            &[&create[..], &["--event", "entry.publsh"]].concat(),
            "did you mean `entry.publish`?",
        ),
        (
            &[&create[..], &["--type", "artcle"]].concat(),
            "did you mean `article`?",
        ),
        (
            &[&create[..], &["--query", "fields=title"]].concat(),
            "a query is about certain types",
        ),
        (
            &[&create[..], &["--type", "article", "--query", "sort=title"]].concat(),
            "cannot hold `sort`",
        ),
        (
            &[&create[..], &["--header", "webhook-id: 1"]].concat(),
            "cannot be set",
        ),
        (
            &[&create[..], &["--header", "a b: 1"]].concat(),
            "cannot be set",
        ),
        (
            &[&create[..], &["--header", "x"]].concat(),
            "a name and a value",
        ),
        (
            &[&create[..], &["--secret-header", "x-a: /nowhere/at/all"]].concat(),
            "cannot read",
        ),
        (
            &[&create[..], &["--template", "/nowhere/at/all"]].concat(),
            "cannot read",
        ),
    ] {
        let refused = site.refused(arguments);
        assert!(
            refused.contains(why) && refused.starts_with("error: "),
            "{arguments:?}: {refused}"
        );
    }
}

#[test]
fn old_deliveries_are_removed_and_waiting_ones_are_not() {
    let mut site = Site::new(On::Sqlite);
    let receiver = Receiver::new();
    site.hook("site", &receiver.url("/"), &["--event", "entry.publish"]);
    for n in 0..3 {
        site.make("/tags", &json!({ "name": format!("{n}") }));
    }
    receiver.wait_for(3);
    site.wait_for(
        &[
            "webhook",
            "deliveries",
            "--limit",
            "1",
            "--state",
            "delivered",
        ],
        "3  ",
    );
    site.run(&["webhook", "pause", "site"]);
    let waits = site.make("/tags", &json!({ "name": "waits" }));
    site.wait_for(&["webhook", "deliveries", "--state", "waiting"], &waits);
    let before = site.number("select count(*) from webhook_attempts");
    assert_eq!(before, 3);
    site.execute(
        "update webhook_deliveries set finished_at = finished_at - 2592000001 where id < 3",
    );
    // A server that starts cleans up first.
    site.server.kill();
    site.server.start_again();
    let left = site.wait_for(&["webhook", "deliveries"], &waits);
    let until = std::time::Instant::now() + crate::PATIENCE;
    while site.number("select count(*) from webhook_deliveries") > 2 {
        assert!(std::time::Instant::now() < until, "{left}");
    }
    assert_eq!(site.number("select count(*) from webhook_attempts"), 1);
}
