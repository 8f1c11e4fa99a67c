//! Payloads of one's own: a JSON document with places such as `{{ entry.title }}` in its texts.
//!
//! A text that is nothing but a place becomes the value found there, of whatever kind; inside a longer text the value
//! stands as text. Since the document is filled as a tree and written afterwards, nothing in a value can break out of
//! its place. There are no conditions, loops or functions. A place where nothing is gives null, or an empty text.

use serde_json::Value as Json;

/// Most bytes of a template.
pub(super) const MAX_BYTES: usize = 64 * 1024;
/// Longest path of a place.
const MAX_PATH: usize = 200;
/// Where a path may begin.
const ROOTS: [&str; 9] = [
    "event",
    "createdAt",
    "model",
    "uid",
    "entry",
    "media",
    "id",
    "sequence",
    "locale",
];

/// Reads a template.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("the template is longer than {MAX_BYTES} bytes"));
    }
    let template =
        crate::base::json::parse(text.as_bytes(), &crate::base::json::JsonLimits::default());
    let template = template.map_err(|error| format!("the template: {error}"))?;
    check(&template)?;
    Ok(template)
}

fn check(template: &Json) -> Result<(), String> {
    match template {
        Json::String(text) => pieces(text).map(|_| ()),
        Json::Array(items) => items.iter().try_for_each(check),
        Json::Object(map) => map.values().try_for_each(check),
        _ => Ok(()),
    }
}

enum Piece<'t> {
    Text(&'t str),
    Place(&'t str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((path, behind)) = after.split_once("}}") else {
            return Err("the template: a `{{` is never closed with `}}`".to_owned());
        };
        let path = path.trim();
        let root = path.split('.').next().unwrap_or_default();
        if path.len() > MAX_PATH || !ROOTS.contains(&root) || path.split('.').any(str::is_empty) {
            let shown: String = path.escape_debug().take(60).collect();
            return Err(format!(
                "the template: `{{{{ {shown} }}}}` is no path; begin with one of {}",
                ROOTS.join(", ")
            ));
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Place(path));
        rest = behind;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

/// The template with every place filled from `values`.
pub(super) fn fill(template: &Json, values: &Json) -> Json {
    match template {
        Json::String(text) => filled(text, values),
        Json::Array(items) => items.iter().map(|item| fill(item, values)).collect(),
        Json::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| (key.clone(), fill(value, values)));
            Json::Object(pairs.collect())
        }
        other => other.clone(),
    }
}

fn filled(text: &str, values: &Json) -> Json {
    let Ok(pieces) = pieces(text) else {
        return Json::from(text);
    };
    if let [Piece::Place(path)] = pieces.as_slice() {
        return find(values, path).cloned().unwrap_or(Json::Null);
    }
    let mut whole = String::with_capacity(text.len());
    for piece in pieces {
        match piece {
            Piece::Text(text) => whole.push_str(text),
            Piece::Place(path) => match find(values, path) {
                None | Some(Json::Null) => {}
                Some(Json::String(text)) => whole.push_str(text),
                Some(other) => whole.push_str(&other.to_string()),
            },
        }
    }
    Json::from(whole)
}

fn find<'v>(values: &'v Json, path: &str) -> Option<&'v Json> {
    let mut at = values;
    for step in path.split('.') {
        at = match at {
            Json::Object(map) => map.get(step)?,
            Json::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled_with(template: &str, entry: &Json) -> Json {
        let values = json!({ "event": "entry.publish", "entry": entry });
        let written = fill(&parse(template).unwrap(), &values).to_string();
        // What is sent is JSON again, whatever was in the values.
        serde_json::from_str(&written).unwrap()
    }

    #[test]
    fn places_become_values_or_text() {
        let entry = json!({ "title": "A", "n": 1.5, "tags": [{ "name": "x" }], "none": null });
        let template = r#"{"text":"{{event}}: {{ entry.title }} {{entry.tags.0.name}}{{entry.none}}{{entry.gone}} {{entry.n}}",
            "whole":"{{ entry.tags }}","none":"{{entry.gone.a}}","plain":[true,"}} {x}",7]}"#;
        assert_eq!(
            filled_with(template, &entry),
            json!({ "text": "entry.publish: A x 1.5", "whole": [{ "name": "x" }], "none": null,
                "plain": [true, "}} {x}", 7] })
        );
    }

    #[test]
    fn nothing_in_a_value_breaks_out_of_its_place() {
        let nasty = "\"},\"admin\":true,\"x\":\"\\ \n\u{1f} {{ event }} \u{2028}</script>";
        let entry = json!({ "title": nasty });
        let filled = filled_with(r#"{"a":"{{entry.title}}","b":"<{{entry.title}}>"}"#, &entry);
        assert_eq!(filled, json!({ "a": nasty, "b": format!("<{nasty}>") }));
    }

    #[test]
    fn templates_that_cannot_be_filled_are_refused() {
        for template in [
            "",
            "{",
            r#""{{ entry.title""#,
            r#""{{ }}""#,
            r#""{{ secret }}""#,
            r#""{{ entry..a }}""#,
            r#"{"a":["{{ process.env }}"]}"#,
            r#"{"a":1,"a":2}"#,
        ] {
            assert!(parse(template).is_err(), "{template}");
        }
        assert!(parse(&format!("\"{}\"", "x".repeat(MAX_BYTES))).is_err());
    }
}
