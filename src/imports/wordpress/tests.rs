//! The real export, odd files, and files that were damaged at random.
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Cursor;

use serde_json::Value;

use super::*;
use crate::imports::record::{ImportRecord, ImportStage, PathStep};
use crate::imports::report::ImportReport;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>T</title><link>https://t.example</link><wp:wxr_version>1.2</wp:wxr_version>
"#;
const FOOT: &str = "</channel></rss>\n";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/tests/wordpress/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn read(file: &[u8]) -> Result<(Survey, Vec<ImportRecord>, ImportReport)> {
    let limits = WxrLimits::default();
    let survey = check(Cursor::new(file), &limits)?;
    let mut stream = records(Cursor::new(file), &survey, limits);
    let all = stream.by_ref().collect::<Result<Vec<_>>>()?;
    let report = stream.take_report();
    drop(stream);
    Ok((survey, all, report))
}

fn with(body: &str) -> Vec<u8> {
    format!("{HEAD}{body}{FOOT}").into_bytes()
}

fn of_type<'a>(all: &'a [ImportRecord], uid: &str) -> Vec<&'a ImportRecord> {
    all.iter()
        .filter(|record| record.content_type == uid)
        .collect()
}

fn targets<'a>(record: &'a ImportRecord, field: &str) -> Vec<&'a str> {
    let path = [PathStep::Field(field.to_owned())];
    let link = record.relations.iter().find(|link| link.path == path);
    let targets = link.map(|link| link.targets.as_slice()).unwrap_or_default();
    targets
        .iter()
        .map(|target| target.document_id.as_str())
        .collect()
}

fn text<'a>(record: &'a ImportRecord, field: &str) -> &'a str {
    record
        .values
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn expected() -> Value {
    serde_json::from_slice(&fixture("expected.json")).unwrap()
}

#[test]
fn everything_of_the_real_export_arrives() {
    let (survey, all, _) = read(&fixture("theme-test.xml")).unwrap();
    let expected = &expected()["counts"];
    let count = |uid: &str| of_type(&all, uid).len() as u64;

    assert_eq!(count("api::post.post"), expected["posts"].as_u64().unwrap());
    assert_eq!(count("api::page.page"), expected["pages"].as_u64().unwrap());
    assert_eq!(
        count("api::menu-item.menu-item"),
        expected["menuItems"].as_u64().unwrap()
    );
    assert_eq!(count(FILE_UID), expected["attachments"].as_u64().unwrap());
    assert_eq!(
        count("api::author.author"),
        expected["authors"].as_u64().unwrap()
    );
    assert_eq!(
        count("api::category.category"),
        expected["categories"].as_u64().unwrap()
    );
    assert_eq!(count("api::tag.tag"), expected["tags"].as_u64().unwrap());
    assert_eq!(count("api::menu.menu"), expected["menus"].as_u64().unwrap());
    assert_eq!(
        count("api::comment.comment"),
        expected["comments"].as_u64().unwrap()
    );
    assert_eq!((count("api::post.post"), count("api::page.page")), (51, 21));
    assert_eq!(
        (count("api::menu-item.menu-item"), count(FILE_UID)),
        (70, 38)
    );
    assert_eq!(survey.counts().records, all.len() as u64);
    assert_eq!(survey.counts().skipped, 0);
    let public = |uid: &str| {
        let records = of_type(&all, uid).into_iter();
        records
            .filter(|record| record.stage == ImportStage::Both)
            .count() as u64
    };
    assert_eq!(
        public("api::post.post"),
        expected["publishedPosts"].as_u64().unwrap()
    );
    assert_eq!(
        public("api::comment.comment"),
        expected["publishedComments"].as_u64().unwrap()
    );
}

#[test]
fn posts_have_the_categories_that_the_export_says() {
    let (_, all, _) = read(&fixture("theme-test.xml")).unwrap();
    let slugs: HashMap<&str, &str> = all
        .iter()
        .map(|record| (record.document_id.as_str(), text(record, "slug")))
        .collect();
    for (field, stages) in [
        ("categories", &["published", "all"][..]),
        ("tags", &["published"]),
    ] {
        for stage in stages {
            let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for post in of_type(&all, "api::post.post") {
                if *stage == "all" || post.stage == ImportStage::Both {
                    for target in targets(post, field) {
                        found
                            .entry(slugs[target])
                            .or_default()
                            .insert(text(post, "slug"));
                    }
                }
            }
            let found = serde_json::to_value(found).unwrap();
            assert_eq!(found, expected()[field][stage], "{field} {stage}");
        }
    }
}

#[test]
fn links_of_the_real_export_have_targets_and_slugs_are_unique() {
    let (_, all, _) = read(&fixture("theme-test.xml")).unwrap();
    let by_id: HashMap<&str, &ImportRecord> = all
        .iter()
        .map(|record| (record.document_id.as_str(), record))
        .collect();
    assert_eq!(by_id.len(), all.len(), "document ids are unique");
    for record in &all {
        for link in &record.relations {
            for target in &link.targets {
                assert!(
                    by_id.contains_key(target.document_id.as_str()),
                    "{record:?}"
                );
            }
        }
    }
    let mut slugs = BTreeSet::new();
    for record in all
        .iter()
        .filter(|record| record.values.contains_key("slug"))
    {
        assert!(
            slugs.insert((&record.content_type, text(record, "slug"))),
            "{record:?}"
        );
        assert!(!text(record, "slug").is_empty());
    }
}

#[test]
fn statuses_and_odd_cases_of_the_real_export_are_kept() {
    let (_, all, report) = read(&fixture("theme-test.xml")).unwrap();
    let by_id: HashMap<&str, &ImportRecord> = all
        .iter()
        .map(|record| (record.document_id.as_str(), record))
        .collect();
    let pages = of_type(&all, "api::page.page");
    let parents = expected()["pageParents"].as_object().unwrap().len();
    assert_eq!(
        pages
            .iter()
            .filter(|page| !targets(page, "parent").is_empty())
            .count(),
        parents
    );
    let post = |slug: &str| {
        let posts = of_type(&all, "api::post.post");
        *posts
            .iter()
            .find(|post| text(post, "slug") == slug)
            .unwrap()
    };
    assert_eq!(post("edge-case-no-title").values["title"], "");
    assert_eq!(post("template-sticky").values["sticky"], true);
    assert_eq!(post("post-format-gallery").values["format"], "gallery");
    let protected = post("template-password-protected");
    assert_eq!(protected.stage, ImportStage::Draft);
    assert_eq!(protected.values["passwordProtected"], true);
    let scheduled = post("scheduled");
    assert_eq!(scheduled.stage, ImportStage::Draft);
    assert_eq!(scheduled.values["scheduledAt"], "2030-01-01T19:00:18.000Z");
    assert_eq!(post("draft").stage, ImportStage::Draft);
    let image = targets(post("template-featured-image-horizontal"), "featuredImage");
    assert_eq!(
        text(by_id[image[0]], "alternativeText"),
        "Horizontal Featured Image"
    );
    let stray = targets(post("block-category-common"), "author");
    assert_eq!(text(by_id[stray[0]], "login"), "themereviewteam");
    assert!(pages.iter().any(|page| text(page, "slug") == "epipedo-3"));
    assert!(
        report.to_string().contains("shortcode [gallery]"),
        "{report}"
    );
}

#[test]
fn the_same_file_gives_the_same_records() {
    let file = fixture("theme-test.xml");
    assert_eq!(read(&file).unwrap().1, read(&file).unwrap().1);
}

#[test]
fn what_wordpress_hides_never_becomes_public() {
    let item = |id: u32, kind: &str, status: &str, password: &str| {
        format!(
            "<item><title>t{id}</title><wp:post_id>{id}</wp:post_id><wp:post_name>n</wp:post_name><wp:post_type>{kind}</wp:post_type><wp:status>{status}</wp:status><wp:post_password>{password}</wp:post_password><wp:post_date_gmt>0000-00-00 00:00:00</wp:post_date_gmt><wp:comment><wp:comment_id>{id}</wp:comment_id><wp:comment_approved>1</wp:comment_approved></wp:comment></item>"
        )
    };
    let mut body = String::new();
    let hidden = [
        "draft",
        "pending",
        "auto-draft",
        "private",
        "future",
        "wc-completed",
        "",
    ];
    for (status, id) in hidden.iter().zip(1..) {
        body.push_str(&item(id, "post", status, ""));
    }
    body.push_str(&item(20, "post", "publish", "secret"));
    body.push_str(&item(21, "post", "trash", ""));
    body.push_str(&item(22, "product", "publish", ""));
    let (survey, all, report) = read(&with(&body)).unwrap();

    let posts = of_type(&all, "api::post.post");
    assert_eq!(posts.len(), hidden.len() + 1);
    assert!(posts.iter().all(|post| post.stage == ImportStage::Draft));
    let comments = of_type(&all, "api::comment.comment");
    let public = comments
        .iter()
        .filter(|comment| comment.stage == ImportStage::Both);
    assert_eq!(public.count(), 1);
    assert_eq!(
        of_type(&all, "api::product.product")[0].stage,
        ImportStage::Both
    );
    assert!(
        report
            .to_string()
            .contains("items in the trash, left out: post 21"),
        "{report}"
    );
    let uids: Vec<_> = survey
        .definitions()
        .into_iter()
        .map(|made| made.uid)
        .collect();
    assert!(
        uids.contains(&"api::product.product".to_owned()),
        "{uids:?}"
    );
}

#[test]
fn text_keeps_its_entities_sections_and_spaces() {
    let body = "<item><title>A &amp; &lt;b&gt; &#233;&nbsp;&hellip;</title><content:encoded>\n <![CDATA[  x]]]]><![CDATA[> &amp; \u{8}y\r\nz ]]>\n </content:encoded><wp:post_id>1</wp:post_id><wp:post_type>post</wp:post_type><wp:status>publish</wp:status><wp:unheard>1</wp:unheard></item>";
    let (_, all, report) = read(&with(body)).unwrap();
    assert_eq!(all[0].values["title"], "A & <b> é\u{a0}…");
    assert_eq!(all[0].values["content"], "  x]]> &amp; y\nz ");
    assert!(report.to_string().contains("<unheard>"), "{report}");
    assert!(
        report.to_string().contains("1 × control characters"),
        "{report}"
    );
}

#[test]
fn broken_files_are_refused_with_the_line() {
    let deep = format!("<item>{}", "<a>".repeat(50));
    for (file, line, what) in [
        (with("<item>\n<title>a</item>"), 5, "title"),
        (with("<item><title>&xxe;</title></item>"), 4, "xxe"),
        (with("<item><title>A & B</title></item>"), 4, ""),
        (with(&deep), 4, "depth"),
        (with("<item>\n<title><![CDATA[never closed"), 5, "CDATA"),
        (
            format!("{HEAD}<item><title>").into_bytes(),
            4,
            "ends inside <title>",
        ),
        (format!("{HEAD}{FOOT}junk").into_bytes(), 5, "after the end"),
        (b"<html>\n</html>".to_vec(), 1, "<html>"),
        (
            b"\n<rss version=\"2.0\"><channel></channel></rss>".to_vec(),
            2,
            "ordinary RSS",
        ),
        (
            b"<!DOCTYPE r [<!ENTITY x \"y\">]><rss/>".to_vec(),
            1,
            "declaration",
        ),
        (b"".to_vec(), 1, "no XML"),
        (b"plain text".to_vec(), 1, "text"),
        (
            HEAD.replace("1.2</wp:wxr", "9.9</wp:wxr")
                .into_bytes()
                .into_iter()
                .chain(FOOT.bytes())
                .collect(),
            4,
            "9.9",
        ),
        (
            HEAD.replace("UTF-8", "ISO-8859-1").into_bytes(),
            1,
            "ISO-8859-1",
        ),
        (
            with("<item>\n\n").into_iter().chain([0xff, 0xfe]).collect(),
            0,
            "",
        ),
    ] {
        let error = check(Cursor::new(&file), &WxrLimits::default()).unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains(what), "{shown} should say {what}");
        assert!(
            line == 0 || error.line() == line,
            "{shown} should be line {line}"
        );
    }
}

#[test]
fn an_element_that_never_ends_is_stopped() {
    let limits = WxrLimits {
        element_bytes: 10_000,
        ..WxrLimits::default()
    };
    let body = format!("<item><title>{}</title></item>", "a".repeat(20_000));
    let error = check(Cursor::new(with(&body)), &limits).unwrap_err();
    assert!(
        matches!(error, WordpressError::Limit { line: 4, .. }),
        "{error}"
    );
    let many = "<item><wp:post_type>post</wp:post_type></item>\n".repeat(2000);
    assert_eq!(
        check(Cursor::new(with(&many)), &limits)
            .unwrap()
            .counts()
            .posts,
        2000
    );
}

#[test]
fn a_cut_file_is_always_refused() {
    let file = fixture("theme-test.xml");
    let whole = file.len() - 8;
    for end in (0..whole).step_by(997 * 4) {
        assert!(
            check(Cursor::new(&file[..end]), &WxrLimits::default()).is_err(),
            "cut at {end}"
        );
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let file = fixture("theme-test.xml");
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..40 {
        let mut damaged = file.clone();
        for _ in 0..=random() % 8 {
            let place = usize::try_from(random() % damaged.len() as u64).unwrap();
            damaged[place] = (random() & 0xff) as u8;
        }
        if let Ok((survey, all, _)) = read(&damaged) {
            assert!(!survey.definitions().is_empty() && !all.is_empty());
        }
    }
}
