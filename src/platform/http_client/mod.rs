//! The one client for requests that leave: webhooks, purges, imports by URL, exports of traces.
//!
//! Whoever names a URL must not be able to reach what only this machine can reach. So the address that is really
//! connected to is checked, not the text of the URL: names are resolved here, once per connection, and a connection
//! goes only to the addresses that were checked. Private targets must be listed in `outbound.allow`.
//!
//! Always true: no redirect is followed (a 3xx is an answer), no proxy, cookie or credential is taken from the
//! environment, an answer is bounded in time and bytes and never decompressed, an error repeats nothing of the URL
//! but its host, and says the same for an open and a closed port of a refused address.
//! **Knows nothing about** why a request is made. reqwest is named nowhere else. Start reading at [`Client::send`].

mod address;
mod allow;
mod answer;
mod error;
mod lookup;
mod tls;
mod url;

pub use address::is_public;
pub use answer::{Answer, Ending};
pub use error::OutboundError;
pub use lookup::{Lookup, SystemLookup};
pub use url::Target;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, redirect};
use serde::{Deserialize, Serialize};

use allow::Allowed;
use lookup::Guarded;

/// Bounds of requests that leave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundConfig {
    /// Targets that are not public and may be reached all the same: `HOST`, `HOST:PORT`, `ADDRESS`, `ADDRESS:PORT` or
    /// `ADDRESS/BITS`.
    pub allow: Vec<String>,
    /// Milliseconds until a connection must stand.
    pub connect_ms: u64,
    /// Milliseconds until the whole answer must be there.
    pub timeout_ms: u64,
    /// A file of certificates (PEM) that are trusted beside those of the system; empty = none.
    pub ca_file: String,
}

impl Default for OutboundConfig {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            connect_ms: 5000,
            timeout_ms: 10_000,
            ca_file: String::new(),
        }
    }
}

impl OutboundConfig {
    /// The same, for a client that may also reach the host of this URL: whoever writes the settings names it.
    #[must_use]
    pub fn allowing(mut self, url: &str) -> Self {
        if let Ok(target) = Target::parse(url) {
            self.allow.push(format!("{}:{}", target.host, target.port));
        }
        self
    }
}

/// One request that leaves. It has no `Debug`: headers and body may hold secrets.
#[allow(
    missing_debug_implementations,
    reason = "headers and body may hold secrets"
)]
pub struct Request {
    /// `GET`, `POST`, `PURGE`, …
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// Names and values beside `User-Agent`.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Vec<u8>,
    /// Bytes of the answer's body that are read; the rest is not.
    pub answer_bytes: usize,
}

/// Makes requests that leave; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    allowed: Arc<Allowed>,
    lookup: Arc<dyn Lookup>,
    connect: Duration,
    timeout: Duration,
    more: tls::More,
    /// Made when the first request leaves: the certificates of the system take memory and milliseconds, and most
    /// servers send nothing.
    connectors: OnceLock<Result<Connectors, OutboundError>>,
}

#[derive(Debug)]
struct Connectors {
    /// Connects to public addresses and to listed ones.
    guarded: reqwest::Client,
    /// For hosts that are listed by name.
    trusted: reqwest::Client,
    /// Why `https` cannot be used.
    no_roots: Option<String>,
}

impl Client {
    /// A client that resolves names as the system does.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(config: &OutboundConfig) -> Result<Self, OutboundError> {
        let system: Arc<dyn Lookup> = Arc::new(SystemLookup);
        Self::with_lookup(config, &system)
    }

    /// A client with its own way to resolve names.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn with_lookup(
        config: &OutboundConfig,
        lookup: &Arc<dyn Lookup>,
    ) -> Result<Self, OutboundError> {
        Ok(Self(Arc::new(Inner {
            allowed: Arc::new(Allowed::parse(&config.allow)?),
            lookup: Arc::clone(lookup),
            connect: Duration::from_millis(config.connect_ms),
            timeout: Duration::from_millis(config.timeout_ms),
            more: tls::More::load(&config.ca_file)?,
            connectors: OnceLock::new(),
        })))
    }

    /// Sends a request and reads the beginning of its answer; every status is an answer.
    ///
    /// # Errors
    /// When the target may not be reached or did not answer in time.
    pub async fn send(&self, request: Request) -> Result<Answer, OutboundError> {
        let target = Target::parse(&request.url)?;
        let client = self.client_for(&target)?;
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| OutboundError::Config("a method that is no word".into()))?;
        let sent = client
            .request(method, target.url)
            .headers(headers(&request.headers)?)
            .body(request.body)
            .send()
            .await;
        match sent {
            Ok(response) => Ok(answer::read(response, request.answer_bytes).await),
            Err(error) => Err(error::of(&error)),
        }
    }

    /// Whether a URL may be asked as far as can be told without resolving its name.
    ///
    /// # Errors
    /// When it never could.
    pub fn check(&self, url: &str) -> Result<(), OutboundError> {
        let target = Target::parse(url)?;
        self.client_for(&target).map(|_| ())
    }

    /// The client that may go there. Hosts that are addresses are never resolved, so they are checked here.
    fn client_for(&self, target: &Target) -> Result<&reqwest::Client, OutboundError> {
        let inner = &self.0;
        let connectors = inner.connectors.get_or_init(|| inner.connectors());
        let connectors = connectors.as_ref().map_err(OutboundError::clone)?;
        if let Some(reason) = connectors.no_roots.as_ref().filter(|_| target.tls) {
            return Err(OutboundError::NoRoots(reason.clone()));
        }
        match target.address {
            Some(address) if !inner.allowed.address(address, Some(target.port)) => {
                Err(OutboundError::Refused)
            }
            Some(_) => Ok(&connectors.guarded),
            None if inner.allowed.host(&target.host, target.port) => Ok(&connectors.trusted),
            None => Ok(&connectors.guarded),
        }
    }
}

impl Inner {
    fn connectors(&self) -> Result<Connectors, OutboundError> {
        let roots = self.more.with_those_of_the_system();
        let build = |allowed: Option<Arc<Allowed>>| {
            let resolver = Guarded {
                lookup: Arc::clone(&self.lookup),
                allowed,
            };
            let builder = reqwest::Client::builder()
                .redirect(redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .retry(reqwest::retry::never())
                .dns_resolver(resolver)
                .connect_timeout(self.connect)
                .timeout(self.timeout)
                .pool_max_idle_per_host(2)
                .pool_idle_timeout(Duration::from_secs(30))
                .user_agent(concat!("tympan/", env!("CARGO_PKG_VERSION")));
            let built = roots.trusted_by(builder).build();
            built.map_err(|error| OutboundError::Config(error::chain(&error)))
        };
        Ok(Connectors {
            guarded: build(Some(Arc::clone(&self.allowed)))?,
            trusted: build(None)?,
            no_roots: roots.missing,
        })
    }
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, OutboundError> {
    let mut headers = HeaderMap::with_capacity(pairs.len());
    for (name, value) in pairs {
        let bad = || OutboundError::Header(name.chars().take(64).collect());
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

/// Whether a request may carry this header.
pub fn is_header(name: &str, value: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok()
}

#[cfg(test)]
mod tests;
