//! What a database offers to several nodes: announcements and a replica. SQLite has one node and needs neither.

use super::{Database, DatabaseError, Engine, Listener, Row, Statement};

/// Reads that decide nothing, so that a replica may answer them.
#[derive(Debug, Clone, Copy)]
pub struct Near<'d>(&'d Database);

impl Near<'_> {
    /// Every row of a reading statement.
    ///
    /// # Errors
    /// As [`Database::fetch_all`].
    pub async fn fetch_all(self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        match &self.0.engine {
            Engine::Sqlite(_) => self.0.fetch_all(statement).await,
            Engine::Postgres(postgres) => {
                let sql = statement.sql.clone();
                let read = postgres.fetch_near(statement);
                self.0.watch.read(&sql, read).await
            }
        }
    }

    /// The first row of a reading statement, if any.
    ///
    /// # Errors
    /// As [`Database::fetch_all`].
    pub async fn fetch_optional(self, statement: Statement) -> Result<Option<Row>, DatabaseError> {
        match &self.0.engine {
            Engine::Sqlite(_) => self.0.fetch_optional(statement).await,
            Engine::Postgres(_) => Ok(self.fetch_all(statement).await?.into_iter().next()),
        }
    }
}

impl Database {
    /// For reads that decide nothing, such as delivery. `database.replica_url` may answer them, never with less than
    /// this node has written or read from the change log; without a replica this is the database itself.
    pub fn near(&self) -> Near<'_> {
        Near(self)
    }

    /// Whether the replica answers [`Database::near`] at the moment; none without one.
    pub fn is_replica_used(&self) -> Option<bool> {
        match &self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(postgres) => postgres.is_near_good(),
        }
    }

    /// Keeps an eye on the replica until it fails; without one it waits for ever.
    ///
    /// # Errors
    /// When the replica or the primary does not answer; then it is called again.
    pub async fn watch_replica(&self) -> Result<(), DatabaseError> {
        match &self.engine {
            Engine::Sqlite(_) => std::future::pending().await,
            Engine::Postgres(postgres) => Err(postgres.watch_replica().await),
        }
    }

    /// What the primary has now is in every later answer of [`Database::near`]: for whoever has seen something there
    /// that a near read must not contradict.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reach(&self) -> Result<(), DatabaseError> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(postgres) => postgres.reach().await,
        }
    }

    /// A connection that hears what other nodes announce; none on SQLite.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn listen(&self) -> Result<Option<Listener>, DatabaseError> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(None),
            Engine::Postgres(postgres) => postgres.listen().await.map(Some),
        }
    }

    /// Announces to other nodes that the change log has grown. After the commit, by a transaction of its own:
    /// announcing within a writing one would let writers commit one after another.
    ///
    /// # Errors
    /// When the database fails; others look by themselves after a while.
    pub async fn announce(&self) -> Result<(), DatabaseError> {
        match &self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(postgres) => postgres.announce().await,
        }
    }
}
