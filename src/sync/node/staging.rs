//! Content that is fetched beside what is served, and takes its place at once.

use std::collections::BTreeSet;

use super::apply;
use super::document::{Document, Line};
use super::follower::FollowError;
use super::state::{ORIGIN, STAGING, Staging, TOKEN, keep};
use crate::base::{Stage, clock};
use crate::changes::{self, Change, ChangeKind};
use crate::platform::database::{Batch, DatabaseError, Statement, Transaction};
use crate::schema::store::{drop_tables, rebuild_tables};
use crate::schema::{Schema, TypeId};

/// Staged documents written at a time.
const TOGETHER: i64 = 200;

/// Begins to fetch; what was fetched for something else is dropped.
pub(super) async fn begin(tx: &mut Transaction, staging: &Staging) -> Result<(), FollowError> {
    tx.execute(Statement::new("delete from node_staged"))
        .await?;
    // From now on the database belongs to a node, whatever it holds.
    let mark = "insert into settings (name, value) values ($1, '') on conflict (name) do nothing";
    tx.execute(Statement::new(mark).bind(ORIGIN)).await?;
    save(tx, staging).await
}

/// Keeps fetched documents and the place behind them.
pub(super) async fn add(
    tx: &mut Transaction,
    documents: &[Document],
    staging: &Staging,
) -> Result<(), FollowError> {
    let mut batch = Batch::new(tx.dialect());
    for document in documents {
        let content = serde_json::to_string(document).unwrap_or_default();
        let sql = "insert into node_staged (doc, content) values ($1, $2) \
                   on conflict (doc) do update set content = excluded.content";
        batch.push(Statement::new(sql).bind(document.doc).bind(content));
    }
    tx.run(batch).await?;
    save(tx, staging).await
}

async fn save(tx: &mut Transaction, staging: &Staging) -> Result<(), FollowError> {
    let text = serde_json::to_string(staging).unwrap_or_default();
    Ok(keep(tx, STAGING, Some(&text)).await?)
}

/// Puts what was fetched in the place of what is served.
pub(super) async fn swap(tx: &mut Transaction, staging: &Staging) -> Result<(), FollowError> {
    let old = types(tx).await?;
    let new = staging.schema.types();
    let fetched: BTreeSet<i64> = staging.types.iter().copied().collect();
    let replaced: BTreeSet<i64> = match staging.all {
        true => old.union(&new).copied().collect(),
        false => old.difference(&new).chain(&fetched).copied().collect(),
    };
    let at = clock::now();
    tx.execute(changes::append(&Change::of_schema(None, &at)))
        .await?;
    for id in &replaced {
        forget(tx, *id, &at).await?;
        drop_tables(tx, TypeId(*id)).await?;
    }
    let schema = staging.schema.take_over(tx).await?;
    for id in &fetched {
        if let Some(one) = schema.content_type_by_id(TypeId(*id)) {
            rebuild_tables(tx, one).await?;
        }
    }
    write(tx, &schema, &at).await?;
    if let Some(access) = &staging.access {
        access.take_over(tx).await?;
    }
    if let Some(token) = &staging.token {
        keep(tx, TOKEN, Some(token)).await?;
    }
    keep(tx, ORIGIN, Some(&staging.log_id)).await?;
    keep(tx, STAGING, None).await?;
    Ok(())
}

async fn types(tx: &mut Transaction) -> Result<BTreeSet<i64>, DatabaseError> {
    let sql = "select id from schema_types where kind <> 'component'";
    let rows = tx.fetch_all(Statement::new(sql)).await?;
    rows.iter().map(|row| row.integer(0)).collect()
}

/// Drops the documents of a type; those that do not come back are logged as deleted.
async fn forget(tx: &mut Transaction, id: i64, at: &str) -> Result<(), DatabaseError> {
    let log = "insert into changes (kind, type_id, doc, document_id, locale, stage, at) \
               select 'delete', type_id, doc, document_id, '', 1, $2 from documents \
               where type_id = $1 and doc not in (select doc from node_staged)";
    tx.execute(Statement::new(log).bind(id).bind(at)).await?;
    let links = "delete from links where owner in (select doc from documents where type_id = $1)";
    tx.execute(Statement::new(links).bind(id)).await?;
    let documents = "delete from documents where type_id = $1";
    tx.execute(Statement::new(documents).bind(id)).await?;
    Ok(())
}

/// Writes what was fetched, and lines of the log for it.
async fn write(tx: &mut Transaction, schema: &Schema, at: &str) -> Result<(), FollowError> {
    let mut after = 0;
    loop {
        let sql = "select doc, content from node_staged where doc > $1 order by doc limit $2";
        let rows = tx
            .fetch_all(Statement::new(sql).bind(after).bind(TOGETHER))
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.integer(0)?;
        let mut documents = Vec::with_capacity(rows.len());
        for row in &rows {
            let document: Document = serde_json::from_str(row.text(1)?)
                .map_err(|error| DatabaseError::Other(error.to_string().into()))?;
            documents.push(document);
        }
        apply::documents(tx, schema, &documents).await?;
        let lines: Vec<Line> = documents.iter().filter_map(|it| line(it, at)).collect();
        apply::lines(tx, &lines).await?;
    }
    tx.execute(Statement::new("delete from node_staged"))
        .await?;
    Ok(())
}

fn line(document: &Document, at: &str) -> Option<Line> {
    let public = document.public.as_ref()?;
    Some(Line {
        kind: ChangeKind::Publish.name().to_owned(),
        type_id: Some(document.type_id),
        doc: Some(document.doc),
        document_id: Some(public.document_id.clone()),
        locale: String::new(),
        stage: Some(Stage::Published.number()),
        at: at.to_owned(),
        origin: changes::origin(),
        detail: None,
    })
}
