//! Which locales appear, change and go.

use super::Step;
use super::diff::Planner;
use crate::schema::definition::{Definitions, LocaleDefinition};
use crate::schema::{Locale, Schema};

/// The wanted locales; when nobody says anything and there are none, one to begin with.
pub(super) fn or_one(current: &Schema, wanted: &Definitions) -> Option<Vec<LocaleDefinition>> {
    match &wanted.locales {
        Some(locales) if !locales.is_empty() => Some(locales.clone()),
        _ if current.locales().is_empty() => Some(vec![LocaleDefinition {
            code: "en".to_owned(),
            name: "English".to_owned(),
            is_default: true,
            fallback: None,
        }]),
        _ => None,
    }
}

/// Finds the locales that appear or change.
pub(super) fn appearing(planner: &mut Planner, wanted: Option<&[LocaleDefinition]>) {
    for definition in wanted.unwrap_or_default() {
        let existing = planner
            .working
            .locales
            .iter()
            .find(|locale| locale.code == definition.code);
        match existing.cloned() {
            None => planner.push(Step::AddLocale(definition.clone())),
            Some(from) if LocaleDefinition::of(&from) != *definition => {
                planner.push(Step::ChangeLocale {
                    from,
                    to: definition.clone(),
                });
            }
            Some(_) => {}
        }
    }
}

/// Finds the locales that go; they go last, when nothing else needs them.
pub(super) fn vanishing(planner: &mut Planner, wanted: Option<&[LocaleDefinition]>) {
    let Some(wanted) = wanted else { return };
    let gone = |locale: &&Locale| {
        !wanted
            .iter()
            .any(|definition| definition.code == locale.code)
    };
    let gone: Vec<Locale> = planner
        .working
        .locales
        .iter()
        .filter(gone)
        .cloned()
        .collect();
    for locale in gone {
        planner.push(Step::RemoveLocale(locale));
    }
}
