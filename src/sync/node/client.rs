//! Asking the origin. It is named by whoever runs the node, so that a private address is meant.

use super::Request;
use super::document::{Answer, VERSION};
use crate::platform::database::FORMAT;
use crate::platform::http_client::{self, Client, Ending, OutboundConfig, Target};

/// Milliseconds connecting may take.
const CONNECT_MS: u64 = 5_000;
/// Milliseconds an answer may take, the origin's own waiting included.
const PATIENCE_MS: u64 = 60_000;
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
    /// Without a slash at the end.
    url: String,
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
        if address.contains(['?', '#']) || Target::parse(address).is_err() {
            return Err(refused());
        }
        let config = OutboundConfig {
            connect_ms: CONNECT_MS,
            timeout_ms: PATIENCE_MS,
            ..OutboundConfig::default()
        };
        let client = Client::new(&config.allowing(address))
            .map_err(|error| OriginError::Unreachable(error.to_string()))?;
        Ok(Self {
            client,
            url: address.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
        })
    }

    /// The address without anything secret.
    pub fn shown(&self) -> String {
        self.url.clone()
    }

    /// Asks.
    ///
    /// # Errors
    /// When there is no answer, or one that this program does not understand.
    pub async fn ask(&self, request: &Request) -> Result<Answer, OriginError> {
        let sent = self.client.send(http_client::Request {
            method: "GET",
            url: self.question(request),
            headers: vec![("authorization".into(), format!("Bearer {}", self.token))],
            body: Vec::new(),
            answer_bytes: LARGEST,
        });
        let answer = sent
            .await
            .map_err(|error| OriginError::Unreachable(error.to_string()))?;
        match answer.status {
            200 => {}
            410 | 400 => return Err(OriginError::Expired),
            status @ (401 | 403 | 404) => return Err(OriginError::Refused(status)),
            other => return Err(OriginError::Unreachable(format!("status {other}"))),
        }
        match answer.ending {
            Ending::Whole => understood(&answer.body),
            Ending::Cut => {
                let cause = format!("the answer has more than {LARGEST} bytes");
                Err(OriginError::Unreachable(cause))
            }
            Ending::Broken(cause) => Err(OriginError::Unreachable(cause)),
        }
    }

    fn question(&self, request: &Request) -> String {
        let (generation, access) = (request.generation, request.access);
        let mut url = format!(
            "{}/api/sync/node?generation={generation}&access={access}",
            self.url
        );
        if let Some(token) = &request.token {
            // What this program makes needs no escaping; anything else would be no token.
            let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
            url.push_str("&token=");
            url.extend(token.chars().filter(plain));
        }
        if let Some((type_id, after)) = request.copy {
            url.push_str(&format!("&copy={type_id},{after}"));
        }
        if request.wait {
            url.push_str("&wait=true");
        }
        url
    }
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
