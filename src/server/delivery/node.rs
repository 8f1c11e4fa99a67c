//! `GET /api/sync/node`: rows for read nodes, and what a read node does not do itself.

use poem::http::{Method, StatusCode};
use poem::{Request, Response};

use super::sync::{json, refused, schema_may_be_old};
use super::{Caller, answer};
use crate::app::App;
use crate::query::text::{self, Param};
use crate::server::error::ApiError;
use crate::server::headers;
use crate::sync::node::{self, Following};

/// How often an answer is tried again because the schema changed meanwhile.
const TRIES: u32 = 5;

/// Answers a node that follows this instance.
pub(super) async fn give(app: &App, request: &Request) -> Result<Response, ApiError> {
    let request_id = headers::request_id(request.headers());
    let query = request.uri().query().unwrap_or_default();
    let params = text::parse(query, &app.limits).map_err(answer::bad_text)?;
    let asked = asked(&params);
    let mut tries = 0;
    loop {
        let schema = app.schema();
        match node::give(&app.database, &schema, &app.live, &asked).await {
            Ok(answer) => {
                let body = serde_json::to_vec(&answer);
                return Ok(json(
                    body.map_err(|error| ApiError::internal(&error, request_id))?,
                ));
            }
            Err(error) if tries < TRIES && schema_may_be_old(&error) => tries += 1,
            Err(error) => return Err(refused(error, request_id)),
        }
        app.refresh()
            .await
            .map_err(|error| ApiError::unavailable(error.to_string(), 1))?;
    }
}

fn asked(params: &Param) -> node::Request {
    let text = |name: &str| match params.get(name) {
        Some(Param::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let number = |name: &str| text(name).and_then(|text| text.parse().ok()).unwrap_or(-1);
    let copy = text("copy").and_then(|text| {
        let (type_id, after) = text.split_once(',')?;
        Some((type_id.parse().ok()?, after.parse().ok()?))
    });
    node::Request {
        generation: number("generation"),
        access: number("access"),
        token: text("token").map(str::to_owned),
        copy,
        wait: text("wait") == Some("true"),
    }
}

/// What a read node answers instead of doing it: everything while its first copy is not there, writes and drafts.
pub(super) fn declined(
    following: &Following,
    caller: &Caller,
    request: &Request,
) -> Option<ApiError> {
    if !following.is_complete() {
        let message = "this read node is still fetching its first copy; try again in a while";
        return Some(ApiError::unavailable(message, 5));
    }
    let read = matches!(
        request.method(),
        &Method::GET | &Method::HEAD | &Method::OPTIONS
    );
    let drafts = request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|part| part == "status=draft"));
    if read && !drafts {
        return None;
    }
    // Strangers are not told where the origin is.
    let place = match caller.is_public() {
        true => "its origin".to_owned(),
        false => format!("its origin, {}", following.origin()),
    };
    Some(ApiError::new(
        StatusCode::FORBIDDEN,
        "ReadNodeError",
        match drafts {
            true => format!("this is a read node and has no drafts; read them from {place}"),
            false => format!("this is a read node; write to {place}"),
        },
    ))
}
