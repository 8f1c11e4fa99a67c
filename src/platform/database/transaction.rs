//! A write transaction: the only way to change anything.

use std::time::Duration;

use super::pool::Lease;
use super::{DatabaseError, Dialect, Row, Statement, Value, postgres, sqlite};

/// The transaction a write job runs in.
#[derive(Debug)]
pub struct Transaction {
    pub(super) connection: Connection,
    /// SQLite: control statements that run together with the next statement, to save a round trip.
    pub(super) pending: String,
    /// PostgreSQL: how long a statement may take before the server counts as gone without a word.
    pub(super) patience: Option<Duration>,
}

/// Waits for an answer, but not for ever: a connection to a machine that vanished never breaks by itself.
async fn answered<T>(
    patience: Option<Duration>,
    work: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    let Some(patience) = patience else {
        return work.await;
    };
    let silent = |_| DatabaseError::Unavailable("the server is silent".into());
    tokio::time::timeout(patience, work)
        .await
        .map_err(silent)
        .flatten()
}

#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(sqlx::SqliteConnection),
    Postgres(Lease),
}

impl Transaction {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            pending: String::new(),
            patience: None,
        }
    }

    /// Runs what is pending on its own.
    pub(super) async fn flush(&mut self) -> Result<(), DatabaseError> {
        let pending = std::mem::take(&mut self.pending);
        match &mut self.connection {
            Connection::Sqlite(connection) if !pending.is_empty() => {
                sqlite::execute(connection, Statement::new(pending)).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Puts what is pending before a statement.
    fn with_pending(&mut self, statement: Statement) -> Statement {
        if self.pending.is_empty() {
            return statement;
        }
        let mut sql = std::mem::take(&mut self.pending);
        sql.push_str(&statement.sql);
        Statement::with(sql, statement.values)
    }

    /// Which SQL is spoken.
    pub fn dialect(&self) -> Dialect {
        match self.connection {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Lets this transaction wait for its own program as long as it must: for commands that work through a whole
    /// archive in one. On PostgreSQL others are ended when they wait for too long, so that a node that stands still
    /// holds up nobody.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn take_time(&mut self) -> Result<(), DatabaseError> {
        if self.dialect() == Dialect::Postgres {
            let never = "select set_config('idle_in_transaction_session_timeout', '0', true)";
            self.fetch_all(Statement::new(never)).await?;
            self.patience = None;
        }
        Ok(())
    }

    /// Runs a statement and tells how many rows it changed.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, DatabaseError> {
        // On its own, because control statements repeat the number of changed rows.
        self.flush().await?;
        let patience = self.patience;
        match &mut self.connection {
            Connection::Sqlite(connection) => sqlite::execute(connection, statement).await,
            Connection::Postgres(connection) => {
                answered(patience, postgres::execute(connection, statement)).await
            }
        }
    }

    /// Every row of a statement.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        let statement = self.with_pending(statement);
        let patience = self.patience;
        match &mut self.connection {
            Connection::Sqlite(connection) => sqlite::fetch_all(connection, statement).await,
            Connection::Postgres(connection) => {
                answered(patience, postgres::fetch_all(connection, statement)).await
            }
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
        let together = match batch.sql.is_empty() {
            true => None,
            false => Some(self.with_pending(Statement::with(batch.sql, batch.values))),
        };
        let patience = self.patience;
        match &mut self.connection {
            Connection::Sqlite(connection) => {
                if let Some(statement) = together {
                    sqlite::execute(connection, statement).await?;
                }
            }
            Connection::Postgres(connection) => {
                for statement in batch.statements {
                    answered(patience, postgres::execute(connection, statement)).await?;
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
        append_in_order(&mut self.sql, &mut self.values, &statement);
        self.sql.push(';');
    }
}

/// Appends a statement with every placeholder `$n` outside quotes written as `?` and its value at that place.
///
/// sqlx looks the name of each numbered placeholder up in a list, which costs the square of their number; `?` has
/// no name.
fn append_in_order(sql: &mut String, values: &mut Vec<Value>, statement: &Statement) {
    for (index, part) in statement.sql.split('\'').enumerate() {
        if index > 0 {
            sql.push('\'');
        }
        if index % 2 == 1 {
            // Inside quotes.
            sql.push_str(part);
            continue;
        }
        let mut pieces = part.split('$');
        sql.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let tail = piece.trim_start_matches(|letter: char| letter.is_ascii_digit());
            let number: Option<usize> = piece
                .strip_suffix(tail)
                .and_then(|digits| digits.parse().ok());
            let value = number.and_then(|number| statement.values.get(number.checked_sub(1)?));
            values.push(value.cloned().unwrap_or(Value::Null));
            sql.push('?');
            sql.push_str(tail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_puts_the_values_in_the_order_of_their_places() {
        let mut batch = Batch::new(Dialect::Sqlite);
        batch.push(
            Statement::new("insert into a values ($1, '$1', $2)")
                .bind(1_i64)
                .bind(2_i64),
        );
        batch.push(Statement::new("delete from b where x = $1 and y = '$1'").bind(3_i64));
        assert_eq!(
            batch.sql,
            "insert into a values (?, '$1', ?);delete from b where x = ? and y = '$1';"
        );
        assert_eq!(batch.values.len(), 3);
    }
}
