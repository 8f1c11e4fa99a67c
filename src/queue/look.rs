//! Looking at the queue.

use super::{COLUMNS, Job, State};
use crate::platform::database::{Database, DatabaseError, Statement};

/// Which jobs are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter<'a> {
    /// Of these kinds; empty = of all.
    pub kinds: &'a [&'a str],
    /// About this.
    pub subject: Option<&'a str>,
    /// In this state.
    pub state: Option<State>,
    /// Only those that may still run.
    pub open: bool,
    /// At most so many.
    pub limit: u32,
}

/// Jobs, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn jobs(database: &Database, filter: &Filter<'_>) -> Result<Vec<Job>, DatabaseError> {
    let mut sql = format!("select {COLUMNS} from jobs where 1 = 1");
    let mut statement = Statement::new("");
    let mut place = 0;
    let mut next = || {
        place += 1;
        format!("${place}")
    };
    if let Some(subject) = filter.subject {
        sql.push_str(&format!(" and subject = {} and subject <> ''", next()));
        statement = statement.bind(subject);
    }
    if !filter.kinds.is_empty() {
        let places: Vec<String> = filter.kinds.iter().map(|_| next()).collect();
        sql.push_str(&format!(" and kind in ({})", places.join(", ")));
        statement = filter
            .kinds
            .iter()
            .fold(statement, |all, kind| all.bind(*kind));
    }
    if let Some(state) = filter.state {
        sql.push_str(&format!(" and state = {}", next()));
        statement = statement.bind(state.name());
    }
    if filter.open {
        sql.push_str(" and state in ('waiting', 'running')");
    }
    sql.push_str(&format!(" order by id desc limit {}", next()));
    let statement = Statement::with(sql, statement.bind(filter.limit).values().to_vec());
    let rows = database.fetch_all(statement).await?;
    rows.iter().map(Job::of).collect()
}

/// One job.
///
/// # Errors
/// When the database fails.
pub async fn job(database: &Database, id: i64) -> Result<Option<Job>, DatabaseError> {
    let sql = format!("select {COLUMNS} from jobs where id = $1");
    let row = database
        .fetch_optional(Statement::new(sql).bind(id))
        .await?;
    row.map(|row| Job::of(&row)).transpose()
}

/// The database's clock, in milliseconds since 1970.
///
/// # Errors
/// When the database fails.
pub async fn clock_ms(database: &Database) -> Result<i64, DatabaseError> {
    let sql = format!("select {}", database.dialect().now_ms());
    let row = database.fetch_optional(Statement::new(sql)).await?;
    row.ok_or(DatabaseError::Column(0))?.integer(0)
}

/// How much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Jobs that are due and not begun.
    pub due: i64,
    /// Jobs that a node runs.
    pub running: i64,
    /// Milliseconds the one that waits longest is late; 0 if none is.
    pub late_ms: i64,
    /// Jobs that failed and are still kept.
    pub failed: i64,
}

/// How much waits: one cheap statement, for metrics and health.
///
/// # Errors
/// When the database fails.
pub async fn depth(database: &Database) -> Result<Depth, DatabaseError> {
    let now = database.dialect().now_ms();
    let sql = format!(
        "select (select count(*) from jobs where state = 'waiting' and due_at <= {now}), \
         (select count(*) from jobs where state = 'running'), \
         (select coalesce({now} - min(due_at), 0) from jobs where state in ('waiting', 'running') and due_at <= {now}), \
         (select count(*) from jobs where state = 'failed')"
    );
    let row = database.fetch_optional(Statement::new(sql)).await?;
    let row = row.ok_or(DatabaseError::Column(0))?;
    Ok(Depth {
        due: row.integer(0)?,
        running: row.integer(1)?,
        late_ms: row.integer(2)?.max(0),
        failed: row.integer(3)?,
    })
}
