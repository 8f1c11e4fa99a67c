//! A database that was restored into another PostgreSQL cluster.
//!
//! Places in the change log are numbers of transactions plus a shift (`log_shift`). Another cluster may count its
//! transactions from a smaller number; then what is written next would stand before what is there, and what is
//! there would count as not yet committed. The shift grows, so that both are right and no place that a follower or
//! a client remembers loses its meaning. A standby that is promoted goes on counting and needs nothing.

use super::{DatabaseError, Statement, Transaction};

/// How far the newest change stands beyond the next transaction; not more than 0 unless the cluster is another one.
const GAP: &str = "select coalesce((select xid::text::bigint from changes order by xid desc, seq desc limit 1), 0) \
                   - log_place(pg_snapshot_xmax(pg_current_snapshot()))::text::bigint + 1";

/// Looks at the numbers and makes the shift grow if it must.
pub(super) async fn shift(transaction: &mut Transaction) -> Result<(), DatabaseError> {
    if gap(transaction).await? <= 0 {
        return Ok(());
    }
    transaction.execute(Statement::new("begin")).await?;
    let result = grow(transaction).await;
    let end = if result.is_ok() { "commit" } else { "rollback" };
    transaction.execute(Statement::new(end)).await?;
    result
}

async fn grow(transaction: &mut Transaction) -> Result<(), DatabaseError> {
    // Another node may look at the same time.
    let lock = Statement::new("lock table log_shift in exclusive mode");
    transaction.execute(lock).await?;
    let gap = gap(transaction).await?;
    if gap > 0 {
        let grow = Statement::new("update log_shift set shift = shift + $1").bind(gap);
        transaction.execute(grow).await?;
        tracing::info!(
            gap,
            "the database was restored into another cluster; its change log goes on"
        );
    }
    Ok(())
}

async fn gap(transaction: &mut Transaction) -> Result<i64, DatabaseError> {
    let row = transaction.fetch_optional(Statement::new(GAP)).await?;
    row.ok_or(DatabaseError::Column(0))?.integer(0)
}
