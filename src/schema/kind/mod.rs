//! What a field can hold, and the rules of each kind.

use serde_json::Value;

mod relation;
mod text;

pub use relation::{OnDelete, Relation, RelationKind};
pub use text::{Pattern, SlugOptions, TextRules, UidRules};

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// One line of at most 255 characters.
    String(TextRules),
    /// Text of any length.
    Text(TextRules),
    /// Markdown or HTML source.
    RichText(TextRules),
    /// An e-mail address.
    Email(TextRules),
    /// A password, stored hashed and never returned.
    Password(TextRules),
    /// A slug.
    Uid(UidRules),
    /// One of a list of words.
    Enumeration {
        /// The allowed words.
        values: Vec<String>,
    },
    /// A whole number that JavaScript holds exactly.
    Integer(Range<i64>),
    /// A whole number of 64 bits, a string in JSON.
    BigInteger(Range<i64>),
    /// A number.
    Float(Range<f64>),
    /// A number.
    Decimal(Range<f64>),
    /// True or false.
    Boolean,
    /// `YYYY-MM-DD`.
    Date,
    /// `HH:mm:ss.SSS`.
    Time,
    /// `YYYY-MM-DDTHH:mm:ss.SSSZ`.
    DateTime,
    /// As [`Self::DateTime`].
    Timestamp,
    /// Any JSON.
    Json,
    /// Structured rich text: paragraphs, headings, lists, quotes, code, images.
    Blocks,
    /// Any JSON, owned by a plugin.
    Custom,
    /// Links to files.
    Media {
        /// Whether many files are held.
        multiple: bool,
        /// What may be chosen; empty means anything.
        allowed_types: Vec<MediaKind>,
    },
    /// Links to documents.
    Relation(Relation),
    /// One or many instances of one component.
    Component {
        /// Uid of the component.
        component: String,
        /// Whether many instances are held.
        repeatable: bool,
        /// Fewest instances, if any.
        min: Option<u32>,
        /// Most instances.
        max: Option<u32>,
    },
    /// A list of instances of several components.
    DynamicZone {
        /// Uids of the allowed components.
        components: Vec<String>,
        /// Fewest instances, if any.
        min: Option<u32>,
        /// Most instances.
        max: Option<u32>,
    },
}

impl FieldKind {
    /// The `type` in schema files; a custom field has none of its own and is called `customField`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::Text(_) => "text",
            Self::RichText(_) => "richtext",
            Self::Email(_) => "email",
            Self::Password(_) => "password",
            Self::Uid(_) => "uid",
            Self::Enumeration { .. } => "enumeration",
            Self::Integer(_) => "integer",
            Self::BigInteger(_) => "biginteger",
            Self::Float(_) => "float",
            Self::Decimal(_) => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime",
            Self::Timestamp => "timestamp",
            Self::Json => "json",
            Self::Blocks => "blocks",
            Self::Custom => "customField",
            Self::Media { .. } => "media",
            Self::Relation(_) => "relation",
            Self::Component { .. } => "component",
            Self::DynamicZone { .. } => "dynamiczone",
        }
    }

    /// Whether values are links, which lie apart from the entry's row.
    pub fn is_link(&self) -> bool {
        matches!(self, Self::Media { .. } | Self::Relation(_))
    }

    /// Whether values are component instances.
    pub fn is_nested(&self) -> bool {
        matches!(self, Self::Component { .. } | Self::DynamicZone { .. })
    }

    /// Whether the value is one column that `fields`, `filters` and `sort` may name.
    pub fn is_scalar(&self) -> bool {
        !self.is_link() && !self.is_nested()
    }

    /// Whether values are strings of free text, an enumeration or slug included.
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            Self::String(_)
                | Self::Text(_)
                | Self::RichText(_)
                | Self::Email(_)
                | Self::Password(_)
                | Self::Uid(_)
                | Self::Enumeration { .. }
        )
    }

    /// The rules of a text kind.
    pub fn text_rules(&self) -> Option<&TextRules> {
        match self {
            Self::String(rules)
            | Self::Text(rules)
            | Self::RichText(rules)
            | Self::Email(rules)
            | Self::Password(rules) => Some(rules),
            Self::Uid(rules) => Some(&rules.text),
            _ => None,
        }
    }
}

/// Bounds of a number, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range<T> {
    /// Smallest value.
    pub min: Option<T>,
    /// Largest value.
    pub max: Option<T>,
}

impl<T> Default for Range<T> {
    fn default() -> Self {
        Self {
            min: None,
            max: None,
        }
    }
}

/// What kind of file a media field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// Pictures.
    Images,
    /// Moving pictures.
    Videos,
    /// Anything else.
    Files,
    /// Sound.
    Audios,
}

impl MediaKind {
    /// The word used in `allowedTypes`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Videos => "videos",
            Self::Files => "files",
            Self::Audios => "audios",
        }
    }
}

/// When a field is shown, from another field of the same type or component.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The field that decides: a boolean or an enumeration.
    pub field: String,
    /// The value it is compared with.
    pub equals: Value,
    /// Whether the field is shown when the values differ.
    pub negated: bool,
}

impl Condition {
    /// Whether the field is shown when the deciding field holds `value`.
    pub fn shows(&self, value: &Value) -> bool {
        (*value == self.equals) != self.negated
    }
}
