//! The interactive documentation: a page and one script, both inside the binary.

use std::sync::Arc;

use bytes::Bytes;
use poem::http::{HeaderValue, StatusCode, header};
use poem::Response;

use crate::app::App;

/// Styles are inlined by the explorer's web components; scripts only come from here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tympan API</title>
<script src="/api/docs/explorer.js" defer></script>
<style>
  :root { color-scheme: light dark; --font-regular: system-ui, sans-serif; --font-mono: ui-monospace, monospace; }
  body { margin: 0; font-family: system-ui, sans-serif; background: light-dark(#fff, #16181d); color: light-dark(#16181d, #eceef2); }
</style>
</head>
<body>
<openapi-explorer spec-url="/api/openapi.json"></openapi-explorer>
<noscript>This page needs JavaScript. The description itself is at <a href="/api/openapi.json">/api/openapi.json</a>.</noscript>
</body>
</html>
"#;

/// The page and its script.
#[derive(Debug, Clone)]
pub struct Docs {
    script: Bytes,
}

impl Docs {
    /// Takes the explorer's script out of what poem-openapi carries.
    pub fn new(app: &Arc<App>) -> Self {
        let html = super::service(Arc::clone(app)).openapi_explorer_html();
        let script = html
            .split_once("<script charset=\"UTF-8\">")
            .and_then(|(_, rest)| rest.split_once("</script>\n  </head>"))
            .map(|(script, _)| script.to_owned());
        Self {
            script: script.unwrap_or_default().into(),
        }
    }

    /// `/api/docs`.
    pub fn page(&self) -> Response {
        respond("text/html; charset=utf-8", Bytes::from_static(PAGE.as_bytes()))
    }

    /// `/api/docs/explorer.js`.
    pub fn script(&self) -> Response {
        respond("text/javascript; charset=utf-8", self.script.clone())
    }
}

fn respond(content_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::builder().status(StatusCode::OK).body(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let policy = HeaderValue::from_static(POLICY);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
