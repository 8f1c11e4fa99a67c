//! Documents that values name, looked up with as few statements as there are kinds of names.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::reference::{Reference, Wanted};
use crate::platform::database::{Database, DatabaseError, Dialect, Statement};
use crate::schema::{ContentType, Schema, TypeId};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Known {
    documents: HashMap<String, (i64, TypeId)>,
    numbers: HashMap<(TypeId, i64), i64>,
    trashed: HashSet<i64>,
    uids: HashMap<String, TypeId>,
}

impl Known {
    /// Forgets what was found in other types.
    pub(super) fn keep(&mut self, kept: impl Fn(TypeId) -> bool) {
        self.documents.retain(|_, (_, found)| kept(*found));
        self.numbers.retain(|(found, _), _| kept(*found));
    }

    /// The number of the document a reference means, if there is one of the wanted type.
    pub(super) fn doc(&self, target: Option<&str>, reference: &Reference) -> Option<i64> {
        self.past(target, reference)
            .filter(|doc| !self.trashed.contains(doc))
    }

    /// The same, also if the document is in the trash now.
    pub(super) fn past(&self, target: Option<&str>, reference: &Reference) -> Option<i64> {
        let wanted = match target {
            Some(uid) => Some(*self.uids.get(uid)?),
            None => None,
        };
        match reference {
            Reference::Document(id) => {
                let (doc, found) = *self.documents.get(id)?;
                wanted.is_none_or(|wanted| wanted == found).then_some(doc)
            }
            Reference::Number(id) => self.numbers.get(&(wanted?, *id)).copied(),
            Reference::NumberOf(uid, id) => {
                let named = *self.uids.get(uid)?;
                let fits = wanted.is_none_or(|wanted| wanted == named);
                fits.then(|| self.numbers.get(&(named, *id)).copied())?
            }
        }
    }
}

pub(super) async fn find(
    database: &Database,
    schema: &Schema,
    wanted: &[Wanted<'_>],
) -> Result<Known, DatabaseError> {
    let mut known = Known::default();
    let mut identities = BTreeSet::new();
    let mut numbers: BTreeMap<TypeId, BTreeSet<i64>> = BTreeMap::new();
    for want in wanted {
        let uid = match &want.reference {
            Reference::NumberOf(uid, _) => Some(uid.as_str()),
            _ => want.target,
        };
        let target = uid.and_then(|uid| schema.content_type(uid));
        if let (Some(uid), Some(target)) = (uid, target) {
            known.uids.insert(uid.to_owned(), target.id);
        }
        match (&want.reference, target) {
            (Reference::Document(id), _) => {
                identities.insert(id.as_str());
            }
            (Reference::Number(id) | Reference::NumberOf(_, id), Some(target)) => {
                numbers.entry(target.id).or_default().insert(*id);
            }
            (Reference::Number(_) | Reference::NumberOf(..), None) => {}
        }
    }
    if !identities.is_empty() {
        let list = serde_json::json!(identities).to_string();
        let values = match database.dialect() {
            Dialect::Sqlite => "(select value from json_each($1))",
            Dialect::Postgres => "(select jsonb_array_elements_text($1::jsonb))",
        };
        let sql = format!(
            "select document_id, doc, type_id, trashed_at is not null from documents where document_id in {values}"
        );
        for row in database.fetch_all(Statement::new(sql).bind(list)).await? {
            let found = (row.integer(1)?, TypeId(row.integer(2)?));
            if row.integer(3)? != 0 {
                known.trashed.insert(found.0);
            }
            known.documents.insert(row.text(0)?.to_owned(), found);
        }
    }
    for (target, ids) in numbers {
        let Some(target) = schema.content_type_by_id(target) else {
            continue;
        };
        for (id, doc) in by_number(database, target, &ids).await? {
            known.numbers.insert((target.id, id), doc);
        }
    }
    Ok(known)
}

async fn by_number(
    database: &Database,
    target: &ContentType,
    ids: &BTreeSet<i64>,
) -> Result<Vec<(i64, i64)>, DatabaseError> {
    let list = serde_json::json!(ids).to_string();
    let values = match database.dialect() {
        Dialect::Sqlite => "(select value from json_each($1))",
        Dialect::Postgres => "(select jsonb_array_elements_text($1::jsonb)::bigint)",
    };
    let sql = if target.localized {
        let tables = target.stages().iter().map(|stage| {
            let table = target.locale_table(*stage);
            format!("select id, doc from {table} where id in {values}")
        });
        tables.collect::<Vec<_>>().join(" union ")
    } else {
        format!(
            "select doc, doc from documents where trashed_at is null and type_id = {} and doc in {values}",
            target.id
        )
    };
    let rows = database.fetch_all(Statement::new(sql).bind(list)).await?;
    rows.iter()
        .map(|row| Ok((row.integer(0)?, row.integer(1)?)))
        .collect()
}
