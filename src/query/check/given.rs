//! The parameters of one request that are not trees: status, locale, search, publication filter.

use serde_json::Value;

use crate::access::{Action, View};
use crate::base::Stage;
use crate::base::limits::QueryLimits;
use crate::query::text::Param;
use crate::query::{Column, Filter, LocaleChoice, Operator, PublicationFilter, Search, Selection};
use crate::schema::ContentType;

use super::error::QueryError;
use super::scope::{Reader, Scope};

/// Longest locale code that is looked for.
const LOCALE_BYTES: usize = 64;

/// Locales one request may list.
const MOST_LOCALES: usize = 100;

/// The parameters of one request.
pub(super) struct Given<'p>(&'p [(String, Param)]);

impl<'p> Given<'p> {
    pub(super) fn new(params: &'p Param, known: &[&str], strict: bool) -> Result<Self, QueryError> {
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

    pub(super) fn get(&self, name: &str) -> Option<&'p Param> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// `pagination`; its keys at the top level are refused, also those that Strapi ignores.
    pub(super) fn page(&self) -> Result<Option<&'p Param>, QueryError> {
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

    pub(super) fn stage(
        &self,
        view: &View,
        content_type: &ContentType,
    ) -> Result<Stage, QueryError> {
        let stage = match self.get("status") {
            None | Some(Param::Null) => Stage::Published,
            Some(Param::Text(text)) if text == "published" => Stage::Published,
            Some(Param::Text(text)) if text == "draft" => Stage::Draft,
            Some(Param::Text(text)) => {
                return Err(QueryError::plain(format!(
                    "Invalid parameter at 'status'. Expected 'published' or 'draft', received: {text}"
                )));
            }
            Some(other) => {
                return Err(QueryError::plain(format!(
                    "Invalid parameter at 'status'. Expected 'published' or 'draft', received: {}",
                    listed(other)
                )));
            }
        };
        let drafts = stage == Stage::Draft && content_type.draft_and_publish;
        if drafts && !view.may(content_type, Action::Draft) {
            return Err(QueryError::forbidden());
        }
        Ok(stage)
    }

    /// An unknown locale has no entries, as in Strapi.
    pub(super) fn locale(
        &self,
        view: &View,
        content_type: &ContentType,
    ) -> Result<LocaleChoice, QueryError> {
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
            Some(Param::List(_)) => {
                self.locales()?;
                match content_type.localized {
                    true => Ok(LocaleChoice::All),
                    false => Ok(LocaleChoice::One(view.schema().default_locale().to_owned())),
                }
            }
            Some(_) => Err(invalid_locale()),
        }
    }

    /// A filter with the locales the request lists beside it; rows of all locales are read then.
    pub(super) fn in_listed_locales<'s>(
        &self,
        content_type: &ContentType,
        filter: Option<Filter<'s>>,
    ) -> Result<Option<Filter<'s>>, QueryError> {
        let Some(codes) = self.locales()?.filter(|_| content_type.localized) else {
            return Ok(filter);
        };
        let listed = Filter::Compare(Column::Locale, Operator::In(codes));
        Ok(Some(match filter {
            None => listed,
            Some(filter) => Filter::And(vec![listed, filter]),
        }))
    }

    /// The codes of `locale[0]=en&locale[1]=de`; none if the locale is not given as a list.
    fn locales(&self) -> Result<Option<Vec<Value>>, QueryError> {
        let Some(Param::List(codes)) = self.get("locale") else {
            return Ok(None);
        };
        let code = |code: &Param| match code {
            Param::Text(code) if code.len() <= LOCALE_BYTES => Ok(Value::from(code.as_str())),
            _ => Err(invalid_locale()),
        };
        match codes.len() {
            1..=MOST_LOCALES => codes.iter().map(code).collect::<Result<_, _>>().map(Some),
            _ => Err(invalid_locale()),
        }
    }

    /// Whether `filters[locale]` chooses the locales, which then are not narrowed to the default one.
    fn filters_locale(&self) -> bool {
        self.get("filters")
            .is_some_and(|filters| filters.get("locale").is_some())
    }

    pub(super) fn search(&self, limits: &QueryLimits) -> Result<Option<Search>, QueryError> {
        let text = self.text("_q", limits)?;
        Ok(text.map(Search::from))
    }

    /// A text that is not blank.
    pub(super) fn text(
        &self,
        name: &str,
        limits: &QueryLimits,
    ) -> Result<Option<&'p str>, QueryError> {
        match self.get(name) {
            None | Some(Param::Null) => Ok(None),
            Some(Param::Text(text)) if text.trim().is_empty() => Ok(None),
            Some(Param::Text(text)) if text.len() <= limits.value_bytes as usize => Ok(Some(text)),
            Some(_) => Err(QueryError::plain(format!(
                "Invalid parameter at '{name}'. Expected a text of at most {} bytes",
                limits.value_bytes
            ))),
        }
    }

    pub(super) fn publication(&self) -> Result<Option<PublicationFilter>, QueryError> {
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

    pub(super) fn selection<'s>(
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

/// The texts of a list, as JavaScript shows one.
fn listed(param: &Param) -> String {
    match param {
        Param::Text(text) => text.clone(),
        Param::List(items) => items.iter().map(listed).collect::<Vec<_>>().join(","),
        Param::Null | Param::Map(_) => String::new(),
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

fn invalid_locale() -> QueryError {
    QueryError::plain("Invalid parameter at 'locale'. Expected one locale code, several or *")
}
