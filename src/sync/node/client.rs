//! Asking the origin. It is named by whoever runs the node, so that a private address is meant.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};

use super::Request;
use super::document::{Answer, VERSION};
use crate::platform::database::FORMAT;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take, the origin's own waiting included.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of an answer.
const LARGEST: usize = 256 * 1024 * 1024;

/// Why the origin gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// The address is none.
    #[error("`{0}` is no address of an origin; write it as https://cms.example.org")]
    Address(String),
    /// It cannot be reached, or does not answer as it should.
    #[error("the origin does not answer: {0}")]
    Unreachable(String),
    /// It does not know the token.
    #[error(
        "the origin refuses the token (status {0}); a node needs a full-access token of its origin"
    )]
    Refused(u16),
    /// What comes after our place is not kept there, or it is another history.
    #[error("the origin does not know our place in its log")]
    Expired,
    /// It is newer than this program.
    #[error("the origin is newer than this program; use the same version of tympan here")]
    Newer,
    /// It is older than this program.
    #[error("the origin is older than this program; use the same version of tympan there")]
    Older,
}

/// An origin and the token for it.
#[derive(Debug, Clone)]
pub struct Origin {
    client: Client,
    url: Url,
    token: String,
}

impl Origin {
    /// The origin at an address.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(address: &str, token: &str) -> Result<Self, OriginError> {
        // The address may hold a password by mistake; only what is known to hold none is shown.
        let refused = || OriginError::Address(shown(address));
        let url: Url = address.parse().map_err(|_| refused())?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none();
        if !plain || url.host_str().is_none() {
            return Err(refused());
        }
        // Another part of the program may have chosen already; both mean the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .user_agent(concat!("tympan/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| OriginError::Unreachable(error.without_url().to_string()))?;
        Ok(Self {
            client,
            url,
            token: token.to_owned(),
        })
    }

    /// The address without anything secret.
    pub fn shown(&self) -> String {
        self.url.as_str().trim_end_matches('/').to_owned()
    }

    /// Asks.
    ///
    /// # Errors
    /// When there is no answer, or one that this program does not understand.
    pub async fn ask(&self, request: &Request) -> Result<Answer, OriginError> {
        let mut url = self.url.clone();
        let path = format!("{}/api/sync/node", url.path().trim_end_matches('/'));
        url.set_path(&path);
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("generation", &request.generation.to_string());
            query.append_pair("access", &request.access.to_string());
            if let Some(token) = &request.token {
                query.append_pair("token", token);
            }
            if let Some((type_id, after)) = request.copy {
                query.append_pair("copy", &format!("{type_id},{after}"));
            }
            if request.wait {
                query.append_pair("wait", "true");
            }
        }
        let unreachable =
            |error: reqwest::Error| OriginError::Unreachable(chain(&error.without_url()));
        let response = self
            .client
            .get(url)
            .bearer_auth(&self.token)
            .send()
            .await
            .map_err(unreachable)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::GONE | StatusCode::BAD_REQUEST => return Err(OriginError::Expired),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                return Err(OriginError::Refused(response.status().as_u16()));
            }
            other => return Err(OriginError::Unreachable(format!("status {other}"))),
        }
        understood(&body(response).await?)
    }
}

/// The body, up to its largest size whatever its head says.
async fn body(mut response: Response) -> Result<Vec<u8>, OriginError> {
    let unreachable = |error: reqwest::Error| OriginError::Unreachable(chain(&error.without_url()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LARGEST {
            let cause = format!("the answer has more than {LARGEST} bytes");
            return Err(OriginError::Unreachable(cause));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The version is looked at first: what it stands beside may have another form.
fn understood(body: &[u8]) -> Result<Answer, OriginError> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: (i64, i64),
    }
    let unreadable = |error: serde_json::Error| OriginError::Unreachable(error.to_string());
    let Versioned { version } = serde_json::from_slice(body).map_err(unreadable)?;
    if version.0 > VERSION || version.1 > FORMAT {
        return Err(OriginError::Newer);
    }
    if version.0 < VERSION {
        return Err(OriginError::Older);
    }
    serde_json::from_slice(body).map_err(unreadable)
}

/// An error and what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// An address without what may be a password.
fn shown(address: &str) -> String {
    let end = address.rsplit('@').next().unwrap_or_default();
    end.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_an_address_without_credentials() {
        for address in [
            "",
            "cms",
            "ftp://a",
            "http://",
            "https://u:p@h",
            "https://h/?x=1",
        ] {
            let error = Origin::new(address, "t").unwrap_err();
            assert!(!error.to_string().contains("u:p"), "{error}");
        }
        let origin = Origin::new("https://cms.example.org/", "t").unwrap();
        assert_eq!(origin.shown(), "https://cms.example.org");
    }

    #[test]
    fn an_answer_of_another_version_is_not_guessed_at() {
        let newer = format!(r#"{{"version":[{},1],"else":1}}"#, VERSION + 1);
        assert_eq!(
            understood(newer.as_bytes()).unwrap_err(),
            OriginError::Newer
        );
        let newer = format!(r#"{{"version":[{VERSION},{}]}}"#, FORMAT + 1);
        assert_eq!(
            understood(newer.as_bytes()).unwrap_err(),
            OriginError::Newer
        );
        let older = br#"{"version":[0,1]}"#;
        assert_eq!(understood(older).unwrap_err(), OriginError::Older);
    }
}
