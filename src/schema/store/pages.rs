//! Going through the values of a column page by page, so that memory does not grow with the table.

use super::create::table_of;
use super::tables;
use crate::base::Stage;
use crate::platform::database::{
    Batch, DatabaseError, Dialect, Row, Statement, Transaction, Value,
};
use crate::schema::{ContentType, Field, Storage, TypeId};

/// Rows per page.
const PAGE: i64 = 200;

/// A table that holds a field.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) table: String,
    pub(super) stage: Stage,
    /// Whether the rows are per locale.
    pub(super) localized: bool,
}

/// The tables that hold a field, in use or not.
pub(super) async fn places(
    tx: &mut Transaction,
    id: TypeId,
    localized: bool,
) -> Result<Vec<Place>, DatabaseError> {
    let stages = super::columns::stages(tx, id).await?;
    let places = stages.iter().map(|stage| Place {
        table: table_of(id, *stage, localized),
        stage: *stage,
        localized,
    });
    Ok(places.collect())
}

/// The table with the values of a field that editors work on.
pub(super) fn place_in_use(one: &ContentType, localized: bool) -> Place {
    let stage = one.stage(Stage::Draft);
    Place {
        table: table_of(one.id, stage, localized),
        stage,
        localized,
    }
}

/// One value that is not null.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) id: i64,
    pub(super) doc: i64,
    /// Empty in rows that are not per locale.
    pub(super) locale: String,
    pub(super) value: Value,
}

/// A place in a table from which the next page is read.
#[derive(Debug)]
pub(super) struct Pages {
    sql: String,
    after: i64,
}

impl Pages {
    /// Starts before the first row. `generation` is written into the statement: a prepared one must not
    /// outlive a change of the column's type.
    pub(super) fn new(place: &Place, column: &str, generation: i64) -> Self {
        let (table, keys) = (
            &place.table,
            if place.localized {
                "doc, locale"
            } else {
                "id, ''"
            },
        );
        Self {
            sql: format!(
                "select id, {keys}, {column} from {table} where id > $1 and {column} is not null \
                 order by id limit {PAGE} /* {generation} */"
            ),
            after: i64::MIN,
        }
    }

    /// The statement for the next page.
    pub(super) fn statement(&self) -> Statement {
        Statement::new(self.sql.clone()).bind(self.after)
    }

    /// Takes the rows of a page; none are left when it is empty.
    pub(super) fn take(&mut self, rows: &[Row]) -> Result<Vec<Held>, DatabaseError> {
        let held = rows.iter().map(|row| {
            Ok(Held {
                id: row.integer(0)?,
                doc: row.integer(1)?,
                locale: row.text(2)?.to_owned(),
                value: row.value(3)?.clone(),
            })
        });
        let held = held.collect::<Result<Vec<_>, DatabaseError>>()?;
        if let Some(last) = held.last() {
            self.after = last.id;
        }
        Ok(held)
    }

    /// The next page inside a transaction.
    pub(super) async fn next(&mut self, tx: &mut Transaction) -> Result<Vec<Held>, DatabaseError> {
        let rows = tx.fetch_all(self.statement()).await?;
        self.take(&rows)
    }
}

/// Adds the statement that writes one value.
pub(super) fn write(batch: &mut Batch, table: &str, field: &Field, id: i64, value: Value) {
    let column = tables::column(field.id.0);
    if value == Value::Null {
        let sql = format!("update {table} set {column} = null where id = $1");
        batch.push(Statement::new(sql).bind(id));
        return;
    }
    let cast = match (batch.dialect(), field.storage()) {
        (Dialect::Sqlite, _) => "",
        (_, Storage::Integer) => "::bigint",
        (_, Storage::Real) => "::double precision",
        (_, Storage::Boolean) => "::boolean",
        _ => "",
    };
    let sql = format!("update {table} set {column} = $2{cast} where id = $1");
    batch.push(Statement::new(sql).bind(id).bind(value));
}

/// `(1, 2, 3)`; numbers only, so nothing needs to be bound.
pub(super) fn list(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    format!("({})", ids.join(", "))
}
