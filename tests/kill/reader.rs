//! Reads every document back after a restart and compares it with what the writers know.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::{POPULATE, Targets, version_of};
use crate::support::http::{Connection, request};
use crate::writer::{Doubt, State, Writer};

const PAGE: u64 = 100;

/// Every document by its slug; an error if any of them shows parts of different versions.
pub(crate) fn read_all(
    connection: &mut Connection,
    token: &str,
    targets: &Targets,
) -> Result<BTreeMap<String, State>, String> {
    let mut found = BTreeMap::new();
    for row in rows(connection, token, "draft")? {
        let draft = version_of(&row, targets).map_err(|why| format!("draft: {why}"))?;
        let state = State {
            document_id: text(&row, "documentId")?,
            draft,
            published: None,
        };
        if found.insert(text(&row, "slug")?, state).is_some() {
            return Err(format!("two drafts with the slug {}", row["slug"]));
        }
    }
    for row in rows(connection, token, "published")? {
        let version = version_of(&row, targets).map_err(|why| format!("published: {why}"))?;
        let state = found.get_mut(&text(&row, "slug")?);
        let state = state.ok_or_else(|| format!("a published row without a draft: {row}"))?;
        if state.document_id != text(&row, "documentId")? || state.published.is_some() {
            return Err(format!("a published row of another document: {row}"));
        }
        state.published = Some(version);
    }
    Ok(found)
}

/// Every document must be as its writer left it; where a request was cut off, as before or as after it.
/// What was found is what the writer goes on from.
pub(crate) fn compare(
    found: &BTreeMap<String, State>,
    writers: &mut [Writer],
) -> Result<(), String> {
    for writer in writers.iter_mut() {
        let doubt = writer.doubt.take();
        let own: BTreeMap<String, State> = found
            .iter()
            .filter(|(slug, _)| writer.owns(slug))
            .map(|(slug, state)| (slug.clone(), state.clone()))
            .collect();
        for slug in own.keys().chain(writer.documents.keys()) {
            let (now, known) = (own.get(slug), writer.documents.get(slug));
            let in_doubt = doubt.as_ref().filter(|doubt| doubt.slug == *slug);
            if now != known && !in_doubt.is_some_and(|doubt| is_after(doubt, now)) {
                return Err(format!("{slug}: found {now:?}, acknowledged {known:?}"));
            }
        }
        writer.documents = own;
    }
    let known: usize = writers.iter().map(|writer| writer.documents.len()).sum();
    if known != found.len() {
        return Err(format!("{} documents, {known} were written", found.len()));
    }
    Ok(())
}

/// Whether the document is as the cut-off request would have left it; a create does not know its id yet.
fn is_after(doubt: &Doubt, now: Option<&State>) -> bool {
    match (now, &doubt.after) {
        (None, None) => true,
        (Some(now), Some(after)) => {
            now.draft == after.draft
                && now.published == after.published
                && (after.document_id.is_empty() || after.document_id == now.document_id)
        }
        _ => false,
    }
}

fn rows(connection: &mut Connection, token: &str, status: &str) -> Result<Vec<Value>, String> {
    let mut rows = Vec::new();
    for page in 1.. {
        let path = format!(
            "/api/articles?status={status}&sort=slug&pagination[page]={page}&pagination[pageSize]={PAGE}&{POPULATE}"
        );
        let answer = connection.send(&request("GET", &path, Some(token), None));
        let answer = answer.map_err(|error| format!("GET {path}: {error}"))?;
        let mut body: Value =
            serde_json::from_slice(answer.body).map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!("GET {path}: status {}: {body}", answer.status));
        }
        let pages = body["meta"]["pagination"]["pageCount"]
            .as_u64()
            .unwrap_or(0);
        if let Value::Array(items) = body["data"].take() {
            rows.extend(items);
        }
        if page >= pages {
            break;
        }
    }
    Ok(rows)
}

fn text(row: &Value, name: &str) -> Result<String, String> {
    row[name]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("no {name} in {row}"))
}
