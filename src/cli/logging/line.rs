//! The looks of a line.
//!
//! Values come from anywhere; whatever they hold, they stay inside their place on their line.

use std::fmt::{Debug, Write as _};

use tracing::Level;
use tracing::field::{Field, Visit};

use crate::base::clock;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Look {
    /// For people, without colours.
    #[default]
    Plain,
    /// For people at a terminal.
    Coloured,
    /// One JSON object.
    Json,
}

/// A line being written.
#[derive(Debug, Default)]
pub(super) struct Line {
    written: String,
    /// A value as its type shows itself, before it is quoted.
    shown: String,
    look: Look,
    /// The second whose stamp is in `stamp`.
    second: i64,
    stamp: String,
    /// Whether the line has a field `request_id` of its own.
    pub(super) names_request: bool,
}

impl Line {
    /// Begins a line with time, level and target.
    pub(super) fn begin(&mut self, look: Look, level: Level, target: &str) {
        self.look = look;
        self.names_request = false;
        self.written.clear();
        let ms = clock::now_ms();
        if ms / 1000 != self.second || self.stamp.is_empty() {
            self.second = ms / 1000;
            // Up to the seconds.
            self.stamp = clock::stamp(ms).get(..19).unwrap_or_default().to_owned();
        }
        let (stamp, ms) = (&self.stamp, ms % 1000);
        let (colour, end) = match (look, level) {
            (Look::Coloured, Level::ERROR) => ("\x1b[31m", "\x1b[0m"),
            (Look::Coloured, Level::WARN) => ("\x1b[33m", "\x1b[0m"),
            (Look::Coloured, Level::INFO) => ("\x1b[32m", "\x1b[0m"),
            (Look::Coloured, _) => ("\x1b[34m", "\x1b[0m"),
            _ => ("", ""),
        };
        let _ = match look {
            Look::Json => write!(
                self.written,
                "{{\"timestamp\":\"{stamp}.{ms:03}Z\",\"level\":\"{level}\",\"target\":\"{target}\""
            ),
            _ => write!(
                self.written,
                "{stamp}.{ms:03}Z {colour}{level:>5}{end} {target}:"
            ),
        };
    }

    /// Ends the line and gives it away.
    pub(super) fn end(&mut self) -> &str {
        self.written
            .push_str(if self.look == Look::Json { "}\n" } else { "\n" });
        &self.written
    }

    /// Adds a text.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.names_request |= name == "request_id";
        self.name(name);
        match self.look {
            Look::Json => quote(&mut self.written, value),
            _ if name == "message" => clean(&mut self.written, value),
            _ if is_plain(value) => self.written.push_str(value),
            _ => quote(&mut self.written, value),
        }
    }

    fn name(&mut self, name: &str) {
        let _ = match self.look {
            Look::Json => write!(self.written, ",\"{name}\":"),
            _ if name == "message" => write!(self.written, " "),
            _ => write!(self.written, " {name}="),
        };
    }

    fn number(&mut self, name: &str, value: impl std::fmt::Display) {
        self.name(name);
        let _ = write!(self.written, "{value}");
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut shown = std::mem::take(&mut self.shown);
        shown.clear();
        let _ = write!(shown, "{value:?}");
        self.text(field.name(), &shown);
        self.shown = shown;
    }
}

/// Whether a value can stand in a line for people without quotes.
fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\');
    !value.is_empty() && value.bytes().all(plain)
}

/// A JSON string.
fn quote(line: &mut String, value: &str) {
    line.push('"');
    for letter in value.chars() {
        match letter {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            letter if letter.is_control() || is_separator(letter) => {
                let _ = write!(line, "\\u{:04x}", u32::from(letter));
            }
            letter => line.push(letter),
        }
    }
    line.push('"');
}

/// The text without anything that would end the line or steer a terminal.
fn clean(line: &mut String, value: &str) {
    for letter in value.chars() {
        match letter {
            letter if letter.is_control() || is_separator(letter) => {
                let _ = write!(line, "{}", letter.escape_unicode());
            }
            letter => line.push(letter),
        }
    }
}

/// Separators of lines and marks of writing direction, by which a line could pass for another.
fn is_separator(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_on_their_line() {
        for look in [Look::Plain, Look::Coloured, Look::Json] {
            let mut line = Line::default();
            line.begin(look, Level::INFO, "test");
            line.text("message", "one\ntwo\u{1b}[31m\u{2028}");
            line.text("path", "/a\r\nlevel=ERROR \"x\" \u{202e}");
            line.number("n", 5);
            let text = line.end().to_owned();
            assert_eq!(text.matches('\n').count(), 1, "{text}");
            assert!(
                !text.contains('\u{2028}') && !text.contains('\u{202e}'),
                "{text}"
            );
            assert!(!text.contains("\u{1b}[31m"), "{text}");
            if look == Look::Json {
                let object: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(object["message"], "one\ntwo\u{1b}[31m\u{2028}");
                assert_eq!(object["n"], 5);
            }
        }
    }
}
