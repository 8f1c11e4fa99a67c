//! A whole document in memory: what every act reads, changes and writes back.

use std::collections::BTreeMap;

use crate::base::Stage;
use crate::platform::database::Value;
use crate::schema::FieldId;

/// Stored values by field; a field that is missing here is null.
pub type Columns = BTreeMap<FieldId, Value>;

/// A document with its draft and its published copy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Its number.
    pub doc: i64,
    /// Its identity.
    pub document_id: String,
    /// The number of its type.
    pub type_id: i64,
    /// Grows by one with every change.
    pub revision: i64,
    /// When it was made.
    pub created_at: String,
    /// What editors work on; types without drafts have none.
    pub draft: Option<Copy>,
    /// What is public.
    pub published: Option<Copy>,
}

impl Document {
    /// The copy of a stage.
    pub fn copy(&self, stage: Stage) -> Option<&Copy> {
        match stage {
            Stage::Draft => self.draft.as_ref(),
            Stage::Published => self.published.as_ref(),
        }
    }

    /// The place of a stage's copy.
    pub fn copy_mut(&mut self, stage: Stage) -> &mut Option<Copy> {
        match stage {
            Stage::Draft => &mut self.draft,
            Stage::Published => &mut self.published,
        }
    }
}

/// One stage of a document: shared values, a row per locale, links.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Copy {
    /// Values of fields all locales share; empty in types without locales.
    pub shared: Columns,
    /// The rows by locale code; types without locales have one under the empty code.
    pub rows: BTreeMap<String, Row>,
    /// Links this document owns, sorted by field, locale, item and position.
    pub links: Vec<Link>,
}

/// The values and stamps of one locale of one stage.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// The numeric id shown to clients.
    pub id: i64,
    /// When this locale was made.
    pub created_at: String,
    /// When this stage of it last changed.
    pub updated_at: String,
    /// When it was published; none in drafts.
    pub published_at: Option<String>,
    /// Who made it.
    pub created_by: Option<String>,
    /// Who last changed it.
    pub updated_by: Option<String>,
    /// Its values.
    pub columns: Columns,
}

/// A link to another document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The relation or media field.
    pub field: FieldId,
    /// The locale it belongs to; empty = all.
    pub locale: String,
    /// The component item that holds it; 0 = the entry itself.
    pub item: i64,
    /// Its place among the links of that field, from 1.
    pub position: i64,
    /// The number of the document pointed at.
    pub target: i64,
    /// Its place as seen from the target.
    pub back_position: i64,
}

impl Link {
    /// What a list of links is ordered and replaced by.
    pub fn list(&self) -> (FieldId, &str, i64) {
        (self.field, &self.locale, self.item)
    }
}

impl Copy {
    /// The targets of one list of links, in order.
    pub fn targets(&self, field: FieldId, locale: &str, item: i64) -> Vec<i64> {
        self.links
            .iter()
            .filter(|link| link.list() == (field, locale, item))
            .map(|link| link.target)
            .collect()
    }

    /// Replaces one list of links; links that stay keep their place as seen from the target.
    pub fn set_targets(
        &mut self,
        field: FieldId,
        locale: &str,
        item: i64,
        targets: &[i64],
        back_position: i64,
    ) {
        let before: BTreeMap<i64, i64> = self
            .links
            .iter()
            .filter(|link| link.list() == (field, locale, item))
            .map(|link| (link.target, link.back_position))
            .collect();
        self.links
            .retain(|link| link.list() != (field, locale, item));
        self.links
            .extend((1..).zip(targets).map(|(position, target)| Link {
                field,
                locale: locale.to_owned(),
                item,
                position,
                target: *target,
                back_position: before.get(target).copied().unwrap_or(back_position),
            }));
        self.links.sort();
    }

    /// Drops the links of a locale and of items that are not in `items`.
    pub fn retain_links(&mut self, keep: impl Fn(&Link) -> bool) {
        self.links.retain(keep);
    }
}
