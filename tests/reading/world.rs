//! The content of the tests, on both databases, and queries written short.

use serde_json::{Value as Json, json};
use tympan::base::Stage;
use tympan::base::limits::QueryLimits;
use tympan::delivery::{self, ReadError, Totals};
use tympan::platform::database::{Database, DatabaseConfig};
use tympan::query::{
    AggregateQuery, Column, Filter, Hop, ListQuery, LocaleChoice, Nested, Operator, Page,
    Populated, Selection, Shape, Sort,
};
use tympan::schema::{ContentType, Field, Schema};

use crate::fixture::{Rows, make_tables, schema};
use crate::support::{Folder, Postgres};

pub(crate) const BOTH: &[Stage] = &[Stage::Draft, Stage::Published];
pub(crate) const PUBLISHED: &[Stage] = &[Stage::Published];

/// One schema with the same content in two databases.
pub(crate) struct World {
    pub(crate) schema: Schema,
    pub(crate) databases: Vec<Database>,
    pub(crate) totals: Vec<Totals>,
    _folder: Folder,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = Folder::new();
        let sqlite = format!("sqlite:{}", folder.path().join("test.db").display());
        let schema = schema();
        let mut databases = Vec::new();
        for url in [sqlite, Postgres::shared().fresh_database()] {
            let config = DatabaseConfig {
                url,
                ..DatabaseConfig::default()
            };
            let database = Database::open(&config).await.unwrap();
            make_tables(&database, &schema).await;
            fill(&database, &schema).await;
            databases.push(database);
        }
        let totals = vec![Totals::new(), Totals::new()];
        Self {
            schema,
            databases,
            totals,
            _folder: folder,
        }
    }

    pub(crate) fn content_type(&self, name: &str) -> &ContentType {
        self.schema.content_type(name).unwrap()
    }

    /// The published entries of a type, whole, 25 to a page.
    pub(crate) fn query(&self, name: &str) -> ListQuery<'_> {
        let content_type = self.content_type(name);
        ListQuery {
            content_type,
            stage: Stage::Published,
            locale: LocaleChoice::One("en".into()),
            publication: None,
            filter: None,
            search: None,
            sort: Vec::new(),
            page: Page::Numbered {
                page: 1,
                size: 25,
                with_count: true,
            },
            selection: whole(content_type),
        }
    }

    /// The answer, the same from both databases.
    pub(crate) async fn list(&self, query: &ListQuery<'_>) -> Json {
        self.try_list(query).await.unwrap()
    }

    pub(crate) async fn try_list(&self, query: &ListQuery<'_>) -> Result<Json, ReadError> {
        self.list_within(query, &QueryLimits::default()).await
    }

    pub(crate) async fn list_within(
        &self,
        query: &ListQuery<'_>,
        limits: &QueryLimits,
    ) -> Result<Json, ReadError> {
        let mut answers = Vec::new();
        for (database, totals) in self.databases.iter().zip(&self.totals) {
            let page = delivery::list(database, &self.schema, totals, query, limits).await;
            answers.push(page.map(|page| {
                let body = page.into_body();
                serde_json::from_slice::<Json>(&body).unwrap()
            }));
        }
        let second = answers.pop().unwrap();
        let first = answers.pop().unwrap();
        match (&first, &second) {
            (Ok(first), Ok(second)) => assert_eq!(
                serde_json::to_string_pretty(first).unwrap(),
                serde_json::to_string_pretty(second).unwrap()
            ),
            (Err(first), Err(second)) => assert_eq!(first.to_string(), second.to_string()),
            _ => panic!("SQLite: {first:?}\nPostgres: {second:?}"),
        }
        first
    }

    pub(crate) async fn one(&self, query: &ListQuery<'_>) -> Option<Json> {
        let limits = QueryLimits::default();
        let mut answers = Vec::new();
        for database in &self.databases {
            let body = delivery::one(database, &self.schema, query, &limits)
                .await
                .unwrap();
            answers.push(body.map(|body| serde_json::from_slice::<Json>(&body).unwrap()));
        }
        assert_eq!(answers[0], answers[1]);
        answers.remove(0)
    }

    pub(crate) async fn aggregate(&self, query: &AggregateQuery<'_>) -> Json {
        let limits = QueryLimits::default();
        let mut answers = Vec::new();
        for database in &self.databases {
            let body = delivery::aggregate(database, &self.schema, query, &limits)
                .await
                .unwrap();
            answers.push(serde_json::from_slice::<Json>(&body).unwrap());
        }
        assert_eq!(answers[0], answers[1]);
        answers.remove(0)
    }

    pub(crate) fn hop(&self, from: &str, name: &str) -> Hop<'_> {
        self.hop_of(&self.content_type(from).fields, name)
    }

    pub(crate) fn hop_of<'s>(&'s self, fields: &'s [Field], name: &str) -> Hop<'s> {
        use tympan::schema::FieldKind;
        let field = fields.iter().find(|field| field.name == name).unwrap();
        match &field.kind {
            FieldKind::Media { .. } => Hop::Media {
                field,
                target: self.content_type("plugin::upload.file"),
            },
            FieldKind::Component { component, .. } => Hop::Component {
                field,
                component: self.schema.component(component).unwrap(),
            },
            FieldKind::Relation(relation) => {
                let target = self.content_type(relation.target.as_deref().unwrap());
                match &relation.mapped_by {
                    Some(owner) => Hop::Inverse {
                        field,
                        owner_field: target.field(owner).unwrap(),
                        target,
                    },
                    None => Hop::Relation { field, target },
                }
            }
            _ => panic!("{name} is no hop"),
        }
    }

    /// A populated relation with its whole targets.
    pub(crate) fn populated<'s>(&'s self, from: &str, name: &'s str) -> Populated<'s> {
        self.populated_with(from, name, |_| {})
    }

    pub(crate) fn populated_with<'s>(
        &'s self,
        from: &str,
        name: &'s str,
        change: impl FnOnce(&mut Nested<'s>),
    ) -> Populated<'s> {
        self.populated_of(&self.content_type(from).fields, name, change)
    }

    pub(crate) fn populated_of<'s>(
        &'s self,
        fields: &'s [Field],
        name: &'s str,
        change: impl FnOnce(&mut Nested<'s>),
    ) -> Populated<'s> {
        use tympan::schema::FieldKind;
        let hop = self.hop_of(fields, name);
        let (target, many) = match hop {
            Hop::Relation { field, target } | Hop::Inverse { field, target, .. } => {
                let FieldKind::Relation(relation) = &field.kind else {
                    panic!("no relation")
                };
                (target, relation.is_many())
            }
            Hop::Media { target, .. } => (target, false),
            Hop::Component { .. } => panic!("components are populated otherwise"),
        };
        let mut nested = Nested {
            selection: whole(target),
            filter: None,
            sort: Vec::new(),
            start: 0,
            limit: None,
        };
        change(&mut nested);
        Populated {
            name,
            shape: Shape::Entries {
                hop,
                many,
                nested: Box::new(nested),
            },
        }
    }
}

/// Every scalar of a type.
pub(crate) fn whole(content_type: &ContentType) -> Selection<'_> {
    let mut columns = vec![Column::Id, Column::DocumentId];
    let fields = content_type
        .fields
        .iter()
        .filter(|field| field.kind.is_scalar());
    columns.extend(fields.map(Column::Field));
    columns.extend([
        Column::CreatedAt,
        Column::UpdatedAt,
        Column::PublishedAt,
        Column::Locale,
    ]);
    Selection {
        columns,
        populated: Vec::new(),
    }
}

/// The identities and one field.
pub(crate) fn only<'s>(content_type: &'s ContentType, name: &str) -> Selection<'s> {
    Selection {
        columns: vec![Column::Id, column(content_type, name)],
        populated: Vec::new(),
    }
}

pub(crate) fn column<'s>(content_type: &'s ContentType, name: &str) -> Column<'s> {
    Column::Field(content_type.field(name).unwrap())
}

pub(crate) fn compare<'s>(
    content_type: &'s ContentType,
    name: &str,
    operator: Operator,
) -> Filter<'s> {
    Filter::Compare(column(content_type, name), operator)
}

pub(crate) fn sort<'s>(content_type: &'s ContentType, name: &str, descending: bool) -> Sort<'s> {
    Sort {
        path: Vec::new(),
        column: column(content_type, name),
        descending,
    }
}

/// The numeric ids of the entries of an answer.
pub(crate) fn ids(answer: &Json) -> Vec<i64> {
    answer["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_i64().unwrap())
        .collect()
}

async fn fill(database: &Database, schema: &Schema) {
    let mut rows = Rows::new(database.dialect());
    for (doc, name) in [(1, "Ann"), (2, "Bob \"Q\" Ünal\n")] {
        let link = if doc == 1 {
            json!([{"id": 900, "f111": "site", "f114": 3, "f115": 9007199254740993_i64}])
        } else {
            json!([])
        };
        rows.entry(
            schema,
            "author",
            doc,
            PUBLISHED,
            &json!({"name": name, "link": link}),
        );
    }
    rows.links_of(1, 1, 112, "", 900, &[12]);
    for doc in 3..=4 {
        rows.entry(
            schema,
            "category",
            doc,
            PUBLISHED,
            &json!({"name": format!("Category {doc}"), "slug": format!("category-{doc}")}),
        );
    }
    for doc in 5..=8 {
        rows.entry(
            schema,
            "tag",
            doc,
            PUBLISHED,
            &json!({"name": format!("Tag {}", 10 - doc)}),
        );
    }
    rows.entry(
        schema,
        "plugin::upload.file",
        9,
        PUBLISHED,
        &json!({"name": "a.png", "url": "/uploads/a.png"}),
    );
    articles(&mut rows, schema);
    pages(&mut rows, schema);
    rows.store(database).await;
}

/// Articles 11 to 15: 15 is a draft only; 14 has nothing but a title.
fn articles(rows: &mut Rows, schema: &Schema) {
    let long = "é line\n\t\"quoted\" \u{1}".repeat(20);
    rows.entry(schema, "article", 11, BOTH, &json!({
        "title": "First 100% sure", "slug": "first", "body": long, "publishDate": "2024-03-01T00:00:00.000Z",
        "views": 100, "featured": true, "rating": 0.1, "big": 9_007_199_254_740_993_i64, "extra": {"a": [1, {"b": null}]},
        "sections": [
            {"id": 801, "f101": "One", "f102": [
                {"id": 811, "f111": "to 12", "f114": 7}, {"id": 812, "f111": "to 15"}]},
            {"id": 802, "f101": "Two"}],
        "blocks": [
            {"id": 821, "c": 120, "f121": "said"}, {"id": 822, "c": 110, "f111": "zone link"}, {"id": 823, "c": 120, "f121": "again"}],
    }));
    rows.entry(schema, "article", 12, BOTH, &json!({
        "title": "second_thing", "slug": "second", "body": "", "publishDate": "2024-02-01T00:00:00.000Z",
        "views": 300, "featured": false, "rating": 0.1_f64 + 0.2, "big": -5, "extra": ["x", "y"],
    }));
    rows.entry(schema, "article", 13, BOTH, &json!({
        "title": "Third", "slug": "third", "publishDate": "2024-02-01T00:00:00.000Z", "views": 200, "featured": false,
        "rating": 5.0, "extra": "text",
    }));
    rows.entry(schema, "article", 14, BOTH, &json!({"title": "fourth"}));
    rows.entry(
        schema,
        "article",
        15,
        &[Stage::Draft],
        &json!({"title": "Fifth", "views": 1}),
    );
    for (article, author, category) in [(11, 1, 3), (12, 1, 3), (13, 2, 4), (15, 1, 3)] {
        rows.links(article, 20, &[author]);
        rows.links(article, 21, &[category]);
    }
    rows.links(11, 22, &[7, 5, 6]);
    rows.links(12, 22, &[5]);
    rows.links(11, 23, &[9]);
    rows.links(11, 26, &[2, 13, 15, 5]);
    for stage in [0, 1] {
        rows.links_of(11, stage, 112, "", 811, &[12]);
        rows.links_of(11, stage, 112, "", 812, &[15]);
        rows.links_of(11, stage, 112, "", 822, &[13]);
        rows.links_of(11, stage, 113, "", 811, &[9]);
    }
}

/// Pages 21 (en, fr), 22 (en, fr; child of 21 in en only), 23 (fr).
fn pages(rows: &mut Rows, schema: &Schema) {
    for doc in 21..=23 {
        rows.entry(
            schema,
            "page",
            doc,
            BOTH,
            &json!({"code": format!("p{doc}")}),
        );
        for (index, locale) in ["en", "fr"].into_iter().enumerate() {
            if doc == 23 && locale == "en" {
                continue;
            }
            let id = 100 + doc * 10 + i64::try_from(index).unwrap();
            let title = json!({"title": format!("Page {doc} {locale}")});
            rows.locale(schema, "page", id, doc, locale, BOTH, &title);
        }
    }
    for stage in [0, 1] {
        rows.links_of(22, stage, 63, "en", 0, &[21]);
        rows.links_of(23, stage, 63, "fr", 0, &[21]);
        rows.links_of(21, stage, 64, "", 0, &[11]);
    }
    rows.entry(schema, "home", 31, PUBLISHED, &json!({"title": "Home"}));
    rows.links(31, 72, &[21]);
}
