//! One layer over another, each setting remembering where its value came from.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Config, ConfigError, FILE, FILE_VARIABLE, PREFIX, bounds, nearest};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A flag of the command.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One setting with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// `section.key`.
    pub key: String,
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub source: Source,
}

impl Setting {
    /// The environment variable of this setting.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.replace('.', "_").to_uppercase())
    }
}

/// What a flag sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The setting's key.
    pub key: &'static str,
    /// The flag as typed, such as `--listen`.
    pub flag: &'static str,
    /// The value.
    pub value: String,
}

/// The configuration that is in force, and where each part came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The same, one by one, in the order of [`Config`].
    pub settings: Vec<Setting>,
}

impl Loaded {
    /// Lays the layers over each other. `file` is what `--config` named; without it, the variable
    /// [`FILE_VARIABLE`] or a [`FILE`] in the working directory is read.
    ///
    /// # Errors
    /// When a layer names what no setting has, or gives a value that a setting cannot have.
    pub fn load(
        file: Option<&Path>,
        environment: &[(String, String)],
        flags: &[Override],
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers::default();
        if let Some(path) = chosen_file(file, environment) {
            layers.file(&path)?;
        }
        for (name, value) in environment {
            layers.variable(name, value)?;
        }
        for flag in flags {
            layers.text(flag.key, &flag.value, &Source::Flag(flag.flag))?;
        }
        layers.finish()
    }
}

fn chosen_file(file: Option<&Path>, environment: &[(String, String)]) -> Option<PathBuf> {
    let named = environment.iter().find(|(name, _)| name == FILE_VARIABLE);
    let named = named.map(|(_, path)| Path::new(path));
    file.or(named).map(Path::to_owned).or_else(|| {
        let path = PathBuf::from(FILE);
        path.exists().then_some(path)
    })
}

struct Layers(Vec<Setting>);

impl Default for Layers {
    fn default() -> Self {
        let mut settings = Vec::new();
        let tree = serde_json::to_value(Config::default()).unwrap_or_default();
        collect("", &tree, &mut settings);
        Self(settings)
    }
}

/// The leaves of a tree; lists are leaves.
fn collect(prefix: &str, tree: &Value, settings: &mut Vec<Setting>) {
    let Value::Object(map) = tree else {
        settings.push(Setting {
            key: prefix.to_owned(),
            value: tree.clone(),
            source: Source::Default,
        });
        return;
    };
    for (name, value) in map {
        collect(&join(prefix, name), value, settings);
    }
}

fn join(prefix: &str, name: &str) -> String {
    match prefix {
        "" => name.to_owned(),
        _ => format!("{prefix}.{name}"),
    }
}

impl Layers {
    fn file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            file: path.to_owned(),
            cause: error.to_string(),
        })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.bytes().take(start);
            ConfigError::Syntax {
                file: path.to_owned(),
                line: 1 + before.filter(|byte| *byte == b'\n').count(),
                message: error.message().to_owned(),
            }
        })?;
        self.table(path, "", &table)
    }

    fn table(&mut self, path: &Path, prefix: &str, table: &toml::Table) -> Result<(), ConfigError> {
        for (name, value) in table {
            let key = join(prefix, name);
            match value {
                toml::Value::Table(inner) if !self.has(&key) => {
                    if inner.is_empty() && !self.has_section(&key) {
                        return Err(self.unknown_key(path, &key));
                    }
                    self.table(path, &key, inner)?;
                }
                _ if self.has(&key) => {
                    let value = serde_json::to_value(value).unwrap_or_default();
                    self.set(&key, &value, &Source::File(path.to_owned()))?;
                }
                _ => return Err(self.unknown_key(path, &key)),
            }
        }
        Ok(())
    }

    fn variable(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        if !name.starts_with(PREFIX) || name == FILE_VARIABLE {
            return Ok(());
        }
        let known = self.0.iter().find(|setting| setting.variable() == name);
        if let Some(key) = known.map(|setting| setting.key.clone()) {
            return self.text(&key, value, &Source::Environment(name.to_owned()));
        }
        let names: Vec<String> = self.0.iter().map(Setting::variable).collect();
        let near = nearest(name, names.iter().map(String::as_str));
        Err(ConfigError::UnknownVariable {
            name: name.escape_debug().to_string(),
            near: near.unwrap_or_default().to_owned(),
        })
    }

    /// Sets a value given as text, read as what the default is.
    fn text(&mut self, key: &str, text: &str, source: &Source) -> Result<(), ConfigError> {
        let default = self.0.iter().find(|setting| setting.key == key);
        let value = match default.map(|setting| &setting.value) {
            Some(Value::Number(_) | Value::Bool(_)) => serde_json::from_str(text.trim()).ok(),
            Some(Value::Array(_)) => Some(list(text)),
            _ => None,
        };
        self.set(key, &value.unwrap_or_else(|| text.into()), source)
    }

    /// Sets a value if the setting can have it.
    fn set(&mut self, key: &str, value: &Value, source: &Source) -> Result<(), ConfigError> {
        let mut tried = Self::default();
        for setting in tried.0.iter_mut().filter(|setting| setting.key == key) {
            setting.value = value.clone();
        }
        let wrong = tried.config().err().map(|error| error.to_string());
        if let Some(message) = wrong.or_else(|| bounds::broken(key, value)) {
            return Err(ConfigError::Invalid {
                key: key.to_owned(),
                value: super::show::value(key, value),
                message,
                source_name: source.to_string(),
            });
        }
        for setting in self.0.iter_mut().filter(|setting| setting.key == key) {
            setting.value = value.clone();
            setting.source = source.clone();
        }
        Ok(())
    }

    fn has(&self, key: &str) -> bool {
        self.0.iter().any(|setting| setting.key == key)
    }

    fn has_section(&self, key: &str) -> bool {
        let prefix = format!("{key}.");
        self.0
            .iter()
            .any(|setting| setting.key.starts_with(&prefix))
    }

    fn unknown_key(&self, path: &Path, key: &str) -> ConfigError {
        let near = nearest(key, self.0.iter().map(|setting| setting.key.as_str()));
        ConfigError::UnknownKey {
            file: path.to_owned(),
            near: near.unwrap_or_default().to_owned(),
            key: key.escape_debug().to_string(),
        }
    }

    fn config(&self) -> Result<Config, serde_json::Error> {
        let mut tree = Map::new();
        for setting in &self.0 {
            let (section, key) = setting.key.split_once('.').unwrap_or(("", &setting.key));
            let mut place = &mut tree;
            if !section.is_empty() {
                let inner = tree
                    .entry(section)
                    .or_insert_with(|| Value::Object(Map::new()));
                let Value::Object(inner) = inner else {
                    continue;
                };
                place = inner;
            }
            place.insert(key.to_owned(), setting.value.clone());
        }
        serde_json::from_value(Value::Object(tree))
    }

    fn finish(mut self) -> Result<Loaded, ConfigError> {
        let folder = self.0.iter().find(|setting| setting.key == "data");
        let folder = folder.and_then(|setting| setting.value.as_str());
        let url = format!("sqlite:{}/tympan.db", folder.unwrap_or("."));
        for setting in &mut self.0 {
            if setting.key == "database.url" && setting.value == "" {
                setting.value = url.clone().into();
            }
        }
        let config = self.config().map_err(|error| ConfigError::Invalid {
            key: FILE.to_owned(),
            value: "used".to_owned(),
            message: error.to_string(),
            source_name: "all layers together".to_owned(),
        })?;
        Ok(Loaded {
            config,
            settings: self.0,
        })
    }
}

/// Words between commas.
fn list(text: &str) -> Value {
    let words = text.split(',').map(str::trim);
    words.filter(|word| !word.is_empty()).collect()
}
