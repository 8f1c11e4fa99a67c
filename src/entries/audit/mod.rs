//! Looking at everything that is stored and telling what does not fit together.
//!
//! Most rules are one statement each; component items and kept versions are read page by page, so memory does
//! not grow with the database. Each statement sees one moment, so what a running server writes meanwhile is
//! no finding; a page that looks wrong is read again before it counts.
//!
//! **Always true**: nothing is changed. **Knows nothing about** repairing.
//! Start reading at [`audit`], then [`rules`].

mod items;
mod kept;
mod rules;

use crate::platform::database::{Database, DatabaseError, Dialect, Statement};
use crate::schema::Schema;
use crate::schema::plan::Trash;

/// Something that does not fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub what: String,
    /// How often.
    pub count: i64,
    /// The first of them.
    pub example: String,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looked {
    /// Documents, those in the trash included.
    pub documents: i64,
    /// Links.
    pub links: i64,
    /// Kept versions.
    pub versions: i64,
    /// The number of the last change.
    pub last_change: i64,
}

/// Looks at everything; `progress` is told what is being looked at.
///
/// # Errors
/// When the database fails.
pub async fn audit(
    database: &Database,
    schema: &Schema,
    trash: &Trash,
    progress: impl Fn(&str) + Send + Sync,
) -> Result<(Looked, Vec<Finding>), DatabaseError> {
    let mut findings = Vec::new();
    if database.dialect() == Dialect::Sqlite {
        progress("pages and indexes");
        integrity(database, &mut findings).await?;
    }
    for rule in rules::of_everything(database.dialect()) {
        progress(&rule.what);
        findings.extend(rule.broken(database).await?);
    }
    for content_type in schema.types() {
        progress(&content_type.uid);
        for rule in rules::of_type(content_type) {
            findings.extend(rule.broken(database).await?);
        }
        items::look(database, trash, content_type, &mut findings).await?;
    }
    progress("versions");
    kept::look(database, schema, &mut findings).await?;
    Ok((looked(database).await?, findings))
}

/// What the database engine says of its own file.
async fn integrity(database: &Database, findings: &mut Vec<Finding>) -> Result<(), DatabaseError> {
    let rows = database
        .fetch_all(Statement::new("pragma integrity_check(100)"))
        .await?;
    let problems: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.text(0).ok())
        .filter(|line| *line != "ok")
        .collect();
    if let Some(first) = problems.first() {
        findings.push(Finding {
            what: "damage in the database file".to_owned(),
            count: i64::try_from(problems.len()).unwrap_or(i64::MAX),
            example: (*first).to_owned(),
        });
    }
    Ok(())
}

async fn looked(database: &Database) -> Result<Looked, DatabaseError> {
    let sql = "select (select count(*) from documents), (select count(*) from links), \
               (select count(*) from versions), (select coalesce(max(seq), 0) from changes)";
    let row = database.fetch_optional(Statement::new(sql)).await?;
    let row = row.ok_or(DatabaseError::Column(0))?;
    Ok(Looked {
        documents: row.integer(0)?,
        links: row.integer(1)?,
        versions: row.integer(2)?,
        last_change: row.integer(3)?,
    })
}

/// Counts cases of one kind and keeps the first.
#[derive(Debug, Default)]
struct Tally {
    count: i64,
    example: Option<String>,
}

impl Tally {
    fn add(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        self.example.get_or_insert_with(example);
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        if let Some(example) = other.example {
            self.example.get_or_insert(example);
        }
    }

    fn finish(self, what: impl Into<String>, findings: &mut Vec<Finding>) {
        if self.count > 0 {
            findings.push(Finding {
                what: what.into(),
                count: self.count,
                example: self.example.unwrap_or_default(),
            });
        }
    }
}
