//! Completes entries that hold component items.
//!
//! The statement of a page gives such entries with their items as stored, keyed by field id, and a hidden document
//! number. Here they are taken apart into untouched texts, level by level and all entries of a level
//! together; what items link to is read with one statement per level; then they are written anew.

use std::borrow::Cow;

use futures_util::future::BoxFuture;

use crate::base::Stage;
use crate::base::limits::QueryLimits;
use crate::platform::database::{Database, Statement, Value};
use crate::query::compile::{CompileOptions, DOC_KEY, LOCALE_KEY, needs_completion, target};
use crate::query::{ListQuery, LocaleChoice, Page, Populated, Selection, Shape};
use crate::schema::ContentType;

use super::ReadError;
use super::raw::{Raw, array, elements, parse};

/// Completes the entries of a page (or its one entry); those whose selection holds no items pass untouched.
pub(super) async fn complete(
    database: &Database,
    options: CompileOptions<'_>,
    query: &ListQuery<'_>,
    entries: String,
    limits: &QueryLimits,
) -> Result<String, ReadError> {
    if !needs_completion(&query.selection) {
        return Ok(entries);
    }
    let run = Run {
        database,
        options,
        content_type: query.content_type,
        locale: &query.locale,
        limits,
    };
    if let Page::One { .. } = query.page {
        let mut done = run
            .entries(vec![entries.as_str()], query.content_type, &query.selection)
            .await?;
        return Ok(done.pop().unwrap_or_else(|| "null".to_owned()));
    }
    let done = run
        .entries(
            elements(Some(&entries))?,
            query.content_type,
            &query.selection,
        )
        .await?;
    Ok(array(done.iter().map(String::as_str)))
}

/// What completing needs all the way down.
pub(super) struct Run<'a> {
    database: &'a Database,
    pub(super) options: CompileOptions<'a>,
    /// The type the query is about.
    pub(super) content_type: &'a ContentType,
    pub(super) locale: &'a LocaleChoice,
    limits: &'a QueryLimits,
}

/// The entry an item lies in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder<'a> {
    pub(super) doc: i64,
    /// The text of its locale, if that is not the query's.
    pub(super) locale: Option<&'a str>,
    pub(super) stage: Stage,
    /// Whether the attribute of the entry has its own value per locale.
    pub(super) localized: bool,
}

/// A populated attribute of every entry or item of a level.
pub(super) type Values<'a> = Vec<Cow<'a, str>>;

impl<'a> Run<'a> {
    /// Completes entries of one type; the results are in their order.
    pub(super) fn entries<'r>(
        &'r self,
        texts: Vec<&'r str>,
        content_type: &'r ContentType,
        selection: &'r Selection<'r>,
    ) -> BoxFuture<'r, Result<Vec<String>, ReadError>> {
        Box::pin(async move {
            if texts.is_empty() || !needs_completion(selection) {
                return Ok(texts.into_iter().map(str::to_owned).collect());
            }
            let entries: Vec<Raw<'r>> = texts
                .into_iter()
                .map(parse)
                .collect::<Result<_, ReadError>>()?;
            let mut populated = Vec::with_capacity(selection.populated.len());
            for part in &selection.populated {
                populated.push(self.populated(&entries, content_type, part).await?);
            }
            Ok(write(&entries, selection, &populated))
        })
    }

    async fn populated<'r>(
        &'r self,
        entries: &[Raw<'r>],
        content_type: &'r ContentType,
        part: &'r Populated<'r>,
    ) -> Result<Values<'r>, ReadError> {
        let texts: Vec<&'r str> = entries
            .iter()
            .map(|entry| entry.get(part.name).unwrap_or("null"))
            .collect();
        match &part.shape {
            Shape::Entries { hop, many, nested } => {
                let target = target(*hop).unwrap_or(content_type);
                self.related(texts, *many, target, &nested.selection).await
            }
            Shape::Localizations { selection } => {
                self.related(texts, true, content_type, selection).await
            }
            Shape::Morph { many, parts, .. } => self.morph(texts, *many, parts).await,
            Shape::Count { .. } => Ok(texts.into_iter().map(Cow::Borrowed).collect()),
            Shape::Component { field, .. } | Shape::Zone { field, .. } => {
                let stage = content_type.stage(self.options.stage);
                let holders = entries
                    .iter()
                    .map(|entry| holder(entry, stage, field.localized))
                    .collect::<Result<_, _>>()?;
                self.nested(holders, texts, part).await
            }
        }
    }

    /// Completes related entries, all parents' together.
    pub(super) async fn related<'r>(
        &'r self,
        texts: Vec<&'r str>,
        many: bool,
        target: &'r ContentType,
        selection: &'r Selection<'r>,
    ) -> Result<Values<'r>, ReadError> {
        if !needs_completion(selection) {
            return Ok(texts.into_iter().map(Cow::Borrowed).collect());
        }
        let lists: Vec<Vec<&str>> = lists(&texts, many)?;
        let all = lists.iter().flatten().copied().collect();
        let mut done = self.entries(all, target, selection).await?.into_iter();
        Ok(lists
            .iter()
            .map(|list| joined(done.by_ref().take(list.len()).collect(), many))
            .collect())
    }

    /// Completes targets of several types, each type's together.
    pub(super) async fn morph<'r>(
        &'r self,
        texts: Vec<&'r str>,
        many: bool,
        parts: &'r [(&'r ContentType, Selection<'r>)],
    ) -> Result<Values<'r>, ReadError> {
        if !parts
            .iter()
            .any(|(_, selection)| needs_completion(selection))
        {
            return Ok(texts.into_iter().map(Cow::Borrowed).collect());
        }
        let lists = lists(&texts, many)?;
        let all: Vec<&str> = lists.iter().flatten().copied().collect();
        let mut done: Vec<Option<String>> = vec![None; all.len()];
        let kinds: Vec<Option<&str>> = all
            .iter()
            .map(|text| Ok(parse::<Raw<'_>>(text)?.get("__type")))
            .collect::<Result<_, ReadError>>()?;
        for (content_type, selection) in parts {
            let uid = format!("\"{}\"", content_type.uid);
            let (places, texts): (Vec<usize>, Vec<&str>) = all
                .iter()
                .enumerate()
                .filter(|(index, _)| kinds.get(*index) == Some(&Some(uid.as_str())))
                .map(|(index, text)| (index, *text))
                .unzip();
            let completed = self.entries(texts, content_type, selection).await?;
            for (place, text) in places.into_iter().zip(completed) {
                if let Some(slot) = done.get_mut(place) {
                    *slot = Some(text);
                }
            }
        }
        let mut done = done.into_iter();
        Ok(lists
            .iter()
            .map(|list| joined(done.by_ref().take(list.len()).flatten().collect(), many))
            .collect())
    }

    /// Runs a statement of one text.
    pub(super) async fn text(&self, statement: Statement) -> Result<String, ReadError> {
        let row = self
            .database
            .near()
            .fetch_optional(statement)
            .await
            .map_err(|error| ReadError::from_database(error, self.limits.populated_rows))?;
        let text = row.and_then(|row| row.into_values().into_iter().next());
        match text {
            Some(Value::Text(text)) if fits(&text, self.limits) => Ok(text),
            Some(Value::Text(_)) => Err(ReadError::TooLarge(self.limits.response_bytes)),
            _ => Err(ReadError::Stored("what items link to is not text".into())),
        }
    }
}

fn fits(text: &str, limits: &QueryLimits) -> bool {
    u64::try_from(text.len()).is_ok_and(|length| length <= limits.response_bytes)
}

fn holder<'a>(entry: &Raw<'a>, stage: Stage, localized: bool) -> Result<Holder<'a>, ReadError> {
    let doc = entry
        .integer(DOC_KEY)
        .ok_or_else(|| ReadError::Stored("an entry lacks its document number".into()))?;
    Ok(Holder {
        doc,
        locale: entry.get(LOCALE_KEY),
        stage,
        localized,
    })
}

/// The related entries of each parent.
fn lists<'a>(texts: &[&'a str], many: bool) -> Result<Vec<Vec<&'a str>>, ReadError> {
    texts
        .iter()
        .map(|text| match (many, *text) {
            (_, "null") => Ok(Vec::new()),
            (true, text) => elements(Some(text)),
            (false, text) => Ok(vec![text]),
        })
        .collect()
}

/// One parent's related entries.
pub(super) fn joined<'a>(mut items: Vec<String>, many: bool) -> Cow<'a, str> {
    if many {
        return array(items.iter().map(String::as_str)).into();
    }
    items.pop().map_or(Cow::Borrowed("null"), Cow::Owned)
}

/// Writes entries anew: hidden keys go, populated attributes are replaced, the rest stays as it is.
fn write(entries: &[Raw<'_>], selection: &Selection<'_>, populated: &[Values<'_>]) -> Vec<String> {
    let plain = selection.columns.len();
    let one = |(row, entry): (usize, &Raw<'_>)| {
        let mut text = String::from("{");
        let shown = entry.0.iter().filter(|(key, _)| !key.starts_with('$'));
        for (index, (key, value)) in shown.enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push('"');
            text.push_str(key);
            text.push_str("\":");
            let replaced = index
                .checked_sub(plain)
                .and_then(|part| populated.get(part)?.get(row));
            text.push_str(replaced.map_or(value.get(), AsRef::as_ref));
        }
        text.push('}');
        text
    };
    entries.iter().enumerate().map(one).collect()
}
