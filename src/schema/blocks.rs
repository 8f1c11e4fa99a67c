//! The structure of a `blocks` value: Strapi's editor nodes.

use serde_json::{Map, Value};

use super::scalar::{MAX_DEPTH, depth};

/// Most nodes in one value.
const MAX_NODES: usize = 10_000;

/// Checks that a value is a list of paragraphs, headings, lists, quotes, code and images.
///
/// # Errors
/// The first node that is wrong, by its place.
pub fn check(value: &Value) -> Result<(), String> {
    if depth(value) > MAX_DEPTH {
        return Err(format!("must not nest deeper than {MAX_DEPTH} levels"));
    }
    let Value::Array(nodes) = value else {
        return Err("must be a list of blocks".to_owned());
    };
    let mut walk = Walk { nodes: 0 };
    nodes
        .iter()
        .enumerate()
        .try_for_each(|(index, node)| walk.block(node, &index.to_string()))
}

struct Walk {
    nodes: usize,
}

impl Walk {
    fn block(&mut self, node: &Value, place: &str) -> Result<(), String> {
        let node = self.object(node, place)?;
        match kind_of(node) {
            "paragraph" | "quote" => self.children(node, place, Self::inline),
            "code" => self.children(node, place, Self::inline),
            "heading" => {
                let level = node.get("level").and_then(Value::as_u64);
                if !matches!(level, Some(1..=6)) {
                    return Err(format!(
                        "block {place}: a heading needs a level from 1 to 6"
                    ));
                }
                self.children(node, place, Self::inline)
            }
            "list" => self.list(node, place),
            "image" => self.image(node, place),
            other => Err(format!("block {place}: `{other}` is not a kind of block")),
        }
    }

    fn list(&mut self, node: &Map<String, Value>, place: &str) -> Result<(), String> {
        if !matches!(
            node.get("format").and_then(Value::as_str),
            Some("ordered" | "unordered")
        ) {
            return Err(format!(
                "block {place}: a list has the format `ordered` or `unordered`"
            ));
        }
        self.children(node, place, |walk, child, place| {
            let item = walk.object(child, place)?;
            match kind_of(item) {
                "list-item" => walk.children(item, place, Self::inline),
                "list" => walk.list(item, place),
                other => Err(format!(
                    "block {place}: a list holds list items and lists, not `{other}`"
                )),
            }
        })
    }

    fn image(&mut self, node: &Map<String, Value>, place: &str) -> Result<(), String> {
        let url = node.get("image").and_then(|image| image.get("url"));
        if !url.is_some_and(Value::is_string) {
            return Err(format!("block {place}: an image needs `image.url`"));
        }
        self.children(node, place, Self::inline)
    }

    fn inline(&mut self, node: &Value, place: &str) -> Result<(), String> {
        let node = self.object(node, place)?;
        match kind_of(node) {
            "text" => text(node, place),
            "link" => {
                if !node.get("url").is_some_and(Value::is_string) {
                    return Err(format!("block {place}: a link needs a `url`"));
                }
                self.children(node, place, |walk, child, place| {
                    let child = walk.object(child, place)?;
                    match kind_of(child) {
                        "text" => text(child, place),
                        other => Err(format!("block {place}: a link holds text, not `{other}`")),
                    }
                })
            }
            other => Err(format!(
                "block {place}: text or a link is expected, not `{other}`"
            )),
        }
    }

    fn children(
        &mut self,
        node: &Map<String, Value>,
        place: &str,
        mut check: impl FnMut(&mut Self, &Value, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        let Some(Value::Array(children)) = node.get("children") else {
            return Err(format!("block {place}: `children` must be a list"));
        };
        for (index, child) in children.iter().enumerate() {
            check(self, child, &format!("{place}.{index}"))?;
        }
        Ok(())
    }

    fn object<'a>(
        &mut self,
        node: &'a Value,
        place: &str,
    ) -> Result<&'a Map<String, Value>, String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(format!("must not hold more than {MAX_NODES} blocks"));
        }
        node.as_object()
            .ok_or_else(|| format!("block {place}: an object is expected"))
    }
}

fn kind_of(node: &Map<String, Value>) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn text(node: &Map<String, Value>, place: &str) -> Result<(), String> {
    if !node.get("text").is_some_and(Value::is_string) {
        return Err(format!("block {place}: a text node needs `text`"));
    }
    for mark in ["bold", "italic", "underline", "strikethrough", "code"] {
        if node.get(mark).is_some_and(|value| !value.is_boolean()) {
            return Err(format!("block {place}: `{mark}` must be true or false"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_editor_writes_passes() {
        let value = json!([
            { "type": "paragraph", "children": [
                { "type": "text", "text": "Hello ", "bold": true },
                { "type": "link", "url": "https://example.com", "children": [{ "type": "text", "text": "there" }] }
            ] },
            { "type": "heading", "level": 2, "children": [{ "type": "text", "text": "Title" }] },
            { "type": "list", "format": "ordered", "children": [
                { "type": "list-item", "children": [{ "type": "text", "text": "one" }] },
                { "type": "list", "format": "unordered", "children": [] }
            ] },
            { "type": "code", "language": "rust", "children": [{ "type": "text", "text": "fn main() {}" }] },
            { "type": "image", "image": { "url": "/a.png" }, "children": [{ "type": "text", "text": "" }] }
        ]);

        assert_eq!(check(&value), Ok(()));
    }

    #[test]
    fn the_wrong_node_is_named_by_its_place() {
        let wrong = |value: Value| check(&value).unwrap_err();

        assert_eq!(wrong(json!("text")), "must be a list of blocks");
        assert_eq!(
            wrong(json!([{ "type": "paragraph", "children": [{ "type": "text" }] }])),
            "block 0.0: a text node needs `text`"
        );
        assert_eq!(
            wrong(json!([{ "type": "heading", "level": 9, "children": [] }])),
            "block 0: a heading needs a level from 1 to 6"
        );
        assert_eq!(
            wrong(json!([{ "type": "script" }])),
            "block 0: `script` is not a kind of block"
        );
    }
}
