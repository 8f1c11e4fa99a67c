//! Search: what the index says about itself in answers of lists, and `GET /api/search`.

use poem::http::{HeaderName, HeaderValue, Method, StatusCode};
use poem::{Request, Response};

use super::{Api, answer};
use crate::app::Caller;
use crate::query::{check, text};
use crate::search::{AcrossError, Outcome, Refused};
use crate::server::error::ApiError;
use crate::server::headers;

/// How a search was answered, if not from the whole index.
const HEADER: HeaderName = HeaderName::from_static("search-index");

/// The answer with a word about the index if it was not used, or not for every hit.
pub(super) fn told(outcome: Outcome, mut response: Response) -> Response {
    let word = match outcome {
        Outcome::Exact => return response,
        Outcome::Cut => "best-hits",
        Outcome::NoIndex => "building",
    };
    response
        .headers_mut()
        .insert(HEADER, HeaderValue::from_static(word));
    response
}

/// A search that is larger than allowed.
#[expect(clippy::needless_pass_by_value, reason = "it is the end of the error")]
pub(super) fn refused(refused: Refused) -> ApiError {
    ApiError::validation(refused.to_string())
}

impl Api {
    /// `GET /api/search`.
    pub(super) async fn search(
        &self,
        caller: &Caller,
        request: &Request,
    ) -> Result<Response, ApiError> {
        if !matches!(request.method(), &Method::GET | &Method::HEAD) {
            return Err(ApiError::method_not_allowed("GET, HEAD"));
        }
        let (app, view) = (&self.app, &caller.view);
        let query = request.uri().query().unwrap_or_default();
        let params = text::parse(query, &app.limits).map_err(answer::bad_text)?;
        let (facets, strict) = (app.search.config().facets, self.config.strict_params);
        let query =
            check::search(view, &params, &app.limits, facets, strict).map_err(answer::bad_query)?;
        let found = app
            .search
            .across(&app.database, view, &query, &app.limits)
            .await;
        let request_id = headers::request_id(request.headers());
        let body = found.map_err(|error| match error {
            AcrossError::Refused(reason) => refused(reason),
            AcrossError::Read(error) => answer::read(error, request_id),
        })?;
        Ok(answer::json(StatusCode::OK, body, caller.is_public()))
    }
}
