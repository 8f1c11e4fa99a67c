//! Kept versions and the content of the trash: whether they can be read back.

use serde_json::Value as Json;

use super::{Finding, Tally};
use crate::entries::versions;
use crate::platform::database::{Database, DatabaseError, Row, Statement};
use crate::schema::{Schema, TypeId};

/// Rows read at a time; each may hold a whole document.
const PAGE: i64 = 50;

/// Reads every version and everything in the trash.
pub(super) async fn look(
    database: &Database,
    schema: &Schema,
    findings: &mut Vec<Finding>,
) -> Result<(), DatabaseError> {
    let mut unreadable = Tally::default();
    let mut after = (i64::MIN, i64::MIN);
    loop {
        let rows = database.fetch_all(versions_after(after)).await?;
        let Some(last) = rows.last() else { break };
        after = (last.integer(0)?, last.integer(1)?);
        for row in &rows {
            if !version_reads(schema, row)? {
                let (doc, number) = (row.integer(0)?, row.integer(1)?);
                unreadable.add(|| format!("version {number} of document {doc}"));
            }
        }
    }
    unreadable.finish("versions that cannot be read back", findings);
    trash(database, schema, findings).await
}

fn versions_after((doc, number): (i64, i64)) -> Statement {
    let sql = format!(
        "select v.doc, v.number, v.content, d.type_id from versions v \
         left join documents d on d.doc = v.doc \
         where (v.doc, v.number) > ($1, $2) order by v.doc, v.number limit {PAGE}"
    );
    Statement::new(sql).bind(doc).bind(number)
}

/// A version of a type in the trash only has to be JSON; an empty one keeps nothing.
fn version_reads(schema: &Schema, row: &Row) -> Result<bool, DatabaseError> {
    let content = row.text(2)?;
    let id = row.integer_or_null(3)?.map(TypeId);
    Ok(content.is_empty()
        || match id.and_then(|id| schema.content_type_by_id(id)) {
            Some(content_type) => versions::parse(content_type, content).is_some(),
            None => serde_json::from_str::<Json>(content).is_ok(),
        })
}

async fn trash(
    database: &Database,
    schema: &Schema,
    findings: &mut Vec<Finding>,
) -> Result<(), DatabaseError> {
    let mut unreadable = Tally::default();
    let mut after = i64::MIN;
    loop {
        let sql = format!(
            "select t.doc, t.content, d.type_id from trash t left join documents d on d.doc = t.doc \
             where t.doc > $1 order by t.doc limit {PAGE}"
        );
        let rows = database.fetch_all(Statement::new(sql).bind(after)).await?;
        let Some(last) = rows.last() else { break };
        after = last.integer(0)?;
        for row in &rows {
            if !trash_reads(schema, row)? {
                let doc = row.integer(0)?;
                unreadable.add(|| format!("document {doc}"));
            }
        }
    }
    unreadable.finish("documents in the trash that cannot be read back", findings);
    Ok(())
}

fn trash_reads(schema: &Schema, row: &Row) -> Result<bool, DatabaseError> {
    let Ok(content) = serde_json::from_str::<Json>(row.text(1)?) else {
        return Ok(false);
    };
    let id = row.integer_or_null(2)?.map(TypeId);
    let Some(content_type) = id.and_then(|id| schema.content_type_by_id(id)) else {
        return Ok(true);
    };
    let reads = |stage: &str| match content.get(stage) {
        None | Some(Json::Null) => true,
        Some(copy) => copy
            .as_str()
            .is_some_and(|text| versions::parse(content_type, text).is_some()),
    };
    Ok(reads("draft") && reads("published"))
}
