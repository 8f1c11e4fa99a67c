//! The fixed tables and their versions.
//!
//! Each file in `migrations/` is one version; files are never edited once released.

use super::transaction::Connection;
use super::{DatabaseError, Dialect, Statement, Transaction};

/// The version of the fixed tables that this program makes and understands.
pub const FORMAT: i64 = 6;

const SQLITE: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_core.sql"),
    include_str!("../../../migrations/sqlite/0002_followers.sql"),
    include_str!("../../../migrations/sqlite/0003_jobs.sql"),
    include_str!("../../../migrations/sqlite/0004_webhooks.sql"),
    include_str!("../../../migrations/sqlite/0005_sync.sql"),
    include_str!("../../../migrations/sqlite/0006_nodes.sql"),
];
const POSTGRES: &[&str] = &[
    include_str!("../../../migrations/postgres/0001_core.sql"),
    include_str!("../../../migrations/postgres/0002_followers.sql"),
    include_str!("../../../migrations/postgres/0003_jobs.sql"),
    include_str!("../../../migrations/postgres/0004_webhooks.sql"),
    include_str!("../../../migrations/postgres/0005_sync.sql"),
    include_str!("../../../migrations/postgres/0006_nodes.sql"),
];

/// Why the stored format cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A later program wrote it.
    #[error(
        "the database has format {found}, this program knows format {FORMAT}: use a newer tympan; nothing was changed"
    )]
    Newer {
        /// The version found.
        found: i64,
    },
    /// It holds tables of another program.
    #[error("the file is a database of another program; nothing was changed")]
    Foreign,
}

/// Looks whether this program may open the database; changes nothing.
pub(super) async fn check(transaction: &mut Transaction) -> Result<(), DatabaseError> {
    known(transaction).await.map(|_| ())
}

/// The version found, if this program knows it.
async fn known(transaction: &mut Transaction) -> Result<i64, DatabaseError> {
    match version(transaction).await? {
        found if found > FORMAT => Err(FormatError::Newer { found }.into()),
        found => Ok(found),
    }
}

/// Brings the fixed tables to [`FORMAT`] in one transaction.
pub(super) async fn up(transaction: &mut Transaction) -> Result<(), DatabaseError> {
    if known(transaction).await? == FORMAT {
        return Ok(());
    }
    let begin = transaction.dialect().pick("begin immediate", "begin");
    transaction.execute(Statement::new(begin)).await?;
    let result = apply(transaction).await;
    let end = if result.is_ok() { "commit" } else { "rollback" };
    transaction.execute(Statement::new(end)).await?;
    result
}

async fn apply(transaction: &mut Transaction) -> Result<(), DatabaseError> {
    if transaction.dialect() == Dialect::Postgres {
        // Two nodes that start on an empty database must not both make the tables.
        let lock = Statement::new("select pg_advisory_xact_lock(8401226354)::text");
        transaction.fetch_all(lock).await?;
    }
    // Another program may have been quicker, even a newer one.
    let found = known(transaction).await?;
    let files = transaction.dialect().pick(SQLITE, POSTGRES);
    for (number, file) in (1..).zip(files) {
        if number > found {
            script(transaction, file).await?;
        }
    }
    let table = "create table if not exists tympan_format (version bigint not null)";
    transaction.execute(Statement::new(table)).await?;
    transaction
        .execute(Statement::new("delete from tympan_format"))
        .await?;
    transaction
        .execute(Statement::new("insert into tympan_format values ($1)").bind(FORMAT))
        .await?;
    Ok(())
}

async fn version(transaction: &mut Transaction) -> Result<i64, DatabaseError> {
    let tables = transaction.dialect().pick(
        "select count(*), coalesce(sum(name = 'tympan_format'), 0) from sqlite_master where type = 'table'",
        "select count(*), count(*) filter (where tablename = 'tympan_format') from pg_tables where schemaname = current_schema()",
    );
    let row = transaction.fetch_optional(Statement::new(tables)).await?;
    let row = row.ok_or(DatabaseError::Column(0))?;
    if row.integer(1)? == 0 {
        // A PostgreSQL database may be shared with others; a file is ours or not.
        let foreign = row.integer(0)? > 0 && transaction.dialect() == Dialect::Sqlite;
        return if foreign {
            Err(FormatError::Foreign.into())
        } else {
            Ok(0)
        };
    }
    let row = transaction
        .fetch_optional(Statement::new("select version from tympan_format"))
        .await?;
    row.map_or(Ok(0), |row| row.integer(0))
}

/// Runs a file of several statements without values.
async fn script(transaction: &mut Transaction, sql: &'static str) -> Result<(), DatabaseError> {
    let result = match &mut transaction.connection {
        Connection::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ()),
        Connection::Postgres(lease) => sqlx::raw_sql(sql)
            .execute(&mut lease.connection)
            .await
            .map(|_| ()),
    };
    result.map_err(|error| DatabaseError::from_sqlx(&error))
}
