//! Random edits and publishes against kept answers: none is stale after the acknowledgement. Beside them a proxy that
//! keeps every public answer until one of its tags is purged.

use std::collections::{BTreeSet, HashMap};

use tympan::app::App;
use tympan::changes::{self, Cursor};
use tympan::delivery::cache::CacheConfig;
use tympan::delivery::tags;
use tympan::platform::database::Statement;

use crate::play::World;
use crate::questions::{ABOUT, GENERAL};
use crate::random::Random;
use crate::site::{On, Seen, Site};

/// How many acts; set `STEPS` for a longer run.
fn steps(default: usize) -> usize {
    let wanted = std::env::var("STEPS").ok();
    wanted
        .and_then(|steps| steps.parse().ok())
        .unwrap_or(default)
}

/// What was found about kept answers when something changed.
#[derive(Default)]
struct Tally {
    asked: usize,
    touched: usize,
    thrown_away: usize,
    purged: usize,
    stale: Vec<String>,
}

/// A cache in front that keeps answers until it is told to forget one of their tags.
struct Proxy {
    kept: HashMap<String, (Vec<u8>, BTreeSet<String>)>,
    cursor: Cursor,
}

impl Proxy {
    fn keep(&mut self, question: &str, seen: &Seen) {
        let tags: BTreeSet<String> = seen
            .header("surrogate-key")
            .split(' ')
            .map(str::to_owned)
            .collect();
        assert_eq!(
            seen.header("cache-tag"),
            seen.header("surrogate-key").replace(' ', ",")
        );
        if seen.status == 200 {
            assert!(!tags.contains(""), "{question} has no tags");
            self.kept
                .insert(question.to_owned(), (seen.body.clone(), tags));
        }
    }

    /// Purges what the changes since last time touch; waits for them, as others of the cluster may hold the log back.
    async fn follow(&mut self, app: &App) {
        let end = loop {
            let changes = changes::read(&app.database, self.cursor, 1000)
                .await
                .unwrap();
            for change in &changes {
                self.cursor = change.cursor;
                match tags::of_change(&app.database, &app.schema(), change)
                    .await
                    .unwrap()
                {
                    None => self.kept.clear(),
                    Some(purged) => self
                        .kept
                        .retain(|_, (_, tags)| !purged.iter().any(|tag| tags.contains(tag))),
                }
            }
            let last = "select count(*) from changes where seq > $1";
            let left = Statement::new(last).bind(self.cursor.seq);
            let left = app.database.fetch_optional(left).await.unwrap().unwrap();
            if left.integer(0).unwrap() == 0 {
                break self.cursor;
            }
            tokio::task::yield_now().await;
        };
        self.cursor = end;
    }
}

async fn play(on: On, steps: usize, seed: u64) -> Tally {
    let config = CacheConfig {
        tags: true,
        ..CacheConfig::default()
    };
    let site = Site::open(on, config).await;
    let mut proxy = Proxy {
        kept: HashMap::new(),
        cursor: changes::end(&site.node.app.database).await.unwrap(),
    };
    let (mut world, mut random) = (World::default(), Random::new(seed));
    let mut tally = Tally::default();
    for step in 0..steps {
        let mut questions: BTreeSet<String> = BTreeSet::new();
        for _ in 0..6 {
            questions.insert((*random.pick(GENERAL).unwrap()).to_owned());
        }
        let (plural, query) = *random.pick(ABOUT).unwrap();
        let all = world.of(plural);
        if let Some(id) = random.pick(&all) {
            questions.insert(format!("/api/{plural}/{id}{query}"));
        }
        let mut before = Vec::new();
        for question in questions {
            let mut seen = site.node.get(&question).await;
            // A change that came in between may throw away what was just made.
            for _ in 0..20 {
                if site.node.kept(&question).is_none() {
                    seen = site.node.get(&question).await;
                }
            }
            assert!(
                matches!(seen.status, 200 | 404),
                "{question}: {}",
                seen.json()
            );
            let kept = site.node.kept(&question);
            assert!(kept.is_some(), "{question} is not kept");
            if !proxy.kept.contains_key(&question) {
                proxy.keep(&question, &seen);
            }
            before.push((question, seen));
        }
        let act = world.act(&site, &mut random).await;
        proxy.follow(&site.node.app).await;
        for (question, old) in before {
            let kept = site.node.kept(&question);
            let now = site.truth(&question).await;
            let changed = now.status != old.status || now.body != old.body && now.status == 200;
            tally.asked += 1;
            tally.touched += usize::from(changed);
            tally.thrown_away += usize::from(kept.is_none());
            match proxy.kept.get(&question) {
                None => tally.purged += 1,
                Some((body, _)) if now.status != 200 || *body != now.body => {
                    tally
                        .stale
                        .push(format!("step {step}: {act}\n  in the proxy: {question}"));
                }
                Some(_) => {}
            }
            if changed && kept.is_some() {
                tally
                    .stale
                    .push(format!("step {step}: {act}\n  {question}"));
            }
        }
    }
    tally
}

fn report(name: &str, steps: usize, tally: &Tally) {
    println!(
        "{name}: {steps} acts, {} kept answers looked at, {} of them changed, {} thrown away ({:.2} per changed one), {} purged from the proxy",
        tally.asked,
        tally.touched,
        tally.thrown_away,
        f64::from(u32::try_from(tally.thrown_away).unwrap())
            / f64::from(u32::try_from(tally.touched.max(1)).unwrap()),
        tally.purged,
    );
    assert!(
        tally.stale.is_empty(),
        "{} stale:\n{}",
        tally.stale.len(),
        tally
            .stale
            .iter()
            .take(12)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
    assert!(
        tally.touched > steps / 4,
        "the acts change too little to mean anything"
    );
    assert!(
        tally.thrown_away < tally.asked / 2,
        "nearly everything is thrown away"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kept_answer_is_stale_after_a_write_on_sqlite() {
    let steps = steps(600);
    report("SQLite", steps, &play(On::Sqlite, steps, 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kept_answer_is_stale_after_a_write_on_postgres() {
    let steps = steps(250);
    report("PostgreSQL", steps, &play(On::Postgres, steps, 2).await);
}
