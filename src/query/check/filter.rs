//! Conditions: the tree of `filters`, through relations, media and components.
//!
//! Conditions inside one relation hold for the same related row. As in Strapi, a missing relation counts as a
//! row of nulls: `filters[author][name][$null]=true` is also true for an entry without an author.

use crate::base::ids::is_document_id;
use crate::query::text::Param;
use crate::query::{Column, Filter, Hop};

use super::error::{Path, QueryError};
use super::logic::{all_of, grouped, holds_for_nothing, negated};
use super::operator::is_operator;
use super::scope::{Member, Reader, Scope};
use super::value::integer;

impl<'s> Reader<'s, '_> {
    /// The whole parameter `filters`.
    pub(super) fn filters(
        &mut self,
        scope: Scope<'s>,
        value: Option<&Param>,
    ) -> Result<Option<Filter<'s>>, QueryError> {
        match value {
            None | Some(Param::Null) => Ok(None),
            Some(Param::Text(_)) => Err(QueryError::plain(
                "The filters parameter must be an object or an array",
            )),
            Some(Param::List(items)) if items.is_empty() => Ok(None),
            Some(structure) => self.objects(scope, structure, None, 1).map(Some),
        }
    }

    /// A filter object, or a list of them that must all hold.
    fn objects(
        &mut self,
        scope: Scope<'s>,
        value: &Param,
        below: Option<&Path<'_>>,
        depth: u32,
    ) -> Result<Filter<'s>, QueryError> {
        self.spend(depth)?;
        match value {
            Param::Map(entries) => {
                let mut all = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    all.push(self.condition(scope, key, value, below, depth)?);
                }
                Ok(all_of(all))
            }
            Param::List(items) => {
                let mut all = Vec::with_capacity(items.len());
                for item in items {
                    all.push(self.objects(scope, item, below, depth + 1)?);
                }
                Ok(all_of(all))
            }
            _ => Err(QueryError::plain(
                "Invalid filters. Expected an object of conditions",
            )),
        }
    }

    fn condition(
        &mut self,
        scope: Scope<'s>,
        key: &str,
        value: &Param,
        below: Option<&Path<'_>>,
        depth: u32,
    ) -> Result<Filter<'s>, QueryError> {
        match key {
            "$and" | "$or" => {
                let mut parts = Vec::new();
                for item in self.group_items(key, value)? {
                    parts.push(self.objects(scope, item, below, depth + 1)?);
                }
                return Ok(grouped(key, parts));
            }
            "$not" => {
                let inner = self.objects(scope, value, below, depth + 1)?;
                return Ok(negated(inner));
            }
            _ if is_operator(key) => {
                return Err(QueryError::plain(format!(
                    "Only $and, $or and $not can only be used as root level operators. Found {key}."
                )));
            }
            _ => {}
        }
        match self.member(scope, key) {
            Some(Member::Column(column)) => {
                self.attribute(column, value, &Path::below(below, key), depth)
            }
            Some(Member::Hop(hop)) => self.related(hop, value, &Path::below(below, key), depth + 1),
            Some(Member::Zone(_) | Member::Morph(_)) => Err(self.misplaced(key, below)),
            None => Err(self.unknown(key, below)),
        }
    }

    /// `filters[author]…`: the related row's id, or conditions on it.
    fn related(
        &mut self,
        hop: Hop<'s>,
        value: &Param,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Filter<'s>, QueryError> {
        self.spend(depth)?;
        let inner = match value {
            Param::Null => return Ok(Filter::Empty(hop, true)),
            Param::Text(_) | Param::List(_) => self.identity(hop, value, path, depth)?,
            Param::Map(entries) => {
                if let [(key, value)] = entries.as_slice()
                    && let Some(filter) = self.presence(hop, key, value, path)?
                {
                    return Ok(filter);
                }
                let mut all = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    all.push(self.related_condition(hop, key, value, path, depth)?);
                }
                all_of(all)
            }
        };
        let also_missing = holds_for_nothing(&inner) == Some(true);
        let some = Filter::Some(hop, Box::new(inner));
        Ok(if also_missing {
            Filter::Or(vec![Filter::Empty(hop, true), some])
        } else {
            some
        })
    }

    /// `[author][$null]=true` and its other spellings, through the row's identity too.
    fn presence(
        &self,
        hop: Hop<'s>,
        key: &str,
        value: &Param,
        path: &Path<'_>,
    ) -> Result<Option<Filter<'s>>, QueryError> {
        let is_null = match (key, value) {
            ("$null", value) => self.truth(value, path)?,
            ("$notNull", value) => !self.truth(value, path)?,
            ("$eq" | "$eqi", Param::Null) => true,
            ("$ne" | "$nei", Param::Null) => false,
            ("id", Param::Map(entries)) => match entries.as_slice() {
                [(inner, value)] if inner.starts_with('$') => {
                    return self.presence(hop, inner, value, path);
                }
                _ => return Ok(None),
            },
            ("documentId", Param::Map(entries)) if !matches!(hop, Hop::Component { .. }) => {
                match entries.as_slice() {
                    [(inner, value)] if inner.starts_with('$') => {
                        return self.presence(hop, inner, value, path);
                    }
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(Filter::Empty(hop, is_null)))
    }

    fn related_condition(
        &mut self,
        hop: Hop<'s>,
        key: &str,
        value: &Param,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Filter<'s>, QueryError> {
        let group = matches!(key, "$and" | "$or" | "$not");
        if !group && is_operator(key) {
            // An operator on a relation compares the related row's id.
            let operand = Param::Map(vec![(key.to_owned(), value.clone())]);
            return self.identity(hop, &operand, path, depth);
        }
        self.condition(Scope::of(hop), key, value, Some(path), depth)
    }

    /// A value compared with the related row's id, or with its `documentId` if it is none.
    fn identity(
        &mut self,
        hop: Hop<'s>,
        value: &Param,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Filter<'s>, QueryError> {
        let by_document = !matches!(hop, Hop::Component { .. }) && names_documents(value);
        let column = if by_document {
            Column::DocumentId
        } else {
            Column::Id
        };
        self.attribute(column, value, path, depth)
    }

    /// The members of `$and` or `$or`.
    pub(super) fn group_items<'p>(
        &self,
        key: &str,
        value: &'p Param,
    ) -> Result<&'p [Param], QueryError> {
        match value {
            Param::List(items) if !items.is_empty() => Ok(items),
            _ => Err(QueryError::plain(format!(
                "Operator {key} must be an array with at least one condition"
            ))),
        }
    }

    /// Counts one condition or group.
    pub(super) fn spend(&mut self, depth: u32) -> Result<(), QueryError> {
        self.filter_nodes += 1;
        if self.filter_nodes > self.limits.filter_nodes {
            return Err(QueryError::plain(format!(
                "Too many conditions in the filters. At most {} are allowed",
                self.limits.filter_nodes
            )));
        }
        if depth > self.limits.filter_depth {
            return Err(QueryError::plain(format!(
                "The filters are nested too deeply. At most {} levels are allowed",
                self.limits.filter_depth
            )));
        }
        Ok(())
    }
}

/// Whether the plain values in an operand are `documentId`s rather than numbers.
fn names_documents(value: &Param) -> bool {
    match value {
        Param::Text(text) => integer(text).is_none() && is_document_id(text),
        Param::List(items) => !items.is_empty() && items.iter().all(names_documents),
        Param::Map(entries) => {
            !entries.is_empty() && entries.iter().all(|(_, value)| names_documents(value))
        }
        Param::Null => false,
    }
}
