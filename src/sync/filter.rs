//! Which types and locales somebody follows, and what that means in their view.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::access::{Action, View};
use crate::schema::{ContentType, Field, FieldKind, Schema, TypeId};

/// Components inside each other that are looked at.
const DEPTH: u32 = 16;

/// What somebody follows; none means all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Ids of types.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<i64>>,
    /// Codes of locales; what has no locale is always followed.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub locales: Option<Vec<String>>,
}

impl Filter {
    /// Whether entries of this type are given to this caller.
    pub(super) fn takes(&self, view: &View, content_type: &ContentType) -> bool {
        let asked = self
            .types
            .as_ref()
            .is_none_or(|types| types.contains(&content_type.id.0));
        asked && !content_type.is_built_in() && view.may(content_type, Action::Find)
    }

    /// Whether entries of this locale are given; the empty code is that of types without locales.
    pub(super) fn takes_locale(&self, code: &str) -> bool {
        let locales = self.locales.as_ref();
        code.is_empty() || locales.is_none_or(|locales| locales.iter().any(|one| one == code))
    }

    /// The types given to this caller, in the order of their ids.
    pub(super) fn types<'s>(&self, view: &'s View) -> Vec<&'s Arc<ContentType>> {
        let all = view.schema().types().iter();
        let mut types: Vec<_> = all.filter(|one| self.takes(view, one)).collect();
        types.sort_by_key(|one| one.id);
        types
    }

    /// The type of that id, if it is given to this caller.
    pub(super) fn type_of<'s>(&self, view: &'s View, id: i64) -> Option<&'s Arc<ContentType>> {
        let found = view.schema().content_type_by_id(TypeId(id))?;
        self.takes(view, found).then_some(found)
    }

    /// Names everything that the form of entries in this view depends on. While it stays the same, an entry that did
    /// not change looks the same.
    pub fn meaning(&self, view: &View) -> String {
        let mut text = String::new();
        let types = self.types(view);
        for one in &types {
            let _ = write!(
                text,
                "{} {} {} {}",
                one.id, one.singular, one.draft_and_publish, one.localized
            );
            describe(&mut text, view, &one.fields, 0);
        }
        if types.iter().any(|one| one.localized) {
            for locale in view.schema().locales() {
                let _ = write!(text, "{} {}", locale.code, locale.is_default);
            }
        }
        hash(text.as_bytes())
    }
}

fn describe(text: &mut String, view: &View, fields: &[Field], depth: u32) {
    text.push('{');
    for field in fields.iter().filter(|field| view.reads(field)) {
        let _ = write!(
            text,
            "{} {:?} {:?} {}",
            field.id, field.name, field.kind, field.localized
        );
        if depth >= DEPTH {
            continue;
        }
        match &field.kind {
            FieldKind::Component { component, .. } => {
                component_of(text, view, component, depth);
            }
            FieldKind::DynamicZone { components, .. } => {
                for component in components {
                    component_of(text, view, component, depth);
                }
            }
            FieldKind::Relation(relation) if relation.target.is_none() => {
                let types = view.schema().types().iter();
                for one in types.filter(|one| view.may(one, Action::Find)) {
                    text.push_str(&one.uid);
                }
            }
            _ => {}
        }
    }
    text.push('}');
}

fn component_of(text: &mut String, view: &View, uid: &str, depth: u32) {
    let schema: &Schema = view.schema();
    if let Some(component) = schema.component(uid) {
        text.push_str(&component.uid);
        describe(text, view, &component.fields, depth + 1);
    }
}

/// Sixteen hex digits that name a text.
pub(super) fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
