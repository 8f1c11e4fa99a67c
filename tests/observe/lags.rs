//! How far followers are behind is what the log says.

use tympan::app::App;
use tympan::base::clock;
use tympan::base::limits::QueryLimits;
use tympan::changes::{self, Change, Cursor, Lag};
use tympan::delivery::cache::CacheConfig;
use tympan::platform::database::{DatabaseConfig, DatabaseError};

use crate::support::Database;

#[test]
fn followers_are_as_far_behind_as_the_log_says_on_sqlite() {
    let database = Database::sqlite();
    let url = format!("sqlite:{}/lag.db", database.data().display());
    check(&url, "sqlite");
}

#[test]
fn followers_are_as_far_behind_as_the_log_says_on_postgres() {
    let database = Database::postgres();
    check(database.url().unwrap(), "postgres");
}

#[tokio::main]
async fn check(url: &str, name: &'static str) {
    let config = DatabaseConfig {
        url: url.to_owned(),
        ..DatabaseConfig::default()
    };
    let app = App::open(&config, QueryLimits::default(), CacheConfig::default())
        .await
        .unwrap();
    let database = &app.database;
    let start = changes::end(database).await.unwrap();
    let hour_ago = clock::stamp(clock::now_ms() - 3_600_000);
    let mut places = vec![start];
    for _ in 0..3 {
        let change = Change::of_schema(None, &hour_ago);
        let append = database.write(|tx| {
            Box::pin(
                async move { Ok::<_, DatabaseError>(tx.execute(changes::append(&change)).await?) },
            )
        });
        append.await.unwrap();
        places.push(changes::end(database).await.unwrap());
    }
    let keep = |cursor: Cursor| {
        database.write(move |tx| {
            Box::pin(
                async move { Ok::<_, DatabaseError>(tx.execute(cursor.keep("durable")).await?) },
            )
        })
    };
    keep(places[1]).await.unwrap();
    let follower = changes::follower(name);
    follower.at(places[2]);
    let lag = |lags: &[Lag], name: &str| lags.iter().find(|lag| lag.name == name).unwrap().clone();
    let lags = changes::lags(database).await.unwrap();
    assert_eq!(
        (lag(&lags, "durable").changes, lag(&lags, name).changes),
        (2, 1)
    );
    let age = lag(&lags, "durable").age.as_secs();
    assert!((3600..3700).contains(&age), "{age}");
    keep(places[3]).await.unwrap();
    follower.at(places[3]);
    let lags = changes::lags(database).await.unwrap();
    assert_eq!(
        (lag(&lags, "durable").changes, lag(&lags, name).changes),
        (0, 0)
    );
    assert_eq!(lag(&lags, name).age.as_secs(), 0);
    app.close().await;
}
