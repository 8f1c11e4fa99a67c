//! From parameters to a query: every name is looked up in the caller's view, every value is brought to stored form.
//!
//! **Always true**: a name that does not exist, one that is private and one whose target the caller may not
//! read give the same error, byte for byte. A refused part refuses the whole query. Errors repeat nothing that
//! the caller did not type. Only `populate=*` leaves out what the caller may not read.
//! **Knows nothing about** HTTP or SQL. Start reading at [`list`], then the `Reader` in `scope`.

use crate::access::{Action, View};
use crate::base::Stage;
use crate::base::limits::QueryLimits;
use crate::query::text::Param;
use crate::query::{
    AggregateQuery, Column, Hop, ListQuery, LocaleChoice, Page, PublicationFilter, Selection,
};
use crate::schema::{ContentType, Field};

mod aggregate;
pub mod cursor;
mod error;
mod filter;
mod operator;
mod page;
mod populate;
mod scope;
mod select;
mod shape;
mod sort;
mod value;

pub use error::{QueryError, QueryErrorKind};

use scope::{Reader, Scope};

/// Longest locale code that is looked for.
const LOCALE_BYTES: usize = 64;

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
    reader.param = "sort";
    let sort = reader.sort(scope, given.get("sort"))?;
    Ok(ListQuery {
        content_type,
        stage,
        locale: given.locale(view, content_type)?,
        publication: given.publication()?,
        filter,
        search: given.search(limits)?,
        sort,
        page,
        selection: given.selection(&mut reader, content_type)?,
    })
}

/// The parameters of one request.
struct Given<'p>(&'p [(String, Param)]);

impl<'p> Given<'p> {
    fn new(params: &'p Param, known: &[&str], strict: bool) -> Result<Self, QueryError> {
        let entries = match params {
            Param::Map(entries) => entries.as_slice(),
            Param::Null => &[],
            _ => {
                return Err(QueryError::plain(
                    "Invalid query. Expected named parameters",
                ));
            }
        };
        let unknown = entries
            .iter()
            .find(|(key, _)| !known.contains(&key.as_str()));
        match unknown {
            Some((key, _)) if strict => Err(QueryError::invalid_key(key, key, None)),
            _ => Ok(Self(entries)),
        }
    }

    fn get(&self, name: &str) -> Option<&'p Param> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// `pagination`; its keys at the top level are refused, also those that Strapi ignores.
    fn page(&self) -> Result<Option<&'p Param>, QueryError> {
        if self.get("page").or(self.get("pageSize")).is_some() {
            return Err(QueryError::plain(
                "Invalid pagination parameters. Cannot use both page-based (page, pageSize) and offset-based (start, limit) pagination in the same query.",
            ));
        }
        if let Some(key) = ["start", "limit"]
            .into_iter()
            .find(|key| self.get(key).is_some())
        {
            return Err(QueryError::plain(format!(
                "Invalid pagination parameters. Write pagination[{key}] instead of {key}"
            )));
        }
        Ok(self.get("pagination"))
    }

    fn stage(&self, view: &View, content_type: &ContentType) -> Result<Stage, QueryError> {
        let stage = match self.get("status") {
            None | Some(Param::Null) => Stage::Published,
            Some(Param::Text(text)) if text == "published" => Stage::Published,
            Some(Param::Text(text)) if text == "draft" => Stage::Draft,
            Some(Param::Text(text)) => {
                return Err(QueryError::plain(format!(
                    "Invalid parameter at 'status'. Expected 'published' or 'draft', received: {text}"
                )));
            }
            Some(_) => {
                return Err(QueryError::plain(
                    "Invalid parameter at 'status'. Expected 'published' or 'draft'",
                ));
            }
        };
        let drafts = stage == Stage::Draft && content_type.draft_and_publish;
        if drafts && !view.may(content_type, Action::Draft) {
            return Err(QueryError::forbidden());
        }
        Ok(stage)
    }

    /// An unknown locale has no entries, as in Strapi.
    fn locale(&self, view: &View, content_type: &ContentType) -> Result<LocaleChoice, QueryError> {
        match self.get("locale") {
            Some(Param::Text(code)) if code == "*" && content_type.localized => {
                Ok(LocaleChoice::All)
            }
            Some(Param::Text(code)) if code.is_empty() || code == "*" => {
                Ok(LocaleChoice::One(view.schema().default_locale().to_owned()))
            }
            None | Some(Param::Null) if content_type.localized && self.filters_locale() => {
                Ok(LocaleChoice::All)
            }
            None | Some(Param::Null) => {
                Ok(LocaleChoice::One(view.schema().default_locale().to_owned()))
            }
            Some(Param::Text(code)) if code.len() <= LOCALE_BYTES => {
                Ok(LocaleChoice::One(code.clone()))
            }
            Some(_) => Err(QueryError::plain(
                "Invalid parameter at 'locale'. Expected one locale code or *",
            )),
        }
    }

    /// Whether `filters[locale]` chooses the locales, which then are not narrowed to the default one.
    fn filters_locale(&self) -> bool {
        self.get("filters")
            .is_some_and(|filters| filters.get("locale").is_some())
    }

    fn search(&self, limits: &QueryLimits) -> Result<Option<String>, QueryError> {
        match self.get("_q") {
            None | Some(Param::Null) => Ok(None),
            Some(Param::Text(text)) if text.trim().is_empty() => Ok(None),
            Some(Param::Text(text)) if text.len() <= limits.value_bytes as usize => {
                Ok(Some(text.clone()))
            }
            Some(_) => Err(QueryError::plain(format!(
                "Invalid parameter at '_q'. Expected a text of at most {} bytes",
                limits.value_bytes
            ))),
        }
    }

    fn publication(&self) -> Result<Option<PublicationFilter>, QueryError> {
        let named = match self.get("publicationFilter") {
            None | Some(Param::Null) => None,
            Some(Param::Text(text)) => {
                Some(publication_filter(text).ok_or_else(invalid_publication_filter)?)
            }
            Some(_) => return Err(invalid_publication_filter()),
        };
        let older = match self.get("hasPublishedVersion") {
            None | Some(Param::Null) => None,
            Some(Param::Text(text)) if text == "true" => {
                Some(PublicationFilter::HasPublishedVersionDocument)
            }
            Some(Param::Text(text)) if text == "false" => {
                Some(PublicationFilter::NeverPublishedDocument)
            }
            Some(_) => {
                return Err(QueryError::plain(
                    "Invalid value for 'hasPublishedVersion'. Expected boolean or 'true'/'false' string.",
                ));
            }
        };
        match (named, older) {
            (Some(_), Some(_)) => Err(QueryError::plain(
                "Cannot use both publicationFilter and hasPublishedVersion in the same query",
            )),
            (named, older) => Ok(named.or(older)),
        }
    }

    fn selection<'s>(
        &self,
        reader: &mut Reader<'s, '_>,
        content_type: &'s ContentType,
    ) -> Result<Selection<'s>, QueryError> {
        let scope = Scope::Type(content_type);
        reader.param = "fields";
        // Checked first and alone, so that the error names the right parameter.
        reader.columns(scope, self.get("fields"))?;
        reader.param = "populate";
        reader.selection(scope, self.get("fields"), self.get("populate"), None, 0)
    }
}

fn publication_filter(text: &str) -> Option<PublicationFilter> {
    Some(match text {
        "never-published" => PublicationFilter::NeverPublished,
        "has-published-version" => PublicationFilter::HasPublishedVersion,
        "modified" => PublicationFilter::Modified,
        "unmodified" => PublicationFilter::Unmodified,
        "never-published-document" => PublicationFilter::NeverPublishedDocument,
        "has-published-version-document" => PublicationFilter::HasPublishedVersionDocument,
        "published-without-draft" => PublicationFilter::PublishedWithoutDraft,
        "published-with-draft" => PublicationFilter::PublishedWithDraft,
        _ => return None,
    })
}

fn invalid_publication_filter() -> QueryError {
    let mut error = QueryError::plain(
        "Invalid value for 'publicationFilter'. Expected one of: never-published, has-published-version, modified, unmodified, never-published-document, has-published-version-document, published-without-draft, published-with-draft.",
    );
    error.details = serde_json::json!({ "source": "query", "param": "publicationFilter" });
    error
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
