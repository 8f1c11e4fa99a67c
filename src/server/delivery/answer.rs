//! Responses of the delivery API, and what becomes of the errors of lower floors.

use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::entries::{EntryError, Problem};
use crate::platform::database::DatabaseError;
use crate::query::check::{QueryError, QueryErrorKind};
use crate::query::text::TextError;
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
        EntryError::InUse { .. } => ApiError::conflict(error.to_string()),
        EntryError::Refused(reason) => ApiError::validation(reason),
        EntryError::SchemaChanged => {
            ApiError::unavailable("the schema is being changed; try again", 1)
        }
        EntryError::Database(error) => database(&error, request_id),
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
