//! Types and fields become localised or shared: values move between the document's row and the rows per locale.
//!
//! Shared to localised: every locale the document has gets the value. Localised to shared: the value of the
//! default locale stays, else that of the first locale by code; the others stay in a column or table put
//! aside. Links follow the field that holds them, those inside component items too.

use super::apply::Walk;
use super::create::table_of;
use super::items::{self, Known};
use super::pages::{Held, Pages, Place, list};
use super::{StoreError, columns, tables};
use crate::base::Stage;
use crate::platform::database::{Batch, DatabaseError, Statement, Transaction};
use crate::schema::layout::{locale_table, table};
use crate::schema::{ContentType, Field, FieldId, Storage, TypeId};

const STAMPS: &str = "created_at, updated_at, published_at, created_by, updated_by";
const LINK: &str = "owner, stage, field, locale, item, position, target, back_position";

/// The move of one type's values, with what it needs to know.
struct Mover {
    id: TypeId,
    known: Known,
    default_locale: String,
    generation: i64,
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

    fn place(&self, stage: Stage, localized: bool) -> Place {
        Place {
            table: table_of(self.id, stage, localized),
            stage,
            localized,
        }
    }

    /// Shared to localised.
    async fn spread(
        &self,
        tx: &mut Transaction,
        stage: Stage,
        field: &Field,
    ) -> Result<(), StoreError> {
        let (from, to) = (self.place(stage, false), self.place(stage, true));
        let column = field.column();
        if !columns::exists(tx, &from.table, &column).await? {
            return Ok(());
        }
        columns::add_to(tx, &to.table, field).await?;
        let sql = format!(
            "update {to} set {column} = (select m.{column} from {from} m where m.id = {to}.doc)",
            to = to.table,
            from = from.table
        );
        tx.execute(Statement::new(sql)).await?;
        if field.storage() == Storage::Items {
            let mut pages = Pages::new(&from, &column, self.generation);
            loop {
                let page = pages.next(tx).await?;
                if page.is_empty() {
                    break;
                }
                self.spread_item_links(tx, stage, field, &page).await?;
            }
        }
        self.drop_column(tx, &from.table, &column).await
    }

    /// The values have moved, so nothing is lost.
    async fn drop_column(
        &self,
        tx: &mut Transaction,
        table: &str,
        column: &str,
    ) -> Result<(), StoreError> {
        let sql = format!("alter table {table} drop column {column}");
        tx.execute(Statement::new(sql)).await?;
        Ok(())
    }

    async fn spread_item_links(
        &self,
        tx: &mut Transaction,
        stage: Stage,
        field: &Field,
        page: &[Held],
    ) -> Result<(), DatabaseError> {
        let mut batch = Batch::new(tx.dialect());
        for held in page {
            let ids = self.known.ids(&field.kind, &items::stored(&held.value));
            for ids in ids.chunks(500) {
                let condition = format!("k.owner = {} and k.item in {}", held.doc, list(ids));
                self.spread_where(&mut batch, stage, &condition);
            }
        }
        tx.run(batch).await
    }

    async fn spread_links(
        &self,
        tx: &mut Transaction,
        stage: Stage,
        field: &Field,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::new(tx.dialect());
        self.spread_where(&mut batch, stage, &format!("k.field = {}", field.id));
        Ok(tx.run(batch).await?)
    }

    /// Gives the links in `condition` to every locale of their owner. Owners without any row lie in the
    /// trash; their links go to the default locale.
    fn spread_where(&self, batch: &mut Batch, stage: Stage, condition: &str) {
        let rows = locale_table(self.id, stage);
        let condition = format!(
            "k.locale = '' and k.stage = {} and {condition}",
            stage.number()
        );
        batch.push(Statement::new(format!(
            "insert into links ({LINK}) select k.owner, k.stage, k.field, t.locale, k.item, k.position, \
             k.target, k.back_position from links k join {rows} t on t.doc = k.owner where {condition}"
        )));
        let bare = condition.replace("k.", "links.");
        batch.push(Statement::new(format!(
            "delete from links where {bare} and exists (select 1 from {rows} t where t.doc = links.owner)"
        )));
        let statement = Statement::new(format!("update links set locale = $1 where {bare}"));
        batch.push(statement.bind(self.default_locale.as_str()));
    }

    /// Localised to shared.
    async fn gather(
        &self,
        tx: &mut Transaction,
        stage: Stage,
        field: &Field,
    ) -> Result<(), StoreError> {
        let (from, to) = (self.place(stage, true), self.place(stage, false));
        let column = field.column();
        if !columns::exists(tx, &from.table, &column).await? {
            return Ok(());
        }
        columns::add_to(tx, &to.table, field).await?;
        let chosen = chosen(
            &from.table,
            &format!("{}.id", to.table),
            &format!("t.{column}"),
        );
        let sql = format!("update {} set {column} = ({chosen})", to.table);
        tx.execute(Statement::new(sql).bind(self.default_locale.as_str()))
            .await?;
        if field.storage() == Storage::Items {
            let mut pages = Pages::new(&from, &column, self.generation);
            loop {
                let page = pages.next(tx).await?;
                if page.is_empty() {
                    break;
                }
                self.gather_item_links(tx, stage, field, &page).await?;
            }
        }
        columns::put_aside(tx, &from.table, &column, self.generation).await?;
        Ok(())
    }

    async fn gather_item_links(
        &self,
        tx: &mut Transaction,
        stage: Stage,
        field: &Field,
        page: &[Held],
    ) -> Result<(), DatabaseError> {
        let mut batch = Batch::new(tx.dialect());
        for held in page {
            let ids = self.known.ids(&field.kind, &items::stored(&held.value));
            for ids in ids.chunks(500) {
                let condition = format!(
                    "owner = {} and item in {} and locale = $2",
                    held.doc,
                    list(ids)
                );
                self.gather_where(&mut batch, stage, &condition, Some(&held.locale));
            }
        }
        tx.run(batch).await
    }

    async fn gather_links(
        &self,
        tx: &mut Transaction,
        stage: Stage,
        field: &Field,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::new(tx.dialect());
        self.gather_where(&mut batch, stage, &format!("field = {}", field.id), None);
        Ok(tx.run(batch).await?)
    }

    /// Keeps the links in `condition` that belong to the chosen locale, for all locales. Owners without any
    /// row lie in the trash; their first locale by code is chosen.
    fn gather_where(&self, batch: &mut Batch, stage: Stage, condition: &str, locale: Option<&str>) {
        let rows = locale_table(self.id, stage);
        let chosen = chosen(&rows, "links.owner", "t.locale");
        let condition = format!(
            "locale <> '' and stage = {} and {condition}",
            stage.number()
        );
        let first = "(select min(k.locale) from links k where k.owner = links.owner and k.stage = links.stage \
                     and k.field = links.field and k.item = links.item and k.locale <> '')";
        for act in [
            format!(
                "delete from links where {condition} and locale <> coalesce(({chosen}), {first})"
            ),
            format!("update links set locale = '' where {condition} and $1 = $1"),
        ] {
            let statement = Statement::new(act).bind(self.default_locale.as_str());
            batch.push(match locale {
                Some(locale) => statement.bind(locale),
                None => statement,
            });
        }
    }
}

/// A subquery for one column of the row whose values stay: the default locale's (`$1`), else the first by code.
fn chosen(rows: &str, doc: &str, column: &str) -> String {
    format!(
        "select {column} from {rows} t where t.doc = {doc} \
         order by case when t.locale = $1 then 0 else 1 end, t.locale limit 1"
    )
}
