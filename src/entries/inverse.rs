//! Links changed from the side that does not own them.

use std::collections::BTreeSet;

use super::edit::InverseEdit;
use super::{Which, identity};
use crate::base::Stage;
use crate::platform::database::{DatabaseError, Dialect, Statement, Transaction};
use crate::schema::{ContentType, Schema};

/// Where links are changed.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    target: i64,
    field: i64,
    stage: Stage,
    locale: &'a str,
}

/// Locks the written document and all owners that its inverse edits concern, in one order for all writers, so
/// that two who write the same documents from different sides do not wait for each other.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    tx: &mut Transaction,
    edits: &[InverseEdit],
    which: Option<&Which>,
) -> Result<(), DatabaseError> {
    if tx.dialect() == Dialect::Sqlite || edits.is_empty() {
        return Ok(());
    }
    let mut concerned: BTreeSet<i64> = BTreeSet::new();
    for edit in edits {
        concerned.extend(edit.change.named());
        let Some(Which::Id(id)) = which else { continue };
        let statement = Statement::new(
            "select d.doc, l.owner from documents d left join links l on l.target = d.doc and l.field = $2 \
             where d.document_id = $1",
        )
        .bind(id)
        .bind(edit.owner_field.0);
        for row in tx.fetch_all(statement).await? {
            concerned.insert(row.integer(0)?);
            concerned.extend(row.integer_or_null(1)?);
        }
    }
    identity::lock(tx, &concerned).await
}

/// Applies an edit for the document `target`; returns the owners whose links changed.
///
/// # Errors
/// When the database fails.
pub async fn apply(
    tx: &mut Transaction,
    schema: &Schema,
    edit: &InverseEdit,
    target: i64,
    (publish, locale, now_ms): (bool, &str, i64),
) -> Result<BTreeSet<i64>, DatabaseError> {
    let mut changed = BTreeSet::new();
    let Some(owner_type) = schema.content_type_by_id(edit.owner_type) else {
        return Ok(changed);
    };
    for stage in owner_type.stages() {
        if *stage == Stage::Published && owner_type.draft_and_publish && !publish {
            continue;
        }
        let locale = match (edit.localized, locale) {
            (false, _) => "",
            (true, "") => schema.default_locale(),
            (true, locale) => locale,
        };
        let place = Place {
            target,
            field: edit.owner_field.0,
            stage: *stage,
            locale,
        };
        apply_stage(tx, owner_type, edit, place, now_ms, &mut changed).await?;
    }
    Ok(changed)
}

async fn apply_stage(
    tx: &mut Transaction,
    owner_type: &ContentType,
    edit: &InverseEdit,
    place: Place<'_>,
    now_ms: i64,
    changed: &mut BTreeSet<i64>,
) -> Result<(), DatabaseError> {
    let seen = owners(tx, place).await?;
    let mut concerned: BTreeSet<i64> = seen.iter().map(|(owner, _)| *owner).collect();
    concerned.extend(edit.change.named());
    identity::lock(tx, &concerned).await?;
    let before = owners(tx, place).await?;
    let list: Vec<i64> = before.iter().map(|(owner, _)| *owner).collect();
    let after = edit.change.apply(&list, edit.many);
    for owner in list.iter().filter(|owner| !after.contains(owner)) {
        unlink(tx, place, *owner).await?;
        changed.insert(*owner);
    }
    let mut linked = Vec::new();
    for owner in &after {
        if list.contains(owner) {
            linked.push(*owner);
        } else if exists(tx, owner_type, place, *owner).await? {
            link(tx, edit, place, *owner, now_ms).await?;
            linked.push(*owner);
            changed.insert(*owner);
        }
    }
    let position = |owner: &i64| {
        let known = before.iter().find(|(other, _)| other == owner);
        known.map_or(now_ms, |(_, position)| *position)
    };
    let ordered = linked.windows(2).all(|pair| match pair {
        [left, right] => (position(left), left) < (position(right), right),
        _ => true,
    });
    if !ordered {
        for (index, owner) in (0..).zip(&linked) {
            reorder(tx, place, *owner, now_ms + index).await?;
            changed.insert(*owner);
        }
    }
    Ok(())
}

async fn owners(tx: &mut Transaction, place: Place<'_>) -> Result<Vec<(i64, i64)>, DatabaseError> {
    let statement = Statement::new(
        "select owner, back_position from links where target = $1 and field = $2 and stage = $3 \
         and locale = $4 and item = 0 order by back_position, owner",
    );
    let rows = tx.fetch_all(bound(statement, place)).await?;
    rows.iter()
        .map(|row| Ok((row.integer(0)?, row.integer(1)?)))
        .collect()
}

fn bound(statement: Statement, place: Place<'_>) -> Statement {
    statement
        .bind(place.target)
        .bind(place.field)
        .bind(place.stage.number())
        .bind(place.locale)
}

async fn unlink(tx: &mut Transaction, place: Place<'_>, owner: i64) -> Result<(), DatabaseError> {
    let statement = Statement::new(
        "delete from links where target = $1 and field = $2 and stage = $3 and locale = $4 \
         and item = 0 and owner = $5",
    );
    tx.execute(bound(statement, place).bind(owner)).await?;
    Ok(())
}

async fn reorder(
    tx: &mut Transaction,
    place: Place<'_>,
    owner: i64,
    back_position: i64,
) -> Result<(), DatabaseError> {
    let statement = Statement::new(
        "update links set back_position = $6 where target = $1 and field = $2 and stage = $3 \
         and locale = $4 and item = 0 and owner = $5",
    );
    tx.execute(bound(statement, place).bind(owner).bind(back_position))
        .await?;
    Ok(())
}

/// Whether the owner has this stage and locale; one that has not gets the link when it is published.
async fn exists(
    tx: &mut Transaction,
    owner_type: &ContentType,
    place: Place<'_>,
    owner: i64,
) -> Result<bool, DatabaseError> {
    let statement = if place.locale.is_empty() {
        let table = owner_type.table(place.stage);
        Statement::new(format!("select id from {table} where id = $1")).bind(owner)
    } else {
        let table = owner_type.locale_table(place.stage);
        Statement::new(format!(
            "select id from {table} where doc = $1 and locale = $2"
        ))
        .bind(owner)
        .bind(place.locale)
    };
    Ok(tx.fetch_optional(statement).await?.is_some())
}

async fn link(
    tx: &mut Transaction,
    edit: &InverseEdit,
    place: Place<'_>,
    owner: i64,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    if !edit.owner_many {
        let statement = Statement::new(
            "delete from links where owner = $1 and stage = $2 and field = $3 and locale = $4 and item = 0",
        )
        .bind(owner)
        .bind(place.stage.number())
        .bind(place.field)
        .bind(place.locale);
        tx.execute(statement).await?;
    }
    let statement = Statement::new(
        "insert into links (owner, stage, field, locale, item, position, target, back_position) \
         select $5, $3, $2, $4, 0, coalesce(max(position), 0) + 1, $1, $6 from links \
         where owner = $5 and stage = $3 and field = $2 and locale = $4 and item = 0",
    );
    tx.execute(bound(statement, place).bind(owner).bind(now_ms))
        .await?;
    Ok(())
}
