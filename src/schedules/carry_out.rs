//! Carrying a schedule out.

use std::sync::Arc;

use super::{Deed, Payload};
use crate::entries::{Entries, EntryError, Problem, Target, Which, WriteRequest};
use crate::platform::database::{DatabaseError, Dialect};
use crate::queue::Job;
use crate::schema::{Schema, TypeId};

/// Problems that are told by name; the others are counted.
const TOLD: usize = 5;

/// What became of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Done,
    /// Another node has it, or it was called off.
    Taken,
    /// The schema has changed meanwhile: load it and try again.
    Outdated,
    /// It may pass later.
    Later(String),
    /// It cannot be carried out.
    Never(String),
}

/// Carries a claimed schedule out, in the transaction that marks it as done.
pub async fn carry_out(
    entries: &Entries,
    schema: &Arc<Schema>,
    dialect: Dialect,
    job: &Job,
) -> Outcome {
    let payload: Option<Payload> = serde_json::from_str(&job.payload).ok();
    let (Some(payload), Some(deed)) = (payload, Deed::from_name(&job.kind)) else {
        return Outcome::Never("the schedule cannot be read".into());
    };
    let Some(content_type) = schema.content_type_by_id(TypeId(payload.type_id)) else {
        return Outcome::Never("the type does not exist any more".into());
    };
    let request = WriteRequest {
        schema: Arc::clone(schema),
        content_type: Arc::clone(content_type),
        locale: payload.locale,
        target: Target::Published,
        author: job.author.clone(),
        expected: None,
    };
    let which = Which::Id(job.subject.clone());
    let mark = job.lease().done(dialect);
    let done = match deed {
        Deed::Publish => entries.publish_once(request, which, mark).await,
        Deed::Unpublish => entries.unpublish_once(request, which, mark).await,
    };
    match done {
        Ok(_) => Outcome::Done,
        Err(error) => outcome(deed, error),
    }
}

fn outcome(deed: Deed, error: EntryError) -> Outcome {
    match error {
        EntryError::Taken => Outcome::Taken,
        EntryError::SchemaChanged | EntryError::Database(DatabaseError::Missing(_)) => {
            Outcome::Outdated
        }
        EntryError::Database(error) => Outcome::Later(error.to_string()),
        EntryError::NotFound => Outcome::Never(match deed {
            Deed::Publish => "the document, or its draft in this locale, is not there".into(),
            Deed::Unpublish => "the document is not public in this locale".into(),
        }),
        EntryError::Invalid(problems) => Outcome::Never(told(&problems)),
        other => Outcome::Never(other.to_string()),
    }
}

fn told(problems: &[Problem]) -> String {
    let mut text: Vec<String> = problems
        .iter()
        .take(TOLD)
        .map(|problem| format!("{}: {}", problem.path.join("."), problem.message))
        .collect();
    if problems.len() > TOLD {
        text.push(format!("and {} more", problems.len() - TOLD));
    }
    text.join("; ")
}
