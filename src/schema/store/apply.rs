//! Carrying out a plan: one transaction, one step after another, beside the same walk in memory.

use std::ops::Range;
use std::sync::Arc;

use super::walk::Walk;
use super::{StoreError, create, persist};
use crate::base::clock;
use crate::changes::{self, Change};
use crate::platform::database::{Database, DatabaseError, Statement, Transaction};
use crate::schema::Schema;
use crate::schema::plan::{Plan, Step, Trash};

/// Carries out a plan made from `schema` and `trash`, and returns the new generation.
///
/// An empty plan changes nothing. Whatever goes wrong, the database is as it was before.
///
/// # Errors
/// [`StoreError::Changed`] if the schema has changed since it was loaded, [`StoreError::Refused`] if what is
/// stored forbids a step.
pub async fn apply(
    database: &Database,
    schema: &Schema,
    trash: &Trash,
    plan: &Plan,
    author: Option<&str>,
) -> Result<i64, StoreError> {
    let (schema, trash) = (Arc::new(schema.clone()), trash.clone());
    let (plan, author) = (plan.clone(), author.map(str::to_owned));
    database
        .write(move |tx| {
            Box::pin(async move { run(tx, &schema, &trash, &plan, author.as_deref()).await })
        })
        .await
}

async fn run(
    tx: &mut Transaction,
    schema: &Schema,
    trash: &Trash,
    plan: &Plan,
    author: Option<&str>,
) -> Result<i64, StoreError> {
    tx.take_time().await?;
    create::exclusive_lock(tx).await?;
    if stored_generation(tx).await? != schema.generation {
        return Err(StoreError::Changed);
    }
    if plan.is_empty() {
        return Ok(schema.generation);
    }
    let generation = schema.generation + 1;
    let ids = reserve(tx, plan).await?;
    let mut walk = Walk::new((schema, trash), ids, generation, clock::now());
    for step in &plan.steps {
        walk.step(tx, step).await?;
    }
    walk.index(tx).await?;
    let at = walk.at.clone();
    let (after, left) = walk.finish();
    persist::write(tx, (schema, trash), (&after, &left), &at).await?;
    raise(tx, generation, author, &at).await?;
    Ok(generation)
}

/// Stores the new generation and logs the change.
async fn raise(
    tx: &mut Transaction,
    generation: i64,
    author: Option<&str>,
    at: &str,
) -> Result<(), DatabaseError> {
    let raise = "update settings set value = $1 where name = 'schema_generation'";
    tx.execute(Statement::new(raise).bind(generation.to_string()))
        .await?;
    let change = Change::of_schema(author, at);
    tx.execute(changes::append(&change)).await?;
    Ok(())
}

async fn stored_generation(tx: &mut Transaction) -> Result<i64, DatabaseError> {
    let lock = tx.dialect().pick("", " for update");
    let sql = format!(
        "select cast(value as bigint) from settings where name = 'schema_generation'{lock}"
    );
    let row = tx.fetch_optional(Statement::new(sql)).await?;
    row.map_or(Ok(1), |row| row.integer(0))
}

/// Takes as many ids as the steps can need.
async fn reserve(tx: &mut Transaction, plan: &Plan) -> Result<Range<i64>, DatabaseError> {
    let needed = |step: &Step| match step {
        Step::AddLocale(_) | Step::AddField { .. } => 1,
        Step::CreateType(definition) => 1 + definition.fields.len(),
        Step::CreateComponent(definition) => 1 + definition.fields.len(),
        _ => 0,
    };
    let count = plan.steps.iter().map(needed).sum::<usize>();
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let sql = "update sequences set next = next + $1 where name = 'id' returning next";
    let row = tx
        .fetch_optional(Statement::new(sql).bind(count))
        .await?
        .ok_or(DatabaseError::Column(0))?;
    let end = row.integer(0)?;
    Ok(end - count..end)
}
