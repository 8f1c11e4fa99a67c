//! Writers at the same time: one wins where only one can, all win where all can.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tympan::entries::{EntryError, Saved, Target, Which};
use tympan::platform::database::Statement;

use crate::site::{On, Site};
use crate::types;

const TASKS: usize = 16;

type Outcome = Result<Saved, EntryError>;

/// Runs the same kind of write in many tasks at once.
async fn at_once<F, W>(site: &Arc<Site>, write: W) -> Vec<Outcome>
where
    W: Fn(Arc<Site>, usize) -> F,
    F: Future<Output = Outcome> + Send + 'static,
{
    let tasks: Vec<_> = (0..TASKS)
        .map(|n| tokio::spawn(write(Arc::clone(site), n)))
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

async fn update(
    site: &Site,
    key: &str,
    which: Which,
    expected: Option<i64>,
    json: Json,
) -> Outcome {
    let of = types::of(key);
    let edit = site.edit(of, json.as_object().unwrap(), true).await?;
    let locale = if of.locales { "en" } else { "" };
    let mut request = site.request(of, locale, Target::Draft);
    request.expected = expected;
    site.entries.update(request, which, edit).await
}

async fn create(site: &Site, key: &str, json: Json) -> Outcome {
    let of = types::of(key);
    let locale = if of.locales { "en" } else { "" };
    site.create(of, locale, Target::Published, json).await
}

fn won(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

async fn one_revision_is_written_once(site: &Arc<Site>) {
    let page = create(site, "page", json!({ "title": "0" })).await.unwrap();
    let id = page.document_id;
    let outcomes = at_once(site, |site, n| {
        let which = Which::Id(id.clone());
        async move {
            update(
                &site,
                "page",
                which,
                Some(1),
                json!({ "title": n.to_string() }),
            )
            .await
        }
    })
    .await;
    assert_eq!(won(&outcomes), 1, "{outcomes:?}");
    let stale = |outcome: &&Outcome| {
        matches!(
            outcome,
            Err(EntryError::Stale {
                expected: 1,
                found: 2
            })
        )
    };
    assert_eq!(outcomes.iter().filter(stale).count(), TASKS - 1);
    let outcomes = at_once(site, |site, n| {
        let which = Which::Id(id.clone());
        async move {
            update(
                &site,
                "page",
                which,
                None,
                json!({ "title": n.to_string() }),
            )
            .await
        }
    })
    .await;
    let revisions: BTreeSet<i64> = outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap().revision)
        .collect();
    assert_eq!(revisions, (3..19).collect());
}

async fn a_unique_value_is_taken_once(site: &Arc<Site>) {
    let outcomes = at_once(site, |site, _| async move {
        create(&site, "page", json!({ "code": "same" })).await
    })
    .await;
    assert_eq!(won(&outcomes), 1, "{outcomes:?}");
    let invalid = |outcome: &&Outcome| matches!(outcome, Err(EntryError::Invalid(problems)) if problems[0].path == ["code"]);
    assert_eq!(outcomes.iter().filter(invalid).count(), TASKS - 1);
}

async fn slugs_of_one_title_differ(site: &Arc<Site>) {
    let outcomes = at_once(site, |site, _| async move {
        create(&site, "article", json!({ "title": "The Same" })).await
    })
    .await;
    assert_eq!(won(&outcomes), TASKS, "{outcomes:?}");
    let article = site.content_type(types::of("article"));
    let slug = article.field("slug").unwrap().column();
    let table = article.locale_table(tympan::base::Stage::Published);
    let rows = Statement::new(format!("select {slug} from {table}"));
    let rows = site.database.fetch_all(rows).await.unwrap();
    let slugs: BTreeSet<&str> = rows.iter().map(|row| row.text(0).unwrap()).collect();
    assert_eq!(slugs.len(), TASKS, "{slugs:?}");
    assert!(
        slugs
            .iter()
            .all(|slug| *slug == "the-same" || slug.starts_with("the-same-"))
    );
}

async fn a_single_type_is_made_once(site: &Arc<Site>) {
    let outcomes = at_once(site, |site, n| async move {
        update(
            &site,
            "home",
            Which::Single,
            None,
            json!({ "title": n.to_string() }),
        )
        .await
    })
    .await;
    let documents: BTreeSet<i64> = outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap().doc)
        .collect();
    assert_eq!(documents.len(), 1);
}

/// The targets of a link list, in order.
async fn targets(site: &Site, key: &str, owner: i64, stage: i64) -> Vec<i64> {
    let (of, field) = key.split_once('.').unwrap();
    let field = site.content_type(types::of(of)).field(field).unwrap().id.0;
    let statement = Statement::new(
        "select target from links where owner = $1 and field = $2 and stage = $3 order by position",
    );
    let rows = site
        .database
        .fetch_all(statement.bind(owner).bind(field).bind(stage))
        .await
        .unwrap();
    rows.iter().map(|row| row.integer(0).unwrap()).collect()
}

async fn an_exclusive_target_has_one_owner(site: &Arc<Site>) {
    let author = create(site, "author", json!({})).await.unwrap();
    let id = author.document_id;
    let outcomes = at_once(site, |site, _| {
        let id = id.clone();
        async move { create(&site, "page", json!({ "lead": id })).await }
    })
    .await;
    let mut owners = 0;
    for outcome in outcomes {
        owners += targets(&site.clone(), "page.lead", outcome.unwrap().doc, 1)
            .await
            .len();
    }
    assert_eq!(owners, 1);
}

async fn both_sides_of_a_list_may_be_written(site: &Arc<Site>) {
    let first = create(site, "tag", json!({})).await.unwrap();
    let note = create(site, "note", json!({ "tags": [first.document_id] }))
        .await
        .unwrap();
    let (id, doc) = (note.document_id, note.doc);
    let outcomes = at_once(site, |site, n| {
        let id = id.clone();
        async move {
            if n % 2 == 0 {
                return create(&site, "tag", json!({ "notes": { "connect": [id] } })).await;
            }
            let tag = create(&site, "tag", json!({})).await?;
            let json = json!({ "tags": { "connect": [tag.document_id] } });
            update(&site, "note", Which::Id(id), None, json).await?;
            Ok(tag)
        }
    })
    .await;
    let mut expected = BTreeSet::from([first.doc]);
    expected.extend(outcomes.into_iter().map(|outcome| outcome.unwrap().doc));
    let found = targets(site, "note.tags", doc, 1).await;
    assert_eq!(found.len(), TASKS + 1);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
}

/// Each task links the same owners in another order, so that they wait for each other.
async fn writers_that_cross_all_finish(site: &Arc<Site>) {
    let mut notes = Vec::new();
    for _ in 0..4 {
        notes.push(create(site, "note", json!({})).await.unwrap().document_id);
    }
    let outcomes = at_once(site, |site, n| {
        let mut notes = notes.clone();
        notes.rotate_left(n % 4);
        async move {
            let tag = create(&site, "tag", json!({ "notes": notes })).await?;
            let json = json!({ "tags": [tag.document_id], "children": { "connect": [notes[1]] } });
            update(&site, "note", Which::Id(notes[0].clone()), None, json).await?;
            let json = json!({ "notes": { "disconnect": [notes[2]], "connect": [notes[3]] } });
            update(&site, "tag", Which::Id(tag.document_id), None, json).await
        }
    })
    .await;
    assert_eq!(won(&outcomes), TASKS, "{outcomes:?}");
}

async fn all(on: On) {
    let mut site = Site::new(on).await;
    site.clear().await;
    let site = Arc::new(site);
    one_revision_is_written_once(&site).await;
    a_unique_value_is_taken_once(&site).await;
    slugs_of_one_title_differ(&site).await;
    a_single_type_is_made_once(&site).await;
    an_exclusive_target_has_one_owner(&site).await;
    both_sides_of_a_list_may_be_written(&site).await;
    writers_that_cross_all_finish(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_agree_on_sqlite() {
    all(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_agree_on_postgres() {
    all(On::Postgres).await;
}
