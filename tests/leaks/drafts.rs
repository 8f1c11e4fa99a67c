//! Drafts change no byte of what those without the right to drafts are answered.

use serde_json::json;

use crate::site::Site;

fn paths(site: &Site) -> Vec<String> {
    let mut paths: Vec<String> = [
        "/articles",
        "/articles?populate=*",
        "/articles?populate[tags][populate]=*",
        "/articles?populate[tags][count]=true",
        "/articles?populate=localizations",
        "/articles?locale=*",
        "/articles?locale=fr",
        "/articles?locale=*&sort=title",
        "/articles?fields=*",
        "/articles?filters[publishedAt][$null]=true",
        "/articles?filters[publishedAt][$notNull]=true",
        "/articles?status=published&filters[title][$contains]=CNRY",
        "/articles?_q=CNRY",
        "/articles?_q=changed",
        "/articles?filters[tags][name][$contains]=CNRY",
        "/articles?filters[tags][name][$ne]=x",
        "/articles?filters[tags][publishedAt][$null]=true",
        "/articles?filters[tags][articles][title][$contains]=CNRY",
        "/articles?filters[price][$gt]=50",
        "/articles?sort=tags.name:desc",
        "/articles?sort=price:desc",
        "/articles?pagination[cursor]=",
        "/articles?pagination[start]=0&pagination[limit]=1",
        "/articles?publicationFilter=never-published",
        "/articles?hasPublishedVersion=false",
        "/articles?publicationFilter=never-published-document",
        "/articles/aggregate?measures=count",
        "/articles/aggregate?measures=max:price,sum:price,countDistinct:title",
        "/articles/aggregate?groupBy=title",
        "/articles/aggregate?groupBy=locale&locale=*",
        "/articles/aggregate?groupBy=tags.name",
        "/tags",
        "/tags?populate=*",
        "/tags?populate[articles][populate]=*",
        "/tags?populate[articles][count]=true",
        "/tags?filters[articles][title][$contains]=CNRY",
        "/tags?filters[articles][title][$ne]=x",
        "/tags?sort=articles.title",
        "/tags?_q=CNRY",
        "/tags/aggregate?measures=count",
        "/articles?status=draft",
        "/articles?status=modified",
        "/articles?publicationState=preview",
        "/articles?preview=1",
        "/articles?_raw=1",
        "/articles?lookup[title]=x",
        "/articles/aggregate?status=draft",
        "/tags?status=draft&populate=articles",
    ]
    .map(str::to_owned)
    .into();
    let (article, tag) = (&site.article, &site.tag);
    for id in [article, tag] {
        for rest in [
            "",
            "?populate=*",
            "?status=draft",
            "?locale=fr",
            "?locale=*",
            "?populate=localizations",
        ] {
            paths.push(format!("/articles/{id}{rest}"));
            paths.push(format!("/tags/{id}{rest}"));
        }
    }
    paths
}

pub(crate) fn drafts_do_not_show(site: &Site) {
    let callers = [None, Some(site.reader.as_str()), Some(site.writer.as_str())];
    let ask = || -> Vec<(String, u16, String)> {
        let each = callers.iter().flat_map(|token| {
            paths(site).into_iter().map(|path| {
                let (status, body) = site.get(&path, *token);
                (path, status, body)
            })
        });
        each.collect()
    };
    let before = ask();
    for (path, status, body) in &before {
        assert!(*status < 500, "{path}: {body}");
        assert!(
            *status >= 400 || !body.contains("CNRY draft"),
            "{path}: {body}"
        );
        let asks_drafts = path.contains("status=draft") && !path.starts_with("/tags/");
        assert!(
            !asks_drafts || matches!(*status, 403 | 404),
            "{path}: {status} {body}"
        );
    }
    let draft = make_drafts(site);
    for ((path, status, body), now) in before.iter().zip(ask()) {
        assert_eq!((status, body), (&now.1, &now.2), "{path}");
    }
    for token in callers {
        for rest in ["", "?populate=*", "?locale=fr"] {
            let (status, body) = site.get(&format!("/articles/{draft}{rest}"), token);
            assert_eq!(status, 404, "{body}");
        }
        for filter in [
            "modified",
            "unmodified",
            "published-with-draft",
            "published-without-draft",
            "has-published-version",
        ] {
            let (status, body) = site.get(
                &format!("/articles?populate=*&publicationFilter={filter}"),
                token,
            );
            assert!(
                status == 200 && !body.contains("CNRY changed"),
                "{filter}: {body}"
            );
        }
    }
    let (_, body) = site.get(
        "/articles?status=draft&filters[title][$contains]=CNRY",
        Some(&site.full),
    );
    assert_eq!(
        body.matches("CNRY").count(),
        2,
        "the drafts are there: {body}"
    );
}

/// A new draft, a changed one, one in another language, and one more draft tag on each; returns the new one.
fn make_drafts(site: &Site) -> String {
    let tag = site.make("/tags?status=draft", &json!({ "name": "CNRY draft two" }));
    let draft = site.make(
        "/articles?status=draft",
        &json!({ "title": "CNRY changed new", "slug": "new", "price": 99, "tags": [tag] }),
    );
    for locale in ["en", "fr"] {
        let path = format!("/articles/{}?status=draft&locale={locale}", site.article);
        let data = json!({ "title": "CNRY changed", "price": 77, "tags": { "connect": [tag] } });
        let (status, body) = site.send("PUT", &path, Some(&site.full), Some(&data));
        assert_eq!(status, 200, "{body}");
    }
    draft
}
