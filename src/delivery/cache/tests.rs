use std::sync::Arc;

use tokio::sync::oneshot;

use super::*;

const ASKED: Asked<'static> = Asked {
    scope: 1,
    path: "articles",
    query: "",
    v4: false,
};

fn cache() -> Cache {
    let cache = Cache::new(CacheConfig::default());
    cache.followed.store(true, Ordering::Release);
    cache
}

/// The shape of a list of all documents of type 7.
fn shape() -> Shape {
    use crate::base::Stage;
    use crate::query::{ListQuery, LocaleChoice, Page, Selection};
    use crate::schema::{ContentType, Schema, TypeId, TypeKind};

    let content_type = ContentType {
        id: TypeId(7),
        uid: "api::article.article".into(),
        kind: TypeKind::Collection,
        singular: "article".into(),
        plural: "articles".into(),
        display_name: "Article".into(),
        draft_and_publish: true,
        localized: false,
        populate_creator_fields: false,
        fields: Vec::new(),
        definition: serde_json::Map::new(),
    };
    let query = ListQuery {
        content_type: &content_type,
        stage: Stage::Published,
        locale: LocaleChoice::One("en".into()),
        publication: None,
        filter: None,
        search: None,
        sort: Vec::new(),
        page: Page::Offset {
            start: 0,
            limit: 25,
            with_count: true,
        },
        selection: Selection::default(),
    };
    Shape::of_list(&Schema::default(), &query).unwrap()
}

fn created() -> Impact {
    let sides = crate::changes::Sides {
        after: Some(serde_json::Map::new()),
        ..Default::default()
    };
    Impact {
        type_id: 7,
        document: mark("new"),
        detail: Some(crate::changes::Detail {
            locales: std::collections::BTreeMap::from([(String::new(), sides)]),
            links: Vec::new(),
        }),
        ..Impact::default()
    }
}

#[tokio::test]
async fn an_answer_that_a_change_overtook_is_not_kept_and_not_given_to_later_ones() {
    let cache = Arc::new(cache());
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let (begun, has_begun) = oneshot::channel::<()>();
    let slots = Arc::new(Mutex::new((Some(begun), Some(may_go_on))));
    let first = tokio::spawn({
        let (cache, slots) = (Arc::clone(&cache), Arc::clone(&slots));
        async move {
            let make = || async {
                let (begun, may_go_on) = {
                    let mut slots = slots.lock().unwrap();
                    (slots.0.take().unwrap(), slots.1.take().unwrap())
                };
                begun.send(()).unwrap();
                may_go_on.await.unwrap();
                Ok(Some(b"old".to_vec()))
            };
            cache.read(ASKED, Some(shape()), None, make).await.unwrap()
        }
    });
    has_begun.await.unwrap();
    cache.evict(created());
    let second = tokio::spawn({
        let cache = Arc::clone(&cache);
        async move {
            let make = || async { Ok(Some(b"new".to_vec())) };
            cache.read(ASKED, Some(shape()), None, make).await.unwrap()
        }
    });
    while lock(&cache.flights)
        .values()
        .all(|flight| Arc::strong_count(flight) < 3)
    {
        tokio::task::yield_now().await;
    }
    go_on.send(()).unwrap();
    assert_eq!(
        first.await.unwrap().answer.body.as_deref(),
        Some(&b"old"[..])
    );
    assert_eq!(
        second.await.unwrap().answer.body.as_deref(),
        Some(&b"new"[..])
    );
    assert_eq!(cache.get(ASKED).unwrap().body.as_deref(), Some(&b"new"[..]));
}

#[tokio::test]
async fn whoever_waits_is_not_left_alone_when_the_maker_goes_away() {
    let cache = Arc::new(cache());
    let gone = tokio::spawn({
        let cache = Arc::clone(&cache);
        async move {
            let make = || async { std::future::pending().await };
            cache.read(ASKED, Some(shape()), None, make).await
        }
    });
    while lock(&cache.flights).is_empty() {
        tokio::task::yield_now().await;
    }
    let waiting = tokio::spawn({
        let cache = Arc::clone(&cache);
        async move {
            let make = || async { Ok(Some(b"made".to_vec())) };
            cache.read(ASKED, Some(shape()), None, make).await.unwrap()
        }
    });
    while lock(&cache.flights)
        .values()
        .all(|flight| Arc::strong_count(flight) < 3)
    {
        tokio::task::yield_now().await;
    }
    gone.abort();
    assert_eq!(
        waiting.await.unwrap().answer.body.as_deref(),
        Some(&b"made"[..])
    );
}

#[test]
fn a_change_of_another_type_touches_nothing() {
    let other = Impact {
        type_id: 8,
        ..created()
    };
    assert_eq!(created().touch(&shape()), impact::Touch::All);
    assert!(matches!(other.touch(&shape()), impact::Touch::Showing(_)));
}
