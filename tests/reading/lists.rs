//! Lists: scalars, relations, filters, order, pages.

use serde_json::json;
use tympan::base::Stage;
use tympan::query::{Filter, LocaleChoice, Operator, Page, Place, Sort, TextMatch};

use crate::world::{World, column, compare, ids, only, sort};

#[tokio::test]
async fn scalars_come_out_in_their_json_form() {
    let world = World::new().await;
    let answer = world.list(&world.query("article")).await;
    assert_eq!(
        answer["meta"]["pagination"],
        json!({"page": 1, "pageSize": 25, "pageCount": 1, "total": 4})
    );
    assert_eq!(ids(&answer), [11, 12, 13, 14]);
    let first = &answer["data"][0];
    let keys: Vec<&str> = first
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys.join(" "),
        "id documentId title slug body publishDate views featured rating big extra createdAt updatedAt publishedAt locale"
    );
    assert_eq!(first["body"], "é line\n\t\"quoted\" \u{1}".repeat(20));
    assert_eq!(first["featured"], json!(true));
    assert_eq!(first["rating"], json!(0.1));
    assert_eq!(first["big"], json!("9007199254740993"));
    assert_eq!(first["extra"], json!({"a": [1, {"b": null}]}));
    assert_eq!(answer["data"][1]["rating"], json!(0.1 + 0.2));
    assert_eq!(answer["data"][1]["featured"], json!(false));
    assert_eq!(answer["data"][2]["rating"].to_string(), "5");
    assert_eq!(answer["data"][2]["extra"], json!("text"));
    for key in [
        "slug", "views", "featured", "rating", "big", "extra", "locale",
    ] {
        assert_eq!(answer["data"][3][key], json!(null), "{key}");
    }
}

#[tokio::test]
async fn relations_are_json_in_their_order_and_in_the_stage_read() {
    let world = World::new().await;
    let mut query = world.query("article");
    query.selection = only(world.content_type("article"), "title");
    query.selection.populated = vec![
        world.populated_with("article", "author", |author| {
            author.selection = only(world.content_type("author"), "name");
            author.selection.populated =
                vec![world.populated_with("author", "articles", |articles| {
                    articles.selection = only(world.content_type("article"), "slug");
                })];
        }),
        world.populated_with("article", "tags", |tags| {
            tags.selection = only(world.content_type("tag"), "name")
        }),
        world.populated_with("article", "cover", |cover| {
            cover.selection = only(world.content_type("plugin::upload.file"), "url");
        }),
    ];
    let answer = world.list(&query).await;
    assert_eq!(
        answer["data"][0],
        json!({
            "id": 11, "title": "First 100% sure",
            "author": {"id": 1, "name": "Ann", "articles": [{"id": 11, "slug": "first"}, {"id": 12, "slug": "second"}]},
            "tags": [{"id": 7, "name": "Tag 3"}, {"id": 5, "name": "Tag 5"}, {"id": 6, "name": "Tag 4"}],
            "cover": {"id": 9, "url": "/uploads/a.png"},
        })
    );
    assert_eq!(
        answer["data"][3],
        json!({"id": 14, "title": "fourth", "author": null, "tags": [], "cover": null})
    );
    query.stage = Stage::Draft;
    let drafts = world.list(&query).await;
    assert_eq!(
        drafts["data"][0]["author"]["articles"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(drafts["data"][4]["id"], 15);
}

#[tokio::test]
async fn nested_conditions_order_and_limits_choose_what_is_populated() {
    let world = World::new().await;
    let tag = world.content_type("tag");
    let mut query = world.query("article");
    query.selection = only(world.content_type("article"), "title");
    let with = |start, limit| {
        world.populated_with("article", "tags", move |tags| {
            tags.selection = only(tag, "name");
            tags.sort = vec![sort(tag, "name", true)];
            tags.start = start;
            tags.limit = limit;
        })
    };
    query.selection.populated = vec![with(0, None)];
    let answer = world.list(&query).await;
    let names = |answer: &serde_json::Value| -> Vec<String> {
        answer["data"][0]["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&answer), ["Tag 5", "Tag 4", "Tag 3"]);
    query.selection.populated = vec![with(1, Some(1))];
    assert_eq!(names(&world.list(&query).await), ["Tag 4"]);
    query.selection.populated = vec![world.populated_with("article", "tags", |tags| {
        tags.selection = only(tag, "name");
        tags.filter = Some(compare(tag, "name", Operator::Ne(json!("Tag 5"))));
    })];
    assert_eq!(names(&world.list(&query).await), ["Tag 3", "Tag 4"]);
}

#[tokio::test]
async fn more_populated_rows_than_allowed_are_refused_not_cut() {
    let world = World::new().await;
    let mut query = world.query("article");
    query.selection.populated = vec![world.populated("article", "tags")];
    let limits = tympan::base::limits::QueryLimits {
        populated_rows: 2,
        ..Default::default()
    };
    let error = world.list_within(&query, &limits).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("a populated relation has more than 2 rows"),
        "{error}"
    );
    query.selection.populated =
        vec![world.populated_with("article", "tags", |tags| tags.limit = Some(2))];
    world.list_within(&query, &limits).await.unwrap();
}

#[tokio::test]
async fn every_operator_means_the_same_on_both_databases() {
    let world = World::new().await;
    let article = world.content_type("article");
    let text = |text: &str, place, ignore_case, negated| {
        Operator::Match(TextMatch {
            place,
            text: text.to_owned(),
            ignore_case,
            negated,
        })
    };
    let cases: Vec<(&str, Operator, &[i64])> = vec![
        ("title", Operator::Eq(json!("Third")), &[13]),
        ("title", Operator::EqIgnoringCase("tHIRD".into()), &[13]),
        (
            "title",
            Operator::NeIgnoringCase("tHIRD".into()),
            &[11, 12, 14],
        ),
        ("views", Operator::Eq(json!(null)), &[14]),
        ("views", Operator::Ne(json!(null)), &[11, 12, 13]),
        ("views", Operator::Ne(json!(100)), &[12, 13]),
        ("views", Operator::Gt(json!(100)), &[12, 13]),
        ("views", Operator::Gte(json!(199.5)), &[12, 13]),
        ("views", Operator::Lt(json!(200)), &[11]),
        ("views", Operator::Lte(json!(200)), &[11, 13]),
        (
            "views",
            Operator::Between(json!(100), json!(200)),
            &[11, 13],
        ),
        (
            "views",
            Operator::In(vec![json!(100), json!(300), json!(7)]),
            &[11, 12],
        ),
        (
            "views",
            Operator::In(vec![json!(100), json!(null)]),
            &[11, 14],
        ),
        ("views", Operator::In(vec![]), &[]),
        ("views", Operator::NotIn(vec![json!(100)]), &[12, 13]),
        (
            "views",
            Operator::NotIn(vec![json!(100), json!(null)]),
            &[12, 13],
        ),
        ("views", Operator::NotIn(vec![]), &[11, 12, 13, 14]),
        ("featured", Operator::Eq(json!(true)), &[11]),
        ("featured", Operator::In(vec![json!(false)]), &[12, 13]),
        ("rating", Operator::Gt(json!(0.2)), &[12, 13]),
        ("big", Operator::Eq(json!("9007199254740993")), &[11]),
        (
            "slug",
            Operator::In(vec![json!("first"), json!("third")]),
            &[11, 13],
        ),
        (
            "publishDate",
            Operator::Gt(json!("2024-02-01T00:00:00.000Z")),
            &[11],
        ),
        ("title", text("100%", Place::Anywhere, false, false), &[11]),
        ("title", text("d_t", Place::Anywhere, false, false), &[12]),
        ("title", text("IRS", Place::Anywhere, false, false), &[]),
        ("title", text("IRS", Place::Anywhere, true, false), &[11]),
        ("title", text("ir", Place::Anywhere, false, true), &[12, 14]),
        ("title", text("F", Place::Start, false, false), &[11]),
        ("title", text("F", Place::Start, true, false), &[11, 14]),
        ("title", text("h", Place::End, false, false), &[14]),
        (
            "title",
            text("xxxxxxxxxxxxfourth", Place::End, false, false),
            &[],
        ),
        (
            "title",
            text("", Place::Anywhere, false, false),
            &[11, 12, 13, 14],
        ),
        ("slug", Operator::Null(true), &[14]),
        ("slug", Operator::Null(false), &[11, 12, 13]),
        ("views", text("00", Place::End, false, false), &[11, 12, 13]),
    ];
    for (name, operator, expected) in cases {
        let mut query = world.query("article");
        query.filter = Some(compare(article, name, operator.clone()));
        let answer = world.list(&query).await;
        assert_eq!(ids(&answer), expected, "{name} {operator:?}");
        assert_eq!(
            answer["meta"]["pagination"]["total"],
            expected.len(),
            "{name} {operator:?}"
        );
    }
}

#[tokio::test]
async fn filters_go_through_relations_files_and_identities() {
    let world = World::new().await;
    let (article, author, tag) = (
        world.content_type("article"),
        world.content_type("author"),
        world.content_type("tag"),
    );
    let some = |hop, inner| Filter::Some(hop, Box::new(inner));
    let ann = || compare(author, "name", Operator::Eq(json!("Ann")));
    let doc = |doc| {
        Filter::Compare(
            tympan::query::Column::DocumentId,
            Operator::Eq(json!(crate::fixture::document_id(doc))),
        )
    };
    let cases: Vec<(&str, Filter<'_>, &[i64])> = vec![
        (
            "article",
            some(world.hop("article", "author"), ann()),
            &[11, 12],
        ),
        (
            "article",
            Filter::Not(Box::new(some(world.hop("article", "author"), ann()))),
            &[13, 14],
        ),
        (
            "article",
            some(
                world.hop("article", "author"),
                compare(author, "name", Operator::Null(false)),
            ),
            &[11, 12, 13],
        ),
        (
            "article",
            Filter::Empty(world.hop("article", "tags"), true),
            &[13, 14],
        ),
        (
            "article",
            Filter::Empty(world.hop("article", "tags"), false),
            &[11, 12],
        ),
        (
            "article",
            some(
                world.hop("article", "tags"),
                compare(tag, "name", Operator::Eq(json!("Tag 4"))),
            ),
            &[11],
        ),
        (
            "article",
            Filter::Or(vec![
                compare(article, "views", Operator::Eq(json!(200))),
                some(world.hop("article", "cover"), doc(9)),
            ]),
            &[11, 13],
        ),
        ("article", doc(12), &[12]),
        ("article", Filter::Not(Box::new(doc(99))), &[11, 12, 13, 14]),
        ("article", Filter::And(vec![]), &[11, 12, 13, 14]),
        ("article", Filter::Or(vec![]), &[]),
        (
            "author",
            some(
                world.hop("author", "articles"),
                compare(article, "slug", Operator::Eq(json!("third"))),
            ),
            &[2],
        ),
        (
            "author",
            some(
                world.hop("author", "articles"),
                compare(article, "views", Operator::Gt(json!(250))),
            ),
            &[1],
        ),
        (
            "tag",
            some(
                world.hop("tag", "articles"),
                some(world.hop("article", "author"), ann()),
            ),
            &[5, 6, 7],
        ),
    ];
    for (name, filter, expected) in cases {
        let mut query = world.query(name);
        query.filter = Some(filter.clone());
        assert_eq!(ids(&world.list(&query).await), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn filters_look_into_component_items() {
    let world = World::new().await;
    let section = world.schema.component("menu.section").unwrap();
    let link = world.schema.component("menu.link").unwrap();
    let sections = world.hop("article", "sections");
    let links = world.hop_of(&section.fields, "links");
    let some = |hop, inner| Filter::Some(hop, Box::new(inner));
    let label = |text: &str| {
        Filter::Compare(
            tympan::query::Column::Field(link.field("label").unwrap()),
            Operator::Eq(json!(text)),
        )
    };
    let weight = |least: i64| {
        Filter::Compare(
            tympan::query::Column::Field(link.field("weight").unwrap()),
            Operator::Gt(json!(least)),
        )
    };
    let article = world.content_type("article");
    let to_article = |slug: &str| {
        some(
            world.hop_of(&link.fields, "article"),
            compare(article, "slug", Operator::Eq(json!(slug))),
        )
    };
    let cases: Vec<(&str, Filter<'_>, &[i64])> = vec![
        (
            "article",
            some(sections, some(links, label("to 12"))),
            &[11],
        ),
        ("article", some(sections, some(links, label("to 13"))), &[]),
        (
            "article",
            some(
                sections,
                some(links, Filter::And(vec![label("to 12"), weight(6)])),
            ),
            &[11],
        ),
        (
            "article",
            some(
                sections,
                some(links, Filter::And(vec![label("to 15"), weight(6)])),
            ),
            &[],
        ),
        (
            "article",
            some(sections, some(links, to_article("second"))),
            &[11],
        ),
        (
            "article",
            some(sections, some(links, to_article("third"))),
            &[],
        ),
        ("article", Filter::Empty(sections, true), &[12, 13, 14]),
        ("author", some(world.hop("author", "link"), weight(2)), &[1]),
    ];
    for (name, filter, expected) in cases {
        let mut query = world.query(name);
        query.filter = Some(filter.clone());
        assert_eq!(ids(&world.list(&query).await), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn order_is_total_and_places_nulls_alike() {
    let world = World::new().await;
    let article = world.content_type("article");
    let author = world.content_type("author");
    let by_author = |descending| Sort {
        path: vec![world.hop("article", "author")],
        column: column(author, "name"),
        descending,
    };
    let cases: Vec<(Vec<Sort<'_>>, &[i64])> = vec![
        (vec![sort(article, "views", false)], &[14, 11, 13, 12]),
        (vec![sort(article, "views", true)], &[12, 13, 11, 14]),
        (vec![sort(article, "publishDate", true)], &[11, 12, 13, 14]),
        (
            vec![
                sort(article, "publishDate", false),
                sort(article, "views", true),
            ],
            &[14, 12, 13, 11],
        ),
        (vec![sort(article, "title", false)], &[11, 13, 14, 12]),
        (vec![by_author(true)], &[13, 11, 12, 14]),
        (
            vec![by_author(false), sort(article, "title", true)],
            &[14, 12, 11, 13],
        ),
    ];
    for (keys, expected) in cases {
        let mut query = world.query("article");
        query.sort = keys;
        assert_eq!(ids(&world.list(&query).await), expected);
    }
}

#[tokio::test]
async fn pages_of_every_kind_cover_the_list_once() {
    let world = World::new().await;
    let article = world.content_type("article");
    let mut query = world.query("article");
    query.sort = vec![sort(article, "views", true)];
    query.page = Page::Numbered {
        page: 2,
        size: 3,
        with_count: true,
    };
    let answer = world.list(&query).await;
    assert_eq!(ids(&answer), [14]);
    assert_eq!(
        answer["meta"]["pagination"],
        json!({"page": 2, "pageSize": 3, "pageCount": 2, "total": 4})
    );
    query.page = Page::Numbered {
        page: 9,
        size: 3,
        with_count: true,
    };
    let answer = world.list(&query).await;
    assert_eq!(
        answer,
        json!({"data": [], "meta": {"pagination": {"page": 9, "pageSize": 3, "pageCount": 2, "total": 4}}})
    );
    query.page = Page::Offset {
        start: 1,
        limit: 2,
        with_count: false,
    };
    let answer = world.list(&query).await;
    assert_eq!(ids(&answer), [13, 11]);
    assert_eq!(
        answer["meta"]["pagination"],
        json!({"start": 1, "limit": 2})
    );
    query.page = Page::Offset {
        start: 1,
        limit: 2,
        with_count: true,
    };
    assert_eq!(
        world.list(&query).await["meta"]["pagination"],
        json!({"start": 1, "limit": 2, "total": 4})
    );
}

#[tokio::test]
async fn cursors_walk_the_list_in_any_order() {
    let world = World::new().await;
    let article = world.content_type("article");
    for keys in [
        vec![],
        vec![("views", true)],
        vec![("views", false)],
        vec![("publishDate", true)],
        vec![("publishDate", false), ("rating", true)],
        vec![("big", true)],
    ] {
        let mut query = world.query("article");
        query.sort = keys
            .iter()
            .map(|(name, descending)| sort(article, name, *descending))
            .collect();
        let expected = ids(&world.list(&query).await);
        let mut found = Vec::new();
        let mut after = None;
        loop {
            query.page = Page::Cursor { after, size: 1 };
            let answer = world.list(&query).await;
            found.extend(ids(&answer));
            let Some(next) = answer["meta"]["pagination"]["nextCursor"].as_str() else {
                break;
            };
            after = decoded(next);
        }
        assert_eq!(found, expected, "{keys:?}");
    }
}

/// The sort values in a cursor, which is the hash of the sort and the values as base64 of JSON.
fn decoded(text: &str) -> Option<Vec<serde_json::Value>> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.chars() {
        bits = (bits << 6) | u32::try_from(LETTERS.find(letter).unwrap()).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    let mut values: Vec<serde_json::Value> = serde_json::from_slice(&bytes).unwrap();
    values.remove(0);
    Some(values)
}

#[tokio::test]
async fn one_entry_by_identity_and_single_types() {
    let world = World::new().await;
    let mut query = world.query("article");
    query.page = Page::One {
        document_id: Some(crate::fixture::document_id(12)),
    };
    assert_eq!(world.one(&query).await.unwrap()["data"]["slug"], "second");
    query.page = Page::One {
        document_id: Some(crate::fixture::document_id(15)),
    };
    assert_eq!(world.one(&query).await, None);
    query.stage = Stage::Draft;
    assert_eq!(world.one(&query).await.unwrap()["data"]["title"], "Fifth");
    let mut home = world.query("home");
    home.page = Page::One { document_id: None };
    home.selection.populated = vec![world.populated("home", "page")];
    assert_eq!(
        world.one(&home).await.unwrap()["data"]["page"]["title"],
        "Page 21 en"
    );
    home.locale = LocaleChoice::One("fr".into());
    assert_eq!(
        world.one(&home).await.unwrap()["data"]["page"]["title"],
        "Page 21 en",
        "a type without locales"
    );
}

#[tokio::test]
async fn search_looks_into_every_searchable_text() {
    let world = World::new().await;
    let mut query = world.query("article");
    query.search = Some("SECOND".into());
    assert_eq!(ids(&world.list(&query).await), [12]);
    query.search = Some("quoted".into());
    assert_eq!(ids(&world.list(&query).await), [11]);
    query.search = Some("5".into());
    assert_eq!(
        ids(&world.list(&query).await),
        [13],
        "numbers equal, identities do not contain it"
    );
    query.search = Some("0%".into());
    assert_eq!(ids(&world.list(&query).await), [11]);
}

#[tokio::test]
async fn totals_are_remembered_until_something_is_written() {
    let world = World::new().await;
    let mut query = world.query("article");
    query.page = Page::Numbered {
        page: 1,
        size: 2,
        with_count: true,
    };
    let (database, totals) = (&world.databases[0], &world.totals[0]);
    let read = async || {
        let limits = tympan::base::limits::QueryLimits::default();
        let before = database.statements();
        let list = tympan::delivery::list(database, &world.schema, totals, &query, &limits);
        let page = list.await.unwrap();
        let tympan::delivery::Pagination::Pages { total, .. } = page.pagination else {
            panic!("not by pages");
        };
        (total.unwrap(), database.statements() - before)
    };
    assert_eq!(read().await, (4, 2));
    assert_eq!(read().await, (4, 1));
    let gone = "delete from c1_p where id = 14".to_owned();
    crate::fixture::run(
        database,
        vec![tympan::platform::database::Statement::new(gone)],
    )
    .await;
    totals.bump();
    assert_eq!(read().await, (3, 2));
    assert_eq!(read().await, (3, 1));
}

/// Nothing is scanned but the page itself: SQLite finds links by their key and rows by their number.
#[tokio::test]
async fn sqlite_reads_links_and_targets_by_their_keys() {
    let world = World::new().await;
    let article = world.content_type("article");
    let author = world.content_type("author");
    let mut query = world.query("article");
    query.sort = vec![sort(article, "publishDate", true)];
    query.selection.populated = ["author", "category", "tags", "cover"]
        .map(|name| world.populated("article", name))
        .into();
    let plan = plan(&world, &query).await;
    assert!(plan.contains("USING COVERING INDEX c1_p_f14"), "{plan}");
    assert_eq!(
        plan.matches("USING PRIMARY KEY (owner=? AND stage=? AND field=? AND locale=? AND item=?)")
            .count(),
        4,
        "{plan}"
    );
    assert!(!plan.contains("TEMP B-TREE FOR ORDER BY"), "{plan}");
    assert_eq!(plan.matches("SCAN").count(), 2, "{plan}");
    query.filter = Some(Filter::Some(
        world.hop("article", "author"),
        Box::new(compare(author, "name", Operator::Eq(json!("Ann")))),
    ));
    let filtered = self::plan(&world, &query).await;
    assert!(
        filtered
            .contains("USING COVERING INDEX links_by_target (target=? AND field=? AND stage=?)"),
        "{filtered}"
    );
}

async fn plan(world: &World, query: &tympan::query::ListQuery<'_>) -> String {
    use tympan::platform::database::Statement;
    use tympan::query::compile::{CompileOptions, page};
    let database = &world.databases[0];
    let limits = tympan::base::limits::QueryLimits::default();
    let options = CompileOptions::new(database.dialect(), &world.schema, query.stage, &limits);
    let statement = page(options, query);
    let sql = format!("explain query plan {}", statement.sql());
    let rows = database
        .fetch_all(Statement::with(sql, statement.values().to_vec()))
        .await
        .unwrap();
    let lines: Vec<&str> = rows.iter().map(|row| row.text(3).unwrap()).collect();
    lines.join("\n")
}

#[tokio::test]
async fn eight_levels_of_relations_and_filters_compile_and_run() {
    let world = World::new().await;
    let (article, author) = (world.content_type("article"), world.content_type("author"));
    let mut part: Option<tympan::query::Populated<'_>> = None;
    let mut filter = compare(author, "name", Operator::Ne(json!("nobody")));
    for level in 0..8 {
        let (from, name, target) = if level % 2 == 0 {
            ("article", "author", author)
        } else {
            ("author", "articles", article)
        };
        let inner = part.take();
        part = Some(world.populated_with(from, name, |nested| {
            nested.selection = only(target, if level % 2 == 0 { "name" } else { "slug" });
            nested.selection.populated = inner.into_iter().collect();
        }));
        filter = Filter::Some(world.hop(from, name), Box::new(filter));
    }
    let mut query = world.query("author");
    query.selection.populated = part.into_iter().collect();
    query.filter = Some(filter);
    let answer = world.list(&query).await;
    assert_eq!(ids(&answer), [1, 2]);
    let deep =
        "/data/0/articles/1/author/articles/0/author/articles/0/author/articles/0/author/name";
    assert_eq!(answer.pointer(deep), Some(&json!("Ann")), "{answer:#}");
}
