//! The public entries of documents, as the delivery API would answer them.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Filter, SyncError};
use crate::access::View;
use crate::base::Stage;
use crate::base::limits::QueryLimits;
use crate::delivery::{self, ReadError, Totals};
use crate::platform::database::{Database, DatabaseError, Statement, Value};
use crate::query::check;
use crate::query::{Column, Filter as Condition, ListQuery, LocaleChoice, Operator, Page};
use crate::schema::ContentType;

/// References of one field; an entry with more is too large for the feed.
const MOST_REFERENCES: u32 = 100_000;

/// Reads entries in one view.
pub(super) struct Entries<'a> {
    pub(super) database: &'a Database,
    pub(super) view: &'a View,
    pub(super) filter: &'a Filter,
    pub(super) limits: &'a QueryLimits,
}

/// A public row of a document: its number, its locale and the number clients see.
struct Row {
    doc: i64,
    locale: String,
    id: i64,
}

/// Entries by document and locale; none stands for one that is too large.
pub(super) type Found = BTreeMap<(i64, String), Option<String>>;

#[derive(Deserialize)]
struct Numbered {
    id: i64,
}

impl Entries<'_> {
    /// The public entries of these documents.
    pub(super) async fn of(
        &self,
        content_type: &ContentType,
        docs: &[i64],
    ) -> Result<Found, SyncError> {
        let mut found = Found::new();
        let mut by_locale: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in self.rows(content_type, docs).await? {
            by_locale.entry(row.locale.clone()).or_default().push(row);
        }
        let limits = QueryLimits {
            populated_rows: MOST_REFERENCES,
            ..self.limits.clone()
        };
        let selection = check::whole(self.view, content_type, &limits);
        for (locale, rows) in by_locale {
            let code = match locale.is_empty() {
                true => self.view.schema().default_locale(),
                false => &locale,
            };
            let query = ListQuery {
                content_type,
                stage: content_type.stage(Stage::Published),
                locale: LocaleChoice::One(code.to_owned()),
                publication: None,
                filter: None,
                search: None,
                sort: Vec::new(),
                page: Page::One { document_id: None },
                selection: selection.clone(),
            };
            self.read(&query, &rows, &limits, &mut found).await?;
        }
        Ok(found)
    }

    async fn rows(
        &self,
        content_type: &ContentType,
        docs: &[i64],
    ) -> Result<Vec<Row>, DatabaseError> {
        let places: Vec<String> = (1..=docs.len()).map(|at| format!("${at}")).collect();
        let places = places.join(",");
        let sql = match content_type.localized {
            true => format!(
                "select doc, locale, id from {} where doc in ({places})",
                content_type.locale_table(Stage::Published)
            ),
            false => format!(
                "select id, '', id from {} where id in ({places})",
                content_type.table(Stage::Published)
            ),
        };
        let docs = docs.iter().copied().map(Value::from).collect();
        let rows = self.database.fetch_all(Statement::with(sql, docs)).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let locale = row.text(1)?;
            if self.filter.takes_locale(locale) {
                found.push(Row {
                    doc: row.integer(0)?,
                    locale: locale.to_owned(),
                    id: row.integer(2)?,
                });
            }
        }
        Ok(found)
    }

    /// Reads rows of one locale; as many at once as one answer may hold.
    fn read<'r>(
        &'r self,
        query: &'r ListQuery<'r>,
        rows: &'r [Row],
        limits: &'r QueryLimits,
        found: &'r mut Found,
    ) -> BoxFuture<'r, Result<(), SyncError>> {
        Box::pin(async move {
            let ids = rows.iter().map(|row| row.id.into()).collect();
            let asked = ListQuery {
                filter: Some(Condition::Compare(Column::Id, Operator::In(ids))),
                page: Page::Offset {
                    start: 0,
                    limit: u32::try_from(rows.len()).unwrap_or(u32::MAX),
                    with_count: false,
                },
                ..query.clone()
            };
            let totals = Totals::new();
            let schema = self.view.schema();
            let read = delivery::list(self.database, schema, &totals, &asked, limits).await;
            match (read, rows) {
                (Ok(page), _) => keep(&page.entries, rows, found),
                (Err(error), [one]) if is_too_much(&error) => {
                    found.insert((one.doc, one.locale.clone()), None);
                    Ok(())
                }
                (Err(error), [_, ..]) if is_too_much(&error) => {
                    let (first, second) = rows.split_at(rows.len() / 2);
                    self.read(query, first, limits, found).await?;
                    self.read(query, second, limits, found).await
                }
                (Err(error), _) => Err(error.into()),
            }
        })
    }
}

fn is_too_much(error: &ReadError) -> bool {
    matches!(
        error,
        ReadError::TooManyRows(_)
            | ReadError::TooLarge(_)
            | ReadError::Database(DatabaseError::TimedOut(_) | DatabaseError::Memory)
    )
}

fn keep(entries: &str, rows: &[Row], found: &mut Found) -> Result<(), SyncError> {
    let unreadable = |error: serde_json::Error| ReadError::Stored(error.to_string());
    let entries: Vec<&RawValue> = serde_json::from_str(entries).map_err(unreadable)?;
    for entry in entries {
        let Numbered { id } = serde_json::from_str(entry.get()).map_err(unreadable)?;
        if let Some(row) = rows.iter().find(|row| row.id == id) {
            let text = Some(entry.get().to_owned());
            found.insert((row.doc, row.locale.clone()), text);
        }
    }
    Ok(())
}
