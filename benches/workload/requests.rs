//! The requests of the workload, read from `benches/peer/peer.json`, and the check of their answers.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use super::load::Shot;
use crate::http::{Connection, request};

const SLUG_MARK: &str = "@@SLUG@@";

pub(crate) struct Requests {
    requests: Map<String, Value>,
    token: String,
}

impl Requests {
    /// Fills `${meta.x}`, `${seed.x}` and `${article.x}` of the file from the values given.
    pub(crate) fn new(values: &Value) -> Result<Requests> {
        let mut file: Value = serde_json::from_str(include_str!("../peer/peer.json"))?;
        let Value::Object(requests) = filled(file["requests"].take(), values)? else {
            bail!("peer.json has no requests");
        };
        let token = values["seed"]["token"]
            .as_str()
            .context("the seed has no token")?
            .to_owned();
        Ok(Requests { requests, token })
    }

    /// The bytes of a request; `run` makes the slugs of its creates unlike those of other runs.
    pub(crate) fn shot(&self, name: &str, run: usize) -> Result<Shot> {
        let entry = self
            .requests
            .get(name)
            .with_context(|| format!("no request {name}; there are {}", self.names().join(", ")))?;
        let path = entry["path"].as_str().context("a request without path")?;
        let Some(body) = entry.get("body") else {
            return Ok(Shot::one(request("GET", path, None, None)));
        };
        let slug = format!("bench-{run:04}-000-000000000");
        let body = body.to_string().replace(SLUG_MARK, &slug);
        let bytes = request("POST", path, Some(&self.token), Some(&body));
        let at = bytes
            .windows(slug.len())
            .position(|window| window == slug.as_bytes());
        Ok(Shot {
            slug: at.map(|at| at..at + slug.len()),
            variants: vec![bytes],
        })
    }

    /// Path and query of a request.
    pub(crate) fn path(&self, name: &str) -> Result<String> {
        let path = self
            .requests
            .get(name)
            .and_then(|entry| entry["path"].as_str());
        Ok(path
            .with_context(|| format!("no request {name}"))?
            .to_owned())
    }

    /// Asks once and compares the answer with what the file expects; returns the size of the body.
    pub(crate) fn check(&self, name: &str, connection: &mut Connection) -> Result<usize> {
        let answer = connection.send(&self.shot(name, 0)?.variants[0])?;
        if !(200..300).contains(&answer.status) {
            bail!(
                "request {name}: status {}\n{}",
                answer.status,
                String::from_utf8_lossy(answer.body)
            );
        }
        let body: Value = serde_json::from_slice(answer.body)
            .with_context(|| format!("request {name}: the answer is not JSON"))?;
        for (path, wanted) in self.requests[name]["expect"]
            .as_object()
            .into_iter()
            .flatten()
        {
            let found = match path.strip_prefix("len:") {
                Some(path) => dig(&body, path)
                    .and_then(Value::as_array)
                    .map(|list| Value::from(list.len())),
                None => dig(&body, path).cloned(),
            };
            let found = found.filter(|value| !value.is_null());
            if found.is_none() || (!wanted.is_null() && found.as_ref() != Some(wanted)) {
                let found = found.map_or("nothing".to_owned(), |value| value.to_string());
                bail!("request {name}: {path} is {found}, expected {wanted}");
            }
        }
        Ok(answer.body.len())
    }

    fn names(&self) -> Vec<&str> {
        self.requests.keys().map(String::as_str).collect()
    }
}

fn filled(template: Value, values: &Value) -> Result<Value> {
    Ok(match template {
        Value::String(text) => filled_text(&text, values)?,
        Value::Array(items) => items
            .into_iter()
            .map(|item| filled(item, values))
            .collect::<Result<_>>()?,
        Value::Object(map) => {
            let filled = map
                .into_iter()
                .map(|(key, value)| Ok((key, filled(value, values)?)));
            Value::Object(filled.collect::<Result<_>>()?)
        }
        other => other,
    })
}

/// A text that is one placeholder becomes the value itself; placeholders inside a text become text.
fn filled_text(text: &str, values: &Value) -> Result<Value> {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (path, behind) = after.split_once('}').context("a placeholder without end")?;
        let value = dig(values, path).with_context(|| format!("no value for ${{{path}}}"))?;
        if before.is_empty() && behind.is_empty() && done.is_empty() {
            return Ok(value.clone());
        }
        done.push_str(before);
        done.push_str(
            &value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        );
        rest = behind;
    }
    Ok(Value::String(done + rest))
}

fn dig<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}
