//! Schedules of a document: `/api/:plural/:documentId/schedules` and `/api/:singular/schedules`.
//!
//! Who may update the type may schedule; for everybody else the path does not exist.

use poem::http::{Method, StatusCode};
use poem::{Body, Request, Response};
use serde_json::{Map, Value as Json, json};

use super::{Call, answer};
use crate::access::Action;
use crate::base::clock;
use crate::base::ids::is_document_id;
use crate::entries::identity;
use crate::queue::Stopped;
use crate::schedules::{self, Deed, Planned, PlannedError, Wish};
use crate::server::error::ApiError;

/// Schedules listed at once; a document has at most 100 open ones, the others have ended.
const LISTED: u32 = 200;

impl Call<'_> {
    /// Everything below `…/schedules`.
    pub(super) async fn schedules(
        &self,
        request: &Request,
        body: Body,
        id: Option<&str>,
        rest: &[&str],
    ) -> Result<Response, ApiError> {
        self.needs(Action::Update)?;
        if !self.asked.query.is_empty() && self.api.config.strict_params {
            return Err(ApiError::validation("schedules take no parameters"));
        }
        let document_id = self.scheduled(id).await?;
        match (request.method(), rest) {
            (&Method::GET | &Method::HEAD, []) => self.schedule_list(&document_id).await,
            (&Method::POST, []) => {
                let data = self.data(request.headers(), body).await?;
                self.schedule_new(document_id, data).await
            }
            (&Method::DELETE, [schedule]) => self.schedule_end(&document_id, schedule).await,
            (&Method::OPTIONS, []) => Ok(answer::options("GET, HEAD, POST")),
            (&Method::OPTIONS, [_]) => Ok(answer::options("DELETE")),
            (_, []) => Err(ApiError::method_not_allowed("GET, HEAD, POST")),
            (_, [_]) => Err(ApiError::method_not_allowed("DELETE")),
            _ => Err(ApiError::not_found()),
        }
    }

    /// The document of the path; a single type has one.
    async fn scheduled(&self, id: Option<&str>) -> Result<String, ApiError> {
        match id {
            Some(id) if is_document_id(id) => Ok(id.to_owned()),
            Some(_) => Err(ApiError::not_found()),
            None => {
                let database = &self.api.app.database;
                let found = identity::single_id(database, self.content_type).await;
                let found = found.map_err(|error| answer::database(&error, self.request_id))?;
                found.ok_or_else(ApiError::not_found)
            }
        }
    }

    async fn schedule_list(&self, document_id: &str) -> Result<Response, ApiError> {
        let database = &self.api.app.database;
        let found = schedules::of_document(database, self.content_type, document_id, LISTED).await;
        let found = found.map_err(|error| answer::database(&error, self.request_id))?;
        let data: Vec<Json> = found.iter().map(shown).collect();
        Ok(self.schedule_json(StatusCode::OK, &json!({ "data": data, "meta": {} })))
    }

    async fn schedule_new(
        &self,
        document_id: String,
        data: Map<String, Json>,
    ) -> Result<Response, ApiError> {
        let author = self.caller.author.as_deref().map(str::to_owned);
        let wish = wish(data, document_id, author)?;
        let schema = self.caller.view.schema();
        let database = &self.api.app.database;
        let planned = schedules::plan(database, schema, self.content_type, wish).await;
        let planned = planned.map_err(|error| match error {
            PlannedError::NotFound => ApiError::not_found(),
            PlannedError::Refused(reason) => ApiError::validation(reason),
            PlannedError::Database(error) => answer::database(&error, self.request_id),
        })?;
        let body = json!({ "data": shown(&planned), "meta": {} });
        Ok(self.schedule_json(StatusCode::CREATED, &body))
    }

    async fn schedule_end(&self, document_id: &str, id: &str) -> Result<Response, ApiError> {
        let id: i64 = id.parse().map_err(|_| ApiError::not_found())?;
        let of = Some((&**self.content_type, document_id));
        let stopped = schedules::withdraw(&self.api.app.database, of, id).await;
        match stopped.map_err(|error| answer::database(&error, self.request_id))? {
            None => Err(ApiError::not_found()),
            Some(Stopped::Now | Stopped::Soon) => {
                Ok(Response::builder().status(StatusCode::NO_CONTENT).finish())
            }
            Some(Stopped::TooLate) => Err(ApiError::conflict(
                "the schedule has ended already; nothing is left to cancel",
            )),
        }
    }

    fn schedule_json(&self, status: StatusCode, body: &Json) -> Response {
        answer::json(
            status,
            body.to_string().into_bytes(),
            self.caller.is_public(),
        )
    }
}

/// `{"action": "publish", "at": "2026-03-29T09:00:00+02:00", "locale": "de"}`
fn wish(
    mut data: Map<String, Json>,
    document_id: String,
    author: Option<String>,
) -> Result<Wish, ApiError> {
    let deed = match data.remove("action") {
        Some(Json::String(name)) => Deed::from_name(&name),
        _ => None,
    };
    let deed = deed.ok_or_else(|| {
        ApiError::validation("action must be one of the following values: publish, unpublish")
    })?;
    let at = match data.remove("at") {
        Some(Json::String(text)) => schedules::instant(&text),
        _ => schedules::instant(""),
    };
    let at = at.map_err(|error| ApiError::validation(format!("at: {error}")))?;
    let locale = match data.remove("locale") {
        None | Some(Json::Null) => None,
        Some(Json::String(code)) => Some(code),
        Some(_) => return Err(ApiError::validation("locale must be the code of a locale")),
    };
    match data.keys().next() {
        Some(key) => Err(ApiError::invalid_key(key, key)),
        None => Ok(Wish {
            deed,
            at,
            document_id,
            locale,
            author,
        }),
    }
}

fn shown(planned: &Planned) -> Json {
    json!({
        "id": planned.id,
        "action": planned.deed.name(),
        "at": clock::stamp(planned.at),
        "documentId": planned.document_id,
        "locale": (!planned.locale.is_empty()).then_some(&planned.locale),
        "status": planned.state.name(),
        "error": planned.error,
        "author": planned.author,
        "endedAt": planned.ended_at.map(clock::stamp),
    })
}
