//! What a field can hold, and the rules of each kind.

use std::fmt;

use regex::Regex;
use serde_json::Value;

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

/// Length and shape of a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextRules {
    /// Fewest characters.
    pub min_length: Option<u32>,
    /// Most characters.
    pub max_length: Option<u32>,
    /// What the whole text must match.
    pub pattern: Option<Pattern>,
}

/// A regular expression with its source; it matches in linear time.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Longest accepted source in bytes.
    pub const MAX_SOURCE: usize = 512;
    const MAX_COMPILED: usize = 1024 * 1024;

    /// Compiles a pattern of at most [`Self::MAX_SOURCE`] bytes.
    ///
    /// # Errors
    /// What is wrong with the pattern, in words.
    pub fn new(source: &str) -> Result<Self, String> {
        if source.len() > Self::MAX_SOURCE {
            return Err(format!("is longer than {} bytes", Self::MAX_SOURCE));
        }
        let regex = regex::RegexBuilder::new(source)
            .size_limit(Self::MAX_COMPILED)
            .dfa_size_limit(Self::MAX_COMPILED)
            .build()
            .map_err(|error| one_line(&error))?;
        Ok(Self {
            source: source.to_owned(),
            regex,
        })
    }

    /// The pattern as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the pattern occurs in the text; as in Strapi it is not anchored.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

fn one_line(error: &regex::Error) -> String {
    match error {
        regex::Error::Syntax(text) => {
            let reason = text.lines().last().unwrap_or_default();
            format!(
                "is not a pattern this engine knows ({})",
                reason.trim_start_matches("error: ")
            )
        }
        regex::Error::CompiledTooBig(limit) => {
            format!("needs more than {limit} bytes when compiled")
        }
        _ => "is not a valid pattern".to_owned(),
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.source)
    }
}

/// How a slug is made and checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UidRules {
    /// Its length and shape.
    pub text: TextRules,
    /// The field it is made from when none is given.
    pub target_field: Option<String>,
    /// How it is made.
    pub options: SlugOptions,
}

/// The options of a slug, those of Strapi's `uid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlugOptions {
    /// Put between words.
    pub separator: String,
    /// Whether letters become lower case.
    pub lowercase: bool,
    /// Whether `fooBar` becomes `foo-bar`.
    pub decamelize: bool,
    /// Replacements made before all else, in order.
    pub custom_replacements: Vec<(String, String)>,
    /// Whether a leading underscore stays.
    pub preserve_leading_underscore: bool,
}

impl Default for SlugOptions {
    fn default() -> Self {
        Self {
            separator: "-".to_owned(),
            lowercase: true,
            decamelize: true,
            custom_replacements: Vec::new(),
            preserve_leading_underscore: false,
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

/// A relation to documents of one type, or of any type when polymorphic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its cardinality as seen from the field.
    pub kind: RelationKind,
    /// Full uid of the target type; `None` for `morphToOne` and `morphToMany`.
    pub target: Option<String>,
    /// On the inverse side: the owning field of the target type; for `morphOne` and `morphMany` the target's
    /// polymorphic field.
    pub mapped_by: Option<String>,
    /// On the owning side: the field of the target type that shows the other direction.
    pub inversed_by: Option<String>,
    /// What deleting a target does.
    pub on_delete: OnDelete,
}

impl Relation {
    /// Whether the field holds a list.
    pub fn is_many(&self) -> bool {
        use RelationKind::{ManyToMany, MorphMany, MorphToMany, OneToMany};
        matches!(self.kind, OneToMany | ManyToMany | MorphToMany | MorphMany)
    }

    /// Whether the links belong to a field of the target type and this one shows them from the other end.
    pub fn is_inverse(&self) -> bool {
        self.mapped_by.is_some()
    }

    /// Whether a target may be linked by at most one owner.
    pub fn is_exclusive(&self) -> bool {
        matches!(self.kind, RelationKind::OneToOne | RelationKind::OneToMany)
    }

    /// Whether one field holds documents of any type.
    pub fn is_morph(&self) -> bool {
        matches!(
            self.kind,
            RelationKind::MorphToOne | RelationKind::MorphToMany
        )
    }
}

/// The cardinality of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// One target, linked from one owner only if two-way.
    OneToOne,
    /// Many targets, each linked from one owner.
    OneToMany,
    /// One target, linked from many owners.
    ManyToOne,
    /// Many targets, linked from many owners.
    ManyToMany,
    /// One target of any type.
    MorphToOne,
    /// Many targets of any type.
    MorphToMany,
    /// The inverse of a polymorphic field, showing one owner.
    MorphOne,
    /// The inverse of a polymorphic field, showing many owners.
    MorphMany,
}

impl RelationKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::OneToOne,
        Self::OneToMany,
        Self::ManyToOne,
        Self::ManyToMany,
        Self::MorphToOne,
        Self::MorphToMany,
        Self::MorphOne,
        Self::MorphMany,
    ];

    /// The word used in schema files.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneToOne => "oneToOne",
            Self::OneToMany => "oneToMany",
            Self::ManyToOne => "manyToOne",
            Self::ManyToMany => "manyToMany",
            Self::MorphToOne => "morphToOne",
            Self::MorphToMany => "morphToMany",
            Self::MorphOne => "morphOne",
            Self::MorphMany => "morphMany",
        }
    }
}

/// What deleting a target does to the documents that link to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnDelete {
    /// The target cannot be deleted while it is linked.
    Refuse,
    /// The link goes, the owner stays.
    #[default]
    Unlink,
    /// The owner is deleted too.
    Cascade,
}

impl OnDelete {
    /// The word used in schema files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Unlink => "unlink",
            Self::Cascade => "cascade",
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
