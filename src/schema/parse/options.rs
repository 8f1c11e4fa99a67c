//! Reading the options of one JSON object: each with its type, all problems kept.

use serde_json::{Map, Value};

use crate::schema::definition::Problem;
use crate::schema::{Pattern, Range, TextRules};

/// Most entries in a list of words, such as the values of an enumeration.
pub(super) const MAX_WORDS: usize = 1000;

/// One object of a file, and where its problems go.
pub(super) struct Options<'a> {
    map: &'a Map<String, Value>,
    file: &'a str,
    attribute: Option<&'a str>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Options<'a> {
    pub(super) fn new(
        map: &'a Map<String, Value>,
        file: &'a str,
        attribute: Option<&'a str>,
        problems: &'a mut Vec<Problem>,
    ) -> Self {
        Self {
            map,
            file,
            attribute,
            problems,
        }
    }

    pub(super) fn problem(&mut self, rule: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            file: self.file.to_owned(),
            attribute: self.attribute.map(str::to_owned),
            rule: rule.to_owned(),
            message: message.into(),
        });
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, key: &str) -> Option<&'a str> {
        let value = self.value(key)?;
        let text = value.as_str();
        if text.is_none() {
            self.problem(key, "must be a text");
        }
        text
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.problem(key, "must be true or false");
        }
        flag
    }

    pub(super) fn object(&mut self, key: &str) -> Option<&'a Map<String, Value>> {
        let value = self.value(key)?;
        let object = value.as_object();
        if object.is_none() {
            self.problem(key, "must be an object");
        }
        object
    }

    pub(super) fn count(&mut self, key: &str) -> Option<u32> {
        let value = self.value(key)?;
        let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
        if count.is_none() {
            self.problem(key, "must be a whole number that is not negative");
        }
        count
    }

    /// A whole number; a text of digits is accepted because `biginteger` bounds are written so.
    pub(super) fn integer(&mut self, key: &str) -> Option<i64> {
        let value = self.value(key)?;
        let number = match value {
            Value::String(digits) => digits.parse().ok(),
            other => other.as_i64(),
        };
        if number.is_none() {
            self.problem(key, "must be a whole number of at most 64 bits");
        }
        number
    }

    pub(super) fn number(&mut self, key: &str) -> Option<f64> {
        let value = self.value(key)?;
        let number = value.as_f64();
        if number.is_none() {
            self.problem(key, "must be a number");
        }
        number
    }

    pub(super) fn words(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.value(key)?;
        let words: Option<Vec<String>> = value
            .as_array()
            .filter(|items| items.len() <= MAX_WORDS)
            .and_then(|items| {
                items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect()
            });
        if words.is_none() {
            self.problem(key, format!("must be a list of at most {MAX_WORDS} texts"));
        }
        words
    }

    pub(super) fn counts(&mut self, min: &str, max: &str) -> (Option<u32>, Option<u32>) {
        let bounds = (self.count(min), self.count(max));
        if let (Some(least), Some(most)) = bounds
            && least > most
        {
            self.problem(
                min,
                format!("{least} is more than `{max}`, which is {most}"),
            );
        }
        bounds
    }

    pub(super) fn range<T: PartialOrd + std::fmt::Display>(
        &mut self,
        read: fn(&mut Self, &str) -> Option<T>,
    ) -> Range<T> {
        let range = Range {
            min: read(self, "min"),
            max: read(self, "max"),
        };
        if let (Some(min), Some(max)) = (&range.min, &range.max)
            && min > max
        {
            self.problem("min", format!("{min} is more than `max`, which is {max}"));
        }
        range
    }

    pub(super) fn text_rules(&mut self) -> TextRules {
        let (min_length, max_length) = self.counts("minLength", "maxLength");
        TextRules {
            min_length,
            max_length,
            pattern: self.pattern(),
        }
    }

    fn pattern(&mut self) -> Option<Pattern> {
        let source = self.text("regex")?;
        match Pattern::new(source) {
            Ok(pattern) => Some(pattern),
            Err(reason) => {
                self.problem("regex", reason);
                None
            }
        }
    }

    /// Refuses a key that differs from a known one in case only: it would be kept and have no effect.
    pub(super) fn refuse_near_misses(&mut self, known: &[&str]) {
        let near: Vec<(String, String)> = self
            .map
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
            .filter_map(|key| {
                let meant = known.iter().find(|known| known.eq_ignore_ascii_case(key))?;
                Some((key.clone(), (*meant).to_owned()))
            })
            .collect();
        for (key, meant) in near {
            self.problem(&key, format!("is not an option; `{meant}` is"));
        }
    }
}
