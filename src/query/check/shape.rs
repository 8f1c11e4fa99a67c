//! How one populated attribute is output, and the options it takes.

use crate::access::Action;
use crate::base::Stage;
use crate::query::text::Param;
use crate::query::{Hop, Nested, Selection, Shape};
use crate::schema::{Component, ContentType, Field, FieldKind};

use super::error::{Path, QueryError};
use super::page::whole;
use super::populate::{Ask, Branch, INVALID_NESTED};
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

/// What a dynamic zone or polymorphic relation is populated with.
enum Parts<'p> {
    /// Every part with its scalars.
    Scalars,
    /// Every part with everything one level below it.
    Everything,
    /// The named parts.
    On(&'p [(String, Param)]),
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

    /// A dynamic zone.
    pub(super) fn shape_of_zone(
        &mut self,
        field: &'s Field,
        ask: Ask<'_, '_>,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Shape<'s>, QueryError> {
        let FieldKind::DynamicZone { components, .. } = &field.kind else {
            return Err(self.unknown(&field.name, None));
        };
        let all = components
            .iter()
            .filter_map(|uid| Some(self.view.schema().component(uid)?.as_ref()));
        let all: Vec<&'s Component> = all.collect();
        if let Ask::Paths(paths) = ask {
            let parts = self.zone_paths(&all, paths, path, depth)?;
            return Ok(Shape::Zone { field, parts });
        }
        let mut parts = Vec::with_capacity(all.len());
        match self.parts(ask, path)? {
            Parts::On(named) => {
                for (uid, ask) in self.fragments(named, path)? {
                    let component = all.iter().find(|component| component.uid == uid);
                    let Some(component) = component else {
                        return Err(self.unknown_fragment(uid, path));
                    };
                    let scope = Scope::Component(component);
                    parts.push((*component, self.selection_asked(scope, ask, path, depth)?));
                }
            }
            whole => {
                for component in all {
                    let scope = Scope::Component(component);
                    parts.push((component, self.whole(scope, &whole, path, depth)?));
                }
            }
        }
        Ok(Shape::Zone { field, parts })
    }

    /// Paths through a zone: each must exist in one of its components.
    fn zone_paths(
        &mut self,
        all: &[&'s Component],
        paths: &[Branch<'_>],
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Vec<(&'s Component, Selection<'s>)>, QueryError> {
        for branch in paths {
            let mut found = false;
            for component in all {
                let one = std::slice::from_ref(branch);
                let scope = Scope::Component(component);
                found |= self
                    .selection_of_paths(scope, one, Some(path), depth)
                    .is_ok();
            }
            if !found {
                let inner = Path::below(Some(path), branch.name);
                return Err(self.unknown(branch.name, Some(&inner)));
            }
        }
        let mut parts = Vec::with_capacity(all.len());
        for component in all {
            let scope = Scope::Component(component);
            let mut selection = Selection {
                columns: self.every_column(scope),
                populated: Vec::new(),
            };
            for branch in paths {
                let one = std::slice::from_ref(branch);
                if let Ok(more) = self.selection_of_paths(scope, one, Some(path), depth) {
                    selection.populated.extend(more.populated);
                }
            }
            parts.push((*component, selection));
        }
        Ok(parts)
    }

    /// A polymorphic relation.
    pub(super) fn shape_of_morph(
        &mut self,
        field: &'s Field,
        ask: Ask<'_, '_>,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Shape<'s>, QueryError> {
        if let Ask::Paths([branch, ..]) = ask {
            let inner = Path::below(Some(path), branch.name);
            return Err(self.unknown(branch.name, Some(&inner)));
        }
        let mut parts: Vec<(&'s ContentType, Selection<'s>)> = Vec::new();
        match self.parts(ask, path)? {
            Parts::On(named) => {
                for (uid, ask) in self.fragments(named, path)? {
                    let target = self.readable(uid).filter(|target| target.uid == uid);
                    let Some(target) = target else {
                        return Err(self.unknown_fragment(uid, path));
                    };
                    let scope = Scope::Type(target);
                    parts.push((target, self.selection_asked(scope, ask, path, depth)?));
                }
            }
            whole => {
                for target in self.view.schema().types() {
                    let drafts = self.stage == Stage::Draft && target.draft_and_publish;
                    let may = self.view.may(target, Action::Find)
                        && (!drafts || self.view.may(target, Action::Draft));
                    if may {
                        let scope = Scope::Type(target);
                        parts.push((target, self.whole(scope, &whole, path, depth)?));
                    }
                }
            }
        }
        let many = matches!(&field.kind, FieldKind::Relation(relation) if relation.is_many());
        Ok(Shape::Morph { field, many, parts })
    }

    fn whole(
        &mut self,
        scope: Scope<'s>,
        parts: &Parts<'_>,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Selection<'s>, QueryError> {
        let mut selection = Selection {
            columns: self.every_column(scope),
            populated: Vec::new(),
        };
        if matches!(parts, Parts::Everything) {
            self.everything(scope, Some(path), depth, &mut selection)?;
        }
        Ok(selection)
    }

    /// The options of a dynamic zone or polymorphic relation.
    fn parts<'p>(&self, ask: Ask<'p, '_>, path: &Path<'_>) -> Result<Parts<'p>, QueryError> {
        let Ask::Options(options) = ask else {
            return Ok(Parts::Scalars);
        };
        let mut parts = Parts::Scalars;
        for (key, value) in options {
            match (key.as_str(), value) {
                ("on", Param::Map(named)) => parts = Parts::On(named),
                ("on" | "populate", Param::Null) => {}
                // Strapi takes the option here and answers the items all the same.
                ("count", value) if truth(value).is_some() => {}
                ("populate", Param::Text(text)) if text == "*" => {
                    if !matches!(parts, Parts::On(_)) {
                        parts = Parts::Everything;
                    }
                }
                _ => return Err(self.unknown(key, Some(path))),
            }
        }
        Ok(parts)
    }

    /// The fragments under `on` that are asked for.
    fn fragments<'p>(
        &self,
        named: &'p [(String, Param)],
        path: &Path<'_>,
    ) -> Result<Vec<(&'p str, Ask<'p, 'p>)>, QueryError> {
        let mut asked = Vec::with_capacity(named.len());
        for (uid, value) in named {
            let ask = match value {
                Param::Map(options) => Ask::Options(options),
                Param::Text(text) if self.switch(text, path)? => Ask::Plain,
                Param::Text(_) => continue,
                Param::List(_) | Param::Null => return Err(QueryError::plain(INVALID_NESTED)),
            };
            asked.push((uid.as_str(), ask));
        }
        Ok(asked)
    }

    fn unknown_fragment(&self, uid: &str, path: &Path<'_>) -> QueryError {
        let on = Path::below(Some(path), "on");
        let inner = Path::below(Some(&on), uid);
        self.unknown(uid, Some(&inner))
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

fn is_many(hop: Hop<'_>) -> bool {
    match &super::hop_field(hop).kind {
        FieldKind::Relation(relation) => relation.is_many(),
        FieldKind::Media { multiple, .. } => *multiple,
        FieldKind::Component { repeatable, .. } => *repeatable,
        _ => false,
    }
}
