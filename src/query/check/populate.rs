//! What is output beside scalars: every form of `populate`.

use crate::query::text::Param;
use crate::query::{Selection, Shape};

use super::error::{Path, QueryError};
use super::scope::{Member, Reader, Scope};
use super::value::{boolean, truth};

/// Most populated attributes in one request, those behind `*` included.
const MOST_POPULATED: u32 = 400;
const INVALID_POPULATE: &str =
    "Invalid populate parameter. Expected a string, an array of strings, a populate object";
pub(super) const INVALID_NESTED: &str = "Invalid nested populate. Expected '*' or an object";
/// The attribute that lists the other locales of a document.
const LOCALIZATIONS: &str = "localizations";

/// What was asked of one attribute.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask<'p, 'b> {
    /// The attribute with its scalars.
    Plain,
    /// The attribute and what the paths below it name.
    Paths(&'b [Branch<'p>]),
    /// The attribute with options.
    Options(&'p [(String, Param)]),
}

/// One name in a set of paths such as `seo.metaSocial.image`.
#[derive(Debug)]
pub(super) struct Branch<'p> {
    pub(super) name: &'p str,
    pub(super) below: Vec<Self>,
}

impl<'s> Reader<'s, '_> {
    /// `fields` and `populate` of one level. `depth` counts the levels of populate passed.
    pub(super) fn selection(
        &mut self,
        scope: Scope<'s>,
        fields: Option<&Param>,
        populate: Option<&Param>,
        below: Option<&Path<'_>>,
        depth: u32,
    ) -> Result<Selection<'s>, QueryError> {
        let mut selection = Selection {
            columns: self.columns(scope, fields)?,
            populated: Vec::new(),
        };
        match populate {
            None | Some(Param::Null) => {}
            Some(Param::Text(text)) if text == "*" => {
                self.everything(scope, below, depth, &mut selection)?;
            }
            Some(Param::Text(text)) => {
                let branches = branches([text.as_str()].into_iter());
                self.branches(scope, &branches, below, depth, &mut selection)?;
            }
            Some(Param::List(items)) if items.is_empty() => {
                return Err(QueryError::plain(INVALID_POPULATE));
            }
            Some(Param::List(items)) => {
                let texts: Option<Vec<&str>> = items.iter().map(as_text).collect();
                let texts = texts.ok_or_else(|| QueryError::plain(INVALID_POPULATE))?;
                let branches = branches(texts.into_iter());
                self.branches(scope, &branches, below, depth, &mut selection)?;
            }
            Some(Param::Map(entries)) => {
                for (name, value) in entries {
                    self.entry(scope, name, value, below, depth, &mut selection)?;
                }
            }
        }
        in_schema_order(scope, &mut selection);
        Ok(selection)
    }

    /// A selection from paths.
    pub(super) fn selection_of_paths(
        &mut self,
        scope: Scope<'s>,
        paths: &[Branch<'_>],
        below: Option<&Path<'_>>,
        depth: u32,
    ) -> Result<Selection<'s>, QueryError> {
        let mut selection = Selection {
            columns: self.every_column(scope),
            populated: Vec::new(),
        };
        self.branches(scope, paths, below, depth, &mut selection)?;
        in_schema_order(scope, &mut selection);
        Ok(selection)
    }

    fn branches(
        &mut self,
        scope: Scope<'s>,
        branches: &[Branch<'_>],
        below: Option<&Path<'_>>,
        depth: u32,
        selection: &mut Selection<'s>,
    ) -> Result<(), QueryError> {
        for branch in branches {
            let ask = if branch.below.is_empty() {
                Ask::Plain
            } else {
                Ask::Paths(&branch.below)
            };
            // In paths, Strapi's errors show the whole path, the unknown name included.
            let path = Path::below(below, branch.name);
            let Some(member) = self.populatable(scope, branch.name) else {
                return Err(self.unknown(branch.name, Some(&path)));
            };
            self.add(scope, branch.name, member, ask, &path, depth, selection)?;
        }
        Ok(())
    }

    /// `populate[name]=value`.
    fn entry<'p>(
        &mut self,
        scope: Scope<'s>,
        name: &'p str,
        value: &'p Param,
        below: Option<&Path<'_>>,
        depth: u32,
        selection: &mut Selection<'s>,
    ) -> Result<(), QueryError> {
        let path = Path::below(below, name);
        let Some(member) = self.populatable(scope, name) else {
            return Err(match self.member(scope, name) {
                Some(_) => self.misplaced(name, below),
                None => self.unknown(name, below),
            });
        };
        let ask = match value {
            Param::Null => return Err(QueryError::plain(INVALID_NESTED)),
            Param::Text(text) => match self.switch(text, &path)? {
                false => return Ok(()),
                true => Ask::Plain,
            },
            Param::List(_) => return Err(QueryError::plain(INVALID_NESTED)),
            Param::Map(options) => Ask::Options(options),
        };
        self.add(scope, name, member, ask, &path, depth, selection)
    }

    /// `populate[x]=true`, `=*` or `=false`.
    pub(super) fn switch(&self, text: &str, path: &Path<'_>) -> Result<bool, QueryError> {
        match text {
            "*" => Ok(true),
            _ => boolean(text).ok_or_else(|| self.unknown(text, Some(path))),
        }
    }

    /// `populate=*`: everything the caller may read, one level; what he may not is left out.
    pub(super) fn everything(
        &mut self,
        scope: Scope<'s>,
        below: Option<&Path<'_>>,
        depth: u32,
        selection: &mut Selection<'s>,
    ) -> Result<(), QueryError> {
        for field in scope.fields() {
            let member = match self.member_of(field) {
                Some(Member::Column(_)) | None => continue,
                Some(member) => Target::Member(member),
            };
            let path = Path::below(below, &field.name);
            self.add(
                scope,
                &field.name,
                member,
                Ask::Plain,
                &path,
                depth,
                selection,
            )?;
        }
        if let Some(member @ Target::Localizations) = self.populatable(scope, LOCALIZATIONS) {
            let path = Path::below(below, LOCALIZATIONS);
            self.add(
                scope,
                LOCALIZATIONS,
                member,
                Ask::Plain,
                &path,
                depth,
                selection,
            )?;
        }
        Ok(())
    }

    fn populatable(&self, scope: Scope<'s>, name: &str) -> Option<Target<'s>> {
        match self.member(scope, name) {
            Some(Member::Column(_)) => None,
            Some(member) => Some(Target::Member(member)),
            None => match scope {
                Scope::Type(content_type)
                    if name == LOCALIZATIONS
                        && content_type.localized
                        && content_type.field(name).is_none() =>
                {
                    Some(Target::Localizations)
                }
                _ => None,
            },
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of a walk over two trees at once"
    )]
    fn add(
        &mut self,
        scope: Scope<'s>,
        name: &str,
        target: Target<'s>,
        ask: Ask<'_, '_>,
        path: &Path<'_>,
        depth: u32,
        selection: &mut Selection<'s>,
    ) -> Result<(), QueryError> {
        self.spend_populated(depth + 1)?;
        let shape = match target {
            Target::Member(Member::Hop(hop)) => self.shape_of_hop(hop, ask, path, depth + 1)?,
            Target::Member(Member::Zone(field)) => {
                self.shape_of_zone(field, ask, path, depth + 1)?
            }
            Target::Member(Member::Morph(field)) => {
                self.shape_of_morph(field, ask, path, depth + 1)?
            }
            Target::Member(Member::Column(_)) => return Err(self.unknown(name, None)),
            Target::Localizations => Shape::Localizations {
                selection: Box::new(self.selection_asked(scope, ask, path, depth + 1)?),
            },
        };
        let known = scope.fields().iter().find(|field| field.name == name);
        selection.populated.push(crate::query::Populated {
            name: known.map_or(LOCALIZATIONS, |field| &field.name),
            shape,
        });
        Ok(())
    }

    /// What is output of a component item or another locale: only `fields` and `populate` may be asked.
    pub(super) fn selection_asked(
        &mut self,
        scope: Scope<'s>,
        ask: Ask<'_, '_>,
        path: &Path<'_>,
        depth: u32,
    ) -> Result<Selection<'s>, QueryError> {
        match ask {
            Ask::Plain => Ok(Selection {
                columns: self.every_column(scope),
                populated: Vec::new(),
            }),
            Ask::Paths(paths) => self.selection_of_paths(scope, paths, Some(path), depth),
            Ask::Options(options) => {
                let (mut fields, mut populate) = (None, None);
                for (key, value) in options {
                    match key.as_str() {
                        "fields" => fields = Some(value),
                        "populate" => populate = Some(value),
                        "count" if truth(value) == Some(false) => {}
                        _ => return Err(self.unknown(key, Some(path))),
                    }
                }
                self.selection(scope, fields, populate, Some(path), depth)
            }
        }
    }

    fn spend_populated(&mut self, depth: u32) -> Result<(), QueryError> {
        self.populated += 1;
        if self.populated > MOST_POPULATED {
            return Err(QueryError::plain(format!(
                "Too many populated attributes. At most {MOST_POPULATED} are allowed"
            )));
        }
        if depth > self.limits.populate_depth {
            return Err(QueryError::plain(format!(
                "Populate is nested too deeply. At most {} levels are allowed",
                self.limits.populate_depth
            )));
        }
        Ok(())
    }
}

/// What can be populated.
#[derive(Debug, Clone, Copy)]
enum Target<'s> {
    Member(Member<'s>),
    Localizations,
}

fn as_text(item: &Param) -> Option<&str> {
    match item {
        Param::Text(text) => Some(text),
        _ => None,
    }
}

/// The tree of a set of comma-separated paths.
fn branches<'p>(texts: impl Iterator<Item = &'p str>) -> Vec<Branch<'p>> {
    let mut tree: Vec<Branch<'p>> = Vec::new();
    for path in texts.flat_map(|text| text.split(',')) {
        let mut level = &mut tree;
        for name in path
            .split('.')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let at = match level.iter().position(|branch| branch.name == name) {
                Some(at) => at,
                None => {
                    level.push(Branch {
                        name,
                        below: Vec::new(),
                    });
                    level.len() - 1
                }
            };
            match level.get_mut(at) {
                Some(branch) => level = &mut branch.below,
                None => break,
            }
        }
    }
    tree
}

fn in_schema_order(scope: Scope<'_>, selection: &mut Selection<'_>) {
    if selection.populated.len() > 1 {
        let fields = scope.fields();
        selection.populated.sort_by_key(|populated| {
            let at = fields.iter().position(|field| field.name == populated.name);
            at.unwrap_or(usize::MAX)
        });
    }
}
