//! The ceiling: the same server code answering the same bytes as a constant, in a process of its own.
//!
//! The bench starts itself again with [`FLAG`]; nothing but the cache, the query and the rights are left out.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result};
use bytes::Bytes;
use poem::http::{HeaderValue, StatusCode, header};
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
    let headers = HeaderConfig {
        access_log: false,
        ..HeaderConfig::default()
    };
    let endpoint = Outer::new(Answer(body), &headers)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        listen::serve(
            listener,
            endpoint,
            ListenConfig::default(),
            std::future::pending(),
        )
        .await;
        Ok(())
    })
}

struct Answer(Bytes);

impl Endpoint for Answer {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let known = request.headers().get(header::IF_NONE_MATCH) == Some(&TAG);
        let mut response = match known {
            true => Response::builder()
                .status(StatusCode::NOT_MODIFIED)
                .finish(),
            false => Response::builder().body(self.0.clone()),
        };
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(
            header::VARY,
            HeaderValue::from_static("authorization, strapi-response-format"),
        );
        headers.insert(header::ETAG, TAG);
        Ok(response)
    }
}
