//! Sort keys: `sort=title:desc,author.name`, lists of such texts, and objects.
//!
//! Through a relation that holds many, the value of the first related row counts.

use crate::query::text::Param;
use crate::query::{Hop, Sort};

use super::error::{Path, QueryError};
use super::scope::{Member, Reader, Scope};
use super::value::Kind;

const INVALID_ORDER: &str = "Invalid order. order can only be one of asc|desc|ASC|DESC";
const INVALID_SORT: &str = "Invalid sort parameter. Expected a string, an array of strings, a sort object or an array of sort objects";

impl<'s> Reader<'s, '_> {
    /// The whole parameter `sort`, most significant key first.
    pub(super) fn sort(
        &mut self,
        scope: Scope<'s>,
        value: Option<&Param>,
    ) -> Result<Vec<Sort<'s>>, QueryError> {
        let mut keys = Vec::new();
        match value {
            None | Some(Param::Null) => {}
            Some(Param::List(items)) => {
                for item in items {
                    self.sort_item(scope, item, &mut keys)?;
                }
            }
            Some(item) => self.sort_item(scope, item, &mut keys)?,
        }
        Ok(keys)
    }

    fn sort_item(
        &mut self,
        scope: Scope<'s>,
        item: &Param,
        keys: &mut Vec<Sort<'s>>,
    ) -> Result<(), QueryError> {
        match item {
            Param::Null => Ok(()),
            Param::Text(text) => self.sort_text(scope, text, keys),
            Param::Map(entries) => self.sort_object(scope, entries, &mut Vec::new(), None, keys),
            Param::List(_) => Err(QueryError::plain(INVALID_SORT)),
        }
    }

    /// `title:desc,author.name`; blank segments and what follows an order are skipped, as Strapi does.
    fn sort_text(
        &mut self,
        scope: Scope<'s>,
        text: &str,
        keys: &mut Vec<Sort<'s>>,
    ) -> Result<(), QueryError> {
        for segment in text.split(',') {
            if segment.trim().is_empty() {
                continue;
            }
            let mut parts = segment.split(':');
            let field = parts.next().unwrap_or_default().trim();
            let order = parts.next().unwrap_or("asc");
            if field.is_empty() {
                return Err(QueryError::plain(INVALID_ORDER));
            }
            let mut names = field.split('.');
            let first = names.next().unwrap_or_default();
            self.sort_path(scope, first, &mut names, order, keys)?;
        }
        Ok(())
    }

    fn sort_path(
        &mut self,
        scope: Scope<'s>,
        first: &str,
        names: &mut dyn Iterator<Item = &str>,
        order: &str,
        keys: &mut Vec<Sort<'s>>,
    ) -> Result<(), QueryError> {
        let mut scope = scope;
        let mut name = first;
        let mut hops = Vec::new();
        let mut walked = String::new();
        let unknown = |reader: &Self, name: &str, walked: &str| {
            let below = (!walked.is_empty()).then(|| Path::below(None, walked));
            reader.unknown(name, below.as_ref())
        };
        loop {
            match self.member(scope, name) {
                Some(Member::Column(column)) => {
                    if let Some(beyond) = names.next() {
                        return Err(unknown(self, beyond, &join(&walked, name)));
                    }
                    return self.sort_key(hops, column, order, keys);
                }
                Some(Member::Hop(hop)) => {
                    let Some(next) = names.next() else {
                        return Err(unknown(self, name, &join(&walked, name)));
                    };
                    walked = join(&walked, name);
                    scope = Scope::of(hop);
                    hops.push(hop);
                    name = next;
                }
                Some(_) => return Err(unknown(self, name, &join(&walked, name))),
                None => return Err(unknown(self, name, &walked)),
            }
        }
    }

    /// `sort[author][name]=desc`.
    fn sort_object(
        &mut self,
        scope: Scope<'s>,
        entries: &[(String, Param)],
        hops: &mut Vec<Hop<'s>>,
        below: Option<&Path<'_>>,
        keys: &mut Vec<Sort<'s>>,
    ) -> Result<(), QueryError> {
        for (name, value) in entries {
            match (self.member(scope, name), value) {
                (Some(Member::Column(column)), Param::Text(order)) => {
                    if !order.trim().is_empty() {
                        self.sort_key(hops.clone(), column, order, keys)?;
                    }
                }
                (Some(Member::Hop(hop)), Param::Map(inner)) => {
                    let path = Path::below(below, name);
                    hops.push(hop);
                    self.sort_object(Scope::of(hop), inner, hops, Some(&path), keys)?;
                    hops.pop();
                }
                (Some(Member::Column(_)), _) => return Err(QueryError::plain(INVALID_ORDER)),
                (Some(_), _) => return Err(self.misplaced(name, below)),
                (None, _) => return Err(self.unknown(name, below)),
            }
        }
        Ok(())
    }

    fn sort_key(
        &self,
        path: Vec<Hop<'s>>,
        column: crate::query::Column<'s>,
        order: &str,
        keys: &mut Vec<Sort<'s>>,
    ) -> Result<(), QueryError> {
        let order = order.trim();
        let descending = order.eq_ignore_ascii_case("desc");
        if !descending && !order.eq_ignore_ascii_case("asc") {
            return Err(QueryError::plain(INVALID_ORDER));
        }
        if Kind::of(column) == Kind::Json {
            return Err(QueryError::plain(
                "Invalid sort. Structured fields have no order; sort by a plain field",
            ));
        }
        if path.len() >= self.limits.filter_depth as usize {
            return Err(QueryError::plain(format!(
                "The sort is nested too deeply. At most {} levels are allowed",
                self.limits.filter_depth
            )));
        }
        if keys.len() >= self.limits.sort_keys as usize {
            return Err(QueryError::plain(format!(
                "Too many sort keys. At most {} are allowed",
                self.limits.sort_keys
            )));
        }
        keys.push(Sort {
            path,
            column,
            descending,
        });
        Ok(())
    }
}

fn join(walked: &str, name: &str) -> String {
    if walked.is_empty() {
        name.to_owned()
    } else {
        format!("{walked}.{name}")
    }
}
