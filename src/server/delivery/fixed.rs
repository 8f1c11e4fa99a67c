//! Paths under `/api/` that belong to no content type.

use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::json;

use super::answer;
use crate::app::{App, Caller};
use crate::server::error::ApiError;

/// Answers a fixed path; `None` if it is none.
pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    request: &Request,
    steps: &[&str],
) -> Result<Option<Response>, ApiError> {
    match (request.method(), steps) {
        (&Method::GET | &Method::HEAD, ["i18n", "locales"]) => Ok(Some(locales(app, caller))),
        _ => Ok(None),
    }
}

/// Strapi's bare array of locales.
fn locales(app: &App, caller: &Caller) -> Response {
    let schema = app.schema();
    let locales: Vec<_> = schema
        .locales()
        .iter()
        .map(|locale| {
            json!({
                "id": locale.id, "documentId": format!("locale{}", locale.id), "name": locale.name,
                "code": locale.code, "isDefault": locale.is_default,
            })
        })
        .collect();
    let body = json!(locales).to_string().into_bytes();
    answer::json(StatusCode::OK, body, caller.is_public())
}
