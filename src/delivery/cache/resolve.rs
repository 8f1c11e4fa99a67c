//! What the log does not hold of a change: the documents beside the changed one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::condition::key;
use super::impact::{Impact, Neighbours, mark};
use crate::base::Stage;
use crate::base::limits::QueryLimits;
use crate::changes::Change;
use crate::platform::database::{Database, DatabaseError, Statement, Value};
use crate::query::compile::{self, CompileOptions, column_name};
use crate::query::{Column, Filter, ListQuery, LocaleChoice, Operator, Page, Selection};
use crate::schema::{ContentType, Schema, TypeId};

/// Documents on one side of a changed one that are looked up; with more, the fields count as a whole.
const MOST: usize = 2000;

/// What kept queries need to know of a change.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Whether documents of this type are populated.
    pub(super) forward: bool,
    /// Whether relations of other types to it are populated from their far side.
    pub(super) inverse: bool,
    /// Fields of this type through which filters look, with the type they lead to.
    pub(super) linked: BTreeMap<i64, i64>,
}

/// Finds the documents beside a changed one; what the database does not tell counts as unknown.
pub(super) async fn neighbours(
    database: &Database,
    schema: &Schema,
    change: &Change,
    wanted: &Wanted,
    impact: &mut Impact,
) {
    let Some(doc) = change.doc.filter(|_| !impact.everything) else {
        return;
    };
    if wanted.forward {
        let sql = "select l.field, d.document_id from links l join documents d on d.doc = l.owner \
                   where l.target = $1 and l.stage = 1 limit $2";
        let statement = Statement::new(sql)
            .bind(doc)
            .bind(i64::try_from(MOST + 1).unwrap_or(i64::MAX));
        impact.owners = found(database, statement).await;
    }
    let Some(detail) = impact.detail.clone() else {
        impact.targets.unknown = true;
        return;
    };
    let targets: BTreeSet<i64> = detail.links.iter().map(|link| link.1).collect();
    if targets.is_empty() {
        return;
    }
    if wanted.inverse || !wanted.linked.is_empty() {
        let identities = identities(database, &targets).await.unwrap_or_default();
        for link in &detail.links {
            match identities.get(&link.1) {
                Some((document_id, _)) => {
                    impact.targets.marks.insert((link.0, mark(document_id)));
                }
                None => {
                    impact.targets.all_of.insert(link.0);
                }
            }
        }
        let linked = detail.links.iter();
        let linked: BTreeSet<i64> = linked
            .filter(|link| wanted.linked.contains_key(&link.0))
            .map(|link| link.1)
            .collect();
        let by_type = linked.iter().filter_map(|target| {
            let (document_id, type_id) = identities.get(target)?;
            Some((*type_id, (*target, document_id.clone())))
        });
        let mut types: BTreeMap<i64, Vec<(i64, String)>> = BTreeMap::new();
        for (type_id, target) in by_type {
            types.entry(type_id).or_default().push(target);
        }
        for (type_id, targets) in types {
            if let Ok(rows) = rows(database, schema, type_id, &targets).await {
                impact.rows.extend(rows);
            }
        }
    }
}

async fn found(database: &Database, statement: Statement) -> Neighbours {
    let unknown = Neighbours {
        unknown: true,
        ..Neighbours::default()
    };
    let Ok(rows) = database.fetch_all(statement).await else {
        return unknown;
    };
    if rows.len() > MOST {
        return unknown;
    }
    let marks = rows
        .iter()
        .map(|row| Ok((row.integer(0)?, mark(row.text(1)?))))
        .collect::<Result<_, DatabaseError>>();
    marks.map_or(unknown, |marks| Neighbours {
        marks,
        ..Neighbours::default()
    })
}

/// Identity and type of documents by number.
async fn identities(
    database: &Database,
    docs: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, (String, i64)>, DatabaseError> {
    let places: Vec<String> = (1..=docs.len()).map(|index| format!("${index}")).collect();
    let sql = format!(
        "select doc, document_id, type_id from documents where doc in ({})",
        places.join(",")
    );
    let values = docs.iter().map(|doc| Value::Integer(*doc)).collect();
    let rows = database.fetch_all(Statement::with(sql, values)).await?;
    rows.iter()
        .map(|row| Ok((row.integer(0)?, (row.text(1)?.to_owned(), row.integer(2)?))))
        .collect()
}

/// The public rows of documents of one type; one that has none is there with none.
async fn rows(
    database: &Database,
    schema: &Schema,
    type_id: i64,
    documents: &[(i64, String)],
) -> Result<BTreeMap<i64, Vec<Map<String, Json>>>, DatabaseError> {
    let Some(content_type) = schema.content_type_by_id(TypeId(type_id)) else {
        return Ok(BTreeMap::new());
    };
    let query = all_of(content_type, documents);
    let limits = QueryLimits::default();
    let options = CompileOptions::new(database.dialect(), schema, Stage::Published, &limits);
    let row = database
        .fetch_optional(compile::page(options, &query))
        .await?;
    let row = row.ok_or(DatabaseError::Column(1))?;
    let entries: Vec<Map<String, Json>> =
        serde_json::from_str(row.text(1)?).map_err(|_| DatabaseError::Column(1))?;
    let numbers = documents.iter().map(|(doc, _)| (*doc, Vec::new()));
    let mut found: BTreeMap<i64, Vec<Map<String, Json>>> = numbers.collect();
    for entry in entries {
        let document_id = entry.get("documentId").and_then(Json::as_str);
        let doc = documents
            .iter()
            .find(|(_, id)| Some(id.as_str()) == document_id);
        let values = query.selection.columns.iter().filter_map(|column| {
            let value = entry.get(column_name(*column))?;
            (!value.is_null()).then(|| (key(*column), value.clone()))
        });
        if let Some(rows) = doc.and_then(|(doc, _)| found.get_mut(doc)) {
            rows.push(values.collect());
        }
    }
    Ok(found)
}

/// The query of every public row of some documents, with all its scalars.
fn all_of<'s>(content_type: &'s ContentType, documents: &[(i64, String)]) -> ListQuery<'s> {
    let mut columns = vec![
        Column::Id,
        Column::DocumentId,
        Column::CreatedAt,
        Column::UpdatedAt,
        Column::PublishedAt,
    ];
    let scalars = content_type.fields.iter();
    columns.extend(
        scalars
            .filter(|field| field.kind.is_scalar())
            .map(Column::Field),
    );
    let ids = documents.iter().map(|(_, id)| Json::from(id.as_str()));
    ListQuery {
        content_type,
        stage: Stage::Published,
        locale: LocaleChoice::All,
        publication: None,
        filter: Some(Filter::Compare(
            Column::DocumentId,
            Operator::In(ids.collect()),
        )),
        search: None,
        sort: Vec::new(),
        page: Page::Offset {
            start: 0,
            limit: u32::try_from(MOST).unwrap_or(u32::MAX),
            with_count: false,
        },
        selection: Selection {
            columns,
            populated: Vec::new(),
        },
    }
}
