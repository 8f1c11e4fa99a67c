//! Reading request bodies.
//!
//! **Always true**: no more than the limit is ever held in memory, whatever the client claims
//! or sends; only JSON is read as JSON.
//! **Knows nothing about** what the JSON means.
//! **Start reading at** [`read_json`].

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, combinators::BoxBody};
use poem::{
    Body,
    http::{HeaderMap, header},
};
use serde_json::{Value, json};

use super::error::ApiError;
use crate::base::json::{self, JsonError, JsonLimits};

/// Reads a JSON body; `None` if it is empty. A missing content type counts as JSON.
pub async fn read_json(
    headers: &HeaderMap,
    body: Body,
    limits: &JsonLimits,
) -> Result<Option<Value>, ApiError> {
    let bytes = read_bytes(headers, body, limits.bytes).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    // Only a body that is there has a type: clients send one with bodiless requests as well.
    if !is_json(headers) {
        return Err(ApiError::unsupported_media_type("application/json"));
    }
    json::parse(&bytes, limits)
        .map(Some)
        .map_err(|error| refusal(&error))
}

/// Reads a body of at most `limit` bytes.
pub async fn read_bytes(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(ApiError::payload_too_large(limit));
    }
    let mut body: BoxBody<Bytes, std::io::Error> = body.into();
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else {
            continue;
        };
        if first.len() + all.len() + data.len() > limit {
            return Err(ApiError::payload_too_large(limit));
        }
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn broken(error: &std::io::Error) -> ApiError {
    if error.kind() == std::io::ErrorKind::TimedOut {
        return ApiError::request_timeout();
    }
    ApiError::bad_request("the request body broke off; send it again")
}

fn refusal(error: &JsonError) -> ApiError {
    match error {
        JsonError::TooLong { limit, .. } => ApiError::payload_too_large(*limit),
        JsonError::DuplicateKey { path, .. }
        | JsonError::TooDeep { path, .. }
        | JsonError::Nul { path }
        | JsonError::Syntax { path, .. } => {
            ApiError::validation(error.to_string()).with_details(json!({ "path": path }))
        }
        JsonError::TooMany { .. } => ApiError::validation(error.to_string()),
    }
}

/// `application/json`, `application/anything+json`, or nothing; parameters do not count.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let Ok(value) = value.to_str() else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    let subtype = subtype.to_ascii_lowercase();
    kind.eq_ignore_ascii_case("application") && (subtype == "json" || subtype.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderValue, StatusCode};

    use super::*;

    fn typed(kind: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers
    }

    async fn status(headers: HeaderMap, body: &'static str) -> Result<Option<Value>, StatusCode> {
        read_json(&headers, Body::from(body), &JsonLimits::default())
            .await
            .map_err(|error| error.status_code())
    }

    #[tokio::test]
    async fn reads_json_of_any_json_type() {
        for kind in [
            "application/json; charset=utf-8",
            "Application/vnd.api+JSON",
        ] {
            assert_eq!(status(typed(kind), "[1]").await, Ok(Some(json!([1]))));
        }
        assert_eq!(status(HeaderMap::new(), "[1]").await, Ok(Some(json!([1]))));
        assert_eq!(status(typed("text/plain"), "").await, Ok(None));
    }

    #[tokio::test]
    async fn refuses_other_types_and_bad_json() {
        let forms = "application/x-www-form-urlencoded";
        for kind in [
            forms,
            "text/plain",
            "application/jsonp",
            "json",
            "text/json",
        ] {
            let refused = status(typed(kind), "[1]").await;
            assert_eq!(refused, Err(StatusCode::UNSUPPORTED_MEDIA_TYPE), "{kind}");
        }
        let refused = status(HeaderMap::new(), "{\"a\":1,\"a\":2}").await;
        assert_eq!(refused, Err(StatusCode::BAD_REQUEST));
    }

    #[tokio::test]
    async fn refuses_more_than_the_limit_announced_or_not() {
        let chunks = || {
            Body::from_bytes_stream(futures_util::stream::iter(
                [&b"[1,"[..], b"2,", b"3]"].map(|part| Ok::<_, std::io::Error>(Bytes::from(part))),
            ))
        };
        let small = read_bytes(&HeaderMap::new(), chunks(), 7).await.unwrap();
        assert_eq!(&small[..], b"[1,2,3]");
        let large = read_bytes(&HeaderMap::new(), chunks(), 6)
            .await
            .unwrap_err();
        assert_eq!(large.status_code(), StatusCode::PAYLOAD_TOO_LARGE);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("7"));
        let claimed = read_bytes(&headers, Body::empty(), 6).await.unwrap_err();
        assert_eq!(claimed.name(), "PayloadTooLargeError");
    }
}
