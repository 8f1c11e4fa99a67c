//! Component items and JSON values: whether they parse, and whether the links inside items have their item.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{Finding, Tally};
use crate::base::Stage;
use crate::platform::database::{Database, DatabaseError, Row, Statement};
use crate::schema::plan::{OwnerId, Trash};
use crate::schema::{ContentType, Storage};

/// Rows read at a time.
const PAGE: i64 = 100;

/// Looks at every copy of every document of a type.
pub(super) async fn look(
    database: &Database,
    trash: &Trash,
    content_type: &ContentType,
    findings: &mut Vec<Finding>,
) -> Result<(), DatabaseError> {
    for stage in content_type.stages() {
        for localized in [false, true] {
            if localized && !content_type.localized {
                continue;
            }
            let table = Table::new(trash, content_type, *stage, localized);
            table.look(database, findings).await?;
        }
    }
    Ok(())
}

/// The rows of one stage: of documents, or of their translations.
struct Table<'a> {
    content_type: &'a ContentType,
    stage: Stage,
    localized: bool,
    name: String,
    columns: Vec<(String, Storage)>,
}

#[derive(Default)]
struct Problems {
    unreadable: Tally,
    doubled: Tally,
    orphans: Tally,
}

impl Problems {
    fn any(&self) -> bool {
        self.unreadable.count + self.doubled.count + self.orphans.count > 0
    }

    fn merge(&mut self, other: Self) {
        self.unreadable.merge(other.unreadable);
        self.doubled.merge(other.doubled);
        self.orphans.merge(other.orphans);
    }
}

type Place = (i64, String);

impl<'a> Table<'a> {
    fn new(trash: &Trash, content_type: &'a ContentType, stage: Stage, localized: bool) -> Self {
        let owner = OwnerId::Type(content_type.id);
        // A dropped field keeps its column, and the items in it keep their links.
        let dropped = trash
            .fields
            .iter()
            .filter(|(of, _)| *of == owner)
            .map(|(_, field)| field);
        let fields = content_type.fields.iter().chain(dropped);
        let columns = fields
            .filter(|field| (field.localized && content_type.localized) == localized)
            .map(|field| (field.column(), field.storage()))
            .filter(|(_, storage)| matches!(storage, Storage::Items | Storage::Json))
            .collect();
        Self {
            name: match localized {
                true => content_type.locale_table(stage),
                false => content_type.table(stage),
            },
            content_type,
            stage,
            localized,
            columns,
        }
    }

    async fn look(
        &self,
        database: &Database,
        findings: &mut Vec<Finding>,
    ) -> Result<(), DatabaseError> {
        let mut problems = Problems::default();
        let mut after = (i64::MIN, String::new());
        loop {
            let (mut found, last) = self.page(database, &after).await?;
            if found.any() {
                // Something may have been written between the two statements of a page.
                (found, _) = self.page(database, &after).await?;
            }
            problems.merge(found);
            let Some(last) = last else { break };
            after = last;
        }
        let uid = &self.content_type.uid;
        problems
            .unreadable
            .finish(format!("values of {uid} that are not JSON"), findings);
        problems.doubled.finish(
            format!("component items of {uid} with the same id"),
            findings,
        );
        problems.orphans.finish(
            format!("links of component items of {uid} that are not there"),
            findings,
        );
        Ok(())
    }

    /// Looks at the rows after a place; gives the last of them.
    async fn page(
        &self,
        database: &Database,
        after: &Place,
    ) -> Result<(Problems, Option<Place>), DatabaseError> {
        let rows = database.fetch_all(self.select(after)).await?;
        let mut problems = Problems::default();
        let mut items: BTreeMap<Place, BTreeSet<i64>> = BTreeMap::new();
        for row in &rows {
            let place = place(row)?;
            let ids = self.ids(row, &place, &mut problems)?;
            items.insert(place, ids);
        }
        let (Some(first), Some(last)) = (items.keys().next(), items.keys().next_back()) else {
            return Ok((problems, None));
        };
        let last = last.clone();
        for row in database.fetch_all(self.links(first.0, last.0)).await? {
            let place = place(&row)?;
            let item = row.integer(2)?;
            // A document's translations may go on beyond this page; the page with the row counts.
            let known = items.get(&place).is_none_or(|ids| ids.contains(&item));
            if !known {
                problems
                    .orphans
                    .add(|| format!("document {}, item {item}", place.0));
            }
        }
        Ok((problems, Some(last)))
    }

    fn select(&self, after: &Place) -> Statement {
        let columns = self
            .columns
            .iter()
            .fold(String::new(), |mut sql, (column, _)| {
                let _ = write!(sql, ", {column}");
                sql
            });
        let name = &self.name;
        let sql = match self.localized {
            true => format!(
                "select doc, locale{columns} from {name} where (doc, locale) > ($1, $2) \
                 order by doc, locale limit {PAGE}"
            ),
            false => format!(
                "select id, ''{columns} from {name} where id > $1 and $2 = '' \
                 order by id limit {PAGE}"
            ),
        };
        Statement::new(sql).bind(after.0).bind(after.1.as_str())
    }

    fn links(&self, first: i64, last: i64) -> Statement {
        let shared = if self.localized { "<>" } else { "=" };
        let sql = format!(
            "select owner, locale, item from links where owner between $1 and $2 \
             and stage = $3 and item <> 0 and locale {shared} ''"
        );
        Statement::new(sql)
            .bind(first)
            .bind(last)
            .bind(self.stage.number())
    }

    /// The ids of all items in a row.
    fn ids(
        &self,
        row: &Row,
        place: &Place,
        problems: &mut Problems,
    ) -> Result<BTreeSet<i64>, DatabaseError> {
        let mut ids = BTreeSet::new();
        for (index, (_, storage)) in (2..).zip(&self.columns) {
            let Some(text) = row.text_or_null(index)? else {
                continue;
            };
            let Ok(json) = serde_json::from_str::<Json>(text) else {
                problems.unreadable.add(|| format!("document {}", place.0));
                continue;
            };
            if *storage == Storage::Items {
                collect(&json, &mut ids, &mut |id| {
                    problems
                        .doubled
                        .add(|| format!("document {}, item {id}", place.0));
                });
            }
        }
        Ok(ids)
    }
}

fn place(row: &Row) -> Result<Place, DatabaseError> {
    Ok((row.integer(0)?, row.text(1)?.to_owned()))
}

/// Gathers the ids of items and of those inside them; nested items stand in lists under a field's key.
fn collect(items: &Json, ids: &mut BTreeSet<i64>, doubled: &mut impl FnMut(i64)) {
    for item in items.as_array().into_iter().flatten() {
        let Some(item) = item.as_object() else {
            continue;
        };
        if let Some(id) = item.get("id").and_then(Json::as_i64)
            && !ids.insert(id)
        {
            doubled(id);
        }
        for (key, value) in item {
            if key.starts_with('f') {
                collect(value, ids, doubled);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_items_are_found_and_doubled_ids_are_named() {
        let json = serde_json::json!([
            { "id": 1, "f7": [{ "id": 2 }, { "id": 3, "f8": "text" }] },
            { "id": 3, "c": 5, "f9": { "id": 9 } },
        ]);
        let (mut ids, mut twice) = (BTreeSet::new(), Vec::new());
        collect(&json, &mut ids, &mut |id| twice.push(id));
        assert_eq!(ids, BTreeSet::from([1, 2, 3]));
        assert_eq!(twice, [3]);
    }
}
