//! Slugs made from their target field, unique per locale.

use super::EntryError;
use super::tree::Document;
use crate::base::Stage;
use crate::platform::database::{DatabaseError, Dialect, Statement, Transaction, Value};
use crate::schema::{ContentType, Field, FieldKind, slug};

/// Fills every slug of the working copy, in one locale or in all, that is empty and whose target field has
/// text.
///
/// # Errors
/// When the database fails.
pub(super) async fn fill(
    tx: &mut Transaction,
    content_type: &ContentType,
    document: &mut Document,
    only: Option<&str>,
) -> Result<(), EntryError> {
    let stage = content_type.stage(Stage::Draft);
    let doc = document.doc;
    for field in &content_type.fields {
        let FieldKind::Uid(rules) = &field.kind else {
            continue;
        };
        let target = rules.target_field.as_deref();
        let target = target.and_then(|name| content_type.field(name));
        let Some(copy) = document.copy_mut(stage) else {
            continue;
        };
        let wanted = |locale: &&String| only.is_none_or(|only| only == *locale);
        let locales: Vec<String> = copy.rows.keys().filter(wanted).cloned().collect();
        for locale in locales {
            let Some(row) = copy.rows.get(&locale) else {
                continue;
            };
            let held = |field: &Field| row.columns.get(&field.id).or(copy.shared.get(&field.id));
            if held(field).is_some() {
                continue;
            }
            let Some(Value::Text(text)) = target.and_then(held) else {
                continue;
            };
            let base = slug::slugify(text, &rules.options);
            let limit = rules.text.max_length.unwrap_or(255).min(255);
            let place = Place {
                content_type,
                field,
                doc,
                locale: &locale,
            };
            let Some(free) = unique(tx, place, &base, limit).await? else {
                continue;
            };
            let shared = content_type.localized && !field.localized;
            let columns = match copy.rows.get_mut(&locale) {
                Some(row) if !shared => &mut row.columns,
                _ => &mut copy.shared,
            };
            columns.insert(field.id, Value::Text(free));
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Place<'a> {
    content_type: &'a ContentType,
    field: &'a Field,
    doc: i64,
    locale: &'a str,
}

/// The slug itself, or the first free one of `slug-1`, `slug-2`, …; none for an empty slug.
async fn unique(
    tx: &mut Transaction,
    place: Place<'_>,
    base: &str,
    limit: u32,
) -> Result<Option<String>, DatabaseError> {
    // Room for the number behind it.
    let room = usize::try_from(limit).unwrap_or(255).saturating_sub(8);
    let base: String = base.chars().take(room).collect();
    if base.is_empty() {
        return Ok(None);
    }
    one_at_a_time(tx, place.field, &base).await?;
    let taken = taken(tx, place, &base).await?;
    if !taken.contains(&base) {
        return Ok(Some(base));
    }
    Ok((1_u64..)
        .map(|number| format!("{base}-{number}"))
        .find(|slug| !taken.contains(slug)))
}

/// On PostgreSQL, who makes the same slug waits here until the one before has committed.
async fn one_at_a_time(
    tx: &mut Transaction,
    field: &Field,
    base: &str,
) -> Result<(), DatabaseError> {
    if tx.dialect() == Dialect::Postgres {
        let sql = "select pg_advisory_xact_lock(hashtextextended('tympan slug ' || $1 || ' ' || $2, 0))::text";
        let statement = Statement::new(sql).bind(field.id.to_string()).bind(base);
        tx.fetch_all(statement).await?;
    }
    Ok(())
}

async fn taken(
    tx: &mut Transaction,
    place: Place<'_>,
    base: &str,
) -> Result<std::collections::HashSet<String>, DatabaseError> {
    let column = place.field.column();
    // A slug is free if it is free in both stages: what is given to a draft must be publishable.
    let selects = place.content_type.stages().iter().map(|stage| {
        let (table, doc, locale) = if place.field.localized {
            let table = place.content_type.locale_table(*stage);
            (table, "doc", " and locale = $4")
        } else {
            (place.content_type.table(*stage), "id", "")
        };
        // '.' is the character after '-', so the range holds exactly what starts with `base-`.
        format!(
            "select {column} from {table} where ({column} = $1 or ({column} >= $1 || '-' \
             and {column} < $1 || $2)) and {doc} <> $3{locale}"
        )
    });
    let sql = selects.collect::<Vec<_>>().join(" union ");
    let mut statement = Statement::new(sql).bind(base).bind(".").bind(place.doc);
    if place.field.localized {
        statement = statement.bind(place.locale);
    }
    let rows = tx.fetch_all(statement).await?;
    rows.iter()
        .map(|row| row.text(0).map(str::to_owned))
        .collect()
}
