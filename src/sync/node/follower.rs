//! The node's side: one step after the other, each durable with its place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::document::Answer;
use super::state::{ORIGIN, Staging, State, TOKEN, keep};
use super::{Origin, OriginError, Request, apply, staging};
use crate::platform::database::{Database, DatabaseError};
use crate::schema::Schema;
use crate::schema::store::{SchemaRows, StoreError};

/// Why a step was not made; what is stored is as before.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FollowError {
    /// The origin gave nothing.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// The node's own database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The origin's schema is not one this program understands.
    #[error(transparent)]
    Schema(#[from] StoreError),
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Whether what is served has changed.
    pub changed: bool,
    /// Whether the first copy is there.
    pub complete: bool,
    /// Whether the origin has nothing more.
    pub caught_up: bool,
}

/// Follows an origin into a database.
#[derive(Debug)]
pub struct Follower {
    database: Arc<Database>,
    origin: Origin,
    /// Whether the origin had nothing more at the last step; only then the next one may wait.
    caught_up: AtomicBool,
}

impl Follower {
    /// Follows this origin.
    pub fn new(database: Arc<Database>, origin: Origin) -> Self {
        Self {
            database,
            origin,
            caught_up: AtomicBool::new(false),
        }
    }

    /// Whether the database holds a whole copy.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_complete(&self) -> Result<bool, FollowError> {
        Ok(State::load(&self.database).await?.token.is_some())
    }

    /// Asks the origin whether it would give something to this node.
    ///
    /// # Errors
    /// When it does not.
    pub async fn probe(&self) -> Result<(), OriginError> {
        let request = Request {
            generation: -1,
            ..Request::default()
        };
        self.origin.ask(&request).await.map(|_| ())
    }

    /// Makes the next step: fetches part of a copy, or follows the log, waiting for it to go on.
    ///
    /// # Errors
    /// When the origin or the node's own database does not do its part.
    pub async fn step(&self, schema: &Arc<Schema>) -> Result<Step, FollowError> {
        let step = self.next(schema).await;
        let caught_up = step.as_ref().is_ok_and(|step| step.caught_up);
        self.caught_up.store(caught_up, Ordering::Relaxed);
        step
    }

    async fn next(&self, schema: &Arc<Schema>) -> Result<Step, FollowError> {
        let state = State::load(&self.database).await?;
        let complete = state.token.is_some();
        let busy = Step {
            changed: false,
            complete,
            caught_up: false,
        };
        match (state.staging, state.token) {
            (Some(staging), _) => self.fetch(staging, complete).await,
            (None, None) => self.begin().await.map(|()| busy),
            (None, Some(token)) => {
                let request = Request {
                    generation: schema.generation,
                    access: state.access,
                    token: Some(token),
                    copy: None,
                    wait: self.caught_up.load(Ordering::Relaxed),
                };
                match self.origin.ask(&request).await {
                    Ok(answer) if Some(&answer.log_id) != state.log_id.as_ref() => {
                        self.begin().await.map(|()| busy)
                    }
                    Ok(Answer {
                        schema: Some(rows),
                        access,
                        log_id,
                        ..
                    }) => {
                        let own = SchemaRows::read(&self.database).await?;
                        let types = rows.changed_since(&own);
                        let staging = Staging {
                            all: false,
                            types: types.into_iter().collect(),
                            schema: rows,
                            access,
                            token: None,
                            log_id,
                            done: 0,
                            after: 0,
                        };
                        self.stage(staging).await.map(|()| busy)
                    }
                    Ok(answer) => self.take(schema, answer, request.access).await,
                    Err(OriginError::Expired) => self.begin().await.map(|()| busy),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// Begins to fetch everything.
    async fn begin(&self) -> Result<(), FollowError> {
        let request = Request {
            generation: -1,
            access: -1,
            ..Request::default()
        };
        let answer = self.origin.ask(&request).await?;
        let incomplete = || OriginError::Unreachable("the answer has no schema".into());
        let schema = answer.schema.ok_or_else(incomplete)?;
        let staging = Staging {
            all: true,
            types: schema.types().into_iter().collect(),
            schema,
            access: answer.access,
            token: Some(answer.token.ok_or_else(incomplete)?),
            log_id: answer.log_id,
            done: 0,
            after: 0,
        };
        self.stage(staging).await
    }

    async fn stage(&self, staging: Staging) -> Result<(), FollowError> {
        self.database
            .write(move |tx| Box::pin(async move { staging::begin(tx, &staging).await }))
            .await
    }

    /// Fetches the next documents of a copy; when all are there, they take the place of what is served.
    async fn fetch(&self, mut staging: Staging, complete: bool) -> Result<Step, FollowError> {
        let busy = Step {
            changed: false,
            complete,
            caught_up: false,
        };
        let Some(type_id) = staging.types.get(staging.done).copied() else {
            self.database
                .write(move |tx| Box::pin(async move { staging::swap(tx, &staging).await }))
                .await?;
            return Ok(Step {
                changed: true,
                complete: true,
                caught_up: false,
            });
        };
        let request = Request {
            generation: staging.schema.generation,
            copy: Some((type_id, staging.after)),
            ..Request::default()
        };
        let answer = self.origin.ask(&request).await?;
        if answer.schema.is_some() || answer.log_id != staging.log_id {
            // The schema changed again: what was fetched is of no use.
            self.database
                .write(move |tx| {
                    Box::pin(async move {
                        keep(tx, super::state::STAGING, None).await?;
                        Ok::<_, FollowError>(())
                    })
                })
                .await?;
            return Ok(busy);
        }
        match answer.documents.last() {
            Some(last) if answer.has_more => staging.after = last.doc,
            _ => {
                staging.done += 1;
                staging.after = 0;
            }
        }
        let documents = answer.documents;
        self.database
            .write(move |tx| Box::pin(async move { staging::add(tx, &documents, &staging).await }))
            .await?;
        Ok(busy)
    }

    /// Takes over a page of the log.
    async fn take(
        &self,
        schema: &Arc<Schema>,
        answer: Answer,
        access: i64,
    ) -> Result<Step, FollowError> {
        let new_access = answer.access.filter(|rows| rows.generation != access);
        let changed =
            !answer.documents.is_empty() || !answer.changes.is_empty() || new_access.is_some();
        let schema = Arc::clone(schema);
        let (documents, lines) = (answer.documents, answer.changes);
        let (token, log_id) = (answer.token, answer.log_id);
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    apply::documents(tx, &schema, &documents).await?;
                    apply::lines(tx, &lines).await?;
                    if let Some(access) = &new_access {
                        access.take_over(tx).await?;
                    }
                    if let Some(token) = &token {
                        keep(tx, TOKEN, Some(token)).await?;
                    }
                    keep(tx, ORIGIN, Some(&log_id)).await?;
                    Ok::<_, FollowError>(())
                })
            })
            .await?;
        Ok(Step {
            changed,
            complete: true,
            caught_up: !answer.has_more,
        })
    }
}
