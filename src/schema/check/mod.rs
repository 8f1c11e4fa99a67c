//! A whole set of definitions checked as one: every problem at once, nothing changed.
//!
//! What one file tells alone was checked by [`super::parse`]. Passing also gives targets their full uids.

use std::collections::{BTreeMap, HashMap};

use super::definition::{Definitions, FieldDefinition, Problem};
use super::{FieldKind, TypeKind};
use targets::TypeNames;

mod components;
mod relations;
mod targets;
#[cfg(test)]
mod tests;

/// Most content types.
pub const MAX_TYPES: usize = 1000;
/// Most components.
pub const MAX_COMPONENTS: usize = 1000;
/// Deepest nesting of components, and of component values inside an entry.
pub const MAX_NESTING: usize = 10;

/// Checks a set of definitions and completes the targets of its relations.
///
/// # Errors
/// All problems, sorted by file.
pub fn check(mut definitions: Definitions) -> Result<Definitions, Vec<Problem>> {
    let mut problems = Vec::new();
    let names = TypeNames::of(&definitions.types);
    complete_targets(&mut definitions, &names, &mut problems);
    counts(&definitions, &mut problems);
    type_names(&definitions, &mut problems);
    renames(&definitions, &mut problems);
    for definition in &definitions.types {
        for field in &definition.fields {
            let mut report = |rule: &str, message: String| {
                problems.push(problem(&definition.file, &field.name, rule, message))
            };
            target_field(field, &definition.fields, &mut report);
            components::exist(field, &definitions, &mut report);
            relations::check(definition, field, &definitions, &mut report);
        }
    }
    for definition in &definitions.components {
        for field in &definition.fields {
            let mut report = |rule: &str, message: String| {
                problems.push(problem(&definition.file, &field.name, rule, message))
            };
            components::exist(field, &definitions, &mut report);
            components::allowed_inside(field, &mut report);
        }
    }
    components::nesting(&definitions, &mut problems);
    locales(&definitions, &mut problems);
    definitions.types.sort_by(|a, b| a.uid.cmp(&b.uid));
    definitions.components.sort_by(|a, b| a.uid.cmp(&b.uid));
    // The same order as in a snapshot, so that reading what was written changes nothing.
    if let Some(locales) = &mut definitions.locales {
        locales.sort_by(|a, b| (!a.is_default, &a.code).cmp(&(!b.is_default, &b.code)));
    }
    problems.sort();
    problems.dedup();
    if problems.is_empty() {
        Ok(definitions)
    } else {
        Err(problems)
    }
}

fn problem(file: &str, attribute: &str, rule: &str, message: String) -> Problem {
    Problem {
        file: file.to_owned(),
        attribute: Some(attribute.to_owned()),
        rule: rule.to_owned(),
        message,
    }
}

fn file_problem(file: &str, rule: &str, message: String) -> Problem {
    Problem {
        file: file.to_owned(),
        attribute: None,
        rule: rule.to_owned(),
        message,
    }
}

fn complete_targets(definitions: &mut Definitions, names: &TypeNames, problems: &mut Vec<Problem>) {
    let of_types = definitions
        .types
        .iter_mut()
        .map(|owner| (&owner.file, &mut owner.fields));
    let of_components = definitions
        .components
        .iter_mut()
        .map(|owner| (&owner.file, &mut owner.fields));
    for (file, fields) in of_types.chain(of_components) {
        for field in fields {
            let FieldKind::Relation(relation) = &mut field.kind else {
                continue;
            };
            let Some(target) = &mut relation.target else {
                continue;
            };
            match names.uid(target) {
                Some(uid) => uid.clone_into(target),
                None => problems.push(problem(
                    file,
                    &field.name,
                    "target",
                    format!("there is no type `{target}`; add its file or correct the name"),
                )),
            }
        }
    }
}

fn counts(definitions: &Definitions, problems: &mut Vec<Problem>) {
    if definitions.types.len() > MAX_TYPES {
        let message = format!("there are {}, {MAX_TYPES} at most", definitions.types.len());
        problems.push(file_problem("types", "types", message));
    }
    if definitions.components.len() > MAX_COMPONENTS {
        let message = format!(
            "there are {}, {MAX_COMPONENTS} at most",
            definitions.components.len()
        );
        problems.push(file_problem("components", "components", message));
    }
}

/// Singular and plural names are one set: a name under `/api/` or in a target means one type.
fn type_names(definitions: &Definitions, problems: &mut Vec<Problem>) {
    let mut owner_of: BTreeMap<&str, &str> = BTreeMap::new();
    for definition in &definitions.types {
        for (rule, name) in [
            ("info.singularName", &definition.singular),
            ("info.pluralName", &definition.plural),
        ] {
            if let Some(other) = owner_of.insert(name, &definition.file)
                && other != definition.file
            {
                problems.push(file_problem(
                    &definition.file,
                    rule,
                    format!("`{name}` is taken by {other}"),
                ));
            }
        }
    }
    let mut file_of = HashMap::new();
    let uids = definitions
        .types
        .iter()
        .map(|definition| (&definition.uid, &definition.file));
    for (uid, file) in uids.chain(
        definitions
            .components
            .iter()
            .map(|definition| (&definition.uid, &definition.file)),
    ) {
        if let Some(other) = file_of.insert(uid, file) {
            problems.push(file_problem(
                file,
                "uid",
                format!("`{uid}` is defined by {other} too"),
            ));
        }
    }
}

fn renames(definitions: &Definitions, problems: &mut Vec<Problem>) {
    let types = definitions
        .types
        .iter()
        .map(|owner| (&owner.file, &owner.renamed_from, &owner.fields));
    let components = definitions
        .components
        .iter()
        .map(|owner| (&owner.file, &owner.renamed_from, &owner.fields));
    let mut taken = HashMap::new();
    for (file, renamed_from, fields) in types.chain(components) {
        if let Some(old) = renamed_from
            && let Some(other) = taken.insert(old, file)
        {
            problems.push(file_problem(
                file,
                "renamedFrom",
                format!("`{old}` is claimed by {other} too"),
            ));
        }
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for field in fields {
            let Some(old) = &field.renamed_from else {
                continue;
            };
            if let Some(other) = seen.insert(old, &field.name) {
                let message = format!("`{old}` is claimed by `{other}` too");
                problems.push(problem(file, &field.name, "renamedFrom", message));
            }
        }
    }
}

/// Checks that a slug is made from a text of the same type.
fn target_field(
    field: &FieldDefinition,
    siblings: &[FieldDefinition],
    report: &mut dyn FnMut(&str, String),
) {
    let FieldKind::Uid(rules) = &field.kind else {
        return;
    };
    let Some(name) = &rules.target_field else {
        return;
    };
    match siblings.iter().find(|sibling| sibling.name == *name) {
        None => report("targetField", format!("there is no attribute `{name}`")),
        Some(target)
            if !target.kind.is_text()
                || matches!(target.kind, FieldKind::Uid(_) | FieldKind::Password(_)) =>
        {
            report(
                "targetField",
                format!(
                    "`{name}` is a {}; a slug is made from a text",
                    target.kind.name()
                ),
            );
        }
        Some(_) => {}
    }
}

fn locales(definitions: &Definitions, problems: &mut Vec<Problem>) {
    let Some(locales) = definitions
        .locales
        .as_deref()
        .filter(|locales| !locales.is_empty())
    else {
        return;
    };
    let mut report = |rule: &str, message: String| {
        problems.push(file_problem(super::files::LOCALES, rule, message))
    };
    let defaults = locales.iter().filter(|locale| locale.is_default).count();
    if defaults != 1 {
        report(
            "isDefault",
            format!("exactly one locale must be the default, not {defaults}"),
        );
    }
    for (index, locale) in locales.iter().enumerate() {
        if locales
            .iter()
            .take(index)
            .any(|other| other.code.eq_ignore_ascii_case(&locale.code))
        {
            report("code", format!("`{}` is listed twice", locale.code));
        }
        let mut current = locale;
        for step in 0.. {
            let Some(code) = &current.fallback else { break };
            let Some(next) = locales.iter().find(|other| other.code == *code) else {
                report(
                    "fallback",
                    format!(
                        "`{}` falls back to `{code}`, which is not listed",
                        current.code
                    ),
                );
                break;
            };
            if next.code == locale.code || step > locales.len() {
                report(
                    "fallback",
                    format!("the fallbacks of `{}` go round in a circle", locale.code),
                );
                break;
            }
            current = next;
        }
    }
}

/// Whether a type is single, from its definition.
fn is_single(kind: TypeKind) -> bool {
    kind == TypeKind::Single
}
