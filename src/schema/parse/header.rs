//! What stands above the attributes of a type.

use serde_json::{Map, Value};

use super::options::Options;
use crate::schema::definition::{FieldDefinition, Problem};
use crate::schema::names;

/// Reads `options.privateAttributes`.
pub(super) fn private_attributes(options: &mut Options<'_>) -> Vec<String> {
    let Some(given) = options.object("options") else {
        return Vec::new();
    };
    match given.get("privateAttributes") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        Some(_) => {
            options.problem(
                "options.privateAttributes",
                "must be a list of attribute names",
            );
            Vec::new()
        }
    }
}

/// What `info` says of a type.
pub(super) struct Info {
    pub(super) singular: String,
    pub(super) plural: String,
    pub(super) display_name: String,
}

impl Info {
    pub(super) fn read(options: &mut Options<'_>) -> Option<Self> {
        let Some(info) = options.object("info") else {
            options.problem(
                "info",
                "is missing; it needs singularName, pluralName and displayName",
            );
            return None;
        };
        let mut name = |key: &str| {
            let name = info.get(key).and_then(Value::as_str);
            let reason = match name {
                Some(name) => names::type_problem(name),
                None => Some("is missing".to_owned()),
            };
            if let Some(reason) = reason {
                options.problem(&format!("info.{key}"), reason);
            }
            name.map(str::to_owned)
        };
        let (singular, plural) = (name("singularName"), name("pluralName"));
        let (singular, plural) = (singular?, plural?);
        if singular == plural {
            options.problem("info.pluralName", "must differ from singularName");
        }
        let title = info.get("displayName").and_then(Value::as_str);
        let display_name = title.unwrap_or(&singular).to_owned();
        Some(Self {
            singular,
            plural,
            display_name,
        })
    }
}

/// What `options` and `pluginOptions` say of a type.
pub(super) struct Flags {
    pub(super) draft_and_publish: bool,
    pub(super) localized: bool,
    pub(super) populate_creator_fields: bool,
    private: Vec<String>,
}

impl Flags {
    pub(super) fn read(options: &mut Options<'_>) -> Self {
        let private = private_attributes(options);
        let given = options.object("options");
        let mut flag = |key: &str| match given.and_then(|given| given.get(key)) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                options.problem(&format!("options.{key}"), "must be true or false");
                false
            }
        };
        let draft_and_publish = flag("draftAndPublish");
        let populate_creator_fields = flag("populateCreatorFields");
        let i18n = options
            .object("pluginOptions")
            .and_then(|plugins| plugins.get("i18n"));
        let localized = i18n
            .and_then(|i18n| i18n.get("localized"))
            .and_then(Value::as_bool)
            .unwrap_or(false);
        Self {
            draft_and_publish,
            localized,
            populate_creator_fields,
            private,
        }
    }

    /// Applies what the type says to its attributes.
    pub(super) fn settle(
        &self,
        file: &str,
        fields: &mut [FieldDefinition],
        problems: &mut Vec<Problem>,
    ) {
        let nothing = Map::new();
        for name in &self.private {
            // Implicit attributes such as `createdAt` may be hidden too.
            let implicit = names::attribute_problem(name).is_some();
            if !implicit && !fields.iter().any(|field| field.name == *name) {
                Options::new(&nothing, file, None, problems).problem(
                    "options.privateAttributes",
                    format!("there is no attribute `{name}`"),
                );
            }
        }
        for field in fields {
            field.private |= self.private.contains(&field.name);
            field.localized &= self.localized;
        }
    }
}
