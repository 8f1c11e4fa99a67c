//! Components, zones and polymorphic relations.

use serde_json::{Value as Json, json};
use tympan::base::Stage;
use tympan::query::{Column, Filter, Operator, Populated, Selection, Shape};
use tympan::schema::Component;

use crate::world::{World, only};

/// `id` and the named fields of an item.
fn item<'s>(component: &'s Component, names: &[&str]) -> Selection<'s> {
    let fields = names
        .iter()
        .map(|name| Column::Field(component.field(name).unwrap()));
    Selection {
        columns: [Column::Id].into_iter().chain(fields).collect(),
        populated: Vec::new(),
    }
}

fn component<'s>(
    world: &'s World,
    fields: &'s [tympan::schema::Field],
    name: &'s str,
    selection: Selection<'s>,
) -> Populated<'s> {
    let tympan::query::Hop::Component { field, component } = world.hop_of(fields, name) else {
        panic!("{name} is no component")
    };
    let tympan::schema::FieldKind::Component { repeatable, .. } = field.kind else {
        panic!()
    };
    Populated {
        name,
        shape: Shape::Component {
            field,
            component,
            repeatable,
            selection,
        },
    }
}

/// Sections with their links, each with its article (and its author) and icon.
fn sections(world: &World) -> Populated<'_> {
    let section = world.schema.component("menu.section").unwrap();
    let link = world.schema.component("menu.link").unwrap();
    let article = world.content_type("article");
    let mut links = item(link, &["label", "weight"]);
    links.populated = vec![
        world.populated_of(&link.fields, "article", |nested| {
            nested.selection = only(article, "slug");
            nested.selection.populated =
                vec![world.populated_with("article", "author", |author| {
                    author.selection = only(world.content_type("author"), "name");
                })];
        }),
        world.populated_of(&link.fields, "icon", |nested| {
            nested.selection = only(world.content_type("plugin::upload.file"), "url");
        }),
    ];
    let mut sections = item(section, &["heading"]);
    sections.populated = vec![component(world, &section.fields, "links", links)];
    component(
        world,
        &world.content_type("article").fields,
        "sections",
        sections,
    )
}

#[tokio::test]
async fn items_get_their_names_and_what_they_link_to() {
    let world = World::new().await;
    let mut query = world.query("article");
    query.selection = only(world.content_type("article"), "slug");
    query.selection.populated = vec![sections(&world)];
    let answer = world.list(&query).await;
    let link_to_12 = json!({
        "id": 811, "label": "to 12", "weight": 7,
        "article": {"id": 12, "slug": "second", "author": {"id": 1, "name": "Ann"}},
        "icon": {"id": 9, "url": "/uploads/a.png"},
    });
    assert_eq!(
        answer["data"][0],
        json!({
            "id": 11, "slug": "first",
            "sections": [
                {"id": 801, "heading": "One", "links": [
                    link_to_12,
                    {"id": 812, "label": "to 15", "weight": null, "article": null, "icon": null}]},
                {"id": 802, "heading": "Two", "links": []}],
        })
    );
    assert_eq!(
        answer["data"][1],
        json!({"id": 12, "slug": "second", "sections": []})
    );
    query.stage = Stage::Draft;
    let drafts = world.list(&query).await;
    assert_eq!(
        drafts["data"][0]["sections"][0]["links"][1]["article"]["id"],
        15
    );
}

#[tokio::test]
async fn components_of_populated_entries_are_completed_too() {
    let world = World::new().await;
    let author = world.content_type("author");
    let link = world.schema.component("menu.link").unwrap();
    let mut query = world.query("article");
    query.selection = only(world.content_type("article"), "slug");
    query.selection.populated = vec![world.populated_with("article", "author", |nested| {
        let mut selection = item(link, &["label", "big"]);
        selection.populated = vec![world.populated_of(&link.fields, "article", |nested| {
            nested.selection = only(world.content_type("article"), "slug");
        })];
        nested.selection = only(author, "name");
        nested.selection.populated = vec![component(&world, &author.fields, "link", selection)];
    })];
    let answer = world.list(&query).await;
    let ann = json!({"id": 1, "name": "Ann", "link": {
        "id": 900, "label": "site", "big": "9007199254740993", "article": {"id": 12, "slug": "second"}}});
    assert_eq!(answer["data"][0]["author"], ann);
    assert_eq!(answer["data"][1]["author"], ann);
    assert_eq!(answer["data"][2]["author"]["link"], json!(null));
    assert_eq!(answer["data"][3]["author"], json!(null));
}

#[tokio::test]
async fn zones_keep_their_order_and_leave_out_what_was_not_asked_for() {
    let world = World::new().await;
    let article = world.content_type("article");
    let (link, quote) = (
        world.schema.component("menu.link").unwrap(),
        world.schema.component("menu.quote").unwrap(),
    );
    let field = article.field("blocks").unwrap();
    let mut link_selection = item(link, &["label"]);
    link_selection.populated = vec![world.populated_of(&link.fields, "article", |nested| {
        nested.selection = only(article, "slug");
    })];
    let both = vec![
        (&**quote, item(quote, &["words"])),
        (&**link, link_selection),
    ];
    let mut query = world.query("article");
    query.selection = only(article, "slug");
    query.selection.populated = vec![Populated {
        name: "blocks",
        shape: Shape::Zone { field, parts: both },
    }];
    let answer = world.list(&query).await;
    assert_eq!(
        answer["data"][0]["blocks"],
        json!([
            {"__component": "menu.quote", "id": 821, "words": "said"},
            {"__component": "menu.link", "id": 822, "label": "zone link", "article": {"id": 13, "slug": "third"}},
            {"__component": "menu.quote", "id": 823, "words": "again"},
        ])
    );
    assert_eq!(answer["data"][1]["blocks"], json!([]));
    let one = vec![(&**link, item(link, &["label"]))];
    query.selection.populated = vec![Populated {
        name: "blocks",
        shape: Shape::Zone { field, parts: one },
    }];
    assert_eq!(
        world.list(&query).await["data"][0]["blocks"],
        json!([
        {"__component": "menu.link", "id": 822, "label": "zone link"}])
    );
}

#[tokio::test]
async fn polymorphic_relations_name_the_type_of_each_target() {
    let world = World::new().await;
    let (article, author, tag) = (
        world.content_type("article"),
        world.content_type("author"),
        world.content_type("tag"),
    );
    let field = article.field("related").unwrap();
    let mut query = world.query("article");
    query.selection = only(article, "slug");
    let parts = vec![
        (author, only(author, "name")),
        (article, only(article, "slug")),
    ];
    query.selection.populated = vec![Populated {
        name: "related",
        shape: Shape::Morph {
            field,
            many: true,
            parts,
        },
    }];
    let answer = world.list(&query).await;
    assert_eq!(
        answer["data"][0]["related"],
        json!([
        {"id": 2, "name": "Bob \"Q\" Ünal\n", "__type": "api::author.author"},
        {"id": 13, "slug": "third", "__type": "api::article.article"}])
    );
    assert_eq!(answer["data"][1]["related"], json!([]));
    let link = world.schema.component("menu.link").unwrap();
    let mut with_link = only(author, "name");
    with_link.populated = vec![component(
        &world,
        &author.fields,
        "link",
        item(link, &["label"]),
    )];
    let parts = vec![(tag, only(tag, "name")), (author, with_link)];
    query.selection.populated = vec![Populated {
        name: "related",
        shape: Shape::Morph {
            field,
            many: true,
            parts,
        },
    }];
    let answer = world.list(&query).await;
    assert_eq!(
        answer["data"][0]["related"],
        json!([
        {"id": 2, "name": "Bob \"Q\" Ünal\n", "link": null, "__type": "api::author.author"},
        {"id": 5, "name": "Tag 5", "__type": "api::tag.tag"}])
    );
}

#[tokio::test]
async fn counts_take_the_place_of_what_they_count() {
    let world = World::new().await;
    let mut query = world.query("article");
    query.selection = only(world.content_type("article"), "slug");
    query.selection.populated = vec![Populated {
        name: "tags",
        shape: Shape::Count {
            hop: world.hop("article", "tags"),
            filter: None,
        },
    }];
    let answer = world.list(&query).await;
    assert_eq!(answer["data"][0]["tags"], json!({"count": 3}));
    assert_eq!(answer["data"][3]["tags"], json!({"count": 0}));
    let section = world.schema.component("menu.section").unwrap();
    let link = world.schema.component("menu.link").unwrap();
    let mut items = item(section, &["heading"]);
    let count = |filter| Populated {
        name: "links",
        shape: Shape::Count {
            hop: world.hop_of(&section.fields, "links"),
            filter,
        },
    };
    let label = Filter::Compare(
        Column::Field(link.field("label").unwrap()),
        Operator::Eq(json!("to 15")),
    );
    items.populated = vec![count(None), count(Some(label))];
    query.selection.populated = vec![
        Populated {
            name: "blocks",
            shape: Shape::Count {
                hop: world.hop("article", "sections"),
                filter: None,
            },
        },
        component(
            &world,
            &world.content_type("article").fields,
            "sections",
            items,
        ),
    ];
    let answer = world.list(&query).await;
    assert_eq!(answer["data"][0]["blocks"], json!({"count": 2}));
    assert_eq!(answer["data"][1]["blocks"], json!({"count": 0}));
    let text = answer["data"][0]["sections"].to_string();
    assert_eq!(
        text,
        r#"[{"id":801,"heading":"One","links":{"count":1}},{"id":802,"heading":"Two","links":{"count":0}}]"#
    );
}

#[tokio::test]
async fn the_number_of_statements_depends_on_what_is_populated_only() {
    let world = World::new().await;
    let mut query = world.query("article");
    query.page = tympan::query::Page::Offset {
        start: 0,
        limit: 100,
        with_count: false,
    };
    query.selection.populated = vec![
        world.populated("article", "author"),
        world.populated("article", "tags"),
    ];
    assert_eq!(statements(&world, &query).await, 1);
    query.selection.populated.push(sections(&world));
    assert_eq!(statements(&world, &query).await, 2);
    query.page = tympan::query::Page::Offset {
        start: 0,
        limit: 1,
        with_count: false,
    };
    assert_eq!(statements(&world, &query).await, 2);
}

async fn statements(world: &World, query: &tympan::query::ListQuery<'_>) -> u64 {
    let before: u64 = world
        .databases
        .iter()
        .map(|database| database.statements())
        .sum();
    let _: Json = world.list(query).await;
    let after: u64 = world
        .databases
        .iter()
        .map(|database| database.statements())
        .sum();
    (after - before) / 2
}

#[tokio::test]
async fn the_form_of_strapi_4_wraps_entries_and_relations() {
    let world = World::new().await;
    let article = world.content_type("article");
    let mut query = world.query("article");
    query.selection = only(article, "slug");
    query.selection.populated = vec![
        world.populated_with("article", "author", |author| {
            author.selection = only(world.content_type("author"), "name")
        }),
        world.populated_with("article", "tags", |tags| {
            tags.selection = only(world.content_type("tag"), "name")
        }),
        sections(&world),
    ];
    let body = world.list(&query).await.to_string();
    let v4 = tympan::delivery::v4(body.as_bytes(), &query).unwrap();
    let v4: Json = serde_json::from_slice(&v4).unwrap();
    let tag = |id: i64, name: &str| json!({"id": id, "attributes": {"name": name}});
    assert_eq!(v4["data"][0]["id"], 11);
    let attributes = &v4["data"][0]["attributes"];
    assert_eq!(attributes["slug"], "first");
    assert_eq!(
        attributes["author"],
        json!({"data": {"id": 1, "attributes": {"name": "Ann"}}})
    );
    assert_eq!(
        attributes["tags"],
        json!({"data": [tag(7, "Tag 3"), tag(5, "Tag 5"), tag(6, "Tag 4")]})
    );
    let link = &attributes["sections"][0]["links"][0];
    assert_eq!(link["label"], "to 12");
    assert_eq!(
        link["article"]["data"]["attributes"]["author"]["data"]["attributes"]["name"],
        "Ann"
    );
    assert_eq!(v4["data"][3]["attributes"]["author"], json!({"data": null}));
    assert_eq!(v4["meta"]["pagination"]["total"], 4);
}
