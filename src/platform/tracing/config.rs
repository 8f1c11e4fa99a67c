//! What is exported and where to.

use serde::{Deserialize, Serialize};

/// What is exported and where to.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TraceConfig {
    /// The collector's base address, such as `http://localhost:4318`; empty exports nothing.
    pub endpoint: String,
    /// Request headers for the collector, as `name=value,name=value`; a secret.
    pub headers: String,
    /// The share of traces that is exported, from 0 to 1.
    pub ratio: f64,
    /// Whether a request that names a trace which is exported is exported whatever the share says. Only for servers
    /// whose callers are all known: it lets callers decide how much is exported.
    pub trust_parent: bool,
    /// How this server is called in traces.
    pub service: String,
}

impl Default for TraceConfig {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            headers: String::new(),
            ratio: 1.0,
            trust_parent: false,
            service: "tympan".to_owned(),
        }
    }
}

/// Why traces cannot be exported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// The endpoint is no address.
    #[error("`otel.endpoint` must be an address such as http://localhost:4318: {0}")]
    Endpoint(String),
    /// The headers cannot be read. They are a secret and not shown.
    #[error("`otel.headers` must be `name=value`, several with commas between them")]
    Headers,
    /// The share is none.
    #[error("`otel.ratio` must be from 0 to 1")]
    Ratio,
}

impl TraceConfig {
    /// Where spans are sent.
    pub(super) fn url(&self) -> Result<String, TraceError> {
        let endpoint = self.endpoint.trim().trim_end_matches('/');
        if !endpoint.starts_with("http://") && !endpoint.starts_with("https://") {
            return Err(TraceError::Endpoint(
                "it begins with neither http:// nor https://".to_owned(),
            ));
        }
        Ok(match endpoint.ends_with("/v1/traces") {
            true => endpoint.to_owned(),
            false => format!("{endpoint}/v1/traces"),
        })
    }

    /// The headers one by one.
    pub(super) fn header_list(&self) -> Result<Vec<(String, String)>, TraceError> {
        let parts = self.headers.split(',').map(str::trim);
        let pairs = parts.filter(|part| !part.is_empty()).map(|part| {
            let (name, value) = part.split_once('=').ok_or(TraceError::Headers)?;
            let (name, value) = (name.trim(), value.trim());
            let named = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            match named && value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                true => Ok((name.to_ascii_lowercase(), value.to_owned())),
                false => Err(TraceError::Headers),
            }
        });
        pairs.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_a_base_or_the_whole_address() {
        let url = |endpoint: &str| {
            let config = TraceConfig {
                endpoint: endpoint.to_owned(),
                ..TraceConfig::default()
            };
            config.url()
        };
        assert_eq!(url("http://c:4318/").unwrap(), "http://c:4318/v1/traces");
        assert_eq!(
            url("https://c/x/v1/traces").unwrap(),
            "https://c/x/v1/traces"
        );
        assert!(url("c:4318").is_err());
    }

    #[test]
    fn headers_are_pairs() {
        let list = |headers: &str| {
            let config = TraceConfig {
                headers: headers.to_owned(),
                ..TraceConfig::default()
            };
            config.header_list()
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let two = vec![pair("authorization", "Basic YTpi=="), pair("x-a", "b")];
        assert_eq!(list("Authorization=Basic YTpi==, X-A=b").unwrap(), two);
        for bad in ["secret", "=x", "a b=c", "a=\r\nb"] {
            let error = list(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
