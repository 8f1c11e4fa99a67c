//! Where values of a type are stored: physical names made from ids, never from labels.
//!
//! A type with id 7 has the tables `c7_p` (published) and, with drafts, `c7_d`, of the same shape: `id`
//! (the document's number), `document_id`, `created_at`, `updated_at`, `published_at`, `created_by`,
//! `updated_by`, and a column `f12` per field with a value of its own. If it is localised, the tables
//! `c7_p_l` and `c7_d_l` hold a row per locale: `id`, `doc`, `locale`, the four stamps above and the
//! localised fields; the shared fields stay in the document's row. Relations and media have no column,
//! they are rows of `links`.

use super::{ContentType, Field, FieldKind, RelationKind, TypeId};
use crate::base::Stage;

/// How a field's value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// A text column.
    Text,
    /// A 64-bit integer column.
    Integer,
    /// A double column.
    Real,
    /// A truth column (SQLite: 0 or 1).
    Boolean,
    /// JSON in a text column.
    Json,
    /// The items of a component or dynamic zone: always a JSON array, keys are `f<field id>`, each item has
    /// `id` and, in a dynamic zone, `c` (the component's id).
    Items,
    /// Rows of `links` owned by this side.
    Links,
    /// Rows of `links` owned by the other side.
    Inverse,
}

impl Storage {
    /// Whether the field has a column of its own.
    pub fn is_column(self) -> bool {
        !matches!(self, Self::Links | Self::Inverse)
    }
}

impl Field {
    /// How this field's value is stored.
    pub fn storage(&self) -> Storage {
        match &self.kind {
            FieldKind::Integer(_) | FieldKind::BigInteger(_) => Storage::Integer,
            FieldKind::Float(_) | FieldKind::Decimal(_) => Storage::Real,
            FieldKind::Boolean => Storage::Boolean,
            FieldKind::Json | FieldKind::Blocks | FieldKind::Custom => Storage::Json,
            FieldKind::Component { .. } | FieldKind::DynamicZone { .. } => Storage::Items,
            FieldKind::Media { .. } => Storage::Links,
            FieldKind::Relation(relation) => {
                let morph = matches!(
                    relation.kind,
                    RelationKind::MorphOne | RelationKind::MorphMany
                );
                if morph || relation.is_inverse() {
                    Storage::Inverse
                } else {
                    Storage::Links
                }
            }
            _ => Storage::Text,
        }
    }

    /// The column's physical name, also the key inside component items.
    pub fn column(&self) -> String {
        format!("f{}", self.id)
    }

    /// Whether the column is indexed so that lists may be filtered and sorted by it: slugs, unique
    /// values, dates, and fields with `"index": true`.
    pub fn is_indexed(&self) -> bool {
        let asked = self
            .definition
            .get("index")
            .and_then(serde_json::Value::as_bool);
        let by_kind = matches!(
            self.kind,
            FieldKind::Uid(_) | FieldKind::Date | FieldKind::DateTime | FieldKind::Timestamp
        );
        self.storage().is_column() && asked.unwrap_or(by_kind || self.unique)
    }
}

impl ContentType {
    /// The stage that a reader of `asked` gets: types without drafts only have published rows.
    pub fn stage(&self, asked: Stage) -> Stage {
        if self.draft_and_publish {
            asked
        } else {
            Stage::Published
        }
    }

    /// The stages this type has.
    pub fn stages(&self) -> &'static [Stage] {
        if self.draft_and_publish {
            &[Stage::Draft, Stage::Published]
        } else {
            &[Stage::Published]
        }
    }

    /// The table with a row per document.
    pub fn table(&self, stage: Stage) -> String {
        table(self.id, stage)
    }

    /// The table with a row per document and locale; only localised types have one.
    pub fn locale_table(&self, stage: Stage) -> String {
        locale_table(self.id, stage)
    }
}

/// The table with a row per document of a type.
pub fn table(id: TypeId, stage: Stage) -> String {
    format!("c{id}_{}", stage.letter())
}

/// The table with a row per document and locale of a type.
pub fn locale_table(id: TypeId, stage: Stage) -> String {
    format!("c{id}_{}_l", stage.letter())
}
