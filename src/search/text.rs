//! What of a value is text for readers: markup, addresses and keys are left out.

use serde_json::Value as Json;

use super::mapping::Source;

/// Bytes of one attribute that are indexed; the rest of a longer text is not found.
const LONGEST_TEXT: usize = 256 * 1024;

/// The text of a stored value, as people read it.
pub(super) fn plain(source: &Source, stored: &str) -> String {
    let mut text = String::new();
    match source {
        Source::Plain => push(&mut text, stored),
        Source::Markup => push_markup(&mut text, stored),
        Source::Blocks => {
            if let Ok(value) = serde_json::from_str::<Json>(stored) {
                push_blocks(&mut text, &value);
            }
        }
        Source::Items(parts) => {
            if let Ok(value) = serde_json::from_str::<Json>(stored) {
                push_items(&mut text, parts, &value);
            }
        }
        Source::Number => {}
    }
    cut(text)
}

fn cut(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        let end = (0..=LONGEST_TEXT)
            .rev()
            .find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
    }
    text
}

/// Appends a piece of text, apart from the piece before it.
fn push(text: &mut String, piece: &str) {
    if !text.is_empty() && !piece.is_empty() {
        text.push('\n');
    }
    text.push_str(piece);
}

/// The text of items of a component or zone: `[{"id":1,"c":7,"f12":"…"}]`.
fn push_items(text: &mut String, parts: &[super::mapping::Part], value: &Json) {
    for item in value.as_array().into_iter().flatten() {
        let component = item.get("c").and_then(Json::as_i64);
        let parts = parts
            .iter()
            .filter(|part| component.is_none_or(|component| part.component == component));
        for part in parts {
            let Some(value) = item.get(&part.key) else {
                continue;
            };
            match (&part.source, value) {
                (Source::Items(parts), value) => push_items(text, parts, value),
                (Source::Blocks, value) => push_blocks(text, value),
                (Source::Markup, Json::String(value)) => push_markup(text, value),
                (_, Json::String(value)) => push(text, value),
                _ => {}
            }
        }
    }
}

/// The text of a `blocks` value: each block is a line.
fn push_blocks(text: &mut String, value: &Json) {
    for block in value.as_array().into_iter().flatten() {
        let mut line = String::new();
        inline(&mut line, block);
        push(text, line.trim());
    }
}

fn inline(line: &mut String, node: &Json) {
    if let Some(text) = node.get("text").and_then(Json::as_str) {
        line.push_str(text);
    }
    if let Some(alternative) = node
        .get("image")
        .and_then(|image| image.get("alternativeText"))
        .and_then(Json::as_str)
    {
        line.push_str(alternative);
    }
    for child in node
        .get("children")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        let kind = child.get("type").and_then(Json::as_str);
        if matches!(kind, Some("list-item" | "list")) && !line.is_empty() {
            line.push('\n');
        }
        inline(line, child);
    }
}

/// The text of Markdown or HTML: tags, link targets and comments go; marks of emphasis are no words anyway.
fn push_markup(text: &mut String, markup: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    let mut rest = markup;
    while let Some(at) = rest.find(['<', '&', ']']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        rest = match from.as_bytes().first() {
            Some(b'<') => after_tag(text, from),
            Some(b'&') => after_entity(text, from),
            _ => after_bracket(text, from),
        };
    }
    text.push_str(rest);
}

/// What follows a tag or comment; a `<` that begins neither is text.
fn after_tag<'t>(text: &mut String, from: &'t str) -> &'t str {
    if let Some(comment) = from.strip_prefix("<!--") {
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    let inside = from.strip_prefix('<').unwrap_or_default();
    let begins = |c: char| c.is_ascii_alphabetic() || c == '/' || c == '!';
    if !inside.starts_with(begins) {
        text.push('<');
        return inside;
    }
    let Some((tag, rest)) = inside.split_once('>') else {
        text.push('<');
        return inside;
    };
    let name: String = tag
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .flat_map(char::to_lowercase)
        .collect();
    if matches!(name.as_str(), "script" | "style") && !tag.ends_with('/') {
        let end = format!("</{name}");
        let lower = rest.to_ascii_lowercase();
        let closed = lower.find(&end).and_then(|at| rest.get(at..));
        return closed
            .and_then(|rest| rest.split_once('>'))
            .map_or("", |(_, rest)| rest);
    }
    // Tags inside a line do not part words: <b>foo</b>bar is one word.
    let name = tag
        .trim_start_matches('/')
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next();
    let inline = [
        "a", "b", "i", "em", "strong", "span", "mark", "u", "s", "code", "sub", "sup", "small",
    ];
    if !name.is_some_and(|name| inline.iter().any(|known| name.eq_ignore_ascii_case(known))) {
        text.push(' ');
    }
    rest
}

fn after_entity<'t>(text: &mut String, from: &'t str) -> &'t str {
    let inside = from.strip_prefix('&').unwrap_or_default();
    let entity = inside.split_once(';').filter(|(name, _)| {
        name.len() <= 8
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'#')
    });
    let Some((name, rest)) = entity else {
        text.push('&');
        return inside;
    };
    let numbered =
        name.strip_prefix('#')
            .and_then(|number| match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            });
    let c = match (numbered.and_then(char::from_u32), name) {
        (Some(c), _) => c,
        (_, "amp") => '&',
        (_, "lt") => '<',
        (_, "gt") => '>',
        (_, "quot") => '"',
        (_, "apos") => '\'',
        (_, "nbsp") => ' ',
        _ => {
            text.push('&');
            return inside;
        }
    };
    text.push(c);
    rest
}

/// What follows `](address)` of a Markdown link; the address is no text.
fn after_bracket<'t>(text: &mut String, from: &'t str) -> &'t str {
    text.push(' ');
    let after = from.strip_prefix(']').unwrap_or_default();
    let Some(address) = after.strip_prefix('(') else {
        return after;
    };
    match address.find([')', '\n']) {
        Some(end) if address.as_bytes().get(end) == Some(&b')') => {
            address.get(end + 1..).unwrap_or_default()
        }
        _ => after,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::search::mapping::Part;

    #[test]
    fn markup_is_stripped() {
        let text = plain(
            &Source::Markup,
            "# Pie\n\nWith **apples** and [a link](https://example.com/secret) <b>bo</b>ld<br>x &amp; y <script>evil()</script>1 < 2",
        );
        assert!(text.contains("apples") && text.contains("a link") && text.contains("bold x & y"));
        assert!(!text.contains("example.com") && !text.contains("evil") && text.contains("1 < 2"));
    }

    #[test]
    fn blocks_and_items_give_their_text_and_no_keys() {
        let blocks = json!([
            { "type": "paragraph", "children": [{ "type": "text", "text": "Peel the " }, { "type": "text", "text": "apples", "bold": true }] },
            { "type": "list", "format": "ordered", "children": [
                { "type": "list-item", "children": [{ "type": "text", "text": "one" }] },
                { "type": "list-item", "children": [{ "type": "text", "text": "two" }] } ] }
        ]);
        assert_eq!(
            plain(&Source::Blocks, &blocks.to_string()),
            "Peel the apples\none\ntwo"
        );
        let part = |component, key: &str| Part {
            component,
            key: key.into(),
            source: Source::Plain,
        };
        let items = json!([{ "id": 1, "c": 7, "f3": "shown", "f4": "hidden" }, { "id": 2, "c": 8, "f3": "other" }]);
        assert_eq!(
            plain(&Source::Items(vec![part(7, "f3")]), &items.to_string()),
            "shown"
        );
    }
}
