//! Rate limits: one caller, several nodes, many strangers.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tympan::platform::database::{Database as Store, DatabaseConfig};
use tympan::rate::{Limiter, Pace};

use crate::site::{Answer, Node, SOON, apply, ask, token};
use crate::support::cluster::until;
use crate::support::{Database, Postgres, Server};

fn limited(database: Database, settings: &str) -> Node {
    apply(&database);
    database.run(&["role", "allow", "public", "article", "find"]);
    let token = token(&database, "all");
    let file = database.data().join("tympan.toml");
    fs::write(&file, settings).unwrap();
    let file = file.to_str().unwrap().to_owned();
    Node {
        server: Server::start_with(database, &["--config", &file]),
        token,
    }
}

fn from(node: &Node, token: Option<&str>, client: &str) -> Answer {
    ask(
        node.server.address(),
        "GET",
        "/api/articles",
        token,
        None,
        &[("x-forwarded-for", client)],
    )
    .unwrap()
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    // Ten may be saved up; one comes back every two seconds.
    let node = limited(
        Database::sqlite(),
        "[rate]\npublic_per_minute = 30\ntoken_per_minute = 600\n",
    );
    let statuses: Vec<u16> = (0..12)
        .map(|_| from(&node, None, "198.51.100.1").status)
        .collect();
    assert_eq!(statuses[..10], [200; 10]);
    assert_eq!(statuses[11], 429);
    let denied = from(&node, None, "198.51.100.1");
    assert_eq!(
        (denied.status, denied.text("/error/name")),
        (429, "RateLimitError")
    );
    let wait: u64 = denied.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    // Others are others; one network of IPv6 is one; a token has a limit of its own.
    assert_eq!(from(&node, None, "198.51.100.2").status, 200);
    for n in 0..10 {
        assert_eq!(from(&node, None, &format!("2001:db8::{n}")).status, 200);
    }
    assert_eq!(from(&node, None, "2001:db8::ffff").status, 429);
    assert_eq!(from(&node, None, "2001:db8:0:1::1").status, 200);
    for _ in 0..50 {
        assert_eq!(from(&node, Some(&node.token), "198.51.100.1").status, 200);
    }
    // Guessing tokens is no way around it.
    let guesses: Vec<u16> = (0..12)
        .map(|n| from(&node, Some(&format!("tympan_{n}")), "198.51.100.9").status)
        .collect();
    assert_eq!((guesses[0], guesses[11]), (401, 429));
    until("it is let in again", SOON, || {
        from(&node, None, "198.51.100.1").status == 200
    });
}

#[test]
fn the_limit_holds_over_all_nodes() {
    const PER_MINUTE: u32 = 1200;
    let settings = format!("[rate]\ntoken_per_minute = {PER_MINUTE}\n");
    let first = limited(Database::postgres(), &settings);
    let url = first.server.database().url().unwrap().to_owned();
    let more = Database::at(&url);
    let file = more.data().join("tympan.toml");
    fs::write(&file, &settings).unwrap();
    let second = Server::start_with(more, &["--config", file.to_str().unwrap()]);
    let passed = AtomicUsize::new(0);
    let asked = AtomicUsize::new(0);
    let began = Instant::now();
    let lasts = Duration::from_secs(6);
    thread::scope(|scope| {
        for address in [
            first.server.address(),
            second.address(),
            first.server.address(),
            second.address(),
        ] {
            let (passed, asked, token) = (&passed, &asked, &first.token);
            scope.spawn(move || {
                while began.elapsed() < lasts {
                    let answer =
                        ask(address, "GET", "/api/articles", Some(token), None, &[]).unwrap();
                    asked.fetch_add(1, Ordering::Relaxed);
                    match answer.status {
                        200 => passed.fetch_add(1, Ordering::Relaxed),
                        status => {
                            assert_eq!(status, 429);
                            0
                        }
                    };
                }
            });
        }
    });
    let (passed, asked) = (passed.into_inner() as f64, asked.into_inner());
    let earned = f64::from(PER_MINUTE) / 60.0 * began.elapsed().as_secs_f64();
    let saved = f64::from(PER_MINUTE) / 6.0;
    let block = saved / 20.0;
    eprintln!(
        "{asked} asked, {passed} passed; {:.0} saved and earned, blocks of {block}",
        saved + earned
    );
    assert!(
        passed <= saved + earned + 2.0 * 2.0 * block,
        "{passed} passed"
    );
    assert!(
        passed >= (saved + earned) * 0.8 - 2.0 * block || asked < (saved + earned) as usize,
        "{passed} passed"
    );
}

async fn store(database: &Database) -> Arc<Store> {
    let file = format!("sqlite:{}", database.data().join("tympan.db").display());
    let config = DatabaseConfig {
        url: database.url().map_or(file, str::to_owned),
        ..DatabaseConfig::default()
    };
    Arc::new(Store::open(&config).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn most_requests_touch_no_database() {
    let store = store(&Database::at(&Postgres::shared().fresh_database())).await;
    let limiter = Limiter::new(Arc::clone(&store), "test", Pace::per_minute(60_000, 10));
    for _ in 0..5000 {
        limiter.check("one").await.unwrap();
    }
    // Nobody else works in this database, and every block takes one transaction.
    let statements = limiter.blocks_taken();
    assert!(
        (1..=12).contains(&statements),
        "{statements} transactions for 5000 requests"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_strangers_cost_no_memory_without_bound_and_no_pile_of_statements() {
    let database = Database::sqlite();
    let limiter = Limiter::new(store(&database).await, "test", Pace::per_minute(60, 1));
    for n in 0..200_000 {
        limiter.check(&format!("stranger {n}")).await.unwrap();
    }
    assert!(limiter.remembered_callers() <= 65_536);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_limit_is_exact_also_after_a_restart() {
    for database in [
        Database::sqlite(),
        Database::at(&Postgres::shared().fresh_database()),
    ] {
        let pace = Pace::per_minute(1, 5);
        let mut passed = 0;
        for _ in 0..3 {
            let limiter = Arc::new(Limiter::strict(store(&database).await, "login", pace));
            let tries = (0..10).map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move { limiter.check("somebody").await.is_ok() })
            });
            for each in tries.collect::<Vec<_>>() {
                passed += usize::from(each.await.unwrap());
            }
        }
        assert_eq!(passed, 5);
        let denied = Limiter::strict(store(&database).await, "login", pace)
            .check("somebody")
            .await
            .unwrap_err();
        assert!(denied.retry_after > Duration::from_secs(50), "{denied:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_each_node_counts_by_itself() {
    let cluster = crate::support::cluster::Cluster::start();
    cluster.create("site");
    let config = DatabaseConfig {
        url: cluster.url("site"),
        ..DatabaseConfig::default()
    };
    let store = Arc::new(Store::open(&config).await.unwrap());
    let limiter = Limiter::new(store, "test", Pace::per_minute(600, 1));
    cluster.stop_at_once();
    let mut passed = 0;
    let asked = tokio::time::timeout(Duration::from_secs(50), async {
        for _ in 0..20 {
            passed += usize::from(limiter.check("one").await.is_ok());
        }
    });
    asked.await.unwrap();
    assert!(passed >= 1, "reading goes on without the database");
}
