//! TypeScript types of everything the delivery API answers: `tympan schema types`.
//!
//! One interface per type and component. What needs `populate` is optional; what is required is not null,
//! which holds for published entries. Private fields and passwords never arrive and have no property.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Component, ContentType, Field, FieldKind, Relation, Schema, TypeKind, builtin};

#[cfg(test)]
mod tests;

/// The interfaces that are the same for every schema.
const PREAMBLE: &str = include_str!("preamble.ts");

/// Names the preamble and TypeScript itself use.
const TAKEN: [&str; 21] = [
    "Entry",
    "LocalizedEntry",
    "MediaFile",
    "MediaFormat",
    "Json",
    "Blocks",
    "BlockNode",
    "InlineNode",
    "TextNode",
    "LinkNode",
    "ListNode",
    "One",
    "List",
    "Pagination",
    "ApiError",
    "Array",
    "Record",
    "ContentTypes",
    "Components",
    "CollectionTypes",
    "SingleTypes",
];

/// The text of one TypeScript module.
pub fn types(schema: &Schema) -> String {
    let names = Names::of(schema);
    let mut text = PREAMBLE.to_owned();
    for component in sorted(schema.components(), |one| &one.uid) {
        text.push_str(&component_interface(component, &names));
    }
    for content_type in sorted(schema.types(), |one| &one.uid) {
        if !content_type.is_built_in() {
            text.push_str(&type_interface(content_type, &names));
        }
    }
    text.push_str(&indexes(schema, &names));
    text
}

/// What each type and component is called in TypeScript.
struct Names {
    types: BTreeMap<String, String>,
    components: BTreeMap<String, String>,
}

impl Names {
    fn of(schema: &Schema) -> Self {
        let mut taken: BTreeSet<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
        let mut free = |wanted: String, suffix: &str| {
            let mut name = wanted;
            while !taken.insert(name.clone()) {
                name.push_str(suffix);
            }
            name
        };
        let types = sorted(schema.types(), |one| &one.uid)
            .into_iter()
            .filter(|one| !one.is_built_in())
            .map(|one| (one.uid.clone(), free(pascal(&one.singular), "Type")))
            .collect();
        let components = sorted(schema.components(), |one| &one.uid)
            .into_iter()
            .map(|one| (one.uid.clone(), free(pascal(&one.uid), "Component")))
            .collect();
        Self { types, components }
    }

    fn of_type(&self, uid: &str) -> &str {
        match uid {
            builtin::FILE => "MediaFile",
            _ => self.types.get(uid).map_or("Entry", String::as_str),
        }
    }

    fn of_component(&self, uid: &str) -> &str {
        self.components.get(uid).map_or("never", String::as_str)
    }
}

fn sorted<T>(all: &[std::sync::Arc<T>], uid: impl Fn(&T) -> &String) -> Vec<&T> {
    let mut sorted: Vec<&T> = all.iter().map(|one| &**one).collect();
    sorted.sort_by(|a, b| uid(a).cmp(uid(b)));
    sorted
}

/// `blog-post` and `shared.blog_post` as a type name.
fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for part in name.split(['-', '_', '.']) {
        let mut letters = part.chars();
        pascal.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        pascal.push_str(letters.as_str());
    }
    pascal
}

fn component_interface(component: &Component, names: &Names) -> String {
    let mut text = doc(&component.display_name, &component.definition);
    text.push_str(&format!(
        "export interface {} {{\n  id: number;\n",
        names.of_component(&component.uid)
    ));
    text.push_str(&properties(&component.fields, names));
    text.push_str("}\n\n");
    text
}

fn type_interface(content_type: &ContentType, names: &Names) -> String {
    let name = names.of_type(&content_type.uid);
    let base = match content_type.localized {
        true => format!("LocalizedEntry<{name}>"),
        false => "Entry".to_owned(),
    };
    let mut text = doc(&content_type.display_name, &content_type.definition);
    text.push_str(&format!("export interface {name} extends {base} {{\n"));
    text.push_str(&properties(&content_type.fields, names));
    text.push_str("}\n\n");
    text
}

fn doc(title: &str, definition: &serde_json::Map<String, Value>) -> String {
    let description = definition
        .get("info")
        .and_then(|info| info.get("description"))
        .and_then(Value::as_str);
    let text = match description.filter(|text| !text.is_empty()) {
        Some(description) => format!("{title}: {description}"),
        None => title.to_owned(),
    };
    let text = text.replace("*/", "* /").replace(['\n', '\r'], " ");
    format!("/** {text} */\n")
}

fn properties(fields: &[Field], names: &Names) -> String {
    let mut text = String::new();
    for field in fields.iter().filter(|field| !field.private) {
        if let Some((optional, kind)) = property(field, names) {
            let mark = if optional { "?" } else { "" };
            text.push_str(&format!("  {}{mark}: {kind};\n", field.name));
        }
    }
    text
}

/// Whether the property needs `populate`, and its type; none for what never arrives.
fn property(field: &Field, names: &Names) -> Option<(bool, String)> {
    let nullable = |kind: String| {
        if field.required {
            kind
        } else {
            format!("{kind} | null")
        }
    };
    Some(match &field.kind {
        FieldKind::Password(_) => return None,
        FieldKind::Media { multiple: true, .. } => (true, "MediaFile[]".to_owned()),
        FieldKind::Media { .. } => (true, "MediaFile | null".to_owned()),
        FieldKind::Relation(relation) => (true, linked(relation, names)?),
        FieldKind::Component {
            component,
            repeatable,
            ..
        } => {
            let name = names.of_component(component);
            let kind = if *repeatable {
                format!("{name}[]")
            } else {
                format!("{name} | null")
            };
            (true, kind)
        }
        FieldKind::DynamicZone { components, .. } => (true, zone(components, names)),
        FieldKind::Enumeration { values } => {
            let words: Vec<String> = values
                .iter()
                .map(|word| Value::from(word.as_str()).to_string())
                .collect();
            (false, nullable(words.join(" | ")))
        }
        FieldKind::Integer(_) | FieldKind::Float(_) | FieldKind::Decimal(_) => {
            (false, nullable("number".to_owned()))
        }
        FieldKind::Boolean => (false, nullable("boolean".to_owned())),
        FieldKind::Blocks => (false, nullable("Blocks".to_owned())),
        FieldKind::Json | FieldKind::Custom => (false, "Json".to_owned()),
        _ => (false, nullable("string".to_owned())),
    })
}

/// What a relation holds; accounts have no type yet, so nothing of them arrives.
fn linked(relation: &Relation, names: &Names) -> Option<String> {
    let name = match relation.target.as_deref() {
        Some(builtin::SITE_USER | builtin::STAFF) => return None,
        Some(uid) => names.of_type(uid),
        None => "(Entry & { __type: string })",
    };
    Some(match relation.is_many() {
        true => format!("{name}[]"),
        false => format!("{name} | null"),
    })
}

fn zone(components: &[String], names: &Names) -> String {
    if components.is_empty() {
        return "never[]".to_owned();
    }
    let items: Vec<String> = components
        .iter()
        .map(|uid| {
            format!(
                "({} & {{ __component: \"{uid}\" }})",
                names.of_component(uid)
            )
        })
        .collect();
    format!("Array<\n    | {}\n  >", items.join("\n    | "))
}

fn indexes(schema: &Schema, names: &Names) -> String {
    let mut lines = [String::new(), String::new(), String::new(), String::new()];
    let [by_uid, collections, singles, components] = &mut lines;
    for content_type in sorted(schema.types(), |one| &one.uid) {
        let name = names.of_type(&content_type.uid);
        by_uid.push_str(&format!("  \"{}\": {name};\n", content_type.uid));
        if content_type.is_built_in() {
            continue;
        }
        let index = match content_type.kind {
            TypeKind::Collection => &mut *collections,
            TypeKind::Single => &mut *singles,
        };
        index.push_str(&format!("  \"{}\": {name};\n", content_type.api_name()));
    }
    for component in sorted(schema.components(), |one| &one.uid) {
        components.push_str(&format!(
            "  \"{}\": {};\n",
            component.uid,
            names.of_component(&component.uid)
        ));
    }
    format!(
        "/** Every type by its uid. */\nexport interface ContentTypes {{\n{by_uid}}}\n\n\
         /** Collection types by their name under `/api/`. */\nexport interface CollectionTypes {{\n{collections}}}\n\n\
         /** Single types by their name under `/api/`. */\nexport interface SingleTypes {{\n{singles}}}\n\n\
         /** Every component by its uid. */\nexport interface Components {{\n{components}}}\n"
    )
}
