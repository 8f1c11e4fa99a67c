//! A locale goes, with everything written in it.

use super::{StoreError, columns};
use crate::platform::database::{Statement, Transaction};
use crate::schema::layout::{locale_table, table};
use crate::schema::{ContentType, TypeId};

/// Drops the rows and links of a locale; documents left with no row go to the trash.
pub(super) async fn remove(
    tx: &mut Transaction,
    types: &[ContentType],
    code: &str,
    at: &str,
) -> Result<(), StoreError> {
    let links = "delete from links where locale = $1";
    tx.execute(Statement::new(links).bind(code)).await?;
    for one in types.iter().filter(|one| one.localized) {
        remove_from(tx, one.id, code, at).await?;
    }
    Ok(())
}

async fn remove_from(
    tx: &mut Transaction,
    id: TypeId,
    code: &str,
    at: &str,
) -> Result<(), StoreError> {
    let mut left = String::new();
    for stage in columns::stages(tx, id).await? {
        let (main, rows) = (table(id, *stage), locale_table(id, *stage));
        let sql = format!("delete from {rows} where locale = $1");
        tx.execute(Statement::new(sql).bind(code)).await?;
        let links = format!(
            "delete from links where stage = {} and owner in \
             (select id from {main} where id not in (select doc from {rows}))",
            stage.number()
        );
        tx.execute(Statement::new(links)).await?;
        let sql = format!("delete from {main} where id not in (select doc from {rows})");
        tx.execute(Statement::new(sql)).await?;
        left.push_str(&format!(" and doc not in (select id from {main})"));
    }
    let sql = format!(
        "update documents set trashed_at = $1 where type_id = $2 and trashed_at is null{left}"
    );
    tx.execute(Statement::new(sql).bind(at).bind(id.0)).await?;
    Ok(())
}
