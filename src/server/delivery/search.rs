//! Search: what the index says about itself in answers of lists, and `GET /api/search`.

use poem::Response;
use poem::http::{HeaderName, HeaderValue};

use crate::search::{Outcome, Refused};
use crate::server::error::ApiError;

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
