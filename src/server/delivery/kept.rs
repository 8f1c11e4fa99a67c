//! Answers from memory as responses: validators, encodings, and what caches in between are told.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use poem::Response;
use poem::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use poem::http::{Method, StatusCode};

use crate::delivery::cache::{Answer, Encoding, Served};
use crate::platform::tally::{self, Cached};
use crate::schema::ContentType;
use crate::server::error::ApiError;
use crate::server::headers::Dress;

/// What a response varies by.
const VARY: HeaderValue =
    HeaderValue::from_static("authorization, strapi-response-format, accept-encoding");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
/// What a credential was needed for is kept by nobody else.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");
static SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");
/// Asks for the form of Strapi 4.
pub(in crate::server) static RESPONSE_FORMAT: HeaderName =
    HeaderName::from_static("strapi-response-format");
static CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");

/// A response in one encoding, made once per kept answer.
#[derive(Debug)]
struct Prepared {
    /// Of a 304.
    validators: HeaderMap,
    /// Of a 200.
    headers: HeaderMap,
    /// The same with what every response carries, made when they are first sent without the routes.
    dressed_validators: OnceLock<HeaderMap>,
    dressed_headers: OnceLock<HeaderMap>,
}

/// `Cache-Control` of public answers of a type: `options.cacheControl` of its file, else the configured one.
pub(super) fn control<'a>(content_type: &'a ContentType, configured: &'a str) -> &'a str {
    let options = content_type.definition.get("options");
    let own = options.and_then(|options| options.get("cacheControl"));
    own.and_then(serde_json::Value::as_str)
        .filter(|text| HeaderValue::from_str(text).is_ok())
        .unwrap_or(configured)
}

/// The response of an answer.
pub(super) fn respond(served: &Served, asking: &HeaderMap) -> Result<Response, ApiError> {
    let answer = &served.answer;
    tally::cached(match served.kept {
        true => Cached::Hit,
        false => Cached::Miss,
    });
    let encoding = match served.kept {
        true => encoding(answer, asking),
        false => Encoding::Identity,
    };
    let prepared = prepared(answer, encoding);
    let (Some(body), Some(prepared)) = (answer.encoded(encoding), prepared) else {
        return Err(ApiError::not_found());
    };
    let mut response = Response::default();
    if is_known(asking, &answer.name) {
        response.set_status(StatusCode::NOT_MODIFIED);
        *response.headers_mut() = prepared.validators.clone();
    } else {
        response.set_body(body.clone());
        *response.headers_mut() = prepared.headers.clone();
    }
    Ok(response)
}

/// As [`respond`], dressed: status, headers and body of a kept answer.
pub(in crate::server) fn plain(
    answer: &Arc<Answer>,
    asking: &HeaderMap,
    dress: &Dress,
) -> Option<(StatusCode, HeaderMap, Bytes)> {
    let encoding = encoding(answer, asking);
    let body = answer.encoded(encoding)?;
    let prepared = prepared(answer, encoding)?;
    if is_known(asking, &answer.name) {
        let slot = &prepared.dressed_validators;
        let headers = slot.get_or_init(|| dress.dressed(&prepared.validators));
        return Some((StatusCode::NOT_MODIFIED, headers.clone(), Bytes::new()));
    }
    let headers = prepared
        .dressed_headers
        .get_or_init(|| dress.dressed(&prepared.headers));
    Some((StatusCode::OK, headers.clone(), body.clone()))
}

fn prepared(answer: &Answer, encoding: Encoding) -> Option<&Prepared> {
    answer.prepared(encoding, || prepare(answer, encoding))
}

fn prepare(answer: &Answer, encoding: Encoding) -> Prepared {
    let mut validators = HeaderMap::with_capacity(8);
    let tag = match encoding {
        Encoding::Identity => format!("\"{}\"", answer.name),
        _ => format!("\"{}-{}\"", answer.name, encoding.name()),
    };
    let text = |text: String| HeaderValue::try_from(text).ok();
    validators.extend(text(tag).map(|tag| (header::ETAG, tag)));
    let control = match answer.control.as_deref() {
        None => PRIVATE,
        // Of the usual words nobody need count who holds them.
        Some("no-cache") => HeaderValue::from_static("no-cache"),
        Some(control) => text(control.to_owned()).unwrap_or(PRIVATE),
    };
    validators.insert(header::CACHE_CONTROL, control);
    validators.insert(header::VARY, VARY);
    if !answer.tags.is_empty() {
        let keys = text(answer.tags.join(" "));
        validators.extend(keys.map(|keys| (SURROGATE_KEY.clone(), keys)));
        let tags = text(answer.tags.join(","));
        validators.extend(tags.map(|tags| (CACHE_TAG.clone(), tags)));
    }
    let mut headers = validators.clone();
    headers.insert(header::CONTENT_TYPE, JSON);
    if encoding != Encoding::Identity {
        let name = HeaderValue::from_static(encoding.name());
        headers.insert(header::CONTENT_ENCODING, name);
    }
    Prepared {
        validators,
        headers,
        dressed_validators: OnceLock::new(),
        dressed_headers: OnceLock::new(),
    }
}

/// Whether the client has these bytes already, in whatever encoding.
fn is_known(headers: &HeaderMap, name: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH);
    let mut tags = values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    tags.any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        let inner = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        let of_bytes = inner.and_then(|inner| inner.strip_prefix(name));
        tag == "*" || of_bytes.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

/// The best encoding that the client takes and that has been made; a better one is made beside for the next.
fn encoding(answer: &Arc<Answer>, headers: &HeaderMap) -> Encoding {
    let Some(accepted) = headers.get(header::ACCEPT_ENCODING) else {
        return Encoding::Identity;
    };
    let accepted = accepted.to_str().unwrap_or_default();
    let mut wanted = Encoding::COMPRESSED
        .into_iter()
        .filter(|encoding| accepts(accepted, encoding.name()));
    let Some(best) = wanted.next() else {
        return Encoding::Identity;
    };
    if answer.encoded(best).is_some() {
        return best;
    }
    if answer.wants(best) {
        let answer = Arc::clone(answer);
        tokio::task::spawn_blocking(move || answer.encode(best));
    }
    wanted
        .find(|encoding| answer.encoded(*encoding).is_some())
        .unwrap_or(Encoding::Identity)
}

/// Whether `Accept-Encoding` names an encoding without forbidding it.
fn accepts(accepted: &str, name: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut pieces = part.split(';').map(str::trim);
        let named = pieces
            .next()
            .is_some_and(|coding| coding.eq_ignore_ascii_case(name));
        let mut refused = || {
            let weight = pieces.next().and_then(|piece| piece.strip_prefix("q="));
            weight
                .and_then(|weight| weight.parse::<f32>().ok())
                .is_some_and(|weight| weight <= 0.0)
        };
        named && !refused()
    })
}

/// Whether the method reads.
pub(super) fn reads(method: &Method) -> bool {
    matches!(method, &Method::GET | &Method::HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_taken_as_the_client_says() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("br;q=0.5", "br"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("brotli", "br"));
    }

    #[test]
    fn validators_match_in_every_encoding() {
        let mut headers = HeaderMap::new();
        for (value, known) in [
            ("\"abc\"", true),
            ("W/\"abc-br\"", true),
            ("\"x\", \"abc-gzip\"", true),
            ("*", true),
            ("\"abcd\"", false),
            ("abc", false),
        ] {
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            assert_eq!(is_known(&headers, "abc"), known, "{value}");
        }
    }
}
