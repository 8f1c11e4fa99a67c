//! Making, listing and withdrawing schedules.

use super::{Deed, KINDS, Payload};
use crate::entries::identity;
use crate::platform::database::{Database, DatabaseError, Statement, Transaction};
use crate::queue::{self, Filter, Job, NewJob, State, Stopped};
use crate::schema::{ContentType, Schema};

/// Schedules one document may have open.
const MOST_PER_DOCUMENT: i64 = 100;
/// How far a time may lie in the past: who says "now" means it.
const PAST_MS: i64 = 60_000;
/// The first instant of the year 10000, which no stored form has.
const END_OF_TIME_MS: i64 = 253_402_300_800_000;
/// A schedule meets a database that is away, not bad work, so it is tried often.
const ATTEMPTS: i64 = 100;

/// What somebody wants to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What.
    pub deed: Deed,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The document.
    pub document_id: String,
    /// The locale code; none is the default locale.
    pub locale: Option<String>,
    /// Who wants it.
    pub author: Option<String>,
}

/// A schedule as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its number.
    pub id: i64,
    /// What is to happen.
    pub deed: Deed,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The document.
    pub document_id: String,
    /// The type's id.
    pub type_id: i64,
    /// The locale; empty for types without locales.
    pub locale: String,
    /// What has become of it.
    pub state: State,
    /// Why it could not be carried out.
    pub error: Option<String>,
    /// Who wanted it.
    pub author: Option<String>,
    /// When it was carried out or given up, in milliseconds since 1970.
    pub ended_at: Option<i64>,
}

/// Why a schedule was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlannedError {
    /// There is no such document of this type.
    #[error("the document does not exist")]
    NotFound,
    /// The wish makes no sense.
    #[error("{0}")]
    Refused(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Makes a schedule; the same wish again finds the one that is there.
///
/// # Errors
/// When the type has no drafts, the document or locale does not exist, the time has passed, or there are too many.
pub async fn plan(
    database: &Database,
    schema: &Schema,
    content_type: &ContentType,
    wish: Wish,
) -> Result<Planned, PlannedError> {
    let locale = locale(schema, content_type, wish.locale.as_deref())?;
    let type_id = content_type.id.0;
    let payload = Payload {
        type_id,
        locale: locale.clone(),
    };
    let payload = serde_json::to_string(&payload)
        .map_err(|error| DatabaseError::Other(error.to_string().into()))?;
    let Wish {
        deed, document_id, ..
    } = &wish;
    let job = NewJob::new(deed.name(), payload)
        .about(document_id)
        .by(wish.author.as_deref())
        .at(wish.at)
        .attempts(ATTEMPTS)
        .once(format!(
            "{} {document_id} {locale} {}",
            deed.name(),
            wish.at
        ));
    let (document_id, at) = (document_id.clone(), wish.at);
    let id = database
        .write(move |tx| {
            Box::pin(async move {
                may_be_made(tx, &document_id, type_id, at).await?;
                let id = job.add_in(tx).await?;
                Ok::<_, PlannedError>(id)
            })
        })
        .await?;
    Ok(Planned {
        id,
        deed: wish.deed,
        at: wish.at,
        document_id: wish.document_id,
        type_id,
        locale,
        state: State::Waiting,
        error: None,
        author: wish.author,
        ended_at: None,
    })
}

fn locale(
    schema: &Schema,
    content_type: &ContentType,
    wanted: Option<&str>,
) -> Result<String, PlannedError> {
    let refused = |message: String| Err(PlannedError::Refused(message));
    if !content_type.draft_and_publish {
        return refused(format!(
            "`{}` has no drafts, so there is nothing to publish later",
            content_type.singular
        ));
    }
    match (wanted, content_type.localized) {
        (None, true) => Ok(schema.default_locale().to_owned()),
        (None, false) => Ok(String::new()),
        (Some(_), false) => refused(format!(
            "`{}` has no locales; leave `locale` out",
            content_type.singular
        )),
        (Some(code), true) if schema.locale(code).is_some() => Ok(code.to_owned()),
        (Some(code), true) => refused(format!("there is no locale `{}`", code.escape_debug())),
    }
}

/// Looks at the document, the clock and what is planned already.
async fn may_be_made(
    tx: &mut Transaction,
    document_id: &str,
    type_id: i64,
    at: i64,
) -> Result<(), PlannedError> {
    let found = identity::find(tx, document_id).await?;
    found
        .filter(|found| found.type_id == type_id && found.trashed_at.is_none())
        .ok_or(PlannedError::NotFound)?;
    let now = tx.dialect().now_ms();
    let ask = format!(
        "select {now}, (select count(*) from jobs where subject = $1 and subject <> '' \
         and state in ('waiting', 'running'))"
    );
    let row = tx
        .fetch_optional(Statement::new(ask).bind(document_id))
        .await?
        .ok_or(DatabaseError::Column(0))?;
    in_time(at, row.integer(0)?)?;
    if row.integer(1)? >= MOST_PER_DOCUMENT {
        let message = format!(
            "the document has {MOST_PER_DOCUMENT} open schedules; cancel some of them first"
        );
        return Err(PlannedError::Refused(message));
    }
    Ok(())
}

fn in_time(at: i64, now: i64) -> Result<(), PlannedError> {
    if at < now - PAST_MS {
        let message = "the time has passed already; choose a later one, or publish at once";
        return Err(PlannedError::Refused(message.to_owned()));
    }
    if at >= END_OF_TIME_MS {
        let message = "the time must lie before the year 10000";
        return Err(PlannedError::Refused(message.to_owned()));
    }
    Ok(())
}

/// Schedules of all documents, the newest first; only the open ones unless `ended`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    database: &Database,
    ended: bool,
    limit: u32,
) -> Result<Vec<Planned>, DatabaseError> {
    let filter = Filter {
        kinds: KINDS,
        open: !ended,
        limit,
        ..Filter::default()
    };
    let jobs = queue::jobs(database, &filter).await?;
    Ok(jobs.iter().filter_map(planned).collect())
}

/// Schedules of one document, those that ended included, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn of_document(
    database: &Database,
    content_type: &ContentType,
    document_id: &str,
    limit: u32,
) -> Result<Vec<Planned>, DatabaseError> {
    let filter = Filter {
        kinds: KINDS,
        subject: Some(document_id),
        limit,
        ..Filter::default()
    };
    let jobs = queue::jobs(database, &filter).await?;
    let of_type = |planned: &Planned| planned.type_id == content_type.id.0;
    Ok(jobs.iter().filter_map(planned).filter(of_type).collect())
}

/// Withdraws a schedule; if `of` is given, only one of that document of that type.
///
/// # Errors
/// When the database fails.
pub async fn withdraw(
    database: &Database,
    of: Option<(&ContentType, &str)>,
    id: i64,
) -> Result<Option<Stopped>, DatabaseError> {
    let job = queue::job(database, id).await?;
    let found = job.as_ref().and_then(planned);
    let ours = |planned: &Planned| {
        of.is_none_or(|(content_type, document_id)| {
            planned.type_id == content_type.id.0 && planned.document_id == document_id
        })
    };
    match found.filter(ours) {
        Some(_) => queue::cancel(database, id).await.map(Some),
        None => Ok(None),
    }
}

/// The schedule that a job is; none if it is no schedule.
fn planned(job: &Job) -> Option<Planned> {
    let payload: Payload = serde_json::from_str(&job.payload).ok()?;
    Some(Planned {
        id: job.id,
        deed: Deed::from_name(&job.kind)?,
        at: job.run_at,
        document_id: job.subject.clone(),
        type_id: payload.type_id,
        locale: payload.locale,
        state: job.state,
        error: job.error.clone(),
        author: job.author.clone(),
        ended_at: job.finished_at,
    })
}
