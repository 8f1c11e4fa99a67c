//! The documents of a source: their numbers, and whether they exist here already.

use std::collections::{HashMap, HashSet};

use super::error::ImportError;
use crate::entries::identity::Identity;
use crate::platform::database::{Statement, Transaction};
use crate::schema::{ContentType, Schema};

/// Identities asked for with one statement.
const PER_STATEMENT: usize = 500;

/// A document of the source.
#[derive(Debug)]
pub(super) struct Known {
    /// Its number here.
    pub(super) doc: i64,
    /// How many records of it are still to come.
    pub(super) records: u32,
    /// What is stored here, if it exists.
    pub(super) stored: Option<Identity>,
}

/// All documents of a source by id, and the next free number.
#[derive(Debug, Default)]
pub(super) struct Documents {
    by_id: HashMap<String, Known>,
    /// Numbers from here on are free.
    pub(super) next: i64,
    alone: bool,
}

/// One document as the reader names it: type, id, and number of records.
pub(super) type Named = (String, String, u32);

impl Documents {
    /// Finds out which documents exist, and numbers the others from the sequence's next number on.
    pub(super) async fn find(
        tx: &mut Transaction,
        schema: &Schema,
        named: Vec<Named>,
        next: i64,
    ) -> Result<Self, ImportError> {
        let mut documents = Self {
            by_id: HashMap::with_capacity(named.len()),
            next,
            alone: false,
        };
        let anything = Statement::new("select 1 from documents limit 1");
        let empty = tx.fetch_optional(anything).await?.is_none();
        documents.alone = empty;
        for chunk in named.chunks(PER_STATEMENT) {
            let mut stored = match empty {
                true => HashMap::new(),
                false => stored(tx, chunk).await?,
            };
            for (uid, id, records) in chunk {
                let stored = stored.remove(id);
                let content_type = schema.content_type(uid);
                if let (Some(stored), Some(content_type)) = (&stored, content_type) {
                    same_type(content_type, stored, schema)?;
                }
                documents.add(id.clone(), *records, stored);
            }
        }
        Ok(documents)
    }

    fn add(&mut self, id: String, records: u32, stored: Option<Identity>) {
        let doc = match &stored {
            Some(stored) => stored.doc,
            None => self.take(),
        };
        let known = Known {
            doc,
            records,
            stored,
        };
        self.by_id.insert(id, known);
    }

    /// A number that was never given.
    pub(super) fn take(&mut self) -> i64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// A document of the source.
    pub(super) fn get(&self, id: &str) -> Option<&Known> {
        self.by_id.get(id)
    }

    /// The numbers of all documents of the source.
    pub(super) fn numbers(&self) -> HashSet<i64> {
        self.by_id.values().map(|known| known.doc).collect()
    }

    /// Whether no document was here before.
    pub(super) fn are_alone(&self) -> bool {
        self.alone
    }

    /// Counts a record of a document as seen; returns how many are still to come.
    pub(super) fn see(&mut self, id: &str) -> Option<u32> {
        let known = self.by_id.get_mut(id)?;
        known.records = known.records.saturating_sub(1);
        Some(known.records)
    }
}

fn same_type(
    content_type: &ContentType,
    stored: &Identity,
    schema: &Schema,
) -> Result<(), ImportError> {
    if stored.type_id == content_type.id.0 {
        return Ok(());
    }
    let other = schema.content_type_by_id(crate::schema::TypeId(stored.type_id));
    let other = other.map_or("another type", |other| other.uid.as_str());
    Err(ImportError::Conflict {
        place: format!("{} {}", content_type.uid, stored.document_id),
        problem: format!(
            "a document of {other} has this documentId here; delete it for good first"
        ),
    })
}

async fn stored(
    tx: &mut Transaction,
    named: &[Named],
) -> Result<HashMap<String, Identity>, ImportError> {
    let places: Vec<String> = (1..=named.len()).map(|index| format!("${index}")).collect();
    let sql = format!(
        "select doc, document_id, type_id, revision, created_at, trashed_at from documents \
         where document_id in ({})",
        places.join(", ")
    );
    let ids = named.iter().map(|(_, id, _)| id);
    let statement = ids.fold(Statement::new(sql), Statement::bind);
    let mut found = HashMap::new();
    for row in tx.fetch_all(statement).await? {
        let id = row.text(1)?.to_owned();
        let identity = Identity {
            doc: row.integer(0)?,
            document_id: id.clone(),
            type_id: row.integer(2)?,
            revision: row.integer(3)?,
            created_at: row.text(4)?.to_owned(),
            trashed_at: row.text_or_null(5)?.map(str::to_owned),
        };
        found.insert(id, identity);
    }
    Ok(found)
}
