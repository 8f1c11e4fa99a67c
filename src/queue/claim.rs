//! Taking what is due.

use super::{COLUMNS, Job, LEASE_MS};
use crate::platform::database::{Database, DatabaseError, Statement};

/// Milliseconds until the next job of these kinds is due: 0 or less if one is; none if none waits. A read, so that
/// looking costs nothing.
///
/// # Errors
/// When the database fails.
pub async fn due_in(database: &Database, kinds: &[&str]) -> Result<Option<i64>, DatabaseError> {
    let now = database.dialect().now_ms();
    let places = places(kinds, 1);
    let sql = format!(
        "select min(due_at) - {now} from jobs where kind in ({places}) and state in ('waiting', 'running')"
    );
    let statement = kinds
        .iter()
        .fold(Statement::new(sql), |statement, kind| statement.bind(*kind));
    let row = database.fetch_optional(statement).await?;
    row.map_or(Ok(None), |row| row.integer_or_null(0))
}

/// Claims up to `limit` jobs of these kinds that are due, or whose node has not renewed its lease. Several nodes
/// never get the same claim and do not wait for each other.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    database: &Database,
    owner: &str,
    kinds: &'static [&'static str],
    limit: u32,
) -> Result<Vec<Job>, DatabaseError> {
    let dialect = database.dialect();
    let (now, lock) = (dialect.now_ms(), dialect.pick("", "for update skip locked"));
    // In a table of its own, so that the rows are chosen once.
    let sql = format!(
        "with due as materialized (select id from jobs where kind in ({}) and state in ('waiting', 'running') \
         and due_at <= {now} order by due_at, id limit $3 {lock}) \
         update jobs set state = 'running', owner = $1, fence = fence + 1, attempts = attempts + 1, \
         due_at = {now} + $2 where id in (select id from due) returning {COLUMNS}",
        places(kinds, 4)
    );
    let statement = Statement::new(sql).bind(owner).bind(LEASE_MS).bind(limit);
    let statement = kinds
        .iter()
        .fold(statement, |statement, kind| statement.bind(*kind));
    let rows: Vec<_> = database
        .write(move |tx| Box::pin(async move { tx.fetch_all(statement).await }))
        .await?;
    let mut jobs = rows
        .iter()
        .map(Job::of)
        .collect::<Result<Vec<_>, DatabaseError>>()?;
    jobs.sort_by_key(|job| (job.run_at, job.id));
    Ok(jobs)
}

/// Placeholders for the kinds, from `$first` on.
fn places(kinds: &[&str], first: usize) -> String {
    let places: Vec<String> = (first..first + kinds.len())
        .map(|place| format!("${place}"))
        .collect();
    places.join(", ")
}
