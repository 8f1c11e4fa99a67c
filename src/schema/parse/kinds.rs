//! The kinds of attributes and the options that belong to one kind alone.

use serde_json::Value;

use super::options::Options;
use crate::schema::{
    FieldKind, MediaKind, OnDelete, Relation, RelationKind, SlugOptions, UidRules,
};

/// Reads the kind of an attribute with its own options; `None` when it cannot be told.
pub(super) fn parse(options: &mut Options<'_>) -> Option<FieldKind> {
    let custom = options.text("customField");
    if let Some(custom) = custom
        && !(custom.starts_with("plugin::") || custom.starts_with("global::"))
    {
        options.problem(
            "customField",
            "must be named `plugin::NAME.FIELD` or `global::FIELD`",
        );
    }
    let Some(word) = options.text("type") else {
        if custom.is_none() {
            options.problem("type", "is missing; every attribute needs a `type`");
        }
        return custom.map(|_| FieldKind::Custom);
    };
    Some(match word {
        "string" => FieldKind::String(options.text_rules()),
        "text" => FieldKind::Text(options.text_rules()),
        "richtext" => FieldKind::RichText(options.text_rules()),
        "email" => FieldKind::Email(options.text_rules()),
        "password" => FieldKind::Password(options.text_rules()),
        "uid" => FieldKind::Uid(uid_rules(options)),
        "enumeration" => FieldKind::Enumeration {
            values: enumeration(options),
        },
        "integer" => FieldKind::Integer(options.range(Options::integer)),
        "biginteger" => FieldKind::BigInteger(options.range(Options::integer)),
        "float" => FieldKind::Float(options.range(Options::number)),
        "decimal" => FieldKind::Decimal(options.range(Options::number)),
        "boolean" => FieldKind::Boolean,
        "date" => FieldKind::Date,
        "time" => FieldKind::Time,
        "datetime" => FieldKind::DateTime,
        "timestamp" => FieldKind::Timestamp,
        "json" => FieldKind::Json,
        "blocks" => FieldKind::Blocks,
        "customField" => FieldKind::Custom,
        "media" => media(options),
        "relation" => FieldKind::Relation(relation(options)?),
        "component" => component(options)?,
        "dynamiczone" => dynamic_zone(options),
        other => {
            options.problem("type", format!("`{other}` is not a type of attribute"));
            return None;
        }
    })
}

fn uid_rules(options: &mut Options<'_>) -> UidRules {
    let text = options.text_rules();
    let target_field = options.text("targetField").map(str::to_owned);
    if target_field.is_some() && options.value("default").is_some() {
        options.problem("default", "cannot be set together with `targetField`");
    }
    UidRules {
        text,
        target_field,
        options: slug_options(options),
    }
}

fn slug_options(options: &mut Options<'_>) -> SlugOptions {
    let mut slug = SlugOptions::default();
    let Some(given) = options.object("options") else {
        return slug;
    };
    if let Some(separator) = given.get("separator").and_then(Value::as_str) {
        let safe = separator.len() <= 8 && crate::schema::scalar::is_slug(separator);
        if !safe {
            options.problem(
                "options.separator",
                "must be up to 8 of the characters A-Z a-z 0-9 - _ . ~",
            );
        }
        separator.clone_into(&mut slug.separator);
    }
    let flag = |key: &str| given.get(key).and_then(Value::as_bool);
    slug.lowercase = flag("lowercase").unwrap_or(slug.lowercase);
    slug.decamelize = flag("decamelize").unwrap_or(slug.decamelize);
    slug.preserve_leading_underscore =
        flag("preserveLeadingUnderscore").unwrap_or(slug.preserve_leading_underscore);
    if let Some(Value::Array(pairs)) = given.get("customReplacements") {
        for pair in pairs {
            match pair.as_array().map(Vec::as_slice) {
                Some([Value::String(from), Value::String(to)])
                    if !from.is_empty() && pairs.len() <= 100 =>
                {
                    slug.custom_replacements.push((from.clone(), to.clone()));
                }
                _ => options.problem(
                    "options.customReplacements",
                    "must be at most 100 pairs of texts",
                ),
            }
        }
    }
    slug
}

fn enumeration(options: &mut Options<'_>) -> Vec<String> {
    if !options.has("enum") {
        options.problem("enum", "is missing; list the values");
        return Vec::new();
    }
    let values = options.words("enum").unwrap_or_default();
    if values.is_empty() {
        options.problem("enum", "needs at least one value");
    }
    let mut seen = std::collections::HashSet::new();
    for value in &values {
        if !seen.insert(value.as_str()) {
            options.problem("enum", format!("`{value}` is listed twice"));
        }
        if value.is_empty()
            || value.len() > 255
            || value.starts_with(|first: char| first.is_ascii_digit())
        {
            options.problem(
                "enum",
                format!("`{value}` must have 1 to 255 characters and not begin with a digit"),
            );
        }
    }
    values
}

fn media(options: &mut Options<'_>) -> FieldKind {
    let multiple = options.flag("multiple").unwrap_or(false);
    let mut allowed_types = Vec::new();
    for word in options.words("allowedTypes").unwrap_or_default() {
        match word.as_str() {
            "images" => allowed_types.push(MediaKind::Images),
            "videos" => allowed_types.push(MediaKind::Videos),
            "files" => allowed_types.push(MediaKind::Files),
            "audios" => allowed_types.push(MediaKind::Audios),
            other => options.problem(
                "allowedTypes",
                format!("`{other}` is none of images, videos, files, audios"),
            ),
        }
    }
    FieldKind::Media {
        multiple,
        allowed_types,
    }
}

fn relation(options: &mut Options<'_>) -> Option<Relation> {
    let word = options.text("relation");
    let Some(kind) = RelationKind::ALL
        .into_iter()
        .find(|kind| Some(kind.name()) == word)
    else {
        let names: Vec<&str> = RelationKind::ALL.iter().map(|kind| kind.name()).collect();
        options.problem("relation", format!("must be one of {}", names.join(", ")));
        return None;
    };
    let morph = matches!(kind, RelationKind::MorphToOne | RelationKind::MorphToMany);
    let target = options.text("target").map(str::to_owned);
    if target.is_none() && !morph {
        options.problem("target", "is missing; name the type it points to");
        return None;
    }
    let on_delete = match options.text("onDelete") {
        None | Some("unlink") => OnDelete::Unlink,
        Some("refuse") => OnDelete::Refuse,
        Some("cascade") => OnDelete::Cascade,
        Some(other) => {
            options.problem(
                "onDelete",
                format!("`{other}` is none of refuse, unlink, cascade"),
            );
            OnDelete::Unlink
        }
    };
    Some(Relation {
        kind,
        target: target.filter(|_| !morph),
        mapped_by: options.text("mappedBy").map(str::to_owned),
        inversed_by: options.text("inversedBy").map(str::to_owned),
        on_delete,
    })
}

fn component(options: &mut Options<'_>) -> Option<FieldKind> {
    let Some(component) = options.text("component") else {
        options.problem(
            "component",
            "is missing; name the component as `category.name`",
        );
        return None;
    };
    let repeatable = options.flag("repeatable").unwrap_or(false);
    let (min, max) = options.counts("min", "max");
    Some(FieldKind::Component {
        component: component.to_owned(),
        repeatable,
        min,
        max,
    })
}

fn dynamic_zone(options: &mut Options<'_>) -> FieldKind {
    if !options.has("components") {
        options.problem("components", "is missing; list the components it may hold");
    }
    let components = options.words("components").unwrap_or_default();
    let mut seen = std::collections::HashSet::new();
    for component in &components {
        if !seen.insert(component.as_str()) {
            options.problem("components", format!("`{component}` is listed twice"));
        }
    }
    let (min, max) = options.counts("min", "max");
    FieldKind::DynamicZone {
        components,
        min,
        max,
    }
}
