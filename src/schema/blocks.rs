//! The structure of a `blocks` value: Strapi's editor nodes.

use serde_json::{Map, Value};

use super::scalar::{MAX_DEPTH, Refusal, depth, wrong_type};

/// Most nodes in one value.
const MAX_NODES: usize = 10_000;

/// Checks that a value is a list of paragraphs, headings, lists, quotes, code and images.
///
/// # Errors
/// The first node that is wrong, by its place.
pub fn check(value: &Value) -> Result<(), Refusal> {
    if depth(value) > MAX_DEPTH {
        return Err(Refusal::new(format!(
            "must not nest deeper than {MAX_DEPTH} levels"
        )));
    }
    let Value::Array(nodes) = value else {
        return Err(Refusal::new(wrong_type("array", value)));
    };
    let mut walk = Walk {
        nodes: 0,
        place: Vec::new(),
    };
    walk.each(nodes, Walk::block)
}

struct Walk {
    nodes: usize,
    place: Vec<String>,
}

type Check = fn(&mut Walk, &Map<String, Value>) -> Result<(), Refusal>;

impl Walk {
    fn block(&mut self, node: &Map<String, Value>) -> Result<(), Refusal> {
        match kind_of(node) {
            "paragraph" | "quote" | "code" => self.children(node, Self::inline),
            "heading" => match node.get("level").map(Value::as_u64) {
                Some(Some(1..=6)) => self.children(node, Self::inline),
                None => Err(self.refuse_key("level", "is a required field")),
                Some(_) => Err(self.refuse_key("level", "must be a number from 1 to 6")),
            },
            "list" => self.list(node),
            "image" => {
                let url = node.get("image").and_then(|image| image.get("url"));
                if !url.is_some_and(Value::is_string) {
                    return Err(
                        self.refuse_key("image", "is a required field, an object with a `url`")
                    );
                }
                self.children(node, Self::inline)
            }
            _ => Err(self.refuse("Block node is of invalid type")),
        }
    }

    fn list(&mut self, node: &Map<String, Value>) -> Result<(), Refusal> {
        match node.get("format").and_then(Value::as_str) {
            Some("ordered" | "unordered") => self.children(node, Self::list_item),
            _ => Err(self.refuse_key(
                "format",
                "must be one of the following values: ordered, unordered",
            )),
        }
    }

    fn list_item(&mut self, node: &Map<String, Value>) -> Result<(), Refusal> {
        match kind_of(node) {
            "list-item" => self.children(node, Self::inline),
            "list" => self.list(node),
            _ => Err(self.refuse("Inline node must be list-item or list")),
        }
    }

    fn inline(&mut self, node: &Map<String, Value>) -> Result<(), Refusal> {
        match kind_of(node) {
            "text" => self.text(node),
            "link" if !node.get("url").is_some_and(Value::is_string) => {
                Err(self.refuse_key("url", "is a required field"))
            }
            "link" => self.children(node, Self::text),
            _ => Err(self.refuse("Inline node must be Text or Link")),
        }
    }

    fn text(&mut self, node: &Map<String, Value>) -> Result<(), Refusal> {
        if kind_of(node) != "text" {
            return Err(self.refuse("Inline node must be Text"));
        }
        if !node.get("text").is_some_and(Value::is_string) {
            return Err(self.refuse_key("text", "is a required field"));
        }
        for mark in ["bold", "italic", "underline", "strikethrough", "code"] {
            if node.get(mark).is_some_and(|value| !value.is_boolean()) {
                return Err(self.refuse_key(mark, "must be true or false"));
            }
        }
        Ok(())
    }

    fn children(&mut self, node: &Map<String, Value>, check: Check) -> Result<(), Refusal> {
        let Some(Value::Array(children)) = node.get("children") else {
            return Err(self.refuse_key("children", "is a required field"));
        };
        self.place.push("children".to_owned());
        self.each(children, check)?;
        self.place.pop();
        Ok(())
    }

    fn each(&mut self, nodes: &[Value], check: Check) -> Result<(), Refusal> {
        for (index, node) in nodes.iter().enumerate() {
            self.place.push(index.to_string());
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                return Err(self.refuse(&format!("There are more than {MAX_NODES} block nodes")));
            }
            match node.as_object() {
                Some(node) => check(self, node)?,
                None => return Err(self.refuse("Block node is of invalid type")),
            }
            self.place.pop();
        }
        Ok(())
    }

    fn refuse(&self, message: &str) -> Refusal {
        Refusal {
            inside: self.place.clone(),
            ..Refusal::whole(message)
        }
    }

    fn refuse_key(&self, key: &str, message: &str) -> Refusal {
        let mut inside = self.place.clone();
        inside.push(key.to_owned());
        Refusal {
            inside,
            ..Refusal::new(message)
        }
    }
}

fn kind_of(node: &Map<String, Value>) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
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
        let wrong = |value: Value| {
            let refusal = check(&value).unwrap_err();
            (refusal.inside.join("."), refusal.message)
        };
        let is = |place: &str, message: &str| (place.to_owned(), message.to_owned());

        assert_eq!(
            wrong(json!([{ "type": "paragraph", "children": [{ "type": "text" }] }])),
            is("0.children.0.text", "is a required field")
        );
        assert_eq!(
            wrong(json!([{ "type": "heading", "level": 9, "children": [] }])),
            is("0.level", "must be a number from 1 to 6")
        );
        assert_eq!(
            wrong(json!([{ "type": "quote" }])),
            is("0.children", "is a required field")
        );
        assert_eq!(
            wrong(json!([{ "type": "script" }])),
            is("0", "Block node is of invalid type")
        );
        assert!(check(&json!("text")).is_err());
    }
}
