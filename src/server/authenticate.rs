//! From credentials to a caller.

use poem::http::{HeaderMap, header};

use super::error::ApiError;
use crate::app::{App, Caller};

/// The caller of a request: the holder of the bearer token, or the public without a header.
///
/// # Errors
/// 401 for a header that is no valid credential; it is never taken for the public.
pub async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(app.public());
    };
    let secret = value.to_str().ok().and_then(bearer);
    let (Some(secret), None) = (secret, values.next()) else {
        return Err(ApiError::unauthorized());
    };
    match app.token(secret).await {
        Ok(Some(caller)) => Ok(caller),
        Ok(None) => Err(ApiError::unauthorized()),
        Err(error) => Err(ApiError::unavailable(error.to_string(), 1)),
    }
}

/// The bearer token of a request that [`caller`] has let in.
pub fn secret(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?;
    value.to_str().ok().and_then(bearer)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, secret) = value.split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}
