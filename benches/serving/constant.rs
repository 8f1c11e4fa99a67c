//! The ceiling: the same server code answering the same bytes as a constant, in a process of its own.
//!
//! The bench starts itself again with [`FLAG`]. It answers where kept answers are answered, before the routes, with as
//! many headers; nothing but the cache and the rights are left out.

use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result};
use bytes::Bytes;
use poem::http::{self, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use poem::{Endpoint, Request, Response};
use tympan::server::headers::{HeaderConfig, Outer};
use tympan::server::listen::{self, ListenConfig};

/// Makes the bench a server of the file named next.
pub(crate) const FLAG: &str = "--constant";
const TAG: HeaderValue = HeaderValue::from_static("\"the-constant-is-as-long-as-a-tag\"");

/// A running constant server; it is ended with the value.
pub(crate) struct Constant {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Constant {
    pub(crate) fn start(body: &Path) -> Result<Constant> {
        let mut command = Command::new(env::current_exe()?);
        command
            .arg(FLAG)
            .arg(body)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut process = command
            .spawn()
            .context("the constant server cannot be started")?;
        let out = process.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line
            .trim()
            .parse()
            .context("the constant server did not say its address")?;
        Ok(Constant { process, address })
    }

    /// The request header by which it answers 304.
    pub(crate) fn condition() -> String {
        format!("If-None-Match: {}\r\n", TAG.to_str().unwrap_or_default())
    }
}

impl Drop for Constant {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves the file until the process is ended.
pub(crate) fn serve(body: &Path) -> Result<()> {
    let body = Bytes::from(fs::read(body)?);
    let constant = Constantly::new(body);
    let endpoint = Outer::new(Nothing, &HeaderConfig::default())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let offer = listen::Offer {
            endpoint,
            quick: Some(Box::new(constant)),
        };
        let config = ListenConfig::default();
        let never = std::future::pending;
        listen::serve_until(listener, offer, config, never(), never()).await;
        Ok(())
    })
}

/// The same answer to everything.
struct Constantly {
    body: Bytes,
    headers: HeaderMap,
}

/// As many headers as a kept answer has.
const HEADERS: [(&str, &str); 11] = [
    ("content-type", "application/json; charset=utf-8"),
    ("cache-control", "no-cache"),
    (
        "vary",
        "authorization, strapi-response-format, accept-encoding, Origin",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("x-request-id", "0123456789abcdef"),
    ("etag", "\"the-constant-is-as-long-as-a-tag\""),
];

impl Constantly {
    fn new(body: Bytes) -> Self {
        let headers = HEADERS.map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        Self {
            body,
            headers: HeaderMap::from_iter(headers),
        }
    }
}

impl listen::Quick for Constantly {
    fn answer(
        &self,
        _: &Method,
        _: &Uri,
        headers: &HeaderMap,
        _: Option<IpAddr>,
    ) -> Option<http::Response<Bytes>> {
        let known = headers.get(header::IF_NONE_MATCH) == Some(&TAG);
        let mut response = match known {
            true => http::Response::new(Bytes::new()),
            false => http::Response::new(self.body.clone()),
        };
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        *response.headers_mut() = self.headers.clone();
        Some(response)
    }
}

/// Is never asked.
struct Nothing;

impl Endpoint for Nothing {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        Ok(Response::default())
    }
}
