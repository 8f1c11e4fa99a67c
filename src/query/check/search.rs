//! The parameters of a search over several types.
//!
//! Names of types come before names of fields: `filters[articles][title]` is a condition on articles,
//! `filters[title]` one on every type. What every type is asked must exist in each of them; `fields` and `facets`
//! must exist in one.

use crate::access::{Action, View};
use crate::base::limits::QueryLimits;
use crate::query::text::Param;
use crate::query::{Hop, ListQuery, Page, Sort};
use crate::schema::{ContentType, FieldKind};

use super::error::QueryError;
use super::given::Given;
use super::page;
use super::scope::{Member, Reader, Scope};
use super::value::truth;
use super::{READ, read};

/// The parameters a search understands at the top level.
const SEARCH: [&str; 16] = [
    "q",
    "_q",
    "types",
    "locale",
    "status",
    "filters",
    "fields",
    "populate",
    "facets",
    "pagination",
    "highlight",
    "prefix",
    "typos",
    "page",
    "pageSize",
    "start",
];
/// What may be named per type.
const PER_TYPE: [&str; 3] = ["filters", "fields", "populate"];
/// The facet of the types themselves.
pub const TYPE_FACET: &str = "type";

/// A checked search.
#[derive(Debug, Clone)]
pub struct SearchQuery<'s> {
    /// What somebody typed.
    pub text: String,
    /// The types that are searched; each query has its conditions and what of its entries is answered.
    pub types: Vec<ListQuery<'s>>,
    /// Values to count.
    pub facets: Vec<Facet<'s>>,
    /// Which part of the result; never a cursor.
    pub page: Page,
    /// Whether snippets are wanted.
    pub highlight: bool,
    /// Whether the last word may go on.
    pub prefix: bool,
    /// Whether words may be misspelt.
    pub typos: bool,
}

/// A value to count.
#[derive(Debug, Clone)]
pub struct Facet<'s> {
    /// As it was asked for.
    pub name: String,
    /// For each type in their order: where the value is, if the type has it.
    pub values: Vec<Option<Sort<'s>>>,
}

/// Checks a search over several types.
///
/// # Errors
/// What the caller typed wrong, or may not read.
pub fn search<'s>(
    view: &'s View,
    params: &Param,
    limits: &QueryLimits,
    most_facets: u32,
    strict: bool,
) -> Result<SearchQuery<'s>, QueryError> {
    let given = Given::new(params, &SEARCH, strict)?;
    let text = match given.text("q", limits)? {
        Some(text) => Some(text),
        None => given.text("_q", limits)?,
    };
    let text = text.ok_or_else(|| {
        QueryError::plain("Missing parameter 'q'. Expected the text to search for")
    })?;
    let (page, cursor) = page::page(given.page()?, limits)?;
    if cursor.is_some() {
        return Err(QueryError::pagination(
            "A search has no cursor. Ask for pages by number or by offset",
        ));
    }
    let chosen = types(view, given.get("types"), &given)?;
    if chosen.is_empty() {
        return Err(QueryError::forbidden());
    }
    let mut queries = Vec::with_capacity(chosen.len());
    for content_type in &chosen {
        let own = own_params(view, &chosen, content_type, &given, limits)?;
        let given = Given::new(&own, &READ, true)?;
        queries.push(read(view, content_type, &given, limits, page.clone())?);
    }
    let facets = facets(
        view,
        &chosen,
        &queries,
        given.get("facets"),
        limits,
        most_facets,
    )?;
    Ok(SearchQuery {
        text: text.to_owned(),
        types: queries,
        facets,
        page,
        highlight: flag(&given, "highlight", false)?,
        prefix: flag(&given, "prefix", true)?,
        typos: flag(&given, "typos", true)?,
    })
}

fn flag(given: &Given<'_>, name: &str, otherwise: bool) -> Result<bool, QueryError> {
    match given.get(name) {
        None | Some(Param::Null) => Ok(otherwise),
        Some(value) => truth(value).ok_or_else(|| {
            QueryError::plain(format!(
                "Invalid parameter at '{name}'. Expected true or false"
            ))
        }),
    }
}

/// The types that are searched: those named, else every type whose entries the caller may find.
fn types<'s>(
    view: &'s View,
    value: Option<&Param>,
    given: &Given<'_>,
) -> Result<Vec<&'s ContentType>, QueryError> {
    let names: Vec<&str> = match value {
        None | Some(Param::Null) => Vec::new(),
        Some(value) => texts(value, "types")?,
    };
    if !names.is_empty() {
        let mut chosen: Vec<&ContentType> = Vec::new();
        for name in names {
            let found = view.schema().by_api_name(name).map(AsRef::as_ref);
            let found = found.filter(|found: &&ContentType| view.may(found, Action::Find));
            let found = found.ok_or_else(|| QueryError::invalid_key("types", name, None))?;
            if !chosen.iter().any(|known| known.id == found.id) {
                chosen.push(found);
            }
        }
        return Ok(chosen);
    }
    let all = view.schema().types().iter().map(AsRef::as_ref);
    let may = |found: &&ContentType| !found.is_built_in() && view.may(found, Action::Find);
    // Drafts of some types are all one may ask for without naming them.
    Ok(all
        .filter(may)
        .filter(|found| given.stage(view, found).is_ok() || !is_draft(given))
        .collect())
}

fn is_draft(given: &Given<'_>) -> bool {
    matches!(given.get("status"), Some(Param::Text(text)) if text == "draft")
}

/// Texts separated by commas or given as a list.
fn texts<'p>(value: &'p Param, name: &str) -> Result<Vec<&'p str>, QueryError> {
    let refused = || {
        QueryError::plain(format!(
            "Invalid {name} parameter. Expected a string or an array of strings"
        ))
    };
    let mut all = Vec::new();
    let mut add = |text: &'p str| {
        all.extend(
            text.split(',')
                .map(str::trim)
                .filter(|text| !text.is_empty()),
        );
    };
    match value {
        Param::Text(text) => add(text),
        Param::List(items) => {
            for item in items {
                match item {
                    Param::Text(text) => add(text),
                    _ => return Err(refused()),
                }
            }
        }
        Param::Null => {}
        Param::Map(_) => return Err(refused()),
    }
    Ok(all)
}

/// The parameters of a read of one of the types.
fn own_params(
    view: &View,
    chosen: &[&ContentType],
    content_type: &ContentType,
    given: &Given<'_>,
    limits: &QueryLimits,
) -> Result<Param, QueryError> {
    let mut own = Vec::new();
    for name in ["locale", "status"] {
        if let Some(value) = given.get(name) {
            own.push((name.to_owned(), value.clone()));
        }
    }
    for name in PER_TYPE {
        let Some(value) = given.get(name) else {
            continue;
        };
        let (of_type, of_all) = apart(chosen, content_type, value);
        let value = match (name, of_type, of_all) {
            ("filters", Some(own), Some(all)) => Some(Param::List(vec![all, own])),
            ("fields", None, Some(all)) => {
                common_fields(view, chosen, content_type, &all, given, limits)?
            }
            ("populate", _, Some(all)) if !matches!(&all, Param::Text(text) if text == "*") => {
                return Err(not_per_type(&all));
            }
            (_, own, all) => own.or(all),
        };
        own.extend(value.map(|value| (name.to_owned(), value)));
    }
    Ok(Param::Map(own))
}

/// What is asked of a type by its name, and what of every type.
fn apart(
    chosen: &[&ContentType],
    content_type: &ContentType,
    value: &Param,
) -> (Option<Param>, Option<Param>) {
    let Param::Map(entries) = value else {
        return (None, Some(value.clone()));
    };
    let names_type = |key: &str| chosen.iter().any(|chosen| chosen.api_name() == key);
    let own = entries
        .iter()
        .find(|(key, _)| key == content_type.api_name());
    let all: Vec<(String, Param)> = entries
        .iter()
        .filter(|(key, _)| !names_type(key))
        .cloned()
        .collect();
    let all = (!all.is_empty()).then_some(Param::Map(all));
    (own.map(|(_, value)| value.clone()), all)
}

fn not_per_type(value: &Param) -> QueryError {
    match value {
        Param::Map(entries) => {
            let key = entries.first().map_or("", |(key, _)| key.as_str());
            QueryError::invalid_key("populate", key, Some("populate"))
        }
        _ => QueryError::plain(
            "Invalid populate parameter. Expected * or an object of types, such as populate[articles]=cover",
        ),
    }
}

/// The fields of a type among those asked of every type; each must exist in one of them.
fn common_fields(
    view: &View,
    chosen: &[&ContentType],
    content_type: &ContentType,
    value: &Param,
    given: &Given<'_>,
    limits: &QueryLimits,
) -> Result<Option<Param>, QueryError> {
    let has = |of: &ContentType, name: &str| -> Result<bool, QueryError> {
        let reader = Reader::new(view, limits, given.stage(view, of)?);
        let of = view.schema().content_type_by_id(of.id);
        let member = of.and_then(|of| reader.member(Scope::Type(of), name));
        Ok(name == "*" || matches!(member, Some(Member::Column(_))))
    };
    let mut own = Vec::new();
    for name in texts(value, "fields")? {
        let mut known = false;
        for of in chosen {
            known |= has(of, name)?;
        }
        if !known {
            return Err(QueryError::invalid_key("fields", name, None));
        }
        if has(content_type, name)? {
            own.push(Param::Text(name.to_owned()));
        }
    }
    // A type that has none of them answers its identities.
    Ok(Some(match own.is_empty() {
        true => Param::Text(String::new()),
        false => Param::List(own),
    }))
}

fn facets<'s>(
    view: &'s View,
    chosen: &[&'s ContentType],
    queries: &[ListQuery<'s>],
    value: Option<&Param>,
    limits: &QueryLimits,
    most: u32,
) -> Result<Vec<Facet<'s>>, QueryError> {
    let mut facets: Vec<Facet<'s>> = Vec::new();
    let Some(value) = value else {
        return Ok(facets);
    };
    for name in texts(value, "facets")? {
        if facets.iter().any(|facet| facet.name == name) {
            continue;
        }
        if facets.len() >= most as usize {
            return Err(QueryError::plain(format!(
                "Too many facets. At most {most} are allowed"
            )));
        }
        let values: Vec<Option<Sort<'s>>> = chosen
            .iter()
            .zip(queries)
            .map(|(content_type, query)| {
                let mut reader = Reader::new(view, limits, query.stage);
                reader.param = "facets";
                facet(&reader, content_type, name)
            })
            .collect();
        if name != TYPE_FACET && values.iter().all(Option::is_none) {
            return Err(QueryError::invalid_key("facets", name, None));
        }
        facets.push(Facet {
            name: name.to_owned(),
            values,
        });
    }
    Ok(facets)
}

/// The value behind a dotted name, through relations to one and to many.
fn facet<'s>(
    reader: &Reader<'s, '_>,
    content_type: &'s ContentType,
    name: &str,
) -> Option<Sort<'s>> {
    let mut scope = Scope::Type(content_type);
    let mut path: Vec<Hop<'s>> = Vec::new();
    let mut names = name.split('.').peekable();
    while let Some(name) = names.next() {
        match (reader.member(scope, name)?, names.peek().is_some()) {
            (Member::Hop(hop), true) if path.len() < reader.limits.filter_depth as usize => {
                path.push(hop);
                scope = Scope::of(hop);
            }
            (Member::Column(column), false) => {
                let structured = matches!(column, crate::query::Column::Field(field)
                    if matches!(field.kind, FieldKind::Json | FieldKind::Blocks | FieldKind::Custom));
                return (!structured).then_some(Sort {
                    path,
                    column,
                    descending: false,
                });
            }
            _ => return None,
        }
    }
    None
}
