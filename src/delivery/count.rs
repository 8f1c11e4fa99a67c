//! Totals of lists, remembered until something is written.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

use crate::platform::database::{Database, DatabaseError, Statement, Value};

/// How many totals are remembered.
const CAPACITY: usize = 4096;
/// A query whose text and values are longer is counted every time.
const LONGEST_KEY: usize = 4096;

/// Totals by query; each is valid for one generation of the content.
///
/// Whoever changes content calls [`Totals::bump`] after the change is durable and before it is acknowledged.
#[derive(Debug)]
pub struct Totals {
    generation: AtomicU64,
    known: Cache<String, (u64, u64)>,
}

impl Default for Totals {
    fn default() -> Self {
        Self::new()
    }
}

impl Totals {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self {
            generation: AtomicU64::new(1),
            known: Cache::new(CAPACITY),
        }
    }

    /// Forgets every total: content or schema has changed.
    pub fn bump(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// The total a statement counts, from memory if nothing was written since it was counted.
    ///
    /// # Errors
    /// When it must be counted and the statement fails.
    pub async fn count(
        &self,
        database: &Database,
        schema_generation: i64,
        statement: Statement,
    ) -> Result<u64, DatabaseError> {
        // Read before counting: a total that a write has overtaken is stored under the older generation.
        let generation = self.generation.load(Ordering::SeqCst);
        let key = key(schema_generation, &statement);
        if let Some((counted_at, total)) = self.known.get(key.as_str())
            && counted_at == generation
        {
            return Ok(total);
        }
        let row = database.near().fetch_optional(statement).await?;
        let total = row.map_or(Ok(0), |row| row.integer(0))?;
        let total = u64::try_from(total).unwrap_or(0);
        if key.len() <= LONGEST_KEY {
            self.known.insert(key, (generation, total));
        }
        Ok(total)
    }
}

/// Statement and values, each with its length, so that no two queries share a key.
fn key(schema_generation: i64, statement: &Statement) -> String {
    let sql = statement.sql();
    let mut key = format!("{schema_generation} {} {sql}", sql.len());
    for value in statement.values() {
        let _ = match value {
            Value::Text(text) => write!(key, " t{}:{text}", text.len()),
            Value::Integer(number) => write!(key, " i{number}"),
            other => write!(key, " {other:?}"),
        };
    }
    key
}
