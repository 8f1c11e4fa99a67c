//! `tympan jobs`: what runs beside requests.

use clap::Subcommand;

use super::failure::Failure;
use super::{open, print};
use crate::base::clock;
use crate::config::Config;
use crate::platform::database::{Database, DatabaseError};
use crate::queue::{self, Filter, Job, State, Stopped};

/// Work beside requests: looking at it, calling it off, trying it again.
#[derive(Debug, Subcommand)]
pub(super) enum Jobs {
    /// Lists jobs, the newest first.
    List {
        /// Only jobs in this state: waiting, running, done, failed or cancelled.
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Option<State>,
        /// Only jobs of this kind.
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Shows one job as JSON.
    Show {
        /// Its number.
        id: i64,
    },
    /// Calls a job off; one that runs stops at its next step.
    Cancel {
        /// Its number.
        id: i64,
    },
    /// Makes a job due again that failed or was called off.
    Retry {
        /// Its number.
        id: i64,
    },
}

fn state(name: &str) -> Result<State, String> {
    State::from_name(name).ok_or_else(|| "there is no such state".to_owned())
}

pub(super) async fn run(jobs: Jobs, config: &Config) -> anyhow::Result<()> {
    let app = open::open_existing(config).await?;
    let done = act(&app.database, jobs).await;
    app.close().await;
    done
}

async fn act(database: &Database, jobs: Jobs) -> anyhow::Result<()> {
    match jobs {
        Jobs::List { state, kind, limit } => {
            let kinds: Vec<&str> = kind.iter().map(String::as_str).collect();
            let filter = Filter {
                kinds: &kinds,
                state,
                limit,
                ..Filter::default()
            };
            for job in queue::jobs(database, &filter).await? {
                print::line(line(&job))?;
            }
        }
        Jobs::Show { id } => {
            let job = queue::job(database, id).await?.ok_or_else(|| unknown(id))?;
            print::line(format!("{:#}", json(&job)))?;
        }
        Jobs::Cancel { id } => match queue::cancel(database, id).await? {
            Stopped::Now => print::note(format!("job {id} is cancelled")),
            Stopped::Soon => print::note(format!("job {id} runs and stops at its next step")),
            Stopped::TooLate => return Err(ended(database, id).await?.into()),
        },
        Jobs::Retry { id } => match queue::retry(database, id).await {
            Ok(true) => print::note(format!("job {id} is due again")),
            Ok(false) => return Err(ended(database, id).await?.into()),
            Err(DatabaseError::Unique(_)) => {
                let failure = Failure::new(format!("a job like {id} is open already"));
                return Err(failure.hint("wait for it, or cancel it first").into());
            }
            Err(error) => return Err(error.into()),
        },
    }
    Ok(())
}

fn unknown(id: i64) -> Failure {
    Failure::new(format!("there is no job {id}")).hint("`tympan jobs list` shows those there are")
}

/// Why nothing could be done to a job.
async fn ended(database: &Database, id: i64) -> Result<Failure, DatabaseError> {
    Ok(match queue::job(database, id).await? {
        None => unknown(id),
        Some(job) => Failure::new(format!("job {id} is {}", job.state.name()))
            .hint("open jobs can be cancelled; failed and cancelled ones can be tried again"),
    })
}

fn line(job: &Job) -> String {
    let mut line = format!(
        "{}  {}  {}  {}",
        job.id,
        job.kind,
        job.state.name(),
        clock::stamp(job.run_at)
    );
    if !job.subject.is_empty() {
        line.push_str("  ");
        line.push_str(&job.subject);
    }
    if let Some(error) = &job.error {
        line.push_str("  ");
        line.push_str(&error.replace('\n', " "));
    }
    line
}

fn json(job: &Job) -> serde_json::Value {
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or(serde_json::Value::Null);
    serde_json::json!({
        "id": job.id, "kind": job.kind, "subject": job.subject, "payload": parsed(&job.payload),
        "author": job.author, "state": job.state.name(), "runAt": clock::stamp(job.run_at),
        "attempts": job.attempts, "maxAttempts": job.max_attempts, "owner": job.owner,
        "progress": job.progress.as_deref().map(parsed), "error": job.error,
        "createdAt": clock::stamp(job.created_at), "finishedAt": job.finished_at.map(clock::stamp),
    })
}
