//! The schema that is here with what the source adds: missing types, components, attributes, locales.
//!
//! What is here wins over what the source says, as long as values of the source can be stored.

use serde_json::{Map, Value as Json};

use super::error::ImportError;
use super::report::ImportReport;
use super::strapi::ImportLocale;
use crate::schema::definition::{
    ComponentDefinition, Definitions, FieldDefinition, LocaleDefinition, Problem, TypeDefinition,
};
use crate::schema::plan::{self, Class, Plan, Step, Trash};
use crate::schema::{FieldKind, Schema, check, parse};

/// Reads the definitions of a source, given as uid and schema file.
///
/// # Errors
/// Every rule of schema files that they break.
pub(super) fn definitions<'d>(
    all: impl Iterator<Item = (&'d str, &'d Map<String, Json>)>,
) -> Result<Definitions, ImportError> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut definitions = Definitions::default();
    for (uid, json) in all {
        let json = Json::Object(json.clone());
        match uid
            .strip_prefix("api::")
            .and_then(|name| name.split_once('.'))
        {
            Some((api, _)) => {
                let parsed = parse::content_type(uid, Some(api), &json, &mut problems);
                definitions.types.extend(parsed);
            }
            None => {
                let parsed = parse::component(uid, uid, &json, &mut problems);
                definitions.components.extend(parsed);
            }
        }
    }
    match problems.is_empty() {
        true => Ok(definitions),
        false => Err(ImportError::Definitions(problems)),
    }
}

/// The steps that add what the source has and the schema lacks.
///
/// # Errors
/// Where the two contradict each other.
pub(super) fn plan(
    schema: &Schema,
    trash: &Trash,
    source: Definitions,
    locales: &[ImportLocale],
    report: &mut ImportReport,
) -> Result<Plan, ImportError> {
    let mut wanted = Definitions::of(schema);
    merge_locales(&mut wanted, schema, locales, report);
    for definition in source.types {
        let found = wanted
            .types
            .iter_mut()
            .find(|known| known.uid == definition.uid);
        match found {
            Some(known) => merge_type(known, definition, report)?,
            None => wanted.types.push(definition),
        }
    }
    for definition in source.components {
        let uid = definition.uid.as_str();
        let found = wanted.components.iter_mut().find(|known| known.uid == uid);
        match found {
            Some(known) => merge_component(known, definition, report)?,
            None => wanted.components.push(definition),
        }
    }
    let wanted = check::check(wanted).map_err(ImportError::Definitions)?;
    let plan = plan::plan(schema, trash, &wanted);
    for step in &plan.steps {
        // The locale that an empty database starts with may go.
        let first_locale = matches!(step, Step::RemoveLocale(_)) && is_fresh(schema);
        if step.class() != Class::Safe && !first_locale {
            let problem =
                "the import would have to do this first; it can be done with a schema folder";
            return Err(ImportError::schema(step.describe(), problem));
        }
    }
    Ok(plan)
}

/// Whether nothing was made here yet.
fn is_fresh(schema: &Schema) -> bool {
    schema
        .types()
        .iter()
        .all(|content_type| content_type.is_built_in())
}

fn merge_locales(
    wanted: &mut Definitions,
    schema: &Schema,
    locales: &[ImportLocale],
    report: &mut ImportReport,
) {
    let Some(source_default) = locales.iter().find(|locale| locale.is_default) else {
        return;
    };
    let known = wanted.locales.get_or_insert_default();
    if is_fresh(schema) {
        known.retain(|known| locales.iter().any(|locale| locale.code == known.code));
    }
    for locale in locales {
        if known.iter().all(|known| known.code != locale.code) {
            known.push(LocaleDefinition {
                code: locale.code.clone(),
                name: locale.name.clone(),
                is_default: false,
                fallback: None,
            });
        }
    }
    let is_used = schema
        .types()
        .iter()
        .any(|content_type| content_type.localized);
    if !is_used {
        for known in known.iter_mut() {
            known.is_default = known.code == source_default.code;
        }
    } else if schema.default_locale() != source_default.code {
        report.add(
            "default locales that are another one here, kept as they are here",
            || source_default.code.clone(),
        );
    }
}

fn merge_type(
    known: &mut TypeDefinition,
    source: TypeDefinition,
    report: &mut ImportReport,
) -> Result<(), ImportError> {
    let conflict = |what: &str| {
        let problem = format!(
            "the type here and the one of the source differ in {what}; make them equal first"
        );
        Err(ImportError::schema(&known.uid, problem))
    };
    if known.kind != source.kind {
        return conflict("`kind`");
    }
    if known.draft_and_publish != source.draft_and_publish {
        return conflict("`options.draftAndPublish`");
    }
    if known.localized != source.localized {
        return conflict("`pluginOptions.i18n.localized`");
    }
    merge_fields(&known.uid, &mut known.fields, source.fields, report)
}

fn merge_component(
    known: &mut ComponentDefinition,
    source: ComponentDefinition,
    report: &mut ImportReport,
) -> Result<(), ImportError> {
    merge_fields(&known.uid, &mut known.fields, source.fields, report)
}

fn merge_fields(
    uid: &str,
    known: &mut Vec<FieldDefinition>,
    source: Vec<FieldDefinition>,
    report: &mut ImportReport,
) -> Result<(), ImportError> {
    for field in source {
        let Some(own) = known.iter_mut().find(|known| known.name == field.name) else {
            known.push(field);
            continue;
        };
        let place = || format!("{uid} attribute `{}`", field.name);
        if own.localized != field.localized {
            let problem = "it is localised on one side only; make both equal first";
            return Err(ImportError::schema(place(), problem));
        }
        if let Some(what) = conflict(&own.kind, &field.kind) {
            let problem = format!(
                "it is a {} here and a {} in the source{what}; rename one or make them equal first",
                own.kind.name(),
                field.kind.name()
            );
            return Err(ImportError::schema(place(), problem));
        }
        if !extend_zone(own, &field) && own.definition != field.definition {
            report.add(
                "attributes with other options here, kept as they are here",
                place,
            );
        }
    }
    Ok(())
}

/// What keeps values of the source out of a field of this kind, as the end of a message.
fn conflict(own: &FieldKind, source: &FieldKind) -> Option<String> {
    let differ = |differ: bool, what: &str| differ.then(|| format!(", with another {what}"));
    match (own, source) {
        (FieldKind::Relation(own), FieldKind::Relation(source)) => differ(
            own.kind != source.kind
                || own.target != source.target
                || own.mapped_by != source.mapped_by,
            "kind of relation or target",
        ),
        (
            FieldKind::Media { multiple: own, .. },
            FieldKind::Media {
                multiple: source, ..
            },
        ) => differ(*source && !own, "`multiple`"),
        (
            FieldKind::Component {
                component: own,
                repeatable: own_list,
                ..
            },
            FieldKind::Component {
                component: source,
                repeatable: source_list,
                ..
            },
        ) => differ(
            own != source || own_list != source_list,
            "component or `repeatable`",
        ),
        _ => differ(!holds(own, source), "type"),
    }
}

/// Whether a field of the one kind can hold every value of the other.
fn holds(own: &FieldKind, source: &FieldKind) -> bool {
    let is_text = |kind: &FieldKind| {
        matches!(
            kind,
            FieldKind::String(_) | FieldKind::Text(_) | FieldKind::RichText(_)
        )
    };
    match (own, source) {
        (own, FieldKind::Email(_) | FieldKind::Uid(_) | FieldKind::Enumeration { .. })
            if is_text(own) =>
        {
            true
        }
        (FieldKind::BigInteger(_), FieldKind::Integer(_))
        | (
            FieldKind::Float(_) | FieldKind::Decimal(_),
            FieldKind::Float(_) | FieldKind::Decimal(_) | FieldKind::Integer(_),
        ) => true,
        _ => is_text(own) && is_text(source) || own.name() == source.name(),
    }
}

/// Lets a dynamic zone hold the components of the source too; returns whether it is one.
fn extend_zone(own: &mut FieldDefinition, source: &FieldDefinition) -> bool {
    let (
        FieldKind::DynamicZone { components, .. },
        FieldKind::DynamicZone {
            components: more, ..
        },
    ) = (&mut own.kind, &source.kind)
    else {
        return false;
    };
    for uid in more {
        if !components.contains(uid) {
            components.push(uid.clone());
        }
    }
    let list = components
        .iter()
        .map(|uid| Json::from(uid.as_str()))
        .collect();
    own.definition
        .insert("components".to_owned(), Json::Array(list));
    true
}
