//! What is done for each kind of job.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::app::App;
use crate::platform::database::DatabaseError;
use crate::queue::{Job, Lease};

/// A job at work.
#[derive(Debug, Clone)]
pub struct Work {
    /// All parts of the program.
    pub app: Arc<App>,
    /// The job.
    pub job: Arc<Job>,
    /// The right to work on it.
    pub lease: Lease,
    /// How long things are kept.
    pub keep: Keep,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Days of the change log; 0 = for ever.
    pub changes_days: u32,
    /// Days of jobs that ended.
    pub jobs_days: u32,
}

/// Why a job was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JobError {
    /// Another node has it, or it was called off; what was not committed is undone.
    #[error("another node has taken the job over, or it was called off")]
    Taken,
    /// It may pass later.
    #[error("{0}")]
    Later(String),
    /// It can never be done.
    #[error("{0}")]
    Never(String),
    /// The database failed; it may pass later.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Does a job. Its lease is renewed while it runs, and it is dropped at its next wait when the lease is lost. When it
/// returns `Ok`, the runner marks the job as done; a job whose effect is in the database marks itself, with
/// [`Lease::done`] in the transaction of the effect.
pub type Handler = fn(Work) -> BoxFuture<'static, Result<(), JobError>>;

/// A kind of job.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The word stored.
    pub name: &'static str,
    /// What is done.
    pub handler: Handler,
    /// How often it comes again by itself, in milliseconds; none for those that somebody adds.
    pub every_ms: Option<i64>,
}
