//! Paths under `/api/` that belong to no content type.

use std::sync::Arc;

use poem::http::{Method, StatusCode};
use poem::{Endpoint as _, IntoEndpoint as _, Request, Response};
use serde_json::Value as Json;

use super::answer;
use crate::app::{App, Caller};
use crate::server::error::{ApiError, envelope};
use crate::server::headers;
use crate::server::openapi::{self, Docs};

/// What answers the fixed paths.
#[derive(Debug)]
pub(super) struct Fixed {
    docs: Docs,
    description: Json,
}

impl Fixed {
    pub(super) fn new(app: &Arc<App>) -> Self {
        Self {
            docs: Docs::new(app),
            description: openapi::description(app),
        }
    }

    /// Answers a fixed path; `None` if it is none.
    pub(super) async fn answer(
        &self,
        app: &Arc<App>,
        caller: &Caller,
        request: &Request,
        steps: &[&str],
    ) -> Result<Option<Response>, ApiError> {
        let read = matches!(request.method(), &Method::GET | &Method::HEAD);
        let answer = match steps {
            ["openapi.json"] => {
                let document = openapi::document(&caller.view, &app.limits, &self.description);
                let body = document.to_string().into_bytes();
                answer::json(StatusCode::OK, body, caller.is_public())
            }
            ["docs"] => self.docs.page(),
            ["docs", "explorer.js"] => self.docs.script(),
            ["docs", "theme.js"] => self.docs.theme(),
            ["i18n", "locales"] => self.service(app, request).await?,
            _ => return Ok(None),
        };
        match read {
            true => Ok(Some(answer)),
            false => Err(ApiError::method_not_allowed("GET, HEAD")),
        }
    }

    async fn service(&self, app: &Arc<App>, request: &Request) -> Result<Response, ApiError> {
        let mut inner = Request::builder()
            .uri(
                request
                    .uri()
                    .path()
                    .parse()
                    .map_err(|_| ApiError::not_found())?,
            )
            .finish();
        inner.set_method(Method::GET);
        let service = openapi::service(Arc::clone(app)).into_endpoint();
        let id = headers::request_id(request.headers());
        Ok(service.call(inner).await.map_or_else(
            |error| envelope(error, id),
            poem::IntoResponse::into_response,
        ))
    }
}
