//! The links of an archive, turned round so that each starts at the field that shows it.
//!
//! Strapi writes a link at the side that owns its table: relations at the owner, media at the file.
//! A link costs 40 bytes in memory.
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use super::FILE_UID;
use super::entity::Text;
use super::index::Index;
use super::models::{AttributeKind, Model, ModelKind, Models};
use crate::imports::report::ImportReport;

/// Links that every type has and that are kept in other ways.
const IMPLICIT: [&str; 3] = ["createdBy", "updatedBy", "localizations"];

/// One line of a links part.
#[derive(Debug, Deserialize)]
pub(super) struct LinkLine<'l> {
    #[serde(borrow)]
    kind: Text<'l>,
    #[serde(borrow)]
    left: LinkEnd<'l>,
    #[serde(borrow)]
    right: LinkEnd<'l>,
}

#[derive(Debug, Deserialize)]
struct LinkEnd<'l> {
    #[serde(rename = "type", borrow, default)]
    uid: Option<Text<'l>>,
    #[serde(rename = "ref", default)]
    row: RowRef,
    #[serde(borrow, default)]
    field: Option<Text<'l>>,
    #[serde(default)]
    pos: Option<f64>,
}

impl LinkEnd<'_> {
    fn uid(&self) -> &str {
        self.uid.as_ref().map_or("", |uid| uid.0.as_ref())
    }
    fn field(&self) -> &str {
        self.field.as_ref().map_or("", |field| field.0.as_ref())
    }
}

/// The row id of one end; ends that refer in other ways are not followed.
#[derive(Debug, Default, Clone, Copy)]
struct RowRef(Option<u64>);

/// A link from an attribute of a row or component to a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Link {
    /// The row id of the owner.
    pub(super) owner_row: u64,
    /// The row id of the target; once resolved, the number of its document.
    pub(super) target: u64,
    pub(super) position: f64,
    pub(super) back_position: f64,
    /// The model of the owner, and the attribute in it.
    pub(super) owner: u16,
    pub(super) field: u16,
    target_model: u16,
}

/// All links, first as read, then resolved and sorted by owner, field and position.
#[derive(Debug, Default)]
pub(super) struct Links {
    list: Vec<Link>,
    /// Which folder a file is in, by row ids.
    pub(super) folders: HashMap<u64, u64>,
}

impl Links {
    /// Takes one line, or says in the report why not.
    pub(super) fn add(&mut self, models: &Models, line: &LinkLine, report: &mut ImportReport) {
        let LinkLine { kind, left, right } = line;
        if IMPLICIT.contains(&left.field()) {
            return;
        }
        if !["relation.basic", "relation.circular", "relation.morph"].contains(&&*kind.0) {
            return report.add("links of unknown kind, left out", || kind.0.to_string());
        }
        if left.uid() == FILE_UID && left.field() == "folder" {
            self.folders.extend(left.row.0.zip(right.row.0));
        } else if left.uid() == FILE_UID && left.field() == "related" {
            self.push(models, right, left, right.pos, None, report);
        } else {
            self.push(
                models,
                left,
                right,
                left.pos.or(right.pos),
                right.pos,
                report,
            );
        }
    }

    fn push(
        &mut self,
        models: &Models,
        owner: &LinkEnd,
        target: &LinkEnd,
        position: Option<f64>,
        back_position: Option<f64>,
        report: &mut ImportReport,
    ) {
        let example = || format!("{} {}", owner.uid(), owner.field());
        let model = models
            .get(owner.uid())
            .filter(|model| model.kind != ModelKind::LeftOut);
        let Some(model) = model else {
            return report.add("links of types that are not imported", || {
                owner.uid().to_owned()
            });
        };
        let Some((field, attribute)) = model.attribute(owner.field()) else {
            return report.add("links of fields that the schema does not know", example);
        };
        let mapped_by = match &attribute.kind {
            AttributeKind::Link { mapped_by, .. } => mapped_by.as_deref(),
            AttributeKind::LeftOut => {
                return report.add("links to types that are not imported", example);
            }
            _ => return report.add("links of fields that are no relations", example),
        };
        let Some(target_model) = models.get(target.uid()).filter(|model| model.has_records())
        else {
            return report.add("links to types that are not imported", example);
        };
        let (Some(owner_row), Some(target_row)) = (owner.row.0, target.row.0) else {
            return report.add("links without a row id, left out", example);
        };
        let mut link = Link {
            owner_row,
            target: target_row,
            position: position.unwrap_or(f64::NEG_INFINITY),
            back_position: back_position.unwrap_or(f64::NAN),
            owner: model.number,
            field,
            target_model: target_model.number,
        };
        if let Some(other) = mapped_by {
            let Some((field, _)) = target_model.attribute(other) else {
                return report.add("links of fields that the schema does not know", example);
            };
            link = turned(&link, model, target_model, field);
        }
        self.list.push(link);
    }

    /// Replaces row ids by documents, sorts, and leaves out what points nowhere or comes twice.
    pub(super) fn resolve(&mut self, models: &Models, index: &Index, report: &mut ImportReport) {
        self.list.retain_mut(|link| {
            let describe = || {
                let model = models.by_number(link.owner);
                let uid = model.map_or("?", |model| model.uid.as_str());
                format!("{uid} row {}", link.owner_row)
            };
            if !index.has_owner(link.owner, link.owner_row) {
                report.add(
                    "links of rows that are not in the archive, left out",
                    describe,
                );
                return false;
            }
            match index.document_of(link.target_model, link.target) {
                Some(document) => {
                    link.target = u64::from(document);
                    true
                }
                None => {
                    report.add(
                        "links to rows that are not in the archive, left out",
                        describe,
                    );
                    false
                }
            }
        });
        let place = |link: &Link| (link.owner, link.owner_row, link.field);
        self.list.sort_by(|a, b| {
            place(a)
                .cmp(&place(b))
                .then(a.position.total_cmp(&b.position))
        });
        self.drop_repeated(models, report);
        self.list.shrink_to_fit();
    }

    /// Keeps one link per target, and one per field where the field takes one.
    fn drop_repeated(&mut self, models: &Models, report: &mut ImportReport) {
        let place = |link: &Link| (link.owner, link.owner_row, link.field);
        let mut seen = HashSet::new();
        let mut current = None;
        self.list.retain(|link| {
            if current != Some(place(link)) {
                current = Some(place(link));
                seen.clear();
            }
            if !seen.insert(link.target) {
                return false;
            }
            let model = models.by_number(link.owner);
            let attribute = model.and_then(|model| model.attributes.get(usize::from(link.field)));
            let many = attribute.is_none_or(|attribute| {
                !matches!(attribute.kind, AttributeKind::Link { many: false, .. })
            });
            if !many && seen.len() > 1 {
                let uid = model.map_or("?", |model| model.uid.as_str());
                report.add("further targets of fields that take one, left out", || {
                    format!("{uid} row {}", link.owner_row)
                });
            }
            many || seen.len() == 1
        });
    }

    /// The links of one row or component, sorted by field and position.
    pub(super) fn of(&self, owner: u16, row: u64) -> &[Link] {
        let key = |link: &Link| (link.owner, link.owner_row);
        let start = self.list.partition_point(|link| key(link) < (owner, row));
        let rest = self.list.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|link| key(link) == (owner, row))
            .count();
        rest.get(..length).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

/// The same link, seen from its target.
fn turned(link: &Link, model: &Model, target: &Model, field: u16) -> Link {
    Link {
        owner_row: link.target,
        target: link.owner_row,
        position: if link.back_position.is_nan() {
            f64::NEG_INFINITY
        } else {
            link.back_position
        },
        back_position: link.position,
        owner: target.number,
        field,
        target_model: model.number,
    }
}

impl<'de> Deserialize<'de> for RowRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RefVisitor;
        impl Visitor<'_> for RefVisitor {
            type Value = RowRef;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("the id of a row")
            }
            fn visit_u64<E>(self, value: u64) -> Result<RowRef, E> {
                Ok(RowRef(Some(value)))
            }
            fn visit_i64<E>(self, _: i64) -> Result<RowRef, E> {
                Ok(RowRef(None))
            }
            fn visit_f64<E>(self, _: f64) -> Result<RowRef, E> {
                Ok(RowRef(None))
            }
            fn visit_unit<E>(self) -> Result<RowRef, E> {
                Ok(RowRef(None))
            }
            fn visit_str<E>(self, value: &str) -> Result<RowRef, E> {
                Ok(RowRef(value.parse().ok()))
            }
        }
        deserializer.deserialize_any(RefVisitor)
    }
}
