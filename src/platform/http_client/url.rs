//! Where a request goes.

use std::net::IpAddr;

use reqwest::Url;

use super::OutboundError;

/// Most bytes of a URL.
const MAX_URL: usize = 2048;

/// A URL that could be asked.
#[derive(Debug, Clone)]
pub struct Target {
    pub(super) url: Url,
    /// The host as the URL's standard writes it: every spelling of an IPv4 address is one.
    pub host: String,
    /// The host's address, if the host is one.
    pub address: Option<IpAddr>,
    /// The port, given or of the scheme.
    pub port: u16,
    /// Whether it is `https`.
    pub tls: bool,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it is none, is not of `http` or `https`, or holds a name or password.
    pub fn parse(text: &str) -> Result<Self, OutboundError> {
        if text.len() > MAX_URL {
            return Err(OutboundError::Url("it is longer than 2048 bytes"));
        }
        let url = Url::parse(text).map_err(|_| OutboundError::Url("it is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutboundError::Url("only http and https can be used"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::Url(
                "it holds a name or password; send them in a header instead",
            ));
        }
        let no_host = || OutboundError::Url("it has no host");
        let host = url.host_str().ok_or_else(no_host)?.to_owned();
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let address = bare.unwrap_or(&host).parse().ok();
        Ok(Self {
            port: url.port_or_known_default().ok_or_else(no_host)?,
            tls: url.scheme() == "https",
            host,
            address,
            url,
        })
    }

    /// The URL without what may be secret in it, for logs: scheme, host and port.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}
