//! Errors as clients see them: Strapi's envelope
//! `{"data":null,"error":{"status":…,"name":…,"message":…,"details":{}}}`.
//!
//! **Always true**: every refusal leaves in this envelope, also those the router makes itself;
//! the cause of a 500 is logged with its request id and never sent.
//! **Knows nothing about** which floor refused.
//! **Start reading at** [`ApiError`], then [`envelope`].

use std::{any::Any, borrow::Cow, fmt};

use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{HeaderValue, StatusCode, header},
};
use serde_json::{Value, json};

/// A refusal, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    status: StatusCode,
    name: Cow<'static, str>,
    message: Cow<'static, str>,
    /// Boxed, so that a `Result` that may hold a refusal stays small.
    details: Box<Value>,
    retry_after: Option<u32>,
    allow: Option<Text>,
}

/// The text of a message.
type Text = Cow<'static, str>;

impl ApiError {
    /// Any other combination of status and name.
    pub fn new(
        status: StatusCode,
        name: impl Into<Cow<'static, str>>,
        message: impl Into<Text>,
    ) -> Self {
        Self {
            status,
            name: name.into(),
            message: message.into(),
            details: Box::new(Value::Object(serde_json::Map::new())),
            retry_after: None,
            allow: None,
        }
    }

    /// Replaces the details, which clients read by program.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        *self.details = details;
        self
    }

    /// Tells the client when to try again, in seconds.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// 400: the input does not fit the schema or the query language.
    pub fn validation(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationError", message)
    }

    /// 400 for one key: Strapi's `Invalid key foo`, with the key and its path as details.
    pub fn invalid_key(key: &str, path: &str) -> Self {
        Self::validation(format!("Invalid key {key}"))
            .with_details(json!({ "key": key, "path": path }))
    }

    /// 400: the pagination parameters make no sense.
    pub fn pagination(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "PaginationError", message)
    }

    /// 400: the request itself is malformed.
    pub fn bad_request(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequestError", message)
    }

    /// 400: understood, and refused by a rule of the application.
    pub fn application(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ApplicationError", message)
    }

    /// 401: no valid credentials came along.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "UnauthorizedError",
            "Missing or invalid credentials",
        )
    }

    /// 403: the credentials do not reach this far.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "ForbiddenError", "Forbidden")
    }

    /// 403: a policy said no.
    pub fn policy(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PolicyError", message)
    }

    /// 404, in Strapi's words.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFoundError", "Not Found")
    }

    /// 405: the path exists, the method does not; `allow` lists those that do.
    pub fn method_not_allowed(allow: impl Into<Text>) -> Self {
        let mut error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowedError",
            "Method Not Allowed",
        );
        error.allow = Some(allow.into());
        error
    }

    /// 408: the client was too slow sending its request.
    pub fn request_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeoutError",
            "the request body arrived too slowly; send it again on a faster connection",
        )
    }

    /// 409: someone else was first.
    pub fn conflict(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::CONFLICT, "ConflictError", message)
    }

    /// 412: the condition of the request (`If-Match`) does not hold.
    pub fn precondition_failed(message: impl Into<Text>) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailedError",
            message,
        )
    }

    /// 413: the body is larger than `limit` bytes.
    pub fn payload_too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PayloadTooLargeError",
            format!("the request body is larger than {limit} bytes; send it in parts"),
        )
        .with_details(json!({ "limit": limit }))
    }

    /// 414: the URL is longer than `limit` bytes.
    pub fn uri_too_long(limit: usize) -> Self {
        Self::new(
            StatusCode::URI_TOO_LONG,
            "URITooLongError",
            format!("the URL is longer than {limit} bytes; shorten the query"),
        )
        .with_details(json!({ "limit": limit }))
    }

    /// 415: the body has a type this route does not read.
    pub fn unsupported_media_type(expected: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaTypeError",
            format!("the content type of the body is not supported; send {expected}"),
        )
    }

    /// 429: too often; try again after `seconds`.
    pub fn too_many(seconds: u32) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RateLimitError",
            "Too many requests, please try again later.",
        )
        .with_retry_after(seconds)
    }

    /// 501: a part of Strapi's API that is not here.
    pub fn not_implemented(message: impl Into<Text>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplementedError", message)
    }

    /// 503: a part we need is away; try again after `seconds`.
    pub fn unavailable(message: impl Into<Text>, seconds: u32) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableError",
            message,
        )
        .with_retry_after(seconds)
    }

    /// 500: logs the cause under the request id and tells the client nothing of it.
    pub fn internal(cause: &dyn fmt::Display, request_id: &str) -> Self {
        tracing::error!(request_id, %cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "Internal Server Error",
        )
    }

    /// 500 for a handler that panicked.
    pub fn panicked(payload: &(dyn Any + Send), request_id: &str) -> Self {
        let cause = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a payload that is not text");
        Self::internal(&format_args!("panic: {cause}"), request_id)
    }

    /// The status to be sent.
    pub fn status_code(&self) -> StatusCode {
        self.status
    }

    /// The name in the envelope, as `ValidationError`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The message in the envelope.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The envelope's bytes.
    pub fn to_json(&self) -> Value {
        json!({
            "data": null,
            "error": {
                "status": self.status.as_u16(),
                "name": self.name,
                "message": self.message,
                "details": self.details,
            }
        })
    }

    fn to_response(&self) -> Response {
        let mut response = Response::builder()
            .status(self.status)
            .body(self.to_json().to_string());
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        // An error says something about now, so no cache may keep it.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let allow = self.allow.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(methods)) = allow {
            headers.insert(header::ALLOW, methods);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn as_response(&self) -> Response {
        self.to_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.to_response()
    }
}

/// Puts any error of the router or of an extractor into the envelope.
pub fn envelope(error: poem::Error, request_id: &str) -> Response {
    if let Some(own) = error.downcast_ref::<ApiError>() {
        return own.to_response();
    }
    if error.is_from_response() {
        return error.into_response();
    }
    let status = error.status();
    match status {
        StatusCode::NOT_FOUND => ApiError::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => {
            // The router's own fixed paths are only read.
            ApiError::method_not_allowed("GET, HEAD")
        }
        StatusCode::UNAUTHORIZED => ApiError::unauthorized(),
        StatusCode::FORBIDDEN => ApiError::forbidden(),
        status if status.is_client_error() => {
            ApiError::new(status, client_error_name(status), error.to_string())
        }
        _ => ApiError::internal(&error, request_id),
    }
    .to_response()
}

fn client_error_name(status: StatusCode) -> Cow<'static, str> {
    match status {
        StatusCode::BAD_REQUEST => "BadRequestError".into(),
        StatusCode::PAYLOAD_TOO_LARGE => "PayloadTooLargeError".into(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "UnsupportedMediaTypeError".into(),
        StatusCode::CONFLICT => "ConflictError".into(),
        StatusCode::TOO_MANY_REQUESTS => "RateLimitError".into(),
        _ => "ApplicationError".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn has_the_shape_strapi_clients_read() {
        let error = ApiError::invalid_key("foo", "filters.foo");
        assert_eq!(
            error.to_json(),
            json!({"data": null, "error": {"status": 400, "name": "ValidationError",
                "message": "Invalid key foo", "details": {"key": "foo", "path": "filters.foo"}}})
        );
        let response = ApiError::too_many(7).into_response();
        assert_eq!(response.header("retry-after"), Some("7"));
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    }

    #[tokio::test]
    async fn hides_the_cause_of_a_500() {
        let cause = std::io::Error::other("password=hunter2");
        let response = envelope(poem::error::InternalServerError(cause), "r1");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.into_body().into_string().await.unwrap();
        assert!(
            body.contains("InternalServerError") && !body.contains("hunter2"),
            "{body}"
        );
    }

    #[tokio::test]
    async fn keeps_its_own_errors_and_wraps_the_routers() {
        let own = envelope(ApiError::conflict("taken").into(), "r");
        assert_eq!(own.status(), StatusCode::CONFLICT);
        let router = envelope(poem::error::NotFoundError.into(), "r");
        let body = router.into_body().into_string().await.unwrap();
        assert!(body.contains("\"NotFoundError\""), "{body}");
    }
}
