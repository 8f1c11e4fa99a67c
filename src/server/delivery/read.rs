//! Reading: lists, single entries, aggregations.

use std::future::Future;

use poem::Response;
use poem::http::StatusCode;

use super::{Call, answer, kept, search};
use crate::access::Action;
use crate::base::ids::is_document_id;
use crate::delivery::cache::{Asked, Shape};
use crate::delivery::{self, ReadError};
use crate::query::text::Param;
use crate::query::{ListQuery, check, text};
use crate::server::error::ApiError;

impl Call<'_> {
    /// `GET /api/:plural`.
    pub(super) async fn list(&self) -> Result<Response, ApiError> {
        self.needs(Action::Find)?;
        let (app, view) = (&self.api.app, &self.caller.view);
        let params = text::parse(self.asked.query, &app.limits).map_err(answer::bad_text)?;
        let strict = self.api.config.strict_params;
        let mut query = check::list(view, self.content_type, &params, &app.limits, strict)
            .map_err(answer::bad_query)?;
        let outcome = app.search.list(view, &mut query).await;
        let outcome = outcome.map_err(search::refused)?;
        let shape = Shape::of_list(view.schema(), &query);
        let make = || async {
            let read = delivery::list(
                &app.database,
                view.schema(),
                &app.totals,
                &query,
                &app.limits,
            );
            self.formed(read.await?.into_body(), &query).map(Some)
        };
        let response = self.served(&params, shape, make).await?;
        Ok(search::told(outcome, response))
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
        let params = text::parse(self.asked.query, &app.limits).map_err(answer::bad_text)?;
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
        let shape = Shape::of_list(view.schema(), &query);
        let make = || async {
            let read = delivery::one(&app.database, view.schema(), &query, &app.limits);
            let body = read.await?.map(|body| self.formed(body, &query));
            body.transpose()
        };
        let response = self.served(&params, shape, make).await?;
        Ok(search::told(outcome, response))
    }

    /// `GET /api/:plural/aggregate`.
    pub(super) async fn aggregate(&self) -> Result<Response, ApiError> {
        self.needs(Action::Find)?;
        let (app, view) = (&self.api.app, &self.caller.view);
        let params = text::parse(self.asked.query, &app.limits).map_err(answer::bad_text)?;
        let strict = self.api.config.strict_params;
        let mut query = check::aggregate(view, self.content_type, &params, &app.limits, strict)
            .map_err(answer::bad_query)?;
        let outcome = app.search.all(view, &mut query).await;
        let outcome = outcome.map_err(search::refused)?;
        let shape = Shape::of_aggregate(view.schema(), &query);
        let make = || async {
            let read = delivery::aggregate(&app.database, view.schema(), &query, &app.limits);
            read.await.map(Some)
        };
        let response = self.served(&params, shape, make).await?;
        Ok(search::told(outcome, response))
    }

    /// The answer from memory, or made and kept.
    async fn served<F, Fut>(
        &self,
        params: &Param,
        shape: Option<Shape>,
        make: F,
    ) -> Result<Response, ApiError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<Option<Vec<u8>>, ReadError>>,
    {
        let cache = &self.api.app.cache;
        // No purge would follow drafts or what was searched for.
        let control = match shape {
            Some(_) => kept::control(self.content_type, &cache.config().control),
            None => "no-cache",
        };
        let control = self.caller.is_public().then_some(control);
        // Only now is it worth finding the one spelling of what was asked; next time this one is found, too.
        let spelling = text::canonical(params);
        let asked = Asked {
            query: &spelling,
            ..self.asked
        };
        let served = cache.read(asked, shape, control, make).await;
        let served = served.map_err(|error| self.failed(error))?;
        if spelling != self.asked.query {
            cache.alias(self.asked, &served.answer);
        }
        kept::respond(&served, self.headers)
    }

    /// The body in the form the caller wants.
    pub(super) fn formed(
        &self,
        body: Vec<u8>,
        query: &ListQuery<'_>,
    ) -> Result<Vec<u8>, ReadError> {
        match self.asked.v4 {
            true => delivery::v4(&body, query),
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
