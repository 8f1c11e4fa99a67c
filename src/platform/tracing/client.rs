//! The way out for spans: one POST at a time, without redirects, proxies or more than a status of the answer.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::Outbound;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends spans with a connection of its own.
#[derive(Debug, Clone)]
pub struct Client(Result<reqwest::Client, String>);

impl Client {
    /// A client; what stands in its way is told when something is sent.
    pub fn new() -> Self {
        // Fails only if one was chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .pool_max_idle_per_host(1)
            .build();
        Self(client.map_err(|error| error.to_string()))
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Outbound for Client {
    fn post(
        &self,
        url: String,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> BoxFuture<'static, Result<u16, String>> {
        let client = self.0.clone();
        Box::pin(async move {
            let mut request = client?.post(url).body(body);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            // The answer's body is not read: its connection is given up if there is much of it.
            let answer = request
                .send()
                .await
                .map_err(|error| error.without_url().to_string())?;
            Ok(answer.status().as_u16())
        })
    }
}
