//! Reading: lists, single entries, aggregations.

use poem::Response;
use poem::http::StatusCode;

use super::{Call, answer, search};
use crate::access::Action;
use crate::base::ids::is_document_id;
use crate::delivery::{self, ReadError};
use crate::query::text::Param;
use crate::query::{ListQuery, check, text};
use crate::server::error::ApiError;

impl Call<'_> {
    /// `GET /api/:plural`.
    pub(super) async fn list(&self) -> Result<Response, ApiError> {
        self.needs(Action::Find)?;
        let (app, view) = (&self.api.app, &self.caller.view);
        let params = text::parse(self.query, &app.limits).map_err(answer::bad_text)?;
        let strict = self.api.config.strict_params;
        let mut query = check::list(view, self.content_type, &params, &app.limits, strict)
            .map_err(answer::bad_query)?;
        let outcome = app.search.list(view, &mut query).await;
        let outcome = outcome.map_err(search::refused)?;
        let page = delivery::list(
            &app.database,
            view.schema(),
            &app.totals,
            &query,
            &app.limits,
        )
        .await
        .map_err(|error| self.failed(error))?;
        let body = self.formed(page.into_body(), &query)?;
        Ok(search::told(outcome, self.json(StatusCode::OK, body)))
    }

    /// `GET /api/:plural/:documentId` and `GET /api/:singular`.
    pub(super) async fn one(&self, id: Option<&str>) -> Result<Response, ApiError> {
        self.needs(if id.is_some() {
            Action::FindOne
        } else {
            Action::Find
        })?;
        if id.is_some_and(|id| !is_document_id(id)) {
            return Err(ApiError::not_found());
        }
        let (app, view) = (&self.api.app, &self.caller.view);
        let params = text::parse(self.query, &app.limits).map_err(answer::bad_text)?;
        let all_locales = matches!(params.get("locale"), Some(Param::Text(code)) if code == "*");
        if all_locales && self.content_type.localized {
            return Err(ApiError::not_found());
        }
        let strict = self.api.config.strict_params;
        let id = id.map(str::to_owned);
        let mut query = check::one(view, self.content_type, id, &params, &app.limits, strict)
            .map_err(answer::bad_query)?;
        let outcome = app.search.list(view, &mut query).await;
        let outcome = outcome.map_err(search::refused)?;
        let body = delivery::one(&app.database, view.schema(), &query, &app.limits)
            .await
            .map_err(|error| self.failed(error))?
            .ok_or_else(ApiError::not_found)?;
        let body = self.formed(body, &query)?;
        Ok(search::told(outcome, self.json(StatusCode::OK, body)))
    }

    /// `GET /api/:plural/aggregate`.
    pub(super) async fn aggregate(&self) -> Result<Response, ApiError> {
        self.needs(Action::Find)?;
        let (app, view) = (&self.api.app, &self.caller.view);
        let params = text::parse(self.query, &app.limits).map_err(answer::bad_text)?;
        let strict = self.api.config.strict_params;
        let mut query = check::aggregate(view, self.content_type, &params, &app.limits, strict)
            .map_err(answer::bad_query)?;
        let outcome = app.search.all(view, &mut query).await;
        let outcome = outcome.map_err(search::refused)?;
        let body = delivery::aggregate(&app.database, view.schema(), &query, &app.limits)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(search::told(outcome, self.json(StatusCode::OK, body)))
    }

    /// The body in the form the caller wants.
    pub(super) fn formed(&self, body: Vec<u8>, query: &ListQuery<'_>) -> Result<Vec<u8>, ApiError> {
        match self.v4 {
            true => delivery::v4(&body, query).map_err(|error| self.failed(error)),
            false => Ok(body),
        }
    }

    pub(super) fn json(&self, status: StatusCode, body: Vec<u8>) -> Response {
        answer::json(status, body, self.caller.is_public())
    }

    pub(super) fn failed(&self, error: ReadError) -> ApiError {
        answer::read(error, self.request_id)
    }
}
