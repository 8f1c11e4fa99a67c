//! Writes tell nothing either, and what belongs to the server stays its own.

use serde_json::{Value as Json, json};

use crate::site::{MISSING, Site};

pub(crate) fn hidden_relations_are_unknown(site: &Site) {
    let writer = Some(site.writer.as_str());
    let path = format!("/articles/{}", site.article);
    for value in [
        json!(site.vault),
        json!(MISSING),
        json!(1),
        json!(null),
        json!({ "connect": [site.vault] }),
    ] {
        let shapes: [fn(&str, &Json) -> Json; 3] = [
            |name, value| json!({ name: value }),
            |name, value| json!({ "seo": { name: value } }),
            |name, value| json!({ "zone": [{ "__component": "parts.seo", name: value }] }),
        ];
        for (shape, name) in shapes.iter().zip(["vault", "sealed", "sealed"]) {
            for (method, path) in [("POST", "/articles"), ("PUT", path.as_str())] {
                let (status, body) = site.send(method, path, writer, Some(&shape(name, &value)));
                let unknown = site.send(method, path, writer, Some(&shape("nosuch", &value)));
                assert_eq!(
                    (status, body.replace(name, "nosuch")),
                    unknown,
                    "{method} {name} {value}"
                );
                assert_eq!(status, 400, "{body}");
            }
        }
    }
    let (_, vault) = site.get(&format!("/vaults/{}", site.vault), Some(&site.full));
    let vault: Json = serde_json::from_str(&vault).unwrap();
    let numbered = |id: i64| {
        let subject = json!({ "subject": { "__type": "api::vault.vault", "id": id } });
        site.send("POST", "/articles", writer, Some(&subject))
    };
    let id = vault["data"]["id"].as_i64().unwrap();
    let (status, body) = numbered(id);
    let shown = |id: i64| format!("\"id\":{id}}}");
    let unknown = (status, body.replace(&shown(id), &shown(999_999)));
    assert_eq!(unknown, numbered(999_999));
    assert_eq!(status, 400, "{body}");
    let named = |id: &str| site.send("POST", "/articles", writer, Some(&json!({ "subject": id })));
    let (status, body) = named(&site.vault);
    assert_eq!((status, body.replace(&site.vault, MISSING)), named(MISSING));
    assert_eq!(status, 400, "{body}");
    let (_, body) = site.get(&format!("{path}?populate=vault"), Some(&site.full));
    assert!(body.contains(&site.vault), "the link is as it was: {body}");
}

/// The links of a two-way relation belong to its owners; writing the other side changes them.
pub(crate) fn owners_are_changed_only_by_who_may(site: &Site) {
    let tag = |data: &Json| site.send("POST", "/tags", Some(&site.tagger), Some(data));
    let (status, body) = tag(&json!({ "name": "alone" }));
    assert_eq!(status, 201, "{body}");
    let (status, body) = tag(&json!({ "name": "taking", "articles": [site.article] }));
    assert_eq!(status, 403, "{body}");
    let path = format!("/articles/{}?populate=tags", site.article);
    let (_, body) = site.get(&path, Some(&site.full));
    assert!(!body.contains("taking"), "{body}");
}

pub(crate) fn what_the_server_keeps_cannot_be_written(site: &Site) {
    let path = format!("/articles/{}", site.article);
    let before = site.get(&path, Some(&site.full));
    for key in [
        "id",
        "documentId",
        "createdAt",
        "updatedAt",
        "createdBy",
        "updatedBy",
        "localizations",
        "revision",
        "doc",
        "type_id",
    ] {
        for token in [&site.writer, &site.full] {
            for value in [json!(1), json!("x"), json!(null)] {
                let (status, body) =
                    site.send("PUT", &path, Some(token), Some(&json!({ key: value })));
                assert_eq!(status, 400, "{key} {value}: {body}");
            }
        }
    }
    assert_eq!(before, site.get(&path, Some(&site.full)));
    for (method, path) in [
        ("POST", "/articles?status=draft"),
        ("PUT", &format!("{path}?status=draft")),
    ] {
        let (status, body) = site.send(
            method,
            path,
            Some(&site.writer),
            Some(&json!({ "title": "x" })),
        );
        assert_eq!(status, 403, "drafts need the right to them: {body}");
    }
    for (method, path) in [
        ("POST", "/articles"),
        ("PUT", path.as_str()),
        ("DELETE", path.as_str()),
    ] {
        for token in [None, Some(site.reader.as_str())] {
            let (status, body) = site.send(method, path, token, Some(&json!({ "title": "x" })));
            assert_eq!(status, 403, "{method}: {body}");
        }
    }
}
