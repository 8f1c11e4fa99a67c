//! How a command fails: one clear line, and what can be done about it.

use crate::config::nearest;

/// A failure with advice.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure nobody can advise on.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Something was named that does not exist.
    pub(super) fn unknown<'c>(
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'c str>,
    ) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let failure = Self::new(format!("unknown {what}: `{}`", name.escape_debug()));
        let Some(near) = nearest(name, known.iter().copied()) else {
            return failure.hint(format!("there is no {what} yet"));
        };
        let list = known.join(", ");
        match known.len() {
            0..=12 => failure.hint(format!("did you mean `{near}`? known: {list}")),
            _ => failure.hint(format!("did you mean `{near}`?")),
        }
    }
}

/// The lines that tell a person why a command failed.
pub(super) fn lines(error: &anyhow::Error) -> String {
    let mut text = format!("error: {}", printable(&format!("{error:#}")));
    let hints = error.chain().filter_map(|cause| {
        let failure = cause.downcast_ref::<Failure>()?;
        failure.hint.as_deref()
    });
    for hint in hints {
        text.push_str("\n\nhint: ");
        text.push_str(&printable(hint));
    }
    text
}

/// Text without characters that could move the cursor or colour the terminal; line breaks stay.
fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() && letter != '\n' {
            clean.extend(letter.escape_debug());
        } else {
            clean.push(letter);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_failure_is_one_line_and_a_hint() {
        let error = anyhow::Error::from(Failure::unknown("type", "artcle", ["author", "article"]));
        assert_eq!(
            lines(&error.context("cannot allow")),
            "error: cannot allow: unknown type: `artcle`\n\nhint: did you mean `article`? known: author, article"
        );
        let nothing = anyhow::Error::from(Failure::unknown("type", "a\u{1b}[2J", []));
        assert_eq!(
            lines(&nothing),
            "error: unknown type: `a\\u{1b}[2J`\n\nhint: there is no type yet"
        );
        let outside: anyhow::Error = std::io::Error::other("a\u{7}b").into();
        let outside: anyhow::Result<()> = Err(outside).context("x");
        assert_eq!(lines(&outside.unwrap_err()), "error: x: a\\u{7}b");
    }
}
