//! From the JSON of one schema file to a definition, with all its problems at once.
//!
//! What can be told from the file alone is checked here; what needs the other files in [`super::check`].
//! Options that are not known stay in the definition and have no effect, as in Strapi, because plugins add
//! their own; one that differs from a known option only in case is refused.

use serde_json::{Map, Value};

use super::definition::{ComponentDefinition, LocaleDefinition, Problem, TypeDefinition};
use super::{TypeKind, names};
use header::{Flags, Info, private_attributes};
use options::Options;

mod attribute;
mod attributes;
mod header;
mod kinds;
mod options;
#[cfg(test)]
mod tests;

/// Most attributes of one type or component.
pub const MAX_ATTRIBUTES: usize = 200;
/// Most locales.
pub const MAX_LOCALES: usize = 200;

const KNOWN: &[&str] = &[
    "kind",
    "collectionName",
    "info",
    "options",
    "pluginOptions",
    "attributes",
    "renamedFrom",
    "uid",
    "config",
];

/// Reads a content type's file; `api` is the name of its API in a Strapi project, otherwise the singular name.
///
/// A top-level `uid` wins over both, so that what was read from a Strapi project keeps its uid.
pub fn content_type(
    file: &str,
    api: Option<&str>,
    json: &Value,
    problems: &mut Vec<Problem>,
) -> Option<TypeDefinition> {
    let map = top_level(file, json, problems)?;
    let mut options = Options::new(map, file, None, problems);
    let kind = match options.text("kind") {
        Some("collectionType") | None => TypeKind::Collection,
        Some("singleType") => TypeKind::Single,
        Some(other) => {
            options.problem(
                "kind",
                format!("`{other}` is neither collectionType nor singleType"),
            );
            TypeKind::Collection
        }
    };
    let info = Info::read(&mut options)?;
    let uid = type_uid(&mut options, api, &info.singular);
    let flags = Flags::read(&mut options);
    let renamed_from = options.text("renamedFrom").map(str::to_owned);
    let mut fields = attributes::parse(file, map, problems);
    flags.settle(file, &mut fields, problems);
    Some(TypeDefinition {
        file: file.to_owned(),
        renamed_from,
        definition: kept(map, Some((&uid, &info.singular))),
        uid,
        kind,
        singular: info.singular,
        plural: info.plural,
        display_name: info.display_name,
        draft_and_publish: flags.draft_and_publish,
        localized: flags.localized,
        populate_creator_fields: flags.populate_creator_fields,
        fields,
    })
}

/// Reads a component's file; its uid comes from its place.
pub fn component(
    file: &str,
    uid: &str,
    json: &Value,
    problems: &mut Vec<Problem>,
) -> Option<ComponentDefinition> {
    let map = top_level(file, json, problems)?;
    let mut options = Options::new(map, file, None, problems);
    let (category, name) = uid.split_once('.').unwrap_or((uid, ""));
    for part in [category, name] {
        if let Some(reason) = names::component_problem(part) {
            options.problem("name", reason);
        }
    }
    let info = options.object("info");
    let title = info
        .and_then(|info| info.get("displayName"))
        .and_then(Value::as_str);
    let display_name = title.unwrap_or(name).to_owned();
    let renamed_from = options.text("renamedFrom").map(str::to_owned);
    let hidden = private_attributes(&mut options);
    let mut fields = attributes::parse(file, map, problems);
    for field in &mut fields {
        field.localized = false;
        field.private |= hidden.contains(&field.name);
    }
    let definition = kept(map, None);
    Some(ComponentDefinition {
        file: file.to_owned(),
        renamed_from,
        uid: uid.to_owned(),
        display_name,
        fields,
        definition,
    })
}

/// Reads the locales file: a list of `{"code", "name", "isDefault", "fallback"}`.
pub fn locales(file: &str, json: &Value, problems: &mut Vec<Problem>) -> Vec<LocaleDefinition> {
    let nothing = Map::new();
    let Some(items) = json.as_array().filter(|items| items.len() <= MAX_LOCALES) else {
        Options::new(&nothing, file, None, problems).problem(
            "locales",
            format!("the file must hold a list of at most {MAX_LOCALES} locales"),
        );
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| locale(file, item.as_object().unwrap_or(&nothing), problems))
        .collect()
}

fn locale(
    file: &str,
    map: &Map<String, Value>,
    problems: &mut Vec<Problem>,
) -> Option<LocaleDefinition> {
    let mut options = Options::new(map, file, None, problems);
    let Some(code) = options.text("code") else {
        options.problem(
            "code",
            "is missing; every locale is an object with a `code`",
        );
        return None;
    };
    if let Some(reason) = names::locale_problem(code) {
        options.problem("code", reason);
    }
    options.refuse_near_misses(&["code", "name", "isDefault", "fallback"]);
    Some(LocaleDefinition {
        code: code.to_owned(),
        name: options.text("name").unwrap_or(code).to_owned(),
        is_default: options.flag("isDefault").unwrap_or(false),
        fallback: options.text("fallback").map(str::to_owned),
    })
}

fn top_level<'a>(
    file: &str,
    json: &'a Value,
    problems: &mut Vec<Problem>,
) -> Option<&'a Map<String, Value>> {
    let nothing = Map::new();
    let Some(map) = json.as_object() else {
        Options::new(&nothing, file, None, problems)
            .problem("json", "the file must hold one JSON object");
        return None;
    };
    Options::new(map, file, None, problems).refuse_near_misses(KNOWN);
    Some(map)
}

/// What a file keeps beside its attributes; `uid` only where it does not follow from the name.
fn kept(map: &Map<String, Value>, names: Option<(&str, &str)>) -> Map<String, Value> {
    let mut kept = map.clone();
    for key in ["attributes", "renamedFrom", "uid", "$schema"] {
        kept.shift_remove(key);
    }
    if let Some((uid, singular)) = names
        && uid != format!("api::{singular}.{singular}")
    {
        kept.insert("uid".to_owned(), Value::from(uid));
    }
    kept
}

fn type_uid(options: &mut Options<'_>, api: Option<&str>, singular: &str) -> String {
    let uid = match options.text("uid") {
        Some(uid) => uid.to_owned(),
        None => format!("api::{}.{singular}", api.unwrap_or(singular)),
    };
    let parts = uid
        .strip_prefix("api::")
        .and_then(|rest| rest.split_once('.'));
    let good = parts
        .is_some_and(|(api, name)| names::component_problem(api).is_none() && name == singular);
    if !good {
        options.problem(
            "uid",
            format!("`{uid}` must be `api::API.{singular}` with an API name in lower case"),
        );
    }
    uid
}
