//! Purges against servers that stand for the CDNs: the requests are those of the vendors' documentation.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::content::is_signed;
use crate::receiver::{Act, Got, OK, Receiver, status};
use crate::site::{On, Site};
use crate::support::{Database, Server};

fn site(on: On, settings: &str) -> Site {
    // What the settings name needs no entry in the list of private targets.
    Site::with(
        on,
        &format!("[outbound]\nallow = []\n[purge]\nper_minute = 6000\n{settings}"),
    )
}

fn confirmed() -> Act {
    Act::Body(
        200,
        r#"{"success":true,"errors":[],"messages":[],"result":{"id":"x"}}"#.into(),
    )
}

/// Waits until nothing is left to purge.
fn drained(site: &Site) {
    let until = Instant::now() + crate::PATIENCE;
    loop {
        let said = site.run(&["purge"]);
        if said.starts_with("0 tags wait") {
            return;
        }
        assert!(Instant::now() < until, "{said}\n{}", site.server.log());
    }
}

fn fastly(on: On) {
    let cdn = Receiver::new();
    let site = site(
        on,
        &format!(
            "adapter = \"fastly\"\nservice = \"SU1Z0isxPaozGVKXdv0eY\"\ntoken = \"CNRY-token\"\nsoft = true\nurls = [\"{}\"]\n",
            cdn.url("")
        ),
    );
    site.run(&["purge", "dabc", "qdef"]);
    let got = &cdn.wait_for(1)[0];
    assert_eq!(
        (got.method.as_str(), got.path.as_str()),
        ("POST", "/service/SU1Z0isxPaozGVKXdv0eY/purge")
    );
    assert_eq!(got.header("fastly-key"), "CNRY-token");
    assert_eq!(got.header("surrogate-key"), "dabc qdef");
    assert_eq!(got.header("fastly-soft-purge"), "1");
    drained(&site);
    site.run(&["purge", "--all"]);
    let got = &cdn.wait_for(2)[1];
    assert_eq!(
        (got.method.as_str(), got.path.as_str()),
        ("POST", "/service/SU1Z0isxPaozGVKXdv0eY/purge_all")
    );
    assert_eq!(
        (got.header("fastly-key"), got.header("fastly-soft-purge")),
        ("CNRY-token", "")
    );
    let tags: Vec<String> = (0..300).map(|n| format!("t{n}")).collect();
    let wish: Vec<&str> = ["purge"]
        .into_iter()
        .chain(tags.iter().map(String::as_str))
        .collect();
    site.run(&wish);
    let got = cdn.wait_for(4);
    let mut sizes: Vec<usize> = got[2..]
        .iter()
        .map(|got| got.header("surrogate-key").split(' ').count())
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [44, 256]);
    drained(&site);
    let said = format!(
        "{}{}{}",
        site.run(&["config"]),
        site.run(&["purge"]),
        site.server.log()
    );
    assert!(
        said.contains("token = \"***\"") && !said.contains("CNRY"),
        "{said}"
    );
}

#[test]
fn fastly_is_told_by_surrogate_key_on_sqlite() {
    fastly(On::Sqlite);
}

#[test]
fn fastly_is_told_by_surrogate_key_on_postgres() {
    fastly(On::Postgres);
}

#[test]
fn cloudflare_is_told_by_cache_tag() {
    let cdn = Receiver::with(|got, _| match got.header("authorization") {
        "Bearer CNRY-token" => confirmed(),
        _ => status(403),
    });
    let site = site(
        On::Sqlite,
        &format!(
            "adapter = \"cloudflare\"\nservice = \"023e105f4ecef8ad9ca31a8372d0c353\"\ntoken = \"CNRY-token\"\nurls = [\"{}\"]\n",
            cdn.url("/client/v4/")
        ),
    );
    let tags: Vec<String> = (0..230).map(|n| format!("t{n}")).collect();
    let wish: Vec<&str> = ["purge"]
        .into_iter()
        .chain(tags.iter().map(String::as_str))
        .collect();
    site.run(&wish);
    drained(&site);
    site.run(&["purge", "--all"]);
    drained(&site);
    let got = cdn.got();
    let mut seen = BTreeSet::new();
    for got in &got[..3] {
        assert_eq!(
            (got.method.as_str(), got.path.as_str()),
            (
                "POST",
                "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache"
            )
        );
        assert_eq!(got.header("content-type"), "application/json");
        let body = got.json();
        assert_eq!(body.as_object().unwrap().len(), 1);
        let tags = body["tags"].as_array().unwrap();
        assert!(tags.len() <= 100);
        seen.extend(tags.iter().map(|tag| tag.as_str().unwrap().to_owned()));
    }
    assert_eq!(seen, tags.into_iter().collect());
    assert_eq!(
        (got.len(), got[3].json()),
        (4, json!({ "purge_everything": true }))
    );
}

#[test]
fn what_the_cdn_does_not_confirm_is_told_again() {
    let answers = AtomicUsize::new(0);
    let cdn = Receiver::with(move |_, _| match answers.fetch_add(1, Ordering::SeqCst) {
        0 => Act::Body(200, r#"{"success":false,"errors":[{"code":1012}]}"#.into()),
        1 => Act::Break,
        _ => confirmed(),
    });
    let site = site(
        On::Sqlite,
        &format!(
            "adapter = \"cloudflare\"\nservice = \"zone\"\ntoken = \"x\"\nurls = [\"{}\"]\n",
            cdn.url("")
        ),
    );
    site.run(&["purge", "dabc"]);
    let failing = site.wait_for(&["purge"], "failing since");
    assert!(failing.contains("1 tags wait"), "{failing}");
    let got = cdn.wait_for(3);
    assert!(
        got.iter()
            .all(|got| got.json() == json!({ "tags": ["dabc"] }))
    );
    assert!(
        got[1].at - got[0].at >= Duration::from_millis(900),
        "it waits before it tries again"
    );
    drained(&site);
    assert!(!site.run(&["purge"]).contains("failing"));
    assert!(site.server.log().contains("purging failed"));
}

#[test]
fn each_of_several_varnish_servers_is_told() {
    let (one, two) = (Receiver::new(), Receiver::new());
    let urls = format!("urls = [\"{}\", \"{}/\"]\n", one.url(""), two.url(""));
    let hard = site(On::Sqlite, &format!("adapter = \"varnish\"\n{urls}"));
    hard.run(&["purge", "dabc", "qdef"]);
    hard.run(&["purge", "--all"]);
    drained(&hard);
    for cdn in [&one, &two] {
        let got = cdn.got();
        let purge = got.iter().find(|got| got.method == "PURGE");
        if let Some(purge) = purge {
            assert_eq!(
                (purge.path.as_str(), purge.header("xkey-purge")),
                ("/", "dabc qdef")
            );
        }
        assert!(
            got.iter().any(|got| got.method == "BAN" && got.path == "/"),
            "{got:?}"
        );
    }
    let soft = site(
        On::Sqlite,
        &format!("adapter = \"varnish\"\nsoft = true\n{urls}"),
    );
    soft.run(&["purge", "dabc"]);
    drained(&soft);
    assert_eq!(two.got().last().unwrap().header("xkey-softpurge"), "dabc");
}

#[test]
fn a_program_of_ones_own_is_told_with_a_signature() {
    let receiver = Receiver::new();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let site = site(
        On::Sqlite,
        &format!(
            "adapter = \"webhook\"\ntoken = \"{secret}\"\nurls = [\"{}\"]\n",
            receiver.url("/purge")
        ),
    );
    site.run(&["purge", "dabc"]);
    let got = &receiver.wait_for(1)[0];
    assert_eq!((got.method.as_str(), got.path.as_str()), ("POST", "/purge"));
    assert_eq!(got.json(), json!({ "tags": ["dabc"] }));
    assert!(is_signed(got, secret));
    drained(&site);
    site.run(&["purge", "--all"]);
    assert_eq!(
        receiver.wait_for(2)[1].json(),
        json!({ "everything": true })
    );
}

#[test]
fn wishes_survive_a_kill_and_are_gathered() {
    let works = Arc::new(AtomicBool::new(false));
    let repaired = Arc::clone(&works);
    let cdn = Receiver::with(move |_, _| match repaired.load(Ordering::SeqCst) {
        true => OK,
        false => status(503),
    });
    let mut site = site(
        On::Sqlite,
        &format!("adapter = \"webhook\"\nurls = [\"{}\"]\n", cdn.url("")),
    );
    for _ in 0..3 {
        site.run(&["purge", "dabc"]);
    }
    cdn.wait_for(1);
    site.server.kill();
    works.store(true, Ordering::SeqCst);
    site.run(&["purge", "dabc", "qdef"]);
    let before = cdn.got().len();
    site.server.start_again();
    drained(&site);
    let got = cdn.got();
    assert_eq!(got[before..].len(), 1, "one call for all of them");
    let tags: BTreeSet<String> = got[before].json()["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(tags, BTreeSet::from(["dabc".to_owned(), "qdef".to_owned()]));
}

#[test]
fn very_many_tags_are_everything() {
    let cdn = Receiver::new();
    let site = site(
        On::Sqlite,
        &format!(
            "adapter = \"webhook\"\nmost_tags = 50\nurls = [\"{}\"]\n",
            cdn.url("")
        ),
    );
    let tags: Vec<String> = (0..60).map(|n| format!("t{n}")).collect();
    let wish: Vec<&str> = ["purge"]
        .into_iter()
        .chain(tags.iter().map(String::as_str))
        .collect();
    site.run(&wish);
    assert_eq!(cdn.wait_for(1)[0].json(), json!({ "everything": true }));
    drained(&site);
    assert_eq!(cdn.got().len(), 1);
}

#[test]
fn the_pace_is_kept_by_all_nodes_together() {
    let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, seen) = (Arc::clone(&busy), Arc::clone(&most));
    let cdn = Receiver::with(move |_, _| {
        seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        now.fetch_sub(1, Ordering::SeqCst);
        OK
    });
    let settings = format!(
        "[purge]\nadapter = \"varnish\"\nper_minute = 200\nurls = [\"{}\"]\n",
        cdn.url("")
    );
    let site = Site::with(On::Postgres, &settings);
    let second = Database::at(site.server.database().url().unwrap());
    let second = Server::start_with(second, &["--config", site.config.to_str().unwrap()]);
    let tags: Vec<String> = (0..250).map(|n| format!("t{n}")).collect();
    let wish: Vec<&str> = ["purge"]
        .into_iter()
        .chain(tags.iter().map(String::as_str))
        .collect();
    site.run(&wish);
    drained(&site);
    let got: Vec<Got> = cdn.got();
    assert_eq!(got.len(), 5, "fifty tags a call");
    for pair in got.windows(2) {
        assert!(
            pair[1].at - pair[0].at >= Duration::from_millis(290),
            "300 ms apart"
        );
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
    drop(second);
}

#[test]
fn what_is_missing_is_said() {
    let site = Site::new(On::Sqlite);
    let refused = site.refused(&["purge", "--all"]);
    assert!(refused.contains("no CDN is configured"), "{refused}");
    for (settings, why) in [
        ("adapter = \"fastly\"\ntoken = \"x\"\n", "`purge.service`"),
        ("adapter = \"fastly\"\nservice = \"x\"\n", "`purge.token`"),
        (
            "adapter = \"fastly\"\nservice = \"a/../b\"\ntoken = \"x\"\n",
            "letters, digits",
        ),
        ("adapter = \"varnish\"\n", "`purge.urls`"),
        (
            "adapter = \"webhook\"\nurls = [\"ftp://x/\"]\n",
            "only http and https",
        ),
        ("adapter = \"akamai\"\n", "purge.adapter"),
        ("per_minute = 0\n", "at least 1"),
        (
            "adapter = \"webhook\"\nurls = [\"http://127.0.0.1/\"]\n",
            "no tag: `a,b`",
        ),
    ] {
        std::fs::write(&site.config, format!("[purge]\n{settings}")).unwrap();
        let refused = site.refused(&["purge", "a,b"]);
        assert!(refused.contains(why), "{settings}: {refused}");
    }
}
