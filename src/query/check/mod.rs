//! From parameters to a query: every name is looked up in the caller's view, every value is brought to stored form.
//!
//! **Always true**: a name that does not exist, one that is private and one whose target the caller may not
//! read give the same error, byte for byte. A refused part refuses the whole query. Errors repeat nothing that
//! the caller did not type. Only `populate=*` leaves out what the caller may not read.
//! **Knows nothing about** HTTP or SQL. Start reading at [`list`], then the `Reader` in `scope`.

use crate::access::View;
use crate::base::Stage;
use crate::base::limits::QueryLimits;
use crate::query::text::Param;
use crate::query::{AggregateQuery, Column, Hop, ListQuery, LocaleChoice, Page, Selection};
use crate::schema::{ContentType, Field};

mod aggregate;
pub mod cursor;
mod error;
mod filter;
mod given;
mod logic;
mod operator;
mod page;
mod parts;
mod populate;
mod scope;
mod search;
mod select;
mod shape;
mod sort;
mod value;
mod whole;

pub use error::{QueryError, QueryErrorKind};
pub use search::{Facet, SearchQuery, TYPE_FACET, search};
pub use whole::whole;

use given::Given;
use scope::{Reader, Scope};

/// What a write asks for beside its body.
#[derive(Debug, Clone)]
pub struct WriteParams<'s> {
    /// Draft: save only. Published: save and publish (or, for types without drafts, just save).
    pub stage: Stage,
    /// The locale named by the request, if any.
    pub locale: Option<LocaleChoice>,
    /// What of the entry is answered.
    pub selection: Selection<'s>,
}

/// The parameters that reads understand at the top level.
const READ: [&str; 14] = [
    "filters",
    "sort",
    "fields",
    "populate",
    "pagination",
    "status",
    "locale",
    "_q",
    "publicationFilter",
    "hasPublishedVersion",
    "page",
    "pageSize",
    "start",
    "limit",
];
/// The parameters that writes understand.
const WRITE: [&str; 4] = ["fields", "populate", "status", "locale"];
/// The parameters that aggregations understand.
const AGGREGATE: [&str; 8] = [
    "filters",
    "status",
    "locale",
    "_q",
    "groupBy",
    "measures",
    "limit",
    "hasPublishedVersion",
];

/// Checks a read of many entries.
///
/// # Errors
/// What the caller typed wrong, or may not read.
pub fn list<'s>(
    view: &'s View,
    content_type: &'s ContentType,
    params: &Param,
    limits: &QueryLimits,
    strict: bool,
) -> Result<ListQuery<'s>, QueryError> {
    let given = Given::new(params, &READ, strict)?;
    let (page, cursor) = page::page(given.page()?, limits)?;
    let mut query = read(view, content_type, &given, limits, page)?;
    if let (Some(cursor), Page::Cursor { after, .. }) = (cursor, &mut query.page) {
        *after = cursor::decode(cursor, content_type, &query.sort)?;
    }
    Ok(query)
}

/// Checks a read of one entry: by identity, or of a single type without one.
///
/// Filters narrow it; sort and pagination are checked and then mean nothing.
///
/// # Errors
/// What the caller typed wrong, or may not read.
pub fn one<'s>(
    view: &'s View,
    content_type: &'s ContentType,
    document_id: Option<String>,
    params: &Param,
    limits: &QueryLimits,
    strict: bool,
) -> Result<ListQuery<'s>, QueryError> {
    let given = Given::new(params, &READ, strict)?;
    page::page(given.page()?, limits)?;
    read(
        view,
        content_type,
        &given,
        limits,
        Page::One { document_id },
    )
}

/// Checks the parameters of an aggregation: `groupBy`, `measures`, `filters`, `limit` and those of a read.
///
/// # Errors
/// What the caller typed wrong, or may not read.
pub fn aggregate<'s>(
    view: &'s View,
    content_type: &'s ContentType,
    params: &Param,
    limits: &QueryLimits,
    strict: bool,
) -> Result<AggregateQuery<'s>, QueryError> {
    let given = Given::new(params, &AGGREGATE, strict)?;
    aggregate::read(view, content_type, &given, limits)
}

/// Checks the parameters of a write.
///
/// # Errors
/// What the caller typed wrong, or may not read; a locale must exist to be written.
pub fn write_params<'s>(
    view: &'s View,
    content_type: &'s ContentType,
    params: &Param,
    limits: &QueryLimits,
    strict: bool,
) -> Result<WriteParams<'s>, QueryError> {
    let given = Given::new(params, &WRITE, strict)?;
    let stage = given.stage(view, content_type)?;
    let locale = match given.get("locale") {
        None | Some(Param::Null) => None,
        Some(Param::List(_)) => {
            return Err(QueryError::plain(
                "Invalid parameter at 'locale'. Expected one locale code; a write is of one locale",
            ));
        }
        Some(_) => Some(given.locale(view, content_type)?),
    };
    if let Some(LocaleChoice::One(code)) = &locale
        && content_type.localized
        && view.schema().locale(code).is_none()
    {
        return Err(QueryError::plain(format!(
            "Invalid locale {code}. Expected the code of an existing locale"
        )));
    }
    let mut reader = Reader::new(view, limits, stage);
    let selection = given.selection(&mut reader, content_type)?;
    Ok(WriteParams {
        stage,
        locale,
        selection,
    })
}

fn read<'s>(
    view: &'s View,
    content_type: &'s ContentType,
    given: &Given<'_>,
    limits: &QueryLimits,
    page: Page,
) -> Result<ListQuery<'s>, QueryError> {
    let stage = given.stage(view, content_type)?;
    let scope = Scope::Type(content_type);
    // What is populated follows the stage asked for, also from a type that has no drafts itself.
    let mut reader = Reader::new(view, limits, stage);
    let filter = reader.filters(scope, given.get("filters"))?;
    let filter = given.in_listed_locales(content_type, filter)?;
    reader.param = "sort";
    let sort = reader.sort(scope, given.get("sort"))?;
    Ok(ListQuery {
        content_type,
        stage,
        locale: given.locale(view, content_type)?,
        // Without drafts there is nothing to tell apart; Strapi passes it over.
        publication: given
            .publication()?
            .filter(|_| content_type.draft_and_publish),
        filter,
        search: given.search(limits)?,
        sort,
        page,
        selection: given.selection(&mut reader, content_type)?,
    })
}

/// The attribute a step leaves through.
fn hop_field<'s>(hop: Hop<'s>) -> &'s Field {
    match hop {
        Hop::Relation { field, .. }
        | Hop::Inverse { field, .. }
        | Hop::Media { field, .. }
        | Hop::Component { field, .. } => field,
    }
}

/// A column's identity, whatever the field is called now.
fn column_mark(column: Column<'_>) -> String {
    match column {
        Column::Field(field) => field.id.to_string(),
        other => select::name_of(other).to_owned(),
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
