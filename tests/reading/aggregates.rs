//! Aggregations.

use serde_json::json;
use tympan::base::Stage;
use tympan::query::{AggregateQuery, LocaleChoice, Measure, Operator, Sort};

use crate::world::{World, column, compare};

#[tokio::test]
async fn groups_come_in_order_with_what_is_measured() {
    let world = World::new().await;
    let article = world.content_type("article");
    let category = world.content_type("category");
    let views = column(article, "views");
    let mut query = AggregateQuery {
        content_type: article,
        stage: Stage::Published,
        locale: LocaleChoice::One("en".into()),
        filter: None,
        search: None,
        group_by: Vec::new(),
        measures: vec![
            ("count".into(), Measure::Count),
            (
                "a \"b\"".into(),
                Measure::CountDistinct(column(article, "featured")),
            ),
            ("least".into(), Measure::Min(views)),
            ("most".into(), Measure::Max(column(article, "big"))),
            ("mean".into(), Measure::Avg(views)),
            ("sum".into(), Measure::Sum(views)),
            ("ever".into(), Measure::Max(column(article, "featured"))),
            ("last".into(), Measure::Max(column(article, "publishDate"))),
        ],
        limit: 10,
    };
    let all = json!({
        "count": 4, "a \"b\"": 2, "least": 100, "most": "9007199254740993", "mean": 200, "sum": 600, "ever": true,
        "last": "2024-03-01T00:00:00.000Z",
    });
    assert_eq!(
        world.aggregate(&query).await,
        json!({"data": [{"group": {}, "measures": all}], "meta": {"limit": 10, "more": false}})
    );
    query.measures.truncate(1);
    query.group_by = vec![Sort {
        path: vec![world.hop("article", "category")],
        column: column(category, "slug"),
        descending: true,
    }];
    let group = |slug: serde_json::Value, count: i64| json!({"group": {"category.slug": slug}, "measures": {"count": count}});
    assert_eq!(
        world.aggregate(&query).await["data"],
        json!([
            group(json!("category-4"), 1),
            group(json!("category-3"), 2),
            group(json!(null), 1)
        ])
    );
    query.limit = 1;
    let first = world.aggregate(&query).await;
    assert_eq!(
        first,
        json!({"data": [group(json!("category-4"), 1)], "meta": {"limit": 1, "more": true}})
    );
    query.filter = Some(compare(article, "views", Operator::Lt(json!(150))));
    assert_eq!(
        world.aggregate(&query).await["data"],
        json!([group(json!("category-3"), 1)])
    );
    query.filter = Some(compare(article, "views", Operator::Lt(json!(0))));
    assert_eq!(world.aggregate(&query).await["data"], json!([]));
}
