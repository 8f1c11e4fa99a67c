//! What the feed says of one entry.

use std::fmt::Write as _;

use serde_json::Value as Json;

/// What happened to an entry, or to the feed as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It is public and is as the item says.
    Upsert,
    /// It is no longer public.
    Unpublish,
    /// Its document was deleted.
    Delete,
    /// Entries have another form now: drop everything, all of it follows anew.
    Schema,
    /// The caller may see more or less now: drop everything, what they may see follows anew.
    Rights,
}

impl Event {
    /// The word in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upsert => "upsert",
            Self::Unpublish => "unpublish",
            Self::Delete => "delete",
            Self::Schema => "schema",
            Self::Rights => "rights",
        }
    }
}

/// One item of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What happened.
    pub event: Event,
    /// The type's singular name; empty for events about the whole feed.
    pub type_name: String,
    /// The document.
    pub document_id: String,
    /// The locale; empty in types without locales.
    pub locale: String,
    /// The entry as JSON; none if it is gone, or too large for the feed.
    pub entry: Option<String>,
}

impl Item {
    /// Everything follows anew.
    pub(super) fn reset(event: Event) -> Self {
        Self {
            event,
            type_name: String::new(),
            document_id: String::new(),
            locale: String::new(),
            entry: None,
        }
    }

    /// The item as a JSON object on one line.
    pub fn to_json(&self) -> String {
        let mut text = format!(r#"{{"event":"{}""#, self.event.name());
        if matches!(self.event, Event::Schema | Event::Rights) {
            text.push_str(r#","reset":true}"#);
            return text;
        }
        let locale = Some(self.locale.as_str()).filter(|code| !code.is_empty());
        let _ = write!(
            text,
            r#","type":{},"documentId":{},"locale":{}"#,
            Json::from(self.type_name.as_str()),
            Json::from(self.document_id.as_str()),
            Json::from(locale),
        );
        if self.event == Event::Upsert {
            text.push_str(r#","entry":"#);
            // Line breaks in JSON stand only between its parts.
            let entry = self.entry.as_deref().unwrap_or("null");
            text.extend(entry.chars().map(|letter| match letter {
                '\n' | '\r' => ' ',
                letter => letter,
            }));
        }
        text.push('}');
        text
    }
}
