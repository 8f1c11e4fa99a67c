//! A type gets drafts, or loses them.
//!
//! Losing them hides the tables of the draft stage and the links of stage 0. Getting them back starts from
//! what is published; documents that only had a draft come back with it.

use super::create::{create_tables, indexed, table_of};
use super::tables::Indexed;
use super::walk::Walk;
use super::{StoreError, columns};
use crate::base::Stage;
use crate::platform::database::{Statement, Transaction};
use crate::schema::layout::{locale_table, table};
use crate::schema::{ContentType, Field};

/// Makes the draft stage of a type that has none in use.
pub(super) async fn begin(
    tx: &mut Transaction,
    walk: &mut Walk,
    one: &ContentType,
) -> Result<(), StoreError> {
    let drafts = table(one.id, Stage::Draft);
    let existed = columns::exists(tx, &drafts, "id").await?;
    if existed {
        make_room(tx, walk, one).await?;
    } else {
        create_tables(tx, one.id, Stage::Draft, one.localized, &one.fields).await?;
    }
    copy_rows(tx, one, false, "document_id").await?;
    if one.localized {
        copy_rows(tx, one, true, "doc, locale").await?;
    }
    let public = table(one.id, Stage::Published);
    for sql in [
        format!("delete from links where stage = 0 and owner in (select id from {public})"),
        format!(
            "insert into links (owner, stage, field, locale, item, position, target, back_position) \
             select owner, 0, field, locale, item, position, target, back_position from links \
             where stage = 1 and owner in (select id from {public})"
        ),
    ] {
        tx.execute(Statement::new(sql)).await?;
    }
    Ok(())
}

/// Drops the rows that published ones replace and those of documents that are gone.
async fn make_room(
    tx: &mut Transaction,
    walk: &mut Walk,
    one: &ContentType,
) -> Result<(), StoreError> {
    let public = table(one.id, Stage::Published);
    let mut rows = vec![(table(one.id, Stage::Draft), "id")];
    if one.localized {
        rows.push((locale_table(one.id, Stage::Draft), "doc"));
    }
    for (rows, doc) in rows {
        let sql = format!(
            "delete from {rows} where {doc} in (select id from {public}) or {doc} not in \
             (select doc from documents where type_id = {} and trashed_at is null)",
            one.id
        );
        tx.execute(Statement::new(sql)).await?;
    }
    for field in one
        .fields
        .iter()
        .filter(|field| field.storage().is_column())
    {
        columns::drop_index(tx, one.id, field).await?;
        walk.touch(one.id, field.id);
        if indexed(field) == Indexed::Unique {
            yield_to_published(tx, one, field).await?;
        }
    }
    Ok(())
}

/// A hidden draft gives up a unique value that a published document has taken meanwhile.
async fn yield_to_published(
    tx: &mut Transaction,
    one: &ContentType,
    field: &Field,
) -> Result<(), StoreError> {
    let (drafts, public) = (
        table_of(one.id, Stage::Draft, field.localized),
        table_of(one.id, Stage::Published, field.localized),
    );
    let column = field.column();
    let same_locale = match field.localized {
        true => format!(" and p.locale = {drafts}.locale"),
        false => String::new(),
    };
    let sql = format!(
        "update {drafts} set {column} = null where exists \
         (select 1 from {public} p where p.{column} = {drafts}.{column}{same_locale})"
    );
    tx.execute(Statement::new(sql)).await?;
    Ok(())
}

async fn copy_rows(
    tx: &mut Transaction,
    one: &ContentType,
    localized: bool,
    keys: &str,
) -> Result<(), StoreError> {
    let fields = one
        .fields
        .iter()
        .filter(|field| field.storage().is_column() && field.localized == localized);
    let fields: String = fields
        .map(|field| format!(", {}", field.column()))
        .collect();
    let (to, from) = (
        table_of(one.id, Stage::Draft, localized),
        table_of(one.id, Stage::Published, localized),
    );
    let sql = format!(
        "insert into {to} (id, {keys}, created_at, updated_at, published_at, created_by, updated_by{fields}) \
         select id, {keys}, created_at, updated_at, null, created_by, updated_by{fields} from {from}"
    );
    tx.execute(Statement::new(sql)).await?;
    Ok(())
}

/// Counts the documents without a published copy like their draft.
pub(super) fn differing(one: &ContentType) -> Statement {
    let mut sql = format!(
        "select count(*) from {drafts} m where not exists (select 1 from {public} p, {drafts} d \
         where d.id = m.id and p.id = m.id{})",
        same_values(one, false),
        drafts = one.table(Stage::Draft),
        public = one.table(Stage::Published),
    );
    if one.localized {
        sql.push_str(&format!(
            " or exists (select 1 from {} d where d.doc = m.id and not exists \
             (select 1 from {} p where p.doc = d.doc and p.locale = d.locale{}))",
            one.locale_table(Stage::Draft),
            one.locale_table(Stage::Published),
            same_values(one, true)
        ));
    }
    for (here, there) in [(0, 1), (1, 0)] {
        sql.push_str(&format!(
            " or exists (select 1 from links a where a.owner = m.id and a.stage = {here} and not exists \
             (select 1 from links b where b.owner = a.owner and b.stage = {there} and b.field = a.field \
             and b.locale = a.locale and b.item = a.item and b.position = a.position \
             and b.target = a.target))"
        ));
    }
    Statement::new(sql)
}

fn same_values(one: &ContentType, localized: bool) -> String {
    let fields = one
        .fields
        .iter()
        .filter(|field| field.storage().is_column() && field.localized == localized);
    let same = fields.map(|field| {
        let column = field.column();
        format!(" and p.{column} is not distinct from d.{column}")
    });
    same.collect()
}
