//! Endpoints: who is told of what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Event, WebhookError, new_secret, now, payload, template};
use crate::access::{Action, Grants, View};
use crate::base::clock;
use crate::base::limits::QueryLimits;
use crate::changes::{self, Cursor};
use crate::platform::database::{Database, DatabaseError, Dialect, Row, Statement};
use crate::platform::http_client::{Target, is_header};
use crate::schema::Schema;

/// The name of the follower's cursor.
pub(super) const CURSOR: &str = "webhooks";
/// Most endpoints.
const MOST: i64 = 10_000;
/// Most headers of one endpoint, and bytes of one of them.
const MOST_HEADERS: usize = 20;
const HEADER_BYTES: usize = 4096;
/// Most bytes of a query.
const QUERY_BYTES: usize = 4096;
/// Headers that the program sets itself.
const OWN_HEADERS: [&str; 10] = [
    "content-type",
    "content-length",
    "host",
    "user-agent",
    "connection",
    "transfer-encoding",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-strapi-event",
];

/// What somebody wants to be told, as it can be set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spec {
    /// Where to.
    pub url: String,
    /// Of what.
    pub events: Vec<Event>,
    /// Uids of the types it is about; empty = every type.
    pub types: Vec<String>,
    /// Uids of types whose entries may show in relations beside those.
    pub includes: Vec<String>,
    /// `filters`, `fields` and `populate` in the grammar of delivery.
    pub query: String,
    /// Whether changes of drafts are told, with the draft.
    pub drafts: bool,
    /// A payload of one's own.
    pub template: Option<String>,
    /// Headers beside those of every delivery.
    pub headers: Vec<Header>,
}

/// A header that is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether the value is never shown.
    pub secret: bool,
}

impl Header {
    /// The value, if it may be shown.
    pub fn shown(&self) -> &str {
        if self.secret {
            "•••"
        } else {
            &self.value
        }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.shown())
    }
}

/// An endpoint as it is stored, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is told.
    pub spec: Spec,
    /// Whether deliveries wait until it is resumed.
    pub paused: bool,
    /// Why it is paused, or what is wrong with it.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// Failed tries since the last one that succeeded.
    pub failures: i64,
}

impl Spec {
    /// What may be read for this endpoint: the types it is about and those it includes.
    pub fn view(&self, schema: &Arc<Schema>) -> View {
        let grants = match self.types.is_empty() {
            true => Grants::ReadAll {
                drafts: self.drafts,
            },
            false => {
                let mut actions = BTreeSet::from([Action::Find, Action::FindOne]);
                if self.drafts {
                    actions.insert(Action::Draft);
                }
                let uids = self.types.iter().chain(&self.includes);
                let listed: BTreeMap<_, _> =
                    uids.map(|uid| (uid.clone(), actions.clone())).collect();
                Grants::Listed(listed)
            }
        };
        View::new(Arc::clone(schema), &grants)
    }

    /// Refuses what could never be delivered.
    ///
    /// # Errors
    /// [`WebhookError::Invalid`] with what to do.
    pub fn check(&self, schema: &Arc<Schema>, limits: &QueryLimits) -> Result<(), WebhookError> {
        let invalid = |text: String| Err(WebhookError::Invalid(text));
        if let Err(error) = Target::parse(&self.url) {
            return invalid(error.to_string());
        }
        if self.events.is_empty() {
            return invalid("name at least one event, such as entry.publish".into());
        }
        if self.types.is_empty() && !self.includes.is_empty() {
            return invalid(
                "every type is told of already; further types are for endpoints of certain types"
                    .into(),
            );
        }
        if let Some(text) = &self.template {
            template::parse(text).map_err(WebhookError::Invalid)?;
        }
        self.check_headers()?;
        self.check_query(schema, limits)
    }

    fn check_headers(&self) -> Result<(), WebhookError> {
        if self.headers.len() > MOST_HEADERS {
            let text = format!("more than {MOST_HEADERS} headers");
            return Err(WebhookError::Invalid(text));
        }
        for header in &self.headers {
            let name = header.name.to_ascii_lowercase();
            let usable = is_header(&name, &header.value) && header.value.len() <= HEADER_BYTES;
            if !usable || OWN_HEADERS.contains(&name.as_str()) {
                let shown: String = header.name.escape_debug().take(60).collect();
                return Err(WebhookError::Invalid(format!(
                    "the header `{shown}` cannot be set: it is no header, longer than {HEADER_BYTES} bytes or set by every delivery"
                )));
            }
        }
        Ok(())
    }

    fn check_query(&self, schema: &Arc<Schema>, limits: &QueryLimits) -> Result<(), WebhookError> {
        if self.query.is_empty() {
            return Ok(());
        }
        let invalid = |text: String| WebhookError::Invalid(text);
        if self.query.len() > QUERY_BYTES {
            return Err(invalid(format!(
                "the query is longer than {QUERY_BYTES} bytes"
            )));
        }
        if self.types.is_empty() {
            return Err(invalid("a query is about certain types; name them".into()));
        }
        let view = self.view(schema);
        for uid in &self.types {
            let Some(content_type) = schema.content_type(uid) else {
                return Err(WebhookError::Unknown(format!("the type `{uid}`")));
            };
            payload::check(&view, content_type, self, limits).map_err(invalid)?;
        }
        Ok(())
    }
}

/// Makes an endpoint and returns its secret, which is never shown again.
///
/// # Errors
/// When the name is unusable or taken. `spec` must have been checked.
pub async fn create(database: &Database, name: &str, spec: Spec) -> Result<String, WebhookError> {
    let usable = (1..=100).contains(&name.chars().count())
        && name == name.trim()
        && !name.chars().any(char::is_control);
    if !usable {
        return Err(WebhookError::Invalid(format!(
            "the name `{}` must have 1 to 100 printable characters and no blanks around",
            name.escape_debug()
        )));
    }
    let (secret, kept, named) = (new_secret(), name.to_owned(), name.to_owned());
    let given = secret.clone();
    let made = database
        .write(move |tx| {
            Box::pin(async move {
                let counted = Statement::new("select count(*), coalesce(max(id), 0) from webhooks");
                let row = tx.fetch_optional(counted).await?;
                let row = row.ok_or(DatabaseError::Column(0))?;
                let (count, last) = (row.integer(0)?, row.integer(1)?);
                if count >= MOST {
                    let text = format!("there are {MOST} webhooks already; delete some first");
                    return Err(WebhookError::Invalid(text));
                }
                if count == 0 {
                    // Nobody listened before: what happened until now is told to nobody.
                    let end = changes::end_of(tx).await?;
                    tx.execute(end.keep(CURSOR)).await?;
                }
                let sql = "insert into webhooks (id, name, secret, created_at, url, events, types, includes, query, \
                           drafts, template, headers, state, failures, tried_at, lease, lease_until) \
                           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'active', 0, 0, 0, 0)";
                let statement = Statement::new(sql)
                    .bind(last + 1)
                    .bind(kept)
                    .bind(given)
                    .bind(clock::now());
                tx.execute(bind(statement, &spec)).await?;
                Ok(())
            })
        })
        .await;
    match made {
        Ok(()) => Ok(secret),
        Err(WebhookError::Database(DatabaseError::Unique(_))) => Err(WebhookError::Exists(named)),
        Err(error) => Err(error),
    }
}

/// Replaces what an endpoint is told; its secret and what waits for it stay.
///
/// # Errors
/// When there is none of this name. `spec` must have been checked.
pub async fn update(database: &Database, name: &str, spec: &Spec) -> Result<(), WebhookError> {
    let sql = "update webhooks set url = $1, events = $2, types = $3, includes = $4, query = $5, drafts = $6, \
               template = $7, headers = $8 where name = $9";
    change(database, name, bind(Statement::new(sql), spec).bind(name)).await
}

/// Keeps deliveries waiting.
///
/// # Errors
/// When there is none of this name.
pub async fn pause(database: &Database, name: &str, reason: &str) -> Result<(), WebhookError> {
    let sql = "update webhooks set state = 'paused', reason = $1 where name = $2";
    change(database, name, Statement::new(sql).bind(reason).bind(name)).await
}

/// Delivers again, beginning with what waits.
///
/// # Errors
/// When there is none of this name.
pub async fn resume(database: &Database, name: &str) -> Result<(), WebhookError> {
    let sql = "update webhooks set state = 'active', reason = null, failures = 0, failing_since = null \
               where name = $1";
    change(database, name, Statement::new(sql).bind(name)).await
}

/// Makes a new secret and returns it; the old one signs beside it for so many hours.
///
/// # Errors
/// When there is none of this name.
pub async fn rotate(database: &Database, name: &str, hours: u32) -> Result<String, WebhookError> {
    let secret = new_secret();
    let now = now(database.dialect());
    let sql = format!(
        "update webhooks set old_secret = secret, secret = $1, old_secret_until = {now} + $2 where name = $3"
    );
    let statement = Statement::new(sql)
        .bind(secret.as_str())
        .bind(i64::from(hours) * 60 * 60 * 1000)
        .bind(name);
    change(database, name, statement).await?;
    Ok(secret)
}

/// Removes an endpoint with its deliveries and their log.
///
/// # Errors
/// When there is none of this name.
pub async fn delete(database: &Database, name: &str) -> Result<(), WebhookError> {
    let wanted = name.to_owned();
    let found: bool = database
        .write(move |tx| {
            Box::pin(async move {
                // Nothing is queued for it while it is removed.
                tx.fetch_optional(locked_cursor(tx.dialect())).await?;
                let delete = "delete from webhooks where name = $1 returning id";
                let row = tx.fetch_optional(Statement::new(delete).bind(wanted)).await?;
                let Some(row) = row else {
                    return Ok::<_, DatabaseError>(false);
                };
                let id = row.integer(0)?;
                for sql in [
                    "delete from webhook_attempts where delivery in (select id from webhook_deliveries where endpoint = $1)",
                    "delete from webhook_deliveries where endpoint = $1",
                ] {
                    tx.execute(Statement::new(sql).bind(id)).await?;
                }
                // Nobody listens any more: the follower rests until somebody does.
                let rest = "delete from cursors where name = $1 and not exists (select 1 from webhooks)";
                tx.execute(Statement::new(rest).bind(CURSOR)).await?;
                Ok(true)
            })
        })
        .await?;
    if found { Ok(()) } else { Err(unknown(name)) }
}

/// Every endpoint, by name.
///
/// # Errors
/// When the database fails.
pub async fn list(database: &Database) -> Result<Vec<Endpoint>, DatabaseError> {
    let rows = database
        .fetch_all(Statement::new(format!("{SELECT} order by name")))
        .await?;
    rows.iter().map(endpoint).collect()
}

/// The endpoint of this name.
///
/// # Errors
/// When there is none.
pub async fn find(database: &Database, name: &str) -> Result<Endpoint, WebhookError> {
    let statement = Statement::new(format!("{SELECT} where name = $1")).bind(name);
    let row = database.fetch_optional(statement).await?;
    row.map_or_else(|| Err(unknown(name)), |row| Ok(endpoint(&row)?))
}

/// The follower's place, locked against other nodes until the transaction ends.
pub(super) fn locked_cursor(dialect: Dialect) -> Statement {
    Statement::new(dialect.pick(
        "select transaction_id, seq from cursors where name = $1",
        "select transaction_id, seq from cursors where name = $1 for update",
    ))
    .bind(CURSOR)
}

/// The place of a row of [`locked_cursor`].
pub(super) fn place(row: &Row) -> Result<Cursor, DatabaseError> {
    Ok(Cursor {
        transaction: row.integer(0)?,
        seq: row.integer(1)?,
    })
}

async fn change(database: &Database, name: &str, statement: Statement) -> Result<(), WebhookError> {
    let changed: u64 = database
        .write(move |tx| Box::pin(async move { tx.execute(statement).await }))
        .await
        .map_err(|error: DatabaseError| WebhookError::from(error))?;
    if changed > 0 {
        Ok(())
    } else {
        Err(unknown(name))
    }
}

fn unknown(name: &str) -> WebhookError {
    WebhookError::Unknown(format!("the webhook `{}`", name.escape_debug()))
}

const SELECT: &str = "select id, name, url, events, types, includes, query, drafts, template, headers, state, reason, \
                      created_at, failures from webhooks";

fn bind(statement: Statement, spec: &Spec) -> Statement {
    let events: Vec<&str> = spec.events.iter().map(|event| event.name()).collect();
    statement
        .bind(spec.url.as_str())
        .bind(json(&events))
        .bind(json(&spec.types))
        .bind(json(&spec.includes))
        .bind(spec.query.as_str())
        .bind(i64::from(spec.drafts))
        .bind(spec.template.as_deref())
        .bind(json(&spec.headers))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The headers of a stored text.
pub(super) fn headers(text: &str) -> Vec<Header> {
    serde_json::from_str(text).unwrap_or_default()
}

fn endpoint(row: &Row) -> Result<Endpoint, DatabaseError> {
    let list = |index| {
        Ok::<Vec<String>, DatabaseError>(serde_json::from_str(row.text(index)?).unwrap_or_default())
    };
    let text = |index| Ok::<_, DatabaseError>(row.text_or_null(index)?.map(str::to_owned));
    Ok(Endpoint {
        id: row.integer(0)?,
        name: row.text(1)?.to_owned(),
        spec: Spec {
            url: row.text(2)?.to_owned(),
            events: list(3)?
                .iter()
                .filter_map(|name| Event::from_name(name))
                .collect(),
            types: list(4)?,
            includes: list(5)?,
            query: row.text(6)?.to_owned(),
            drafts: row.integer(7)? != 0,
            template: text(8)?,
            headers: headers(row.text(9)?),
        },
        paused: row.text(10)? == "paused",
        reason: text(11)?,
        created_at: row.text(12)?.to_owned(),
        failures: row.integer(13)?,
    })
}
