//! Carrying out a plan: one transaction, one step after another, beside the same walk in memory.

use std::ops::Range;
use std::sync::Arc;

use super::{StoreError, columns, create, persist};
use crate::base::clock;
use crate::changes::{self, Change, ChangeKind};
use crate::platform::database::{Database, DatabaseError, Statement, Transaction};
use crate::schema::definition::{FieldDefinition, TypeDefinition};
use crate::schema::plan::{OwnerId, Plan, Step, Trash, Working};
use crate::schema::{Field, FieldId, Schema, TypeId};

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
    create::exclusive_lock(tx).await?;
    if stored_generation(tx).await? != schema.generation {
        return Err(StoreError::Changed);
    }
    if plan.is_empty() {
        return Ok(schema.generation);
    }
    let generation = schema.generation + 1;
    let mut walk = Walk {
        working: Working::new(schema, trash),
        ids: reserve(tx, plan).await?,
        generation,
    };
    for step in &plan.steps {
        walk.step(tx, step).await?;
    }
    let (after, left) = walk.working.finish(generation);
    let at = clock::now();
    persist::write(tx, (schema, trash), (&after, &left), &at).await?;
    let raise = "update settings set value = $1 where name = 'schema_generation'";
    tx.execute(Statement::new(raise).bind(generation.to_string()))
        .await?;
    let change = Change {
        kind: ChangeKind::Schema,
        type_id: None,
        doc: None,
        document_id: None,
        locale: "",
        stage: None,
        author,
        at: &at,
    };
    tx.execute(changes::append(&change)).await?;
    Ok(generation)
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

/// The schema between two steps, in memory as in the database.
pub(super) struct Walk {
    pub(super) working: Working,
    ids: Range<i64>,
    /// The generation the plan leads to.
    pub(super) generation: i64,
}

impl Walk {
    /// Carries out a step in memory and returns the ids it was given, in order.
    pub(super) fn advance(&mut self, step: &Step) -> Vec<i64> {
        let (working, ids) = (&mut self.working, &mut self.ids);
        let mut given = Vec::new();
        working.apply(step, &mut |_| {
            let id = ids.next().unwrap_or_default();
            given.push(id);
            id
        });
        given
    }

    async fn step(&mut self, tx: &mut Transaction, step: &Step) -> Result<(), StoreError> {
        match step {
            Step::CreateType(definition) => {
                let given = self.advance(step);
                create_type(tx, definition, &given).await
            }
            Step::AddField { owner, field } => {
                let given = self.advance(step);
                self.add_field(tx, owner.id, field, &given).await
            }
            _ => {
                self.advance(step);
                Ok(())
            }
        }
    }

    async fn add_field(
        &self,
        tx: &mut Transaction,
        owner: OwnerId,
        definition: &FieldDefinition,
        given: &[i64],
    ) -> Result<(), StoreError> {
        let (OwnerId::Type(id), Some(field)) = (owner, given.first()) else {
            return Ok(());
        };
        let field = definition.clone().into_field(FieldId(*field));
        match self.working.content_type(id) {
            Some(one) => columns::add(tx, one, &field).await,
            None => Ok(()),
        }
    }
}

async fn create_type(
    tx: &mut Transaction,
    definition: &TypeDefinition,
    given: &[i64],
) -> Result<(), StoreError> {
    let Some((id, ids)) = given.split_first() else {
        return Ok(());
    };
    let fields: Vec<Field> = definition
        .fields
        .iter()
        .zip(ids)
        .map(|(field, id)| field.clone().into_field(FieldId(*id)))
        .collect();
    for stage in create::stages(definition.draft_and_publish) {
        create::create_tables(tx, TypeId(*id), *stage, definition.localized, &fields).await?;
    }
    Ok(())
}
