//! Jobs that fail take nothing with them; databases that are not ours stay as they are.

use std::path::Path;
use std::sync::Arc;

use sqlx::{Connection as _, Executor as _};
use tokio::sync::oneshot;
use tympan::platform::database::{Database, DatabaseConfig, DatabaseError, FormatError, Statement};

use crate::site::On;
use crate::support::{Folder, Postgres};

fn config(on: On, folder: &Folder) -> DatabaseConfig {
    let url = match on {
        On::Sqlite => format!("sqlite:{}", folder.path().join("test.db").display()),
        On::Postgres => Postgres::shared().fresh_database(),
    };
    DatabaseConfig {
        url,
        statement_ms: 300,
        ..DatabaseConfig::default()
    }
}

async fn open(config: &DatabaseConfig) -> Arc<Database> {
    Arc::new(Database::open(config).await.unwrap())
}

fn insert(n: usize) -> Statement {
    Statement::new("insert into settings (name, value) values ($1, 'x')").bind(format!("job {n}"))
}

/// A job that inserts, and fails or panics if its number says so.
async fn job(database: Arc<Database>, n: usize) -> Result<(), DatabaseError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                tx.execute(insert(n)).await?;
                match n % 5 {
                    1 => Err(DatabaseError::Busy),
                    // Breaks a unique rule.
                    2 => tx.execute(insert(n)).await.map(|_| ()),
                    3 => panic!("this job is meant to panic"),
                    _ => Ok(()),
                }
            })
        })
        .await
}

async fn a_failing_job_undoes_only_itself(on: On) {
    let folder = Folder::new();
    let config = config(on, &folder);
    let database = open(&config).await;
    // The first job holds the writer until all others wait, so that they form a group.
    let (go, wait) = oneshot::channel::<()>();
    let first = tokio::spawn({
        let database = Arc::clone(&database);
        async move {
            database
                .write(move |_| {
                    Box::pin(async move {
                        let _ = wait.await;
                        Ok::<(), DatabaseError>(())
                    })
                })
                .await
        }
    });
    let jobs: Vec<_> = (0..50)
        .map(|n| tokio::spawn(job(Arc::clone(&database), n)))
        .collect();
    tokio::task::yield_now().await;
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    for (n, job) in jobs.into_iter().enumerate() {
        let result = job.await.unwrap();
        match n % 5 {
            1 => assert!(matches!(result, Err(DatabaseError::Busy)), "{result:?}"),
            2 => assert!(
                matches!(result, Err(DatabaseError::Unique(_))),
                "{result:?}"
            ),
            3 => assert!(matches!(result, Err(DatabaseError::Panicked)), "{result:?}"),
            _ => result.unwrap(),
        }
    }
    database.close().await;
    let again = open(&config).await;
    let names = Statement::new("select name from settings where name like 'job %'");
    let rows = again.fetch_all(names).await.unwrap();
    let mut kept: Vec<usize> = rows
        .iter()
        .map(|row| {
            row.text(0)
                .unwrap()
                .trim_start_matches("job ")
                .parse()
                .unwrap()
        })
        .collect();
    kept.sort_unstable();
    let expected: Vec<usize> = (0..50).filter(|n| matches!(n % 5, 0 | 4)).collect();
    assert_eq!(kept, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_job_undoes_only_itself_on_sqlite() {
    a_failing_job_undoes_only_itself(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_job_undoes_only_itself_on_postgres() {
    a_failing_job_undoes_only_itself(On::Postgres).await;
}

async fn a_slow_read_is_stopped(on: On) {
    const ENDLESS: &str = "with recursive n(i) as (select 1 union all select i + 1 - 1 from n) select count(*) from n";
    let folder = Folder::new();
    let database = open(&DatabaseConfig {
        readers: 1,
        ..config(on, &folder)
    })
    .await;
    let result = database.fetch_all(Statement::new(ENDLESS)).await;
    assert!(
        matches!(result, Err(DatabaseError::TimedOut(300))),
        "{result:?}"
    );
    // A caller who goes away leaves the only reader usable.
    let reading = tokio::spawn({
        let database = Arc::clone(&database);
        async move { database.fetch_all(Statement::new(ENDLESS)).await }
    });
    tokio::task::yield_now().await;
    reading.abort();
    let _ = reading.await;
    let rows = database
        .fetch_all(Statement::new("select name from settings"))
        .await;
    assert!(!rows.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_read_is_stopped_on_sqlite() {
    a_slow_read_is_stopped(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_read_is_stopped_on_postgres() {
    a_slow_read_is_stopped(On::Postgres).await;
}

/// A parameter is null first and a number later: statements are prepared once for both.
async fn a_null_fixes_no_type(on: On) {
    let folder = Folder::new();
    let config = DatabaseConfig {
        writers: 1,
        ..config(on, &folder)
    };
    let database = open(&config).await;
    for (n, value) in [None, Some(5_i64), None, Some(7)].into_iter().enumerate() {
        let done: Result<u64, DatabaseError> = database
            .write(move |tx| {
                Box::pin(async move {
                    let statement = Statement::new(
                        "insert into changes (kind, type_id, doc, locale, at) \
                         values ('x', cast($1 as bigint), $2, $3, 'now')",
                    );
                    let text = value.map(|_| format!("{n}"));
                    tx.execute(statement.bind(value).bind(value).bind(text))
                        .await
                })
            })
            .await;
        done.unwrap();
    }
    let statement = Statement::new("select type_id, doc from changes order by seq");
    let rows = database.fetch_all(statement).await.unwrap();
    let read: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.integer_or_null(0).unwrap(),
                row.integer_or_null(1).unwrap(),
            )
        })
        .collect();
    assert_eq!(
        read,
        [
            (None, None),
            (Some(5), Some(5)),
            (None, None),
            (Some(7), Some(7))
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_fixes_no_type_on_sqlite() {
    a_null_fixes_no_type(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_fixes_no_type_on_postgres() {
    a_null_fixes_no_type(On::Postgres).await;
}

async fn a_newer_database_is_refused(on: On) {
    let folder = Folder::new();
    let config = config(on, &folder);
    let database = open(&config).await;
    let newer: Result<u64, DatabaseError> = database
        .write(|tx| {
            Box::pin(async move {
                tx.execute(Statement::new("update tympan_format set version = 99"))
                    .await
            })
        })
        .await;
    newer.unwrap();
    database.close().await;
    drop(database);
    let before = files(folder.path());
    let refused = Database::open(&config).await;
    assert!(
        matches!(
            refused,
            Err(DatabaseError::Format(FormatError::Newer { found: 99 }))
        ),
        "{refused:?}"
    );
    assert_eq!(files(folder.path()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_database_is_refused_untouched_on_sqlite() {
    a_newer_database_is_refused(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_database_is_refused_on_postgres() {
    a_newer_database_is_refused(On::Postgres).await;
}

/// The bytes of every file that holds data.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .filter(|(name, bytes)| !name.ends_with("-shm") && !bytes.is_empty())
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_other_programs_are_refused_untouched() {
    let folder = Folder::new();
    let config = config(On::Sqlite, &folder);
    let path = folder.path().join("test.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut foreign = sqlx::SqliteConnection::connect(&url).await.unwrap();
    foreign
        .execute("create table bookmarks (url text)")
        .await
        .unwrap();
    foreign.close().await.unwrap();
    for text in [
        None,
        Some("just a text, long enough to be taken for a page of something else"),
    ] {
        if let Some(text) = text {
            std::fs::write(&path, text.repeat(40)).unwrap();
        }
        let before = files(folder.path());
        let refused = Database::open(&config).await;
        assert!(
            matches!(refused, Err(DatabaseError::Format(FormatError::Foreign))),
            "{refused:?}"
        );
        assert!(files(folder.path()) == before, "the file was changed");
    }
}
