//! The rules of texts and slugs.

use std::fmt;

use regex::Regex;

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
