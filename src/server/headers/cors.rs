//! Which pages of other origins may call this server.

use std::collections::HashSet;

use poem::{
    IntoResponse, Response,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};

use super::{HeaderConfig, HeaderConfigError};
use crate::server::error::ApiError;

/// Which other origins may call, and how.
pub(super) struct Cors {
    any: bool,
    origins: HashSet<HeaderValue>,
    credentials: bool,
    headers: HeaderValue,
    max_age: HeaderValue,
}

impl Cors {
    pub(super) fn new(config: &HeaderConfig) -> Result<Self, HeaderConfigError> {
        let mut origins = HashSet::new();
        for origin in config.cors_origins.iter().filter(|origin| *origin != "*") {
            origins.insert(parse_origin(origin)?);
        }
        for name in &config.cors_headers {
            HeaderName::try_from(name.as_str())
                .map_err(|_| HeaderConfigError::Header(name.clone()))?;
        }
        let headers = config.cors_headers.join(", ");
        Ok(Self {
            any: config.cors_origins.iter().any(|origin| origin == "*"),
            origins,
            credentials: config.cors_credentials,
            headers: HeaderValue::try_from(&headers)
                .map_err(|_| HeaderConfigError::Header(headers))?,
            max_age: HeaderValue::from(config.cors_max_age_s),
        })
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.any || self.origins.contains(origin)
    }

    pub(super) fn preflight(&self, origin: Option<&HeaderValue>) -> Response {
        if !origin.is_some_and(|origin| self.allows(origin)) {
            return ApiError::forbidden().into_response();
        }
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE"),
        );
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone());
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        response
    }

    /// Says to the browser whether the page may read this answer.
    pub(super) fn mark(&self, headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
        // Also without an Origin: a cache must not hand that answer to a page of another origin.
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = origin.filter(|origin| self.allows(origin)) else {
            return;
        };
        if self.origins.contains(origin) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            if self.credentials {
                headers.insert(
                    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                    HeaderValue::from_static("true"),
                );
            }
        } else {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                HeaderValue::from_static("*"),
            );
        }
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("etag, retry-after, x-request-id"),
        );
        // The answer is meant for that page, so the default same-origin wall must open too.
        headers.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
    }
}

pub(super) fn parse_origin(origin: &str) -> Result<HeaderValue, HeaderConfigError> {
    let refused = || HeaderConfigError::Origin(origin.to_owned());
    let (scheme, host) = origin.split_once("://").ok_or_else(refused)?;
    let plain = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | ':' | '[' | ']')
    };
    if host.is_empty() || !host.chars().all(plain) || !matches!(scheme, "http" | "https") {
        return Err(refused());
    }
    HeaderValue::try_from(origin).map_err(|_| refused())
}
