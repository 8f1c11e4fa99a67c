//! Tokens over restarts, pruning, restored backups and other people's hands.

use serde_json::{Value as Json, json};
use tympan::accounts::tokens::{self as api_tokens, TokenKind};
use tympan::entries::Target;

use crate::follow::{Replica, apply};
use crate::site::{On, Site};

async fn article(site: &Site, title: &str) -> String {
    let data = json!({ "title": title });
    let saved = site.save("article", None, "en", Target::Published, &data);
    saved.await.unwrap().document_id
}

/// Follows to the end; returns the items and the token there.
async fn to_the_end(site: &Site, token: Option<&str>, from: &str) -> (Vec<Json>, String) {
    site.settle().await;
    let (mut items, mut path) = (Vec::new(), from.to_owned());
    loop {
        let (status, body) = site.get(&path, token).await;
        assert_eq!(status, 200, "{path}: {body}");
        items.extend(body["data"].as_array().unwrap().iter().cloned());
        let next = body["meta"]["nextToken"].as_str().unwrap().to_owned();
        if body["meta"]["hasMore"] == false {
            return (items, next);
        }
        path = format!("/sync?token={next}");
    }
}

async fn refused(site: &Site, path: &str) -> (u16, String, String) {
    let (status, body) = site.get(path, None).await;
    let text = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
    (status, text("name"), text("message"))
}

async fn tokens_hold_and_say_when_they_do_not(on: On) {
    let mut site = Site::new(on).await;
    article(&site, "one").await;
    let (items, token) = to_the_end(&site, None, "/sync").await;
    assert_eq!(items.len(), 1);
    site.restart().await;
    article(&site, "two").await;
    let (items, later) = to_the_end(&site, None, &format!("/sync?token={token}")).await;
    assert_eq!(items.len(), 1, "{items:?}");
    assert_eq!(items[0]["entry"]["title"], "two");

    // Broken ones.
    let cut = &token[..token.len() - 4];
    let turned = format!("{}{}", &token[1..], &token[..1]);
    for broken in ["x", "AAAA", cut, &turned, &"A".repeat(3000)] {
        let (status, name, _) = refused(&site, &format!("/sync?token={broken}")).await;
        assert_eq!(
            (status, name.as_str()),
            (400, "SyncTokenInvalid"),
            "{broken}"
        );
        let (status, ..) = refused(&site, &format!("/events?token={broken}")).await;
        assert_eq!(status, 400);
    }
    let other = Site::new(On::Sqlite).await;
    let (status, name, _) = refused(&other, &format!("/sync?token={token}")).await;
    assert_eq!((status, name.as_str()), (400, "SyncTokenInvalid"));

    // Of what the token was not made for.
    let (status, _, message) = refused(&site, &format!("/sync?token={token}&types=tag")).await;
    assert_eq!(status, 400);
    assert!(message.contains("`types`"), "{message}");
    let (status, ..) = refused(&site, &format!("/sync?token={token}&locale=fr")).await;
    assert_eq!(status, 400);

    // A restored backup that has not come as far, and one that went another way.
    site.run("delete from changes where seq = (select max(seq) from changes)")
        .await;
    let (status, name, message) = refused(&site, &format!("/sync?token={later}")).await;
    assert_eq!((status, name.as_str()), (410, "SyncTokenExpired"));
    assert!(message.contains("start over"), "{message}");
    site.run("update changes set origin = origin + 1 where seq = (select max(seq) from changes)")
        .await;
    let (status, name, _) = refused(&site, &format!("/sync?token={token}")).await;
    assert_eq!((status, name.as_str()), (410, "SyncTokenExpired"));

    // Pruned.
    let (_, fresh) = to_the_end(&site, None, "/sync").await;
    article(&site, "three").await;
    article(&site, "four").await;
    site.run("delete from changes where seq < (select max(seq) from changes)")
        .await;
    for (path, token) in [("sync", &fresh), ("sync", &token), ("events", &fresh)] {
        let (status, name, message) = refused(&site, &format!("/{path}?token={token}")).await;
        assert_eq!((status, name.as_str()), (410, "SyncTokenExpired"), "{path}");
        assert!(message.contains("start over"), "{message}");
    }
    let (items, _) = to_the_end(&site, None, "/sync").await;
    assert_eq!(items.len(), 4);

    // Another history under the same key.
    let (_, fresh) = to_the_end(&site, None, "/sync").await;
    site.run("update settings set value = 'another' where name = 'log_id'")
        .await;
    let (status, name, _) = refused(&site, &format!("/sync?token={fresh}")).await;
    assert_eq!((status, name.as_str()), (410, "SyncTokenExpired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_hold_on_sqlite() {
    tokens_hold_and_say_when_they_do_not(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_hold_on_postgres() {
    tokens_hold_and_say_when_they_do_not(On::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_refused_with_a_reason() {
    let site = Site::new(On::Sqlite).await;
    for (query, status) in [
        ("types=article", 200),
        ("types=articles,tag&locale=en,fr&limit=3", 200),
        ("types[]=article&locale=*", 200),
        ("limit=100000000", 200),
        ("types=", 400),
        ("types=article,,tag", 400),
        ("locale=xx", 400),
        ("limit=0", 400),
        ("limit=-1", 400),
        ("status=draft", 400),
        ("status=published", 200),
        ("populate=*", 400),
        ("token[a]=1", 400),
    ] {
        let (found, body) = site.get(&format!("/sync?{query}"), None).await;
        assert_eq!(found, status, "{query}: {body}");
    }
}

/// Rights that change tell the follower to begin anew, with what they may see then.
async fn rights_narrow_and_widen(on: On) {
    let site = Site::new(on).await;
    article(&site, "seen").await;
    let tag = json!({ "name": "tag" });
    site.save("tag", None, "", Target::Published, &tag)
        .await
        .unwrap();
    let rights = |names: &[&str]| {
        use tympan::access::Action;
        let actions = |name: &&str| ((*name).to_owned(), [Action::Find].into());
        TokenKind::Custom(names.iter().map(actions).collect())
    };
    let both = rights(&["api::article.article", "api::tag.tag"]);
    let secret = api_tokens::create(&site.app.database, "c", both, None)
        .await
        .unwrap();
    let (items, token) = to_the_end(&site, Some(&secret), "/sync").await;
    assert_eq!(items.len(), 2);
    let mut replica = Replica::new();
    items.iter().for_each(|item| apply(&mut replica, item));

    let narrow =
        "delete from grants where holder like 'token:%' and type_uid = 'api::article.article'";
    site.run(narrow).await;
    site.run("update settings set value = cast(cast(value as bigint) + 1 as text) where name = 'accounts_generation'").await;
    site.app.refresh().await.unwrap();
    let (items, token) = to_the_end(&site, Some(&secret), &format!("/sync?token={token}")).await;
    assert_eq!(items[0], json!({ "event": "rights", "reset": true }));
    items.iter().for_each(|item| apply(&mut replica, item));
    let names: Vec<&str> = replica.keys().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["tag"]);
    article(&site, "hidden").await;
    let (items, _) = to_the_end(&site, Some(&secret), &format!("/sync?token={token}")).await;
    assert!(items.is_empty(), "{items:?}");

    // The full token of somebody else gives nothing more to this one, and the other way round.
    let (_, of_full) = to_the_end(&site, Some(&site.full), "/sync").await;
    let (items, _) = to_the_end(&site, Some(&secret), &format!("/sync?token={of_full}")).await;
    assert_eq!(items[0]["event"], "rights");
    assert!(
        items.iter().all(|item| item["type"] != "article"),
        "{items:?}"
    );

    // Revoked.
    api_tokens::revoke(&site.app.database, "c").await.unwrap();
    site.app.refresh().await.unwrap();
    let (status, _) = site.get("/sync", Some(&secret)).await;
    assert_eq!(status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_narrow_and_widen_on_sqlite() {
    rights_narrow_and_widen(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_narrow_and_widen_on_postgres() {
    rights_narrow_and_widen(On::Postgres).await;
}

/// A field that is renamed gives every entry another form; a type nobody sees gives nobody anything.
async fn a_new_schema_begins_anew(on: On) {
    let site = Site::new(on).await;
    article(&site, "one").await;
    let (_, token) = to_the_end(&site, None, "/sync").await;
    let root = site.folder.path().join("schema");
    copy_schema(&root);
    let path = root.join("types/vault.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"title\"", "\"label\"")).unwrap();
    crate::site::apply(&site.app.database, &root).await;
    // The server of this test does not watch; the page itself notices.
    let (items, token) = to_the_end(&site, None, &format!("/sync?token={token}")).await;
    assert!(items.is_empty(), "vaults are hidden: {items:?}");
    let path = root.join("types/article.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("\"views\": {", "\"hits\": { \"renamedFrom\": \"views\",");
    std::fs::write(&path, text).unwrap();
    crate::site::apply(&site.app.database, &root).await;
    let (items, _) = to_the_end(&site, None, &format!("/sync?token={token}")).await;
    assert_eq!(items.len(), 2, "{items:?}");
    assert_eq!(items[0], json!({ "event": "schema", "reset": true }));
    assert!(items[1]["entry"].get("hits").is_some(), "{items:?}");
}

pub(crate) fn copy_schema(to: &std::path::Path) {
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leaks/schema");
    for name in [
        "locales.json",
        "types/article.json",
        "types/tag.json",
        "types/vault.json",
        "components/parts/seo.json",
    ] {
        let target = to.join(name);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(from.join(name), target).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_schema_begins_anew_on_sqlite() {
    a_new_schema_begins_anew(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_schema_begins_anew_on_postgres() {
    a_new_schema_begins_anew(On::Postgres).await;
}
