//! Responses of the delivery API, and what becomes of the errors of lower floors.

use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::delivery::ReadError;
use crate::entries::{EntryError, Problem};
use crate::platform::database::DatabaseError;
use crate::query::check::{QueryError, QueryErrorKind};
use crate::query::text::TextError;
use crate::schema::validate::{FieldProblem, Rule};
use crate::server::error::ApiError;

/// A JSON response. What a credential was needed for is kept by no shared cache.
pub(super) fn json(status: StatusCode, body: Vec<u8>, public: bool) -> Response {
    let caching = if public {
        "no-cache"
    } else {
        "private, no-store"
    };
    let mut response = Response::builder().status(status).body(body);
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(
        header::VARY,
        HeaderValue::from_static("authorization, strapi-response-format"),
    );
    response
}

/// The answer to `OPTIONS`: the methods the caller may use here.
pub(super) fn options(methods: &str) -> Response {
    let allowed = format!("{methods}, OPTIONS");
    Response::builder().header(header::ALLOW, allowed).finish()
}

pub(super) fn bad_text(error: TextError) -> ApiError {
    bad_query(error.into())
}

pub(super) fn bad_query(error: QueryError) -> ApiError {
    let api_error = match error.kind {
        QueryErrorKind::Validation => ApiError::validation(error.message),
        QueryErrorKind::Pagination => ApiError::pagination(error.message),
        QueryErrorKind::Forbidden => return ApiError::forbidden(),
    };
    api_error.with_details(error.details)
}

/// Why a read gave no answer.
pub(super) fn read(error: ReadError, request_id: &str) -> ApiError {
    match error {
        ReadError::TooManyRows(_) | ReadError::TooLarge(_) | ReadError::Cursor => {
            ApiError::validation(error.to_string())
        }
        ReadError::Database(DatabaseError::TimedOut(ms)) => ApiError::validation(format!(
            "the query ran longer than {ms} ms and was stopped; ask for less or filter by an indexed field"
        )),
        ReadError::Database(DatabaseError::Memory) => ApiError::validation(
            "the answer needs more memory than allowed; ask for a smaller page or less of what is populated",
        ),
        ReadError::Database(error) => database(&error, request_id),
        ReadError::Stored(cause) => ApiError::internal(&cause, request_id),
    }
}

pub(super) fn database(error: &DatabaseError, request_id: &str) -> ApiError {
    match error {
        DatabaseError::Busy => ApiError::unavailable("the server is busy; try again", 1),
        DatabaseError::Unavailable(_) | DatabaseError::Missing(_) => {
            tracing::error!(%error, request_id, "the database did not answer");
            ApiError::unavailable("the database is not available; try again", 2)
        }
        DatabaseError::Full => ApiError::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "InsufficientStorageError",
            "the disk is full; nothing was written",
        ),
        other => ApiError::internal(other, request_id),
    }
}

pub(super) fn entry(error: EntryError, request_id: &str) -> ApiError {
    match error {
        EntryError::NotFound => ApiError::not_found(),
        EntryError::Invalid(problems) => invalid(&problems),
        EntryError::Stale { expected, found } => ApiError::precondition_failed(format!(
            "the entry is at revision {found}, your change started from {expected}; read it again and repeat your change"
        ))
        .with_details(json!({ "expected": expected, "found": found })),
        EntryError::InUse { .. } | EntryError::Taken => ApiError::conflict(error.to_string()),
        EntryError::ForeignItem(_) => {
            ApiError::new(StatusCode::BAD_REQUEST, "ApplicationError", error.to_string())
        }
        EntryError::Refused(reason) => ApiError::validation(reason),
        EntryError::SchemaChanged => {
            ApiError::unavailable("the schema is being changed; try again", 1)
        }
        EntryError::Database(error) => database(&error, request_id),
    }
}

/// What does not pass the rules of the type. A key that means nothing is told alone, as Strapi does.
pub(super) fn values(problems: Vec<FieldProblem>) -> ApiError {
    let mut unknown = problems
        .iter()
        .filter(|problem| problem.rule == Rule::UnknownKey);
    let is_id = |problem: &&FieldProblem| problem.path == ["id"];
    match unknown.clone().find(is_id).or_else(|| unknown.next()) {
        Some(problem) => invalid_key(problem),
        None => invalid(&problems.into_iter().map(problem).collect::<Vec<_>>()),
    }
}

fn invalid_key(problem: &FieldProblem) -> ApiError {
    let is_name = |part: &&String| !part.bytes().all(|byte| byte.is_ascii_digit());
    let names: Vec<&str> = problem
        .path
        .iter()
        .filter(is_name)
        .map(String::as_str)
        .collect();
    let details = match names.as_slice() {
        [key @ ("id" | "documentId")] => json!({ "key": key, "source": "body" }),
        [key @ ("createdAt" | "updatedAt" | "createdBy" | "updatedBy" | "localizations")] => {
            json!({ "key": key, "path": key, "source": "body" })
        }
        [key] => json!({ "key": key, "path": null, "source": "body" }),
        [path @ .., key] => json!({ "key": key, "path": path.join("."), "source": "body" }),
        [] => json!({}),
    };
    ApiError::validation(problem.message.clone()).with_details(details)
}

fn problem(problem: FieldProblem) -> Problem {
    Problem {
        path: problem.path,
        message: problem.message,
        value: problem.value,
    }
}

/// Strapi's form: one problem is the message, several are counted; all stand in `details.errors`.
pub(super) fn invalid(problems: &[Problem]) -> ApiError {
    let message = match problems {
        [one] => one.message.clone(),
        many => format!("{} errors occurred", many.len()),
    };
    let errors: Vec<_> = problems
        .iter()
        .map(|problem| {
            json!({
                "path": problem.path, "message": problem.message, "name": "ValidationError",
                "value": problem.value,
            })
        })
        .collect();
    ApiError::validation(message).with_details(json!({ "errors": errors }))
}
