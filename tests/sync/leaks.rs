//! Nothing that a caller may not see comes through the feed, whatever happens to it.

use serde_json::{Value as Json, json};
use tympan::entries::{Target, Which};

use crate::site::{On, Site};

async fn items(site: &Site, token: Option<&str>, cursor: &mut Option<String>) -> Vec<Json> {
    site.settle().await;
    let mut found = Vec::new();
    loop {
        let path = match cursor {
            None => "/sync".to_owned(),
            Some(token) => format!("/sync?token={token}"),
        };
        let (status, body) = site.get(&path, token).await;
        assert_eq!(status, 200, "{body}");
        found.extend(body["data"].as_array().unwrap().iter().cloned());
        *cursor = Some(body["meta"]["nextToken"].as_str().unwrap().to_owned());
        if body["meta"]["hasMore"] == false {
            return found;
        }
    }
}

async fn nothing_leaks(on: On) {
    let site = Site::new(on).await;
    let mut public = None;
    assert!(items(&site, None, &mut public).await.is_empty());

    // A draft, saved and deleted, was never there.
    let draft = json!({ "title": "CNRY draft" });
    let saved = site
        .save("article", None, "en", Target::Draft, &draft)
        .await
        .unwrap();
    let tag = json!({ "name": "CNRY tag" });
    let tag = site
        .save("tag", None, "", Target::Draft, &tag)
        .await
        .unwrap();
    let data = json!({ "title": "CNRY more" });
    site.save(
        "article",
        Some(&saved.document_id),
        "fr",
        Target::Draft,
        &data,
    )
    .await
    .unwrap();
    let request = site.request("article", "en", Target::Published);
    let which = Which::Id(saved.document_id.clone());
    site.app.entries.delete(request, which, true).await.unwrap();
    let vault = json!({ "title": "CNRY vault" });
    let vault = site
        .save("vault", None, "", Target::Published, &vault)
        .await
        .unwrap();
    assert!(items(&site, None, &mut public).await.is_empty());

    // What refers to hidden and unpublished documents does not name them.
    let data = json!({
        "title": "open", "internalNote": "CNRY", "passphrase": "CNRY", "vault": vault.document_id,
        "tags": [tag.document_id], "seo": { "metaTitle": "m", "editorHint": "CNRY", "sealed": vault.document_id },
        "subject": { "__type": "api::tag.tag", "documentId": tag.document_id },
    });
    let article = site
        .save("article", None, "en", Target::Published, &data)
        .await
        .unwrap();
    let found = items(&site, None, &mut public).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let text = found[0].to_string();
    for secret in [
        "CNRY",
        &vault.document_id,
        &tag.document_id,
        "editorHint",
        "sealed",
        "internalNote",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(found[0]["entry"]["tags"], json!([]));

    // Once the tag is public, the article shows it; then not any more.
    let request = site.request("tag", "", Target::Published);
    let which = Which::Id(tag.document_id.clone());
    site.app
        .entries
        .publish(request, which.clone())
        .await
        .unwrap();
    let found = items(&site, None, &mut public).await;
    let events: Vec<&str> = found
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["tag", "article"]);
    assert_eq!(
        found[1]["entry"]["tags"],
        json!([{ "documentId": tag.document_id }])
    );
    assert_eq!(
        found[1]["entry"]["subject"]["documentId"],
        json!(tag.document_id)
    );
    let request = site.request("tag", "", Target::Published);
    site.app.entries.unpublish(request, which).await.unwrap();
    let found = items(&site, None, &mut public).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0]["event"], "unpublish");
    assert_eq!(found[1]["entry"]["tags"], json!([]));
    // Whoever may see the vault gets its name, and a change of a draft gives nobody anything.
    let mut full = None;
    let found = items(&site, Some(&site.full), &mut full).await;
    assert!(
        found
            .iter()
            .any(|item| item["entry"]["vault"]["documentId"] == json!(vault.document_id))
    );
    let data = json!({ "title": "CNRY draft of a public one" });
    site.save(
        "article",
        Some(&article.document_id),
        "en",
        Target::Draft,
        &data,
    )
    .await
    .unwrap();
    assert!(items(&site, Some(&site.full), &mut full).await.is_empty());
    assert!(items(&site, None, &mut public).await.is_empty());

    // Deleting what was public tells so, once, in its locale.
    let request = site.request("article", "en", Target::Published);
    let which = Which::Id(article.document_id.clone());
    site.app.entries.delete(request, which, true).await.unwrap();
    let found = items(&site, None, &mut public).await;
    assert_eq!(
        found,
        [
            json!({ "event": "delete", "type": "article", "documentId": article.document_id, "locale": "en" })
        ]
    );

    // Hidden and unknown are the same.
    for name in ["vault", "nothing"] {
        let (status, body) = site.get(&format!("/sync?types={name}"), None).await;
        assert_eq!(status, 400);
        assert_eq!(body["error"]["message"], format!("Invalid key {name}"));
    }
    // The feed of read nodes does not exist but for those who may everything.
    for token in [None, Some(site.reader.as_str())] {
        let (known, body) = site.get("/sync/node", token).await;
        let (unknown, same) = site.get("/nothing/node", token).await;
        assert_eq!((known, body), (unknown, same));
    }
    let (status, _) = site.get("/sync/node", Some(&site.full)).await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaks_on_sqlite() {
    nothing_leaks(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaks_on_postgres() {
    nothing_leaks(On::Postgres).await;
}

/// One page is bounded also when one change alters many entries, and nothing is lost between pages.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_alters_many_entries_is_told_in_pages() {
    let site = Site::new(On::Sqlite).await;
    let tag = json!({ "name": "popular" });
    let tag = site
        .save("tag", None, "", Target::Published, &tag)
        .await
        .unwrap();
    for n in 0..30 {
        let data = json!({ "title": format!("n{n}"), "tags": [tag.document_id] });
        site.save("article", None, "en", Target::Published, &data)
            .await
            .unwrap();
    }
    let mut cursor = None;
    items(&site, None, &mut cursor).await;
    let request = site.request("tag", "", Target::Published);
    let which = Which::Id(tag.document_id);
    site.app.entries.unpublish(request, which).await.unwrap();
    site.settle().await;
    let (mut token, mut seen, mut pages) = (cursor.unwrap(), Vec::new(), 0);
    loop {
        let (_, body) = site
            .get(&format!("/sync?limit=4&token={token}"), None)
            .await;
        let data = body["data"].as_array().unwrap();
        assert!(data.len() <= 4);
        seen.extend(data.iter().map(|item| item["documentId"].to_string()));
        token = body["meta"]["nextToken"].as_str().unwrap().to_owned();
        pages += 1;
        if body["meta"]["hasMore"] == false {
            break;
        }
    }
    assert!(pages >= 8, "{pages}");
    assert_eq!(seen.len(), 31, "each once");
}
