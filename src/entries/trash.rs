//! The trash: a deleted document leaves its tables whole and can come back whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::acts::Moment;
use super::session::guard;
use super::tree::{Copy, Document};
use super::{EntryError, Saved, logged, versions};
use super::{identity, store};
use crate::base::Stage;
use crate::changes::{self, Change, ChangeKind};
use crate::platform::database::{Batch, DatabaseError, Statement, Transaction};
use crate::schema::{ContentType, FieldKind, OnDelete, Schema, TypeId};

/// Documents one deletion may take with it through relations that cascade.
const MOST_CASCADED: usize = 10_000;

/// Moves a loaded document to the trash, and with it those whose relation to it says `cascade`.
///
/// Links to it stay stored and show again when it is restored.
///
/// # Errors
/// [`EntryError::InUse`] when a relation to it says `refuse`.
pub(super) async fn delete(
    tx: &mut Transaction,
    schema: &Arc<Schema>,
    document: Document,
    moment: &Moment,
) -> Result<Saved, EntryError> {
    let mut saved = Saved {
        doc: document.doc,
        document_id: document.document_id.clone(),
        revision: document.revision + 1,
        changes: Vec::new(),
    };
    let mut seen = BTreeSet::from([document.doc]);
    let mut waiting = vec![document];
    while let Some(document) = waiting.pop() {
        let owners = dependents(tx, schema, &document, &seen).await?;
        for owner in owners {
            if !seen.insert(owner) {
                continue;
            }
            if seen.len() > MOST_CASCADED {
                return Err(EntryError::Refused(format!(
                    "deleting this would delete more than {MOST_CASCADED} documents; delete some of them first"
                )));
            }
            waiting.extend(load(tx, schema, owner).await?);
        }
        let change = bury(tx, schema, document, moment).await?;
        saved.changes.push(change);
    }
    Ok(saved)
}

/// The documents that must go too; fails if one forbids it.
async fn dependents(
    tx: &mut Transaction,
    schema: &Schema,
    document: &Document,
    gone: &BTreeSet<i64>,
) -> Result<Vec<i64>, EntryError> {
    let mut owners = Vec::new();
    for (field, name, rule) in rules(schema) {
        if rule == OnDelete::Unlink {
            continue;
        }
        let statement = Statement::new(
            "select distinct l.owner from links l join documents d on d.doc = l.owner \
             where l.target = $1 and l.field = $2 and d.trashed_at is null",
        )
        .bind(document.doc)
        .bind(field);
        let rows = tx.fetch_all(statement).await?;
        let found: Vec<i64> = rows
            .iter()
            .map(|row| row.integer(0))
            .collect::<Result<_, _>>()?;
        let left = found.iter().filter(|owner| !gone.contains(owner)).count();
        if rule == OnDelete::Refuse && left > 0 {
            let count = i64::try_from(left).unwrap_or(i64::MAX);
            return Err(EntryError::InUse { field: name, count });
        }
        owners.extend(found);
    }
    Ok(owners)
}

/// Every relation field that stores links, with its rule.
fn rules(schema: &Schema) -> Vec<(i64, String, OnDelete)> {
    let types = schema
        .types()
        .iter()
        .map(|each| (&each.singular, &each.fields));
    let components = schema
        .components()
        .iter()
        .map(|each| (&each.uid, &each.fields));
    let fields = types
        .chain(components)
        .flat_map(|(owner, fields)| fields.iter().map(move |field| (owner, field)));
    fields
        .filter_map(|(owner, field)| match &field.kind {
            FieldKind::Relation(relation) if !relation.is_inverse() => Some((
                field.id.0,
                format!("{owner}.{}", field.name),
                relation.on_delete,
            )),
            _ => None,
        })
        .collect()
}

async fn load(
    tx: &mut Transaction,
    schema: &Schema,
    doc: i64,
) -> Result<Option<Document>, EntryError> {
    let row = tx
        .fetch_optional(
            Statement::new("select document_id from documents where doc = $1").bind(doc),
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let Some(identity) = identity::find(tx, row.text(0)?).await? else {
        return Ok(None);
    };
    let Some(content_type) = schema.content_type_by_id(TypeId(identity.type_id)) else {
        return Ok(None);
    };
    Ok(Some(store::load(tx, content_type, &identity).await?))
}

async fn bury(
    tx: &mut Transaction,
    schema: &Schema,
    document: Document,
    moment: &Moment,
) -> Result<Change, EntryError> {
    let Some(content_type) = schema.content_type_by_id(TypeId(document.type_id)) else {
        return Err(EntryError::NotFound);
    };
    let mut batch = Batch::new(tx.dialect());
    batch.push(guard(schema));
    let after = Document {
        draft: keep_links(document.draft.as_ref()),
        published: keep_links(document.published.as_ref()),
        revision: document.revision + 1,
        ..document.clone()
    };
    batch.push(identity::update(&after, Some(&moment.at)));
    store::save(&mut batch, content_type, &document, &after);
    let stage = |copy: Option<&Copy>| copy.map(versions::snapshot).map(Json::from);
    let content = json!({
        "draft": stage(document.draft.as_ref()),
        "published": stage(document.published.as_ref()),
    });
    batch.push(
        Statement::new("insert into trash (doc, content, author, at) values ($1, $2, $3, $4)")
            .bind(document.doc)
            .bind(content.to_string())
            .bind(moment.author.clone())
            .bind(moment.at.as_str()),
    );
    let gone = Document {
        draft: None,
        published: None,
        ..after
    };
    let change = logged::change(ChangeKind::Delete, &document, &gone, "", moment);
    batch.push(changes::append(&change));
    tx.run(batch).await?;
    Ok(change)
}

/// Rows go, links stay where they are.
fn keep_links(copy: Option<&Copy>) -> Option<Copy> {
    copy.map(|copy| Copy {
        links: copy.links.clone(),
        ..Copy::default()
    })
}

/// Takes a document out of the trash: its copies as they were, except for links changed meanwhile from
/// the other side.
pub(super) async fn take(
    tx: &mut Transaction,
    content_type: &ContentType,
    document_id: &str,
) -> Result<Document, EntryError> {
    let identity = identity::find(tx, document_id)
        .await?
        .ok_or(EntryError::NotFound)?;
    if identity.type_id != content_type.id.0 || identity.trashed_at.is_none() {
        return Err(EntryError::NotFound);
    }
    let row = tx
        .fetch_optional(
            Statement::new("delete from trash where doc = $1 returning content").bind(identity.doc),
        )
        .await?;
    let row = row.ok_or(EntryError::NotFound)?;
    let content: Json = serde_json::from_str(row.text(0)?).map_err(|_| EntryError::NotFound)?;
    let copy = |stage: &str| {
        let text = content.get(stage).and_then(Json::as_str)?;
        versions::parse(content_type, text)
    };
    let mut document = Document {
        doc: identity.doc,
        document_id: identity.document_id.clone(),
        type_id: identity.type_id,
        revision: identity.revision,
        created_at: identity.created_at.clone(),
        draft: copy("draft"),
        published: copy("published"),
    };
    clear_links(tx, &mut document).await?;
    Ok(document)
}

/// The stored links of a trashed document are the true ones; they are taken over and written again.
async fn clear_links(tx: &mut Transaction, document: &mut Document) -> Result<(), DatabaseError> {
    for stage in [Stage::Draft, Stage::Published] {
        let links = store::links(tx, document.doc, stage).await?;
        if let Some(copy) = document.copy_mut(stage) {
            copy.links = links;
        }
    }
    tx.execute(Statement::new("delete from links where owner = $1").bind(document.doc))
        .await?;
    Ok(())
}
