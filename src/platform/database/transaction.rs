//! A write transaction: the only way to change anything.

use std::fmt::Write as _;

use sqlx::pool::PoolConnection;

use super::{DatabaseError, Dialect, Row, Statement, Value, postgres, sqlite};

/// The transaction a write job runs in.
#[derive(Debug)]
pub struct Transaction {
    pub(super) connection: Connection,
}

#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(sqlx::SqliteConnection),
    Postgres(PoolConnection<sqlx::Postgres>),
}

impl Transaction {
    /// Which SQL is spoken.
    pub fn dialect(&self) -> Dialect {
        match self.connection {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement and tells how many rows it changed.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, DatabaseError> {
        match &mut self.connection {
            Connection::Sqlite(connection) => sqlite::execute(connection, statement).await,
            Connection::Postgres(connection) => postgres::execute(connection, statement).await,
        }
    }

    /// Every row of a statement.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        match &mut self.connection {
            Connection::Sqlite(connection) => sqlite::fetch_all(connection, statement).await,
            Connection::Postgres(connection) => postgres::fetch_all(connection, statement).await,
        }
    }

    /// The first row of a statement, if any.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn fetch_optional(
        &mut self,
        statement: Statement,
    ) -> Result<Option<Row>, DatabaseError> {
        Ok(self.fetch_all(statement).await?.into_iter().next())
    }

    /// Runs statements in order whose results nobody needs; on SQLite in one round trip.
    ///
    /// # Errors
    /// When one of them fails.
    pub async fn run(&mut self, batch: Batch) -> Result<(), DatabaseError> {
        match &mut self.connection {
            Connection::Sqlite(connection) => {
                if !batch.sql.is_empty() {
                    let statement = Statement::with(batch.sql, batch.values);
                    sqlite::execute(connection, statement).await?;
                }
            }
            Connection::Postgres(connection) => {
                for statement in batch.statements {
                    postgres::execute(connection, statement).await?;
                }
            }
        }
        Ok(())
    }
}

/// Statements to run one after another.
#[derive(Debug)]
pub struct Batch {
    dialect: Dialect,
    sql: String,
    values: Vec<Value>,
    statements: Vec<Statement>,
}

impl Batch {
    /// An empty batch.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            sql: String::new(),
            values: Vec::new(),
            statements: Vec::new(),
        }
    }

    /// Which SQL its statements speak.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Adds a statement.
    pub fn push(&mut self, statement: Statement) {
        if self.dialect == Dialect::Postgres {
            self.statements.push(statement);
            return;
        }
        append_renumbered(&mut self.sql, &statement.sql, self.values.len());
        self.sql.push(';');
        self.values.extend(statement.values);
    }
}

/// Appends `sql` with every placeholder `$n` outside quotes counted from `offset`.
fn append_renumbered(out: &mut String, sql: &str, offset: usize) {
    if offset == 0 {
        out.push_str(sql);
        return;
    }
    let mut rest = sql;
    let mut quoted = false;
    while let Some(at) = rest.find(['$', '\'']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if from.starts_with('\'') || quoted {
            quoted ^= from.starts_with('\'');
            out.push_str(&from[..1]);
            rest = &from[1..];
            continue;
        }
        let digits = from[1..].bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = from[1..=digits].parse().unwrap_or(0);
        let _ = write!(out, "${}", number + offset);
        rest = &from[1 + digits..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_counts_placeholders_through_its_statements() {
        let mut batch = Batch::new(Dialect::Sqlite);
        batch.push(
            Statement::new("insert into a values ($1, '$1', $2)")
                .bind(1)
                .bind(2),
        );
        batch.push(Statement::new("delete from b where x = $1 and y = '$1'").bind(3));
        assert_eq!(
            batch.sql,
            "insert into a values ($1, '$1', $2);delete from b where x = $3 and y = '$1';"
        );
        assert_eq!(batch.values.len(), 3);
    }
}
