//! What a step says to people, what it means for values, and which number belongs to it.

use super::{Class, Count, OwnerId, Step, shown};
use crate::schema::{Field, FieldKind, convert};

impl Step {
    /// One line for people, without numbers.
    pub fn describe(&self) -> String {
        match self {
            Self::AddLocale(locale) => format!("add the locale `{}`", locale.code),
            Self::ChangeLocale { to, .. } => format!("change the locale `{}`", to.code),
            Self::RemoveLocale(locale) => format!(
                "remove the locale `{}` and all that is written in it",
                locale.code
            ),
            Self::TrashType(gone) => {
                format!("move the type {} and its documents to the trash", gone.uid)
            }
            Self::TrashComponent(gone) => format!("move the component {} to the trash", gone.uid),
            Self::RenameType { from, to, .. } => format!("rename the type {} to {to}", from.uid),
            Self::RenameComponent { from, to } => {
                format!("rename the component {} to {to}", from.uid)
            }
            Self::RestoreType(back) => format!(
                "restore the type {} and its documents from the trash",
                back.uid
            ),
            Self::RestoreComponent(back) => {
                format!("restore the component {} from the trash", back.uid)
            }
            Self::CreateComponent(new) => format!(
                "create the component {} with {} fields",
                new.uid,
                new.fields.len()
            ),
            Self::CreateType(new) => format!(
                "create the type {} with {} fields",
                new.uid,
                new.fields.len()
            ),
            Self::ChangeTypeOptions {
                of,
                becomes_single: true,
                ..
            } => format!("make {} a single type", of.uid),
            Self::ChangeTypeOptions { of, .. } => format!("change names or options of {}", of.uid),
            Self::ChangeComponentOptions { of, .. } => {
                format!("change names or options of {}", of.uid)
            }
            Self::SetDraftAndPublish { of, on: true } => format!("give {} drafts", of.uid),
            Self::SetDraftAndPublish { of, on: false } => {
                format!("take the drafts from {}", of.uid)
            }
            _ => self.describe_field(),
        }
    }

    fn describe_field(&self) -> String {
        match self {
            Self::TrashField { owner, field } => {
                format!(
                    "move `{}` of {} and its values to the trash",
                    field.name, owner.uid
                )
            }
            Self::RenameField {
                owner, from, to, ..
            } => format!("rename `{from}` of {} to `{to}`", owner.uid),
            Self::RestoreField { owner, field } => {
                format!(
                    "restore `{}` of {} and its values from the trash",
                    field.name, owner.uid
                )
            }
            Self::ChangeFieldKind {
                owner,
                name,
                from,
                to,
                ..
            } if from.name() == to.name() => {
                format!("narrow `{name}` of {}, which is a {}", owner.uid, to.name())
            }
            Self::ChangeFieldKind {
                owner,
                name,
                from,
                to,
                ..
            } => {
                format!(
                    "convert `{name}` of {} from {} to {}",
                    owner.uid,
                    from.name(),
                    to.name()
                )
            }
            _ => self.describe_change(),
        }
    }

    fn describe_change(&self) -> String {
        match self {
            Self::SetLocalized {
                of,
                localized,
                changes_type,
                fields,
            } => describe_localized(&of.uid, *localized, *changes_type, fields),
            Self::ChangeFieldOptions {
                owner,
                to,
                becomes_unique: true,
                ..
            } => {
                format!(
                    "make `{}` of {} unique and change its options",
                    to.name, owner.uid
                )
            }
            Self::ChangeFieldOptions { owner, to, .. } => {
                format!("change the options of `{}` of {}", to.name, owner.uid)
            }
            Self::AddField { owner, field } => {
                let default = field
                    .default
                    .as_ref()
                    .map(|value| format!(", default {}", shown(value)));
                let default = default.unwrap_or_default();
                format!(
                    "add `{}` ({}{default}) to {}",
                    field.name,
                    field.kind.name(),
                    owner.uid
                )
            }
            Self::ReorderFields { owner, .. } => {
                format!("change the order of the fields of {}", owner.uid)
            }
            _ => String::new(),
        }
    }

    /// What the step means for values.
    pub fn class(&self) -> Class {
        match self {
            Self::TrashType(_) | Self::TrashComponent(_) | Self::RemoveLocale(_) => {
                Class::LosesValues
            }
            Self::TrashField { field, .. } if holds_nothing(field) => Class::Safe,
            Self::TrashField { .. } | Self::SetDraftAndPublish { on: false, .. } => {
                Class::LosesValues
            }
            Self::SetLocalized {
                localized,
                changes_type,
                fields,
                ..
            } => {
                let shared_again = fields.iter().any(|(_, _, localized)| !localized);
                match shared_again || *changes_type && !localized {
                    true => Class::LosesValues,
                    false => Class::Safe,
                }
            }
            Self::ChangeFieldKind { from, to, .. } if convert::drops_items(from, to) => {
                Class::LosesValues
            }
            Self::ChangeFieldKind { from, to, .. } if convert::is_lossless(from, to) => Class::Safe,
            Self::ChangeFieldKind { .. } => Class::MayNotConvert,
            Self::ChangeTypeOptions {
                becomes_single: true,
                ..
            }
            | Self::ChangeFieldOptions {
                becomes_unique: true,
                ..
            } => Class::MayNotConvert,
            _ => Class::Safe,
        }
    }

    /// The number that tells how much the step touches, if one does.
    pub fn count(&self) -> Option<Count> {
        Some(match self {
            Self::TrashType(of) | Self::RestoreType(of) => Count::Documents(of.id),
            Self::ChangeTypeOptions {
                of,
                becomes_single: true,
                ..
            } => Count::DocumentsBeyondOne(of.id),
            Self::SetDraftAndPublish { of, on } => match on {
                true => Count::Documents(of.id),
                false => Count::Drafts(of.id),
            },
            Self::TrashField { owner, field } | Self::RestoreField { owner, field } => {
                Count::Values(owner.id, field.id)
            }
            Self::ChangeFieldKind {
                owner,
                id,
                from,
                to,
                ..
            } => conversion_count(owner.id, *id, from, to),
            Self::ChangeFieldOptions {
                owner,
                id,
                becomes_unique: true,
                ..
            } => Count::Duplicates(owner.id, *id),
            Self::SetLocalized { of, fields, .. } => {
                match fields.iter().find(|(_, _, localized)| !localized) {
                    Some((field, _, _)) => Count::ValuesInOtherLocales(of.id, *field),
                    None => Count::Documents(of.id),
                }
            }
            Self::RemoveLocale(locale) => Count::LocaleRows(locale.id),
            _ => return None,
        })
    }
}

fn conversion_count(
    owner: OwnerId,
    id: crate::schema::FieldId,
    from: &FieldKind,
    to: &FieldKind,
) -> Count {
    match to {
        FieldKind::DynamicZone { components, .. } => {
            Count::ItemsNotOf(owner, id, components.clone())
        }
        _ if convert::drops_items(from, to) => Count::BeyondOne(owner, id, Box::new(to.clone())),
        _ => Count::NotConverting(owner, id, Box::new(to.clone())),
    }
}

fn describe_localized(
    uid: &str,
    localized: bool,
    changes_type: bool,
    fields: &[(crate::schema::FieldId, String, bool)],
) -> String {
    let names = |on: bool| {
        let names = fields
            .iter()
            .filter(|(_, _, localized)| *localized == on)
            .map(|(_, name, _)| format!("`{name}`"));
        names.collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    if changes_type {
        parts.push(match localized {
            true => format!("localise {uid}"),
            false => format!("stop localising {uid}: only the default locale stays"),
        });
    }
    for (on, verb) in [(true, "localise"), (false, "share between locales")] {
        let names = names(on);
        if !names.is_empty() {
            parts.push(format!("{verb} {names} of {uid}"));
        }
    }
    parts.join("; ")
}

/// Whether a field only shows what another field stores.
fn holds_nothing(field: &Field) -> bool {
    matches!(&field.kind, FieldKind::Relation(relation) if relation.is_inverse())
}
