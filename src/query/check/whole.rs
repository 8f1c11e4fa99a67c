//! Everything a caller may read of an entry, in one selection.

use crate::access::View;
use crate::base::Stage;
use crate::base::limits::QueryLimits;
use crate::query::{Column, Hop, Nested, Populated, Selection, Shape};
use crate::schema::{ContentType, Field, FieldKind, Storage};

use super::scope::{Member, Reader, Scope};
use super::shape::is_many;

/// Components inside each other; schemas that nest deeper are not told to the end.
const DEPTH: u32 = 16;

/// All scalars, components to their depth, files with their scalars, and relations that are stored with the entry as
/// references by `documentId`.
///
/// Relations stored with the other side are left out: they change without a change of this entry.
pub fn whole<'s>(
    view: &'s View,
    content_type: &'s ContentType,
    limits: &QueryLimits,
) -> Selection<'s> {
    let reader = Reader::new(view, limits, Stage::Published);
    reader.level(Scope::Type(content_type), 0)
}

impl<'s> Reader<'s, '_> {
    fn level(&self, scope: Scope<'s>, depth: u32) -> Selection<'s> {
        let mut selection = Selection {
            columns: self.every_column(scope),
            populated: Vec::new(),
        };
        if depth < DEPTH {
            let fields = scope.fields().iter();
            selection.populated = fields
                .filter_map(|field| {
                    let shape = self.whole_shape(field, depth + 1)?;
                    let name = field.name.as_str();
                    Some(Populated { name, shape })
                })
                .collect();
        }
        selection
    }

    fn whole_shape(&self, field: &'s Field, depth: u32) -> Option<Shape<'s>> {
        match self.member_of(field)? {
            Member::Column(_) | Member::Hop(Hop::Inverse { .. }) => None,
            Member::Hop(hop @ Hop::Relation { .. }) => Some(entries(hop, reference())),
            Member::Hop(hop @ Hop::Media { target, .. }) => {
                let selection = Selection {
                    columns: self.every_column(Scope::Type(target)),
                    populated: Vec::new(),
                };
                Some(entries(hop, selection))
            }
            Member::Hop(Hop::Component { field, component }) => Some(Shape::Component {
                field,
                component,
                repeatable: matches!(
                    &field.kind,
                    FieldKind::Component {
                        repeatable: true,
                        ..
                    }
                ),
                selection: self.level(Scope::Component(component), depth),
            }),
            Member::Zone(field) => {
                let FieldKind::DynamicZone { components, .. } = &field.kind else {
                    return None;
                };
                let known = components
                    .iter()
                    .filter_map(|uid| self.view.schema().component(uid));
                let parts = known.map(|component| {
                    let selection = self.level(Scope::Component(component), depth);
                    (component.as_ref(), selection)
                });
                Some(Shape::Zone {
                    field,
                    parts: parts.collect(),
                })
            }
            Member::Morph(field) if field.storage() == Storage::Inverse => None,
            Member::Morph(field) => {
                let types = self.view.schema().types().iter();
                let readable = types.filter(|target| self.may_read(target));
                Some(Shape::Morph {
                    field,
                    many: matches!(&field.kind, FieldKind::Relation(relation) if relation.is_many()),
                    parts: readable
                        .map(|target| (target.as_ref(), reference()))
                        .collect(),
                })
            }
        }
    }
}

fn reference<'s>() -> Selection<'s> {
    Selection {
        columns: vec![Column::DocumentId],
        populated: Vec::new(),
    }
}

fn entries<'s>(hop: Hop<'s>, selection: Selection<'s>) -> Shape<'s> {
    Shape::Entries {
        hop,
        many: is_many(hop),
        nested: Box::new(Nested {
            selection,
            filter: None,
            sort: Vec::new(),
            start: 0,
            limit: None,
        }),
    }
}
