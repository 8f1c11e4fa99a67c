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
        let millis = u64::try_from(ms % 1000).unwrap_or_default();
        if look == Look::Json {
            self.written.push_str("{\"timestamp\":\"");
        }
        self.written.push_str(&self.stamp);
        self.written.push('.');
        // With a leading one, so that three digits are left when it is cut.
        digits(1000 + millis, 1, &mut self.written);
        let level = level.as_str();
        let parts = match (look, level) {
            (Look::Json, _) => ["Z\",\"level\":\"", level, "\",\"target\":\"", target, "\""],
            (Look::Coloured, "ERROR") => ["Z \x1b[31m", level, "\x1b[0m ", target, ":"],
            (Look::Coloured, "WARN") => ["Z  \x1b[33m", level, "\x1b[0m ", target, ":"],
            (Look::Coloured, "INFO") => ["Z  \x1b[32m", level, "\x1b[0m ", target, ":"],
            (Look::Coloured, _) => ["Z \x1b[34m", level, "\x1b[0m ", target, ":"],
            (Look::Plain, "INFO" | "WARN") => ["Z  ", level, " ", target, ":"],
            (Look::Plain, _) => ["Z ", level, " ", target, ":"],
        };
        parts
            .into_iter()
            .for_each(|part| self.written.push_str(part));
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

    /// Pieces are pushed one by one here: formatting them cost more than everything else of a line.
    fn name(&mut self, name: &str) {
        let parts = match self.look {
            Look::Json => [",\"", name, "\":"],
            _ if name == "message" => [" ", "", ""],
            _ => [" ", name, "="],
        };
        parts
            .into_iter()
            .for_each(|part| self.written.push_str(part));
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field.name());
        digits(value, 0, &mut self.written);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field.name());
        if value < 0 {
            self.written.push('-');
        }
        digits(value.unsigned_abs(), 0, &mut self.written);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field.name());
        self.written.push_str(if value { "true" } else { "false" });
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

/// The decimal digits of a number, less the first `skip`.
fn digits(mut number: u64, skip: usize, line: &mut String) {
    let mut places = [b'0'; 20];
    let mut used = 0;
    for place in places.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    let written = places.get(places.len() - used + skip..).unwrap_or_default();
    line.push_str(std::str::from_utf8(written).unwrap_or_default());
}

/// A JSON string.
fn quote(line: &mut String, value: &str) {
    line.push('"');
    if value
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
    {
        line.push_str(value);
        line.push('"');
        return;
    }
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
            line.name("n");
            digits(5, 0, &mut line.written);
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

    #[test]
    fn numbers_and_times_are_whole() {
        let mut text = String::new();
        for number in [0, 7, 10, 1005, u64::MAX] {
            digits(number, 0, &mut text);
            text.push(' ');
        }
        digits(1005, 1, &mut text);
        assert_eq!(text, "0 7 10 1005 18446744073709551615 005");
        let mut line = Line::default();
        line.begin(Look::Plain, Level::WARN, "test");
        let (stamp, rest) = line.end().split_once(' ').unwrap();
        assert!(
            clock::ms_of(stamp).is_some_and(|ms| (clock::now_ms() - ms).abs() < 60_000),
            "{stamp}"
        );
        assert_eq!((stamp.len(), rest), (24, " WARN test:\n"));
    }
}
