//! The interactive documentation: a page and one script, both inside the binary.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};

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
<link rel="icon" href="data:,">
<script src="/api/docs/theme.js" defer></script>
<script src="/api/docs/explorer.js" defer></script>
<style>
  :root { color-scheme: light dark; --font-regular: system-ui, sans-serif; --font-mono: ui-monospace, monospace; }
  body { margin: 0; font-family: system-ui, sans-serif; background: light-dark(#ffffff, #16181d); color: light-dark(#22262e, #dfe3ea); }
</style>
</head>
<body>
<openapi-explorer spec-url="/api/openapi.json" collapse></openapi-explorer>
<noscript>This page needs JavaScript. The description itself is at <a href="/api/openapi.json">/api/openapi.json</a>.</noscript>
</body>
</html>
"#;

/// The explorer knows no colour schemes, only colours: this gives it those of the reader's scheme.
const THEME: &str = r##"const dark = matchMedia("(prefers-color-scheme: dark)");
const colours = {
  light: {
    "bg-color": "#ffffff", "text-color": "#22262e", "primary-color": "#1f5fbf", "secondary-color": "#1f5fbf",
    "nav-bg-color": "#f3f4f7", "nav-text-color": "#3a404b", "nav-hover-bg-color": "#e3e6ec", "nav-hover-text-color": "#1f5fbf",
  },
  dark: {
    "bg-color": "#16181d", "text-color": "#dfe3ea", "primary-color": "#7fb0ff", "secondary-color": "#7fb0ff",
    "nav-bg-color": "#1d2027", "nav-text-color": "#c3c9d4", "nav-hover-bg-color": "#2a2e38", "nav-hover-text-color": "#7fb0ff",
  },
};
function paint() {
  const explorer = document.querySelector("openapi-explorer");
  for (const [name, value] of Object.entries(colours[dark.matches ? "dark" : "light"])) {
    explorer.setAttribute(name, value);
  }
}
dark.addEventListener("change", paint);
paint();
"##;

/// The page and its script.
#[derive(Debug)]
pub struct Docs {
    app: Arc<App>,
    script: OnceLock<Bytes>,
}

impl Docs {
    /// The documentation of this app; nothing is made before somebody looks at it.
    pub fn new(app: &Arc<App>) -> Self {
        Self {
            app: Arc::clone(app),
            script: OnceLock::new(),
        }
    }

    /// `/api/docs`.
    pub fn page(&self) -> Response {
        respond(
            "text/html; charset=utf-8",
            Bytes::from_static(PAGE.as_bytes()),
        )
    }

    /// `/api/docs/theme.js`.
    pub fn theme(&self) -> Response {
        respond(
            "text/javascript; charset=utf-8",
            Bytes::from_static(THEME.as_bytes()),
        )
    }

    /// `/api/docs/explorer.js`.
    pub fn script(&self) -> Response {
        let script = self.script.get_or_init(|| explorer(&self.app));
        respond("text/javascript; charset=utf-8", script.clone())
    }
}

/// The explorer's script, taken out of the page that poem-openapi makes.
fn explorer(app: &Arc<App>) -> Bytes {
    let html = super::service(Arc::clone(app)).openapi_explorer_html();
    let script = html
        .split_once("<script charset=\"UTF-8\">")
        .and_then(|(_, rest)| rest.split_once("</script>\n  </head>"))
        .map(|(script, _)| script.to_owned());
    script.unwrap_or_default().into()
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
