//! How one populated attribute is output, and the options it takes.

use crate::query::text::Param;
use crate::query::{Hop, Nested, Selection, Shape};
use crate::schema::{Component, Field, FieldKind};

use super::error::{Path, QueryError};
use super::page::whole;
use super::populate::Ask;
use super::scope::{Reader, Scope};
use super::value::truth;

const MIXED: &str =
    "Invalid pagination attributes. Use either page and pageSize or start and limit";

/// The options of a populated relation.
#[derive(Debug, Default)]
struct Options<'p> {
    fields: Option<&'p Param>,
    populate: Option<&'p Param>,
    filters: Option<&'p Param>,
    sort: Option<&'p Param>,
    count: bool,
    page: Option<i64>,
    page_size: Option<i64>,
    start: Option<i64>,
    limit: Option<i64>,
}

impl<'s> Reader<'s, '_> {
    /// A relation, media or component.
    pub(super) fn shape_of_hop(
        &mut self,
        hop: Hop<'s>,
        ask: Ask<'_, '_>,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Shape<'s>, QueryError> {
        let scope = Scope::of(hop);
        if let Hop::Component { field, component } = hop {
            return self.shape_of_component(field, component, ask, path, depth);
        }
        let mut nested = Nested {
            selection: Selection::default(),
            filter: None,
            sort: Vec::new(),
            start: 0,
            limit: None,
        };
        match ask {
            Ask::Plain => nested.selection.columns = self.every_column(scope),
            Ask::Paths(paths) => {
                nested.selection = self.selection_of_paths(scope, paths, Some(path), depth)?;
            }
            Ask::Options(options) => {
                let options = self.options(options, path)?;
                // Filters and sort inside populate begin a path of their own, as in Strapi.
                nested.filter = self.filters(scope, options.filters)?;
                // Of files, Strapi does not count; it answers them.
                if options.count && !matches!(hop, Hop::Media { .. }) {
                    return Ok(Shape::Count {
                        hop,
                        filter: nested.filter,
                    });
                }
                nested.sort = self.sort(scope, options.sort)?;
                (nested.start, nested.limit) = self.part(&options)?;
                nested.selection =
                    self.selection(scope, options.fields, options.populate, Some(path), depth)?;
            }
        }
        Ok(Shape::Entries {
            hop,
            many: is_many(hop),
            nested: Box::new(nested),
        })
    }

    fn shape_of_component(
        &mut self,
        field: &'s Field,
        component: &'s Component,
        ask: Ask<'_, '_>,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Shape<'s>, QueryError> {
        if let Ask::Options(options) = ask {
            if options.iter().any(|(key, _)| key == "on") {
                return Err(no_fragments(path));
            }
            if self.counts(options, path)? {
                let hop = Hop::Component { field, component };
                return Ok(Shape::Count { hop, filter: None });
            }
        }
        Ok(Shape::Component {
            field,
            component,
            repeatable: matches!(
                field.kind,
                FieldKind::Component {
                    repeatable: true,
                    ..
                }
            ),
            selection: self.selection_asked(Scope::Component(component), ask, path, depth)?,
        })
    }

    /// Whether `count=true` is among the options.
    fn counts(&self, options: &[(String, Param)], path: &Path<'_>) -> Result<bool, QueryError> {
        let given = options.iter().find(|(key, _)| key == "count");
        given.map_or(Ok(false), |(key, value)| {
            truth(value).ok_or_else(|| self.unknown(key, Some(path)))
        })
    }

    fn options<'p>(
        &self,
        given: &'p [(String, Param)],
        path: &Path<'_>,
    ) -> Result<Options<'p>, QueryError> {
        let mut options = Options::default();
        for (key, value) in given {
            match key.as_str() {
                "fields" => options.fields = Some(value),
                "populate" => options.populate = Some(value),
                "filters" => options.filters = Some(value),
                "sort" => options.sort = Some(value),
                "count" => {
                    options.count = truth(value).ok_or_else(|| self.unknown(key, Some(path)))?;
                }
                "page" => options.page = whole(key, value)?,
                "pageSize" => options.page_size = whole(key, value)?,
                "start" => options.start = whole(key, value)?,
                "limit" => options.limit = whole(key, value)?,
                "on" => return Err(no_fragments(path)),
                // Strapi's error shows the whole path of this one.
                "locale" => return Err(self.misplaced(key, Some(path))),
                _ => return Err(self.unknown(key, Some(path))),
            }
        }
        Ok(options)
    }

    /// Which of the related entries: how many are skipped, and at most how many.
    fn part(&self, options: &Options<'_>) -> Result<(u64, Option<u32>), QueryError> {
        let by_page = options.page.is_some() || options.page_size.is_some();
        if by_page && (options.start.is_some() || options.limit.is_some()) {
            return Err(QueryError::pagination(MIXED));
        }
        let most = self.limits.populated_rows;
        let size = |asked: i64| u32::try_from(asked.max(1)).unwrap_or(most).min(most);
        if by_page {
            let size = options
                .page_size
                .map_or(self.limits.default_page_size.min(most), size);
            let before = u64::try_from(options.page.unwrap_or(1).saturating_sub(1));
            let start = before.unwrap_or_default().saturating_mul(u64::from(size));
            return Ok((start, Some(size)));
        }
        let start = u64::try_from(options.start.unwrap_or(0)).unwrap_or_default();
        // As in Strapi, -1 means no limit of the request's own.
        let limit = options.limit.filter(|limit| *limit != -1).map(size);
        Ok((start, limit))
    }
}

fn no_fragments(path: &Path<'_>) -> QueryError {
    QueryError::plain(format!(
        "Using fragments is not permitted to populate \"{}\"",
        path.text()
    ))
}

pub(super) fn is_many(hop: Hop<'_>) -> bool {
    match &super::hop_field(hop).kind {
        FieldKind::Relation(relation) => relation.is_many(),
        FieldKind::Media { multiple, .. } => *multiple,
        FieldKind::Component { repeatable, .. } => *repeatable,
        _ => false,
    }
}
