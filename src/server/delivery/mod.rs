//! The delivery API: `/api/…` in Strapi 5's wire format.
//!
//! A name under `/api/` is looked up in the schema of the moment, so new types answer without a restart.
//! Callers who do not see every type get the same 403 for a type they may not use and one that does not exist.

mod answer;
mod events;
pub(super) mod feed;
mod fixed;
pub(super) mod kept;
mod node;
mod read;
mod schedule;
mod search;
mod streams;
mod sync;
mod write;

use std::sync::Arc;

use poem::http::{HeaderMap, Method};
use poem::{Body, Endpoint, Request, Response};
use serde::{Deserialize, Serialize};

use feed::FeedRoutes;
use fixed::Fixed;

use super::ServerConfig;
use super::error::ApiError;
use super::rate::Rates;
use super::{authenticate, headers};
use crate::access::{Action, View};
use crate::app::{App, Caller};
use crate::base::json::JsonLimits;
use crate::delivery::cache::{Asked, Served};
use crate::platform::{metrics, tally};
use crate::schema::{ContentType, TypeKind};

/// What the delivery API accepts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// Whether unknown parameters beside those of the query language are refused.
    pub strict_params: bool,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            strict_params: true,
        }
    }
}

/// The endpoint behind `/api`.
#[derive(Debug)]
pub struct Api {
    app: Arc<App>,
    config: ApiConfig,
    body: JsonLimits,
    fixed: Fixed,
    rates: Rates,
    feed: FeedRoutes,
}

/// One request on one type.
struct Call<'a> {
    api: &'a Api,
    caller: &'a Caller,
    content_type: &'a Arc<ContentType>,
    request_id: &'a str,
    asked: Asked<'a>,
    headers: &'a HeaderMap,
}

impl Api {
    /// Serves this app.
    pub fn new(app: Arc<App>, config: &ServerConfig) -> Self {
        Self {
            fixed: Fixed::new(&app),
            rates: Rates::new(&app, &config.rate, &config.listen.uncapped_peers),
            feed: FeedRoutes::new(config),
            app,
            config: config.api.clone(),
            body: config.body,
        }
    }

    /// The answer to a question that was asked before.
    fn kept(&self, request: &Request, caller: &Caller) -> Option<Result<Response, ApiError>> {
        if !kept::reads(request.method())
            || feed::asks_for_stream(request.uri().path(), request.headers())
        {
            return None;
        }
        let answer = self.app.cache.get(asked(request, caller.scope))?;
        let served = Served { answer, kept: true };
        Some(kept::respond(&served, request.headers()))
    }

    /// Who asks, if they do not ask too often.
    async fn caller(&self, request: &Request) -> Result<Caller, ApiError> {
        match authenticate::caller(&self.app, request.headers()).await {
            Ok(caller) => self.rates.check(request, &caller).await.map(|()| caller),
            Err(error) => {
                self.rates.check_stranger(request).await?;
                Err(error)
            }
        }
    }

    async fn answer(&self, mut request: Request) -> Result<Response, ApiError> {
        let body = request.take_body();
        let caller = self.caller(&request).await?;
        if let Some(kept) = self.kept(&request, &caller) {
            return kept;
        }
        if let Some(following) = self.app.following()
            && let Some(declined) = node::declined(following, &caller, &request)
        {
            return Err(declined);
        }
        let path = request.uri().path().trim_matches('/').to_owned();
        let steps: Vec<&str> = path.split('/').collect();
        if let Some(fixed) = self
            .fixed
            .answer(&self.app, &caller, &request, &steps)
            .await?
        {
            return Ok(fixed);
        }
        let fed = self.feed.answer(&self.app, &caller, &request, &steps);
        if let Some(fed) = fed.await? {
            return Ok(fed);
        }
        if steps == ["search"] {
            return self.search(&caller, &request).await;
        }
        self.of_type(&request, body, &caller, &steps).await
    }

    /// The answer about a type: the first step names it.
    async fn of_type(
        &self,
        request: &Request,
        body: Body,
        caller: &Caller,
        steps: &[&str],
    ) -> Result<Response, ApiError> {
        let name = steps.first().copied().unwrap_or_default();
        let content_type = visible(&caller.view, name)?;
        let call = Call {
            api: self,
            caller,
            content_type,
            request_id: headers::request_id(request.headers()),
            asked: asked(request, caller.scope),
            headers: request.headers(),
        };
        let single = content_type.kind == TypeKind::Single;
        if single && request.method().is_safe() {
            tally::route(metrics::Route::One);
        }
        match (request.method(), steps, single) {
            (&Method::GET | &Method::HEAD, [_], false) => call.list().await,
            (&Method::GET | &Method::HEAD, [_, "aggregate"], false) => call.aggregate().await,
            (&Method::GET | &Method::HEAD, [_, id], false) => call.one(Some(id)).await,
            (&Method::GET | &Method::HEAD, [_], true) => call.one(None).await,
            (&Method::POST, [_], false) => call.create(request, body).await,
            (&Method::PUT, [_, id], false) => call.update(request, body, Some(id)).await,
            (&Method::PUT, [_], true) => call.update(request, body, None).await,
            (&Method::DELETE, [_, id], false) => call.delete(request, Some(id)).await,
            (&Method::DELETE, [_], true) => call.delete(request, None).await,
            (_, [_, id, "schedules", rest @ ..], false) => {
                call.schedules(request, body, Some(id), rest).await
            }
            (_, [_, "schedules", rest @ ..], true) => {
                call.schedules(request, body, None, rest).await
            }
            (&Method::OPTIONS, [_] | [_, _], _) => Ok(answer::options(&call.methods(steps))),
            (_, [_], _) | (_, [_, _], false) => {
                Err(ApiError::method_not_allowed(call.methods(steps)))
            }
            _ => Err(ApiError::not_found()),
        }
    }
}

/// The type of this name, if the caller may do anything with it.
fn visible<'v>(view: &'v View, name: &str) -> Result<&'v Arc<ContentType>, ApiError> {
    let found = view.schema().by_api_name(name);
    match found.filter(|content_type| view.knows(content_type)) {
        Some(content_type) => Ok(content_type),
        None if view.sees_all() => Err(ApiError::not_found()),
        None => Err(ApiError::forbidden()),
    }
}

/// The question of a request as it came in.
fn asked(request: &Request, scope: u64) -> Asked<'_> {
    Asked {
        scope,
        path: request.uri().path().trim_matches('/'),
        query: request.uri().query().unwrap_or_default(),
        v4: wants_v4(request),
    }
}

fn wants_v4(request: &Request) -> bool {
    request
        .headers()
        .get(&kept::RESPONSE_FORMAT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"v4"))
}

impl Call<'_> {
    /// What the caller may send to this path, as the header `Allow` lists it.
    fn methods(&self, steps: &[&str]) -> String {
        let single = self.content_type.kind == TypeKind::Single;
        let acts: &[(Action, &str)] = match (steps, single) {
            ([_], false) => &[(Action::Find, "GET, HEAD"), (Action::Create, "POST")],
            ([_, "aggregate"], false) => &[(Action::Find, "GET, HEAD")],
            ([_, _], false) => &[
                (Action::FindOne, "GET, HEAD"),
                (Action::Update, "PUT"),
                (Action::Delete, "DELETE"),
            ],
            _ => &[
                (Action::Find, "GET, HEAD"),
                (Action::Update, "PUT"),
                (Action::Delete, "DELETE"),
            ],
        };
        let may = |(action, _): &&(Action, &str)| self.caller.view.may(self.content_type, *action);
        let methods: Vec<&str> = acts.iter().filter(may).map(|(_, method)| *method).collect();
        methods.join(", ")
    }

    fn needs(&self, action: Action) -> Result<(), ApiError> {
        match self.caller.view.may(self.content_type, action) {
            true => Ok(()),
            false => Err(ApiError::forbidden()),
        }
    }
}

impl Endpoint for Api {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        Ok(self.answer(request).await?)
    }
}
