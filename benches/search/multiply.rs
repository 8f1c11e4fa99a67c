//! Makes many articles of few, in the database itself.

use std::path::Path;

use anyhow::{Context, Result};
use tympan::platform::database::{Database, DatabaseConfig, DatabaseError, Statement};
use tympan::schema::store;

/// Copies every published article until there are `times` as many; copies have numbers and slugs of their own.
pub(crate) fn articles(database: &Path, times: usize) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(copied(database, times))
}

async fn copied(database: &Path, times: usize) -> Result<()> {
    let config = DatabaseConfig {
        url: format!("sqlite:{}", database.display()),
        ..DatabaseConfig::default()
    };
    let database = Database::open(&config).await?;
    let schema = store::load(&database).await?;
    let article = schema.content_type("article").context("no articles")?;
    let slug = article.field("slug").context("no slugs")?.column();
    let columns: Vec<String> = article
        .fields
        .iter()
        .filter(|field| field.storage().is_column())
        .map(tympan::schema::Field::column)
        .collect();
    let copied: Vec<String> = columns
        .iter()
        .map(|column| match *column == slug {
            true => format!("{column} || '-' || $1"),
            false => column.clone(),
        })
        .collect();
    let (names, values) = (columns.join(","), copied.join(","));
    let table = article.table(tympan::base::Stage::Published);
    for time in 1..times {
        // Numbers far behind those given out.
        let base = i64::try_from(time)? * 100_000_000;
        let documents = format!(
            "insert into documents select doc+$2, document_id || '-' || $1, type_id, revision, created_at, created_by, \
             trashed_at from documents where type_id = {} and doc < 100000000",
            article.id
        );
        let rows = format!(
            "insert into {table} (id,document_id,created_at,updated_at,published_at,created_by,updated_by,{names}) \
             select id+$2, document_id || '-' || $1, created_at, updated_at, published_at, created_by, updated_by, {values} \
             from {table} where id < 100000000"
        );
        database
            .write(move |tx| {
                Box::pin(async move {
                    for sql in [documents, rows] {
                        let statement = Statement::new(sql).bind(time.to_string()).bind(base);
                        tx.execute(statement).await?;
                    }
                    Ok::<_, DatabaseError>(())
                })
            })
            .await?;
    }
    database.close().await;
    Ok(())
}
