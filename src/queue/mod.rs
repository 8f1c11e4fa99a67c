//! The queue: work to be done at a time, each piece by one node.
//!
//! A job is a row. A node claims those that are due and gets a [`Lease`]: the job's number and the number of the
//! claim (the fence). Whatever a job changes, it changes in the transaction that runs [`Lease::done`] or
//! [`Lease::hold`], which find no row once somebody else has claimed the job; so a node that was asleep or cut
//! off undoes its own work instead of doing it twice.
//!
//! **Always true**: the database's clock decides what is due, never a node's; of the open jobs with one key there
//! is one; a job that ended stays readable until it is pruned.
//! **Knows nothing about** what the jobs do. Start reading at [`NewJob::add`] and [`claim`].

mod add;
mod claim;
mod lease;
mod look;
mod stop;

pub use add::{NewJob, arm, rearm};
pub use claim::{claim, due_in};
pub use lease::Lease;
pub use look::{Depth, Filter, clock_ms, depth, job, jobs};
pub use stop::{Stopped, cancel, prune, retry};

use crate::platform::database::{DatabaseError, Row};

/// How long a claim is good for if it is not renewed, in milliseconds: after this another node takes over.
pub const LEASE_MS: i64 = 10_000;

/// What has become of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It waits for its time or for its next try.
    Waiting,
    /// A node runs it.
    Running,
    /// It is done.
    Done,
    /// It cannot be done; its error says why.
    Failed,
    /// Somebody called it off.
    Cancelled,
}

impl State {
    const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of a word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it may still run.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

/// A job as it is stored. Times are milliseconds since 1970 by the database's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// What kind of work it is.
    pub kind: String,
    /// What it is about, such as a `documentId`; may be empty.
    pub subject: String,
    /// What the work needs to know, as JSON.
    pub payload: String,
    /// Who asked for it.
    pub author: Option<String>,
    /// What has become of it.
    pub state: State,
    /// When it was meant to run.
    pub run_at: i64,
    /// How often it was begun.
    pub attempts: i64,
    /// How often it may be begun.
    pub max_attempts: i64,
    /// The number of the last claim.
    pub fence: i64,
    /// How far it has come, as JSON.
    pub progress: Option<String>,
    /// Why it failed, or why the last try did.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: i64,
    /// When it ended, the last time if it comes again.
    pub finished_at: Option<i64>,
    /// The node that runs it, or ran it last.
    pub owner: Option<String>,
}

/// The columns in the order [`Job::of`] reads them.
const COLUMNS: &str = "id, kind, subject, payload, author, state, run_at, attempts, max_attempts, fence, progress, \
                       error, created_at, finished_at, owner";

impl Job {
    fn of(row: &Row) -> Result<Self, DatabaseError> {
        let text = |index| Ok::<_, DatabaseError>(row.text_or_null(index)?.map(str::to_owned));
        Ok(Self {
            id: row.integer(0)?,
            kind: row.text(1)?.to_owned(),
            subject: row.text(2)?.to_owned(),
            payload: row.text(3)?.to_owned(),
            author: text(4)?,
            state: State::from_name(row.text(5)?).ok_or(DatabaseError::Column(5))?,
            run_at: row.integer(6)?,
            attempts: row.integer(7)?,
            max_attempts: row.integer(8)?,
            fence: row.integer(9)?,
            progress: text(10)?,
            error: text(11)?,
            created_at: row.integer(12)?,
            finished_at: row.integer_or_null(13)?,
            owner: text(14)?,
        })
    }

    /// The right to work on it that this claim gave.
    pub fn lease(&self) -> Lease {
        Lease {
            job: self.id,
            fence: self.fence,
        }
    }
}
