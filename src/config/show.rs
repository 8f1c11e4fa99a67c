//! The configuration as TOML that says where each value came from.

use std::fmt::Write as _;

use serde_json::Value;

use super::Loaded;

/// Settings that are secrets as a whole.
const SECRETS: [&str; 2] = ["metrics.token", "otel.headers"];

impl Loaded {
    /// A file that would give the same configuration; passwords in URLs and tokens are masked.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        let lines = self.settings.iter().map(|setting| {
            let (section, name) = setting.key.split_once('.').unwrap_or(("", &setting.key));
            let line = format!("{name} = {}", value(&setting.key, &setting.value));
            (section, line, &setting.source)
        });
        for (of, line, source) in lines {
            if of != section {
                section = of;
                let _ = write!(text, "\n[{section}]\n");
            }
            let _ = writeln!(text, "{line}  # {source}");
        }
        text
    }
}

/// A value as it stands in the file.
pub(super) fn value(key: &str, value: &Value) -> String {
    let shown = match value {
        Value::String(text) if SECRETS.contains(&key) && !text.is_empty() => "***".into(),
        Value::String(text) if key.ends_with("url") => masked(text).into(),
        Value::String(text) if key.ends_with("token") && !text.is_empty() => "***".into(),
        _ => value.clone(),
    };
    toml::Value::try_from(shown).map_or_else(|_| value.to_string(), |value| value.to_string())
}

/// A URL without its password.
fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // The last `@`: a password may hold others, and nothing of it may be shown.
    let authority = match authority.rsplit_once('@') {
        Some((credentials, host)) => match credentials.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => authority.to_owned(),
        },
        None => authority.to_owned(),
    };
    let path = match path.split_once("password=") {
        Some((before, secret)) => {
            let rest = secret.split_once('&').map_or("", |(_, rest)| rest);
            let and = if rest.is_empty() { "" } else { "&" };
            format!("{before}password=***{and}{rest}")
        }
        None => path.to_owned(),
    };
    format!("{scheme}://{authority}{path}")
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn passwords_in_urls_are_masked() {
        for (url, shown) in [
            ("sqlite:./data/tympan.db", "sqlite:./data/tympan.db"),
            ("postgres://u:s3cret@h:5432/d", "postgres://u:***@h:5432/d"),
            ("postgres://u:s3@cret@h/d", "postgres://u:***@h/d"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            (
                "postgres://h/d?user=u&password=s3cret&x=1",
                "postgres://h/d?user=u&password=***&x=1",
            ),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}
