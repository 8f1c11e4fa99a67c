//! Dynamic zones and polymorphic relations: what is output of each part.

use crate::query::text::Param;
use crate::query::{Selection, Shape};
use crate::schema::{Component, ContentType, Field, FieldKind};

use super::error::{Path, QueryError};
use super::populate::{Ask, Branch, INVALID_NESTED};
use super::scope::{Reader, Scope};
use super::value::truth;

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
                    if self.may_read(target) {
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
                ("on", _) => return Err(self.misplaced(key, Some(path))),
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
}
