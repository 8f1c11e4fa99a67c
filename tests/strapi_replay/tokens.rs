//! The tokens that stand for ids in the recordings: `$doc:name`, `$file:name`, `$id:plural/name:status[:locale]`.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

/// What the tokens stand for on one site.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    docs: BTreeMap<String, String>,
    files: BTreeMap<String, i64>,
    /// Numbers of `$id:` tokens, looked up before a request.
    rows: BTreeMap<String, i64>,
}

/// A row that a `$id:` token names.
#[derive(Debug, Clone)]
pub(super) struct RowToken {
    pub(super) token: String,
    pub(super) path: String,
}

impl Tokens {
    pub(super) fn name_doc(&mut self, name: &str, document_id: &str) {
        self.docs.insert(name.to_owned(), document_id.to_owned());
    }

    pub(super) fn name_file(&mut self, name: &str, id: i64) {
        self.files.insert(name.to_owned(), id);
    }

    pub(super) fn name_row(&mut self, token: &str, id: i64) {
        self.rows.insert(token.to_owned(), id);
    }

    /// The `$id:` tokens in a request, as paths that show their ids.
    pub(super) fn row_tokens(&self, text: &str) -> Vec<RowToken> {
        let mut found = Vec::new();
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("$id:") {
            let end = after
                .find(|c: char| {
                    !(c.is_ascii_lowercase() || c.is_ascii_digit() || "-/:".contains(c))
                })
                .unwrap_or(after.len());
            let (name, next) = after.split_at(end);
            let (plural, version) = name.split_once('/').expect("an id token names a type");
            let mut version = version.split(':');
            let doc = version.next().unwrap();
            let status = version.next().unwrap();
            let locale = version.next().map(|code| format!("&locale={code}"));
            let id = self
                .docs
                .get(doc)
                .unwrap_or_else(|| panic!("nothing is called {doc}"));
            let path = format!(
                "/api/{plural}/{id}?status={status}{}",
                locale.unwrap_or_default()
            );
            found.push(RowToken {
                token: format!("$id:{name}"),
                path,
            });
            rest = next;
        }
        found
    }

    /// Ids in the place of tokens.
    pub(super) fn fill(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => self.fill_value(text),
            Json::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Json::Object(object) => object
                .iter()
                .map(|(key, value)| (key.clone(), self.fill(value)))
                .collect(),
            other => other.clone(),
        }
    }

    fn fill_value(&self, text: &str) -> Json {
        let number = text
            .strip_prefix("$file:")
            .and_then(|name| self.files.get(name));
        match number.or_else(|| self.rows.get(text)) {
            Some(number) => json!(number),
            None => Json::String(self.fill_text(text)),
        }
    }

    pub(super) fn fill_text(&self, text: &str) -> String {
        if !text.contains('$') {
            return text.to_owned();
        }
        let mut text = text.to_owned();
        // Longer names first: one may begin with another.
        for (token, id) in self.rows.iter().rev() {
            text = text.replace(token.as_str(), &id.to_string());
        }
        for (name, id) in self.files.iter().rev() {
            text = text.replace(&format!("$file:{name}"), &id.to_string());
        }
        for (name, id) in self.docs.iter().rev() {
            text = text.replace(&format!("$doc:{name}"), id);
        }
        text
    }

    /// Tokens in the place of ids.
    pub(super) fn mask(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.mask_text(text)),
            Json::Array(items) => items.iter().map(|item| self.mask(item)).collect(),
            Json::Object(object) => object
                .iter()
                .map(|(key, value)| match key.as_str() {
                    "id" if value.is_number() => (
                        key.clone(),
                        self.mask_id(
                            value,
                            object.contains_key("mime")
                                || object
                                    .get("attributes")
                                    .is_some_and(|inner| inner.get("mime").is_some()),
                        ),
                    ),
                    _ => (key.clone(), self.mask(value)),
                })
                .collect(),
            other => other.clone(),
        }
    }

    fn mask_id(&self, id: &Json, is_file: bool) -> Json {
        let file = self
            .files
            .iter()
            .find(|(_, number)| is_file && id.as_i64() == Some(**number));
        file.map_or_else(|| "$id".into(), |(name, _)| format!("$file:{name}").into())
    }

    fn mask_text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // Backwards, because one identity may begin with another.
        let mut docs: Vec<_> = self.docs.iter().collect();
        docs.sort_by_key(|(_, id)| std::cmp::Reverse(id.len()));
        for (name, id) in docs {
            if text.contains(id.as_str()) {
                text = text.replace(id.as_str(), &format!("$doc:{name}"));
            }
        }
        let is_id = text.len() == 24
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if is_id { "$doc:?".to_owned() } else { text }
    }
}
