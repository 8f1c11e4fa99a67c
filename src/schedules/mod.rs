//! Schedules: publishing or unpublishing a locale of a document at a time to come.
//!
//! A schedule is a job of the [`queue`](crate::queue) whose subject is the document. It is carried out in the
//! transaction that marks it as done, so it happens once on any number of nodes, and a node that was killed or
//! stopped half-way has done nothing.
//!
//! **Always true**: a time is an absolute instant, told apart by the database's clock; a schedule that cannot be
//! carried out, because its document is gone or not complete, ends with the reason and is not tried again.
//! **Knows nothing about** HTTP and rights: who schedules must be allowed to update the type.
//! Start reading at [`plan`], then [`carry_out`].

mod carry_out;
mod instant;
mod plan;

pub use carry_out::{Outcome, carry_out};
pub use instant::{InstantError, instant};
pub use plan::{Planned, PlannedError, Wish, list, of_document, plan, withdraw};

use serde::{Deserialize, Serialize};

/// The kinds of jobs that are schedules.
pub const KINDS: &[&str] = &[PUBLISH, UNPUBLISH];
const PUBLISH: &str = "publish";
const UNPUBLISH: &str = "unpublish";

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// The draft becomes public as it is at that time.
    Publish,
    /// The document is taken out of public view.
    Unpublish,
}

impl Deed {
    /// The word in requests and commands, and the kind of the job.
    pub fn name(self) -> &'static str {
        match self {
            Self::Publish => PUBLISH,
            Self::Unpublish => UNPUBLISH,
        }
    }

    /// The deed of a word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Publish, Self::Unpublish]
            .into_iter()
            .find(|deed| deed.name() == name)
    }
}

/// What the job remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Payload {
    type_id: i64,
    /// Empty for types without locales.
    locale: String,
}
