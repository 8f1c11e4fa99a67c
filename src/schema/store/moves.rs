//! The values and links of one field, moved between the document's row and the rows per locale.

use super::create::table_of;
use super::items;
use super::localize::{Mover, chosen};
use super::pages::{Held, Pages, Place, list};
use super::{StoreError, columns};
use crate::base::Stage;
use crate::platform::database::{Batch, DatabaseError, Statement, Transaction};
use crate::schema::layout::locale_table;
use crate::schema::{Field, Storage};

const LINK: &str = "owner, stage, field, locale, item, position, target, back_position";

impl Mover {
    fn place(&self, stage: Stage, localized: bool) -> Place {
        Place {
            table: table_of(self.id, stage, localized),
            stage,
            localized,
        }
    }

    /// Shared to localised.
    pub(super) async fn spread(
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

    /// Shared to localised, for a field that is links.
    pub(super) async fn spread_links(
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
    pub(super) async fn gather(
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

    /// Localised to shared, for a field that is links.
    pub(super) async fn gather_links(
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
