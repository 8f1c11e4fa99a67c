//! One request per vendor, as its documentation has it.

use serde_json::{Value as Json, json};

use super::{Adapter, PurgeConfig};
use crate::base::clock;
use crate::platform::http_client::{Answer, Ending, Request};
use crate::webhooks::signature;

/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 16 * 1024;

/// What the CDN must forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Everything,
    Tags(Vec<String>),
}

/// How many tags one call takes.
pub(super) fn most_tags(adapter: &Adapter) -> u32 {
    match adapter {
        // "Up to 256 surrogate keys can be purged in one batch request."
        Adapter::Fastly => 256,
        // "Max operations per request: 100" under every plan.
        Adapter::Cloudflare => 100,
        // Varnish takes header lines of 8 KiB.
        Adapter::Varnish | Adapter::None => 50,
        Adapter::Webhook => 1000,
    }
}

/// The requests that purge; all must be confirmed.
pub(super) fn requests(config: &PurgeConfig, what: &What) -> Vec<Request> {
    let given = config.urls.iter().map(|url| url.trim_end_matches('/'));
    let base = |vendor: &str| given.clone().next().unwrap_or(vendor).to_owned();
    match config.adapter {
        Adapter::None => Vec::new(),
        Adapter::Fastly => vec![fastly(config, &base("https://api.fastly.com"), what)],
        Adapter::Cloudflare => {
            let base = base("https://api.cloudflare.com/client/v4");
            vec![cloudflare(config, &base, what)]
        }
        Adapter::Varnish => given.map(|url| varnish(config, url, what)).collect(),
        Adapter::Webhook => {
            let urls = config.urls.iter();
            urls.map(|url| webhook(config, url, what)).collect()
        }
    }
}

fn post(url: String, headers: Vec<(String, String)>, body: Option<&Json>) -> Request {
    let mut headers = headers;
    if body.is_some() {
        headers.push(pair("content-type", "application/json"));
    }
    Request {
        method: "POST",
        url,
        headers,
        body: body
            .map(|body| body.to_string().into_bytes())
            .unwrap_or_default(),
        answer_bytes: ANSWER_BYTES,
    }
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// `POST /service/ID/purge` with the keys in `Surrogate-Key`; everything cannot be purged softly.
fn fastly(config: &PurgeConfig, base: &str, what: &What) -> Request {
    let service = &config.service;
    let mut headers = vec![
        pair("fastly-key", &config.token),
        pair("accept", "application/json"),
    ];
    match what {
        What::Everything => post(format!("{base}/service/{service}/purge_all"), headers, None),
        What::Tags(tags) => {
            headers.push(pair("surrogate-key", &tags.join(" ")));
            if config.soft {
                headers.push(pair("fastly-soft-purge", "1"));
            }
            post(format!("{base}/service/{service}/purge"), headers, None)
        }
    }
}

/// `POST /zones/ID/purge_cache` with `tags`, or `purge_everything`.
fn cloudflare(config: &PurgeConfig, base: &str, what: &What) -> Request {
    let bearer = format!("Bearer {}", config.token);
    let body = match what {
        What::Everything => json!({ "purge_everything": true }),
        What::Tags(tags) => json!({ "tags": tags }),
    };
    let url = format!("{base}/zones/{}/purge_cache", config.service);
    post(url, vec![pair("authorization", &bearer)], Some(&body))
}

/// `PURGE` with the keys in the header that the configuration in the manual hands to xkey; `BAN` is everything.
fn varnish(config: &PurgeConfig, url: &str, what: &What) -> Request {
    let (method, headers) = match what {
        What::Everything => ("BAN", Vec::new()),
        What::Tags(tags) => {
            let name = if config.soft {
                "xkey-softpurge"
            } else {
                "xkey-purge"
            };
            ("PURGE", vec![pair(name, &tags.join(" "))])
        }
    };
    Request {
        method,
        url: format!("{url}/"),
        headers,
        body: Vec::new(),
        answer_bytes: ANSWER_BYTES,
    }
}

/// `{"tags":[…]}` or `{"everything":true}`, signed as webhooks are.
fn webhook(config: &PurgeConfig, url: &str, what: &What) -> Request {
    let body = match what {
        What::Everything => json!({ "everything": true }),
        What::Tags(tags) => json!({ "tags": tags }),
    };
    let id = format!("purge_{:016x}", rand::random::<u64>());
    let seconds = clock::now_ms() / 1000;
    let mut headers = vec![
        pair("webhook-id", &id),
        pair("webhook-timestamp", &seconds.to_string()),
    ];
    if !config.token.is_empty() {
        let signed = signature(&config.token, &id, seconds, &body.to_string());
        headers.push(pair("webhook-signature", &signed));
    }
    post(url.to_owned(), headers, Some(&body))
}

/// Why an answer is no confirmation.
pub(super) fn refusal(adapter: &Adapter, answer: &Answer) -> Option<String> {
    if !(200..300).contains(&answer.status) {
        return Some(format!("the CDN answered {}", answer.status));
    }
    if let Ending::Broken(why) = &answer.ending {
        return Some(format!("the answer is not whole: {why}"));
    }
    if *adapter == Adapter::Cloudflare {
        let body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        if body.get("success") != Some(&Json::Bool(true)) {
            return Some("the CDN does not confirm it".to_owned());
        }
    }
    None
}
