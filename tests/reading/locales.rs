//! Locales: which row is read, of entries and of what they relate to.

use serde_json::json;
use tympan::base::Stage;
use tympan::query::{Column, LocaleChoice, Populated, PublicationFilter, Selection, Shape};

use crate::world::{World, ids, only};

fn titles(answer: &serde_json::Value) -> Vec<&str> {
    answer["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["title"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_locale_reads_its_rows_with_the_shared_values() {
    let world = World::new().await;
    let mut query = world.query("page");
    let answer = world.list(&query).await;
    assert_eq!(titles(&answer), ["Page 21 en", "Page 22 en"]);
    assert_eq!(answer["data"][0]["code"], "p21");
    assert_eq!(answer["data"][0]["locale"], "en");
    assert_eq!(answer["data"][0]["id"], 310);
    query.locale = LocaleChoice::One("fr".into());
    assert_eq!(
        titles(&world.list(&query).await),
        ["Page 21 fr", "Page 22 fr", "Page 23 fr"]
    );
    query.locale = LocaleChoice::All;
    let answer = world.list(&query).await;
    assert_eq!(
        titles(&answer),
        [
            "Page 21 en",
            "Page 21 fr",
            "Page 22 en",
            "Page 22 fr",
            "Page 23 fr"
        ]
    );
    assert_eq!(answer["meta"]["pagination"]["total"], 5);
}

#[tokio::test]
async fn relations_follow_the_locale_of_their_entry() {
    let world = World::new().await;
    let page = world.content_type("page");
    let mut query = world.query("page");
    query.locale = LocaleChoice::All;
    query.selection = only(page, "title");
    query.selection.populated = vec![
        world.populated_with("page", "parent", |parent| {
            parent.selection = only(page, "title")
        }),
        world.populated_with("page", "children", |children| {
            children.selection = only(page, "title")
        }),
        world.populated_with("page", "article", |article| {
            article.selection = only(world.content_type("article"), "slug")
        }),
    ];
    let answer = world.list(&query).await;
    assert_eq!(
        answer["data"],
        json!([
            {"id": 310, "title": "Page 21 en", "parent": null, "children": [{"id": 320, "title": "Page 22 en"}], "article": {"id": 11, "slug": "first"}},
            {"id": 311, "title": "Page 21 fr", "parent": null, "children": [{"id": 331, "title": "Page 23 fr"}], "article": {"id": 11, "slug": "first"}},
            {"id": 320, "title": "Page 22 en", "parent": {"id": 310, "title": "Page 21 en"}, "children": [], "article": null},
            {"id": 321, "title": "Page 22 fr", "parent": null, "children": [], "article": null},
            {"id": 331, "title": "Page 23 fr", "parent": {"id": 311, "title": "Page 21 fr"}, "children": [], "article": null},
        ])
    );
    query.locale = LocaleChoice::One("fr".into());
    let answer = world.list(&query).await;
    assert_eq!(answer["data"][2]["parent"]["title"], "Page 21 fr");
    query.filter = Some(tympan::query::Filter::Some(
        world.hop("page", "parent"),
        Box::new(tympan::query::Filter::Compare(
            Column::Field(page.field("title").unwrap()),
            tympan::query::Operator::Eq(json!("Page 21 fr")),
        )),
    ));
    assert_eq!(ids(&world.list(&query).await), [331]);
    query.locale = LocaleChoice::All;
    assert_eq!(ids(&world.list(&query).await), [331]);
    query.locale = LocaleChoice::One("en".into());
    assert_eq!(ids(&world.list(&query).await), [0_i64; 0]);
}

#[tokio::test]
async fn localizations_are_the_other_locales() {
    let world = World::new().await;
    let page = world.content_type("page");
    let mut query = world.query("page");
    query.selection = only(page, "title");
    let selection = Box::new(Selection {
        columns: vec![Column::Id, Column::Locale],
        populated: Vec::new(),
    });
    query.selection.populated = vec![Populated {
        name: "localizations",
        shape: Shape::Localizations { selection },
    }];
    let answer = world.list(&query).await;
    assert_eq!(
        answer["data"][0]["localizations"],
        json!([{"id": 311, "locale": "fr"}])
    );
    query.locale = LocaleChoice::All;
    let answer = world.list(&query).await;
    assert_eq!(
        answer["data"][1]["localizations"],
        json!([{"id": 310, "locale": "en"}])
    );
    assert_eq!(answer["data"][4]["localizations"], json!([]));
}

#[tokio::test]
async fn the_publication_filter_compares_the_stages() {
    use PublicationFilter as P;
    let world = World::new().await;
    let cases: &[(Stage, P, &[i64])] = &[
        (Stage::Draft, P::NeverPublished, &[15]),
        (Stage::Draft, P::HasPublishedVersion, &[11, 12, 13, 14]),
        (Stage::Draft, P::NeverPublishedDocument, &[15]),
        (
            Stage::Draft,
            P::HasPublishedVersionDocument,
            &[11, 12, 13, 14],
        ),
        (Stage::Draft, P::Modified, &[11, 12, 13, 14]),
        (Stage::Draft, P::Unmodified, &[]),
        (Stage::Published, P::PublishedWithDraft, &[11, 12, 13, 14]),
        (Stage::Published, P::PublishedWithoutDraft, &[]),
        (Stage::Published, P::NeverPublished, &[]),
    ];
    for (stage, filter, expected) in cases {
        let mut query = world.query("article");
        query.stage = *stage;
        query.publication = Some(*filter);
        assert_eq!(
            ids(&world.list(&query).await),
            *expected,
            "{stage:?} {filter:?}"
        );
    }
    let mut pages = world.query("page");
    pages.stage = Stage::Draft;
    pages.publication = Some(P::Unmodified);
    assert_eq!(ids(&world.list(&pages).await), [310, 320]);
}
