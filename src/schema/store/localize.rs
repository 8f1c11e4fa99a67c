//! Types and fields become localised or shared: values move between the document's row and the rows per locale.
//!
//! Shared to localised: every locale the document has gets the value. Localised to shared: the value of the
//! default locale stays, else that of the first locale by code; the others stay in a column or table put
//! aside. Links follow the field that holds them, those inside component items too.

use super::items::Known;
use super::walk::Walk;
use super::{StoreError, columns, tables};
use crate::platform::database::{Statement, Transaction};
use crate::schema::layout::{locale_table, table};
use crate::schema::{ContentType, Field, FieldId, Storage, TypeId};

const STAMPS: &str = "created_at, updated_at, published_at, created_by, updated_by";

/// The move of one type's values, with what it needs to know.
pub(super) struct Mover {
    pub(super) id: TypeId,
    pub(super) known: Known,
    pub(super) default_locale: String,
    pub(super) generation: i64,
}

/// Carries out `SetLocalized`; the walk is already there.
pub(super) async fn set(
    tx: &mut Transaction,
    walk: &mut Walk,
    before: &ContentType,
    changes_type: bool,
    fields: &[(FieldId, String, bool)],
) -> Result<(), StoreError> {
    let mover = Mover::new(walk, before.id);
    if changes_type && !before.localized {
        mover.open_locale_tables(tx).await?;
    }
    for (id, _, localized) in fields {
        let Some(field) = before.field_by_id(*id) else {
            continue;
        };
        columns::drop_index(tx, before.id, field).await?;
        mover.field(tx, field, *localized).await?;
        walk.touch(before.id, *id);
    }
    if changes_type && before.localized {
        for field in walk.trashed_fields(before.id) {
            mover.field(tx, &field, false).await?;
        }
        mover.close_locale_tables(tx).await?;
    }
    Ok(())
}

/// Brings the values of a field that returns from the trash to where they belong now.
pub(super) async fn restore(
    tx: &mut Transaction,
    walk: &Walk,
    one: &ContentType,
    field: &Field,
) -> Result<(), StoreError> {
    if one.localized {
        let mover = Mover::new(walk, one.id);
        mover.field(tx, field, field.localized).await?;
    }
    columns::add(tx, one.id, field).await
}

impl Mover {
    fn new(walk: &Walk, id: TypeId) -> Self {
        Self {
            id,
            known: walk.known(),
            default_locale: walk.working.default_locale().to_owned(),
            generation: walk.generation,
        }
    }

    /// Every document gets a row in the default locale.
    async fn open_locale_tables(&self, tx: &mut Transaction) -> Result<(), StoreError> {
        for stage in columns::stages(tx, self.id).await? {
            for statement in tables::create_locale_table(tx.dialect(), self.id, *stage, &[]) {
                tx.execute(statement).await?;
            }
            let (main, rows) = (table(self.id, *stage), locale_table(self.id, *stage));
            let locale = tx.dialect().pick("$1", "$1::text");
            let sql = format!(
                "insert into {rows} (id, doc, locale, {STAMPS}) \
                 select id, id, {locale}, {STAMPS} from {main}"
            );
            tx.execute(Statement::new(sql).bind(self.default_locale.as_str()))
                .await?;
        }
        Ok(())
    }

    /// The chosen locale's stamps become the document's; the tables are put aside.
    async fn close_locale_tables(&self, tx: &mut Transaction) -> Result<(), StoreError> {
        for stage in columns::stages(tx, self.id).await? {
            let (main, rows) = (table(self.id, *stage), locale_table(self.id, *stage));
            let chosen = chosen(&rows, &format!("{main}.id"), "t.id");
            let sql = format!(
                "update {main} set ({STAMPS}) = (select {STAMPS} from {rows} where id = ({chosen})) \
                 where exists (select 1 from {rows} where doc = {main}.id)"
            );
            tx.execute(Statement::new(sql).bind(self.default_locale.as_str()))
                .await?;
            columns::drop_indexes(tx, &rows).await?;
            let aside = format!("{rows}_was{}", self.generation);
            tx.execute(Statement::new(format!(
                "alter table {rows} rename to {aside}"
            )))
            .await?;
        }
        Ok(())
    }

    /// Moves a field's values, and the links it holds, wherever they are now.
    async fn field(
        &self,
        tx: &mut Transaction,
        field: &Field,
        localized: bool,
    ) -> Result<(), StoreError> {
        for stage in columns::stages(tx, self.id).await? {
            match (field.storage(), localized) {
                (Storage::Inverse, _) => {}
                (Storage::Links, true) => self.spread_links(tx, *stage, field).await?,
                (Storage::Links, false) => self.gather_links(tx, *stage, field).await?,
                (_, true) => self.spread(tx, *stage, field).await?,
                (_, false) => self.gather(tx, *stage, field).await?,
            }
        }
        Ok(())
    }
}

/// A subquery for one column of the row whose values stay: the default locale's (`$1`), else the first by code.
pub(super) fn chosen(rows: &str, doc: &str, column: &str) -> String {
    format!(
        "select {column} from {rows} t where t.doc = {doc} \
         order by case when t.locale = $1 then 0 else 1 end, t.locale limit 1"
    )
}
