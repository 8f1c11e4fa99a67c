//! One act on one document: loaded, changed, and saved with its version and its line in the log.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::acts::{self, Moment};
use super::edit::{Edit, InverseEdit};
use super::identity::{self, Identity};
use super::store;
use super::tree::{Copy, Document};
use super::{
    EntryError, Saved, Target, Which, WriteRequest, check, inverse, logged, slugs, versions,
};
use crate::base::ids;
use crate::changes::{self, Change, ChangeKind};
use crate::platform::database::{Batch, DatabaseError, Dialect, Statement, Transaction};
use crate::schema::{Field, FieldKind, Schema};

/// On PostgreSQL, holds off schema changes until this transaction ends.
pub(super) async fn shared_lock(tx: &mut Transaction) -> Result<(), DatabaseError> {
    if tx.dialect() == Dialect::Postgres {
        let lock = "select pg_advisory_xact_lock_shared(8401226355)::text";
        tx.fetch_all(Statement::new(lock)).await?;
    }
    Ok(())
}

/// A statement that fails if the stored schema is not of this generation.
pub(super) fn guard(schema: &Schema) -> Statement {
    Statement::new(
        "insert into settings (name, value) select name, value from settings \
         where name = 'schema_generation' and value <> $1",
    )
    .bind(schema.generation.to_string())
}

/// One act on one document inside its transaction.
pub(super) struct Session<'t> {
    pub(super) tx: &'t mut Transaction,
    pub(super) request: Arc<WriteRequest>,
    pub(super) before: Document,
    pub(super) after: Document,
    pub(super) moment: Moment,
    made: bool,
    /// What this act has appended to the log.
    noted: Vec<Change>,
    /// Whether this save may not join the version before it.
    pub(super) own_version: bool,
}

impl<'t> Session<'t> {
    pub(super) fn new(
        tx: &'t mut Transaction,
        request: &Arc<WriteRequest>,
        before: Document,
        moment: Moment,
    ) -> Self {
        Self {
            tx,
            request: Arc::clone(request),
            after: before.clone(),
            before,
            moment,
            made: false,
            noted: Vec::new(),
            own_version: false,
        }
    }

    /// Loads the document; a missing one of a single type is made under the number `fresh`.
    pub(super) async fn open(
        tx: &'t mut Transaction,
        request: &Arc<WriteRequest>,
        which: &Which,
        fresh: Option<i64>,
        moment: Moment,
    ) -> Result<Self, EntryError> {
        let content_type = &request.content_type;
        let found = match which {
            Which::Id(id) => identity::find(tx, id).await?,
            Which::Single => {
                if fresh.is_some() {
                    identity::lock_single(tx, content_type).await?;
                }
                identity::find_single(tx, content_type).await?
            }
        };
        let usable = |identity: &Identity| {
            identity.type_id == content_type.id.0 && identity.trashed_at.is_none()
        };
        let document = match (found.filter(usable), which, fresh) {
            (Some(identity), ..) => store::load(tx, content_type, &identity).await?,
            (None, Which::Single, Some(doc)) => Document {
                doc,
                document_id: ids::document_id(moment.ms),
                type_id: content_type.id.0,
                created_at: moment.at.clone(),
                ..Document::default()
            },
            _ => return Err(EntryError::NotFound),
        };
        if let Some(expected) = request.expected
            && expected != document.revision
        {
            return Err(EntryError::Stale {
                expected,
                found: document.revision,
            });
        }
        Ok(Self::new(tx, request, document, moment))
    }

    pub(super) fn publishes(&self) -> bool {
        self.request.target == Target::Published && self.request.content_type.draft_and_publish
    }

    pub(super) fn needs_drafts(&self) -> Result<(), EntryError> {
        if self.request.content_type.draft_and_publish {
            return Ok(());
        }
        let name = &self.request.content_type.singular;
        Err(EntryError::Refused(format!("`{name}` has no drafts")))
    }

    pub(super) async fn edit(
        &mut self,
        edit: &Edit,
        ids: &mut Range<i64>,
    ) -> Result<(), EntryError> {
        let request = Arc::clone(&self.request);
        let types = (&*request.schema, &*request.content_type);
        let moment = self.moment.clone();
        self.made = acts::edit(&mut self.after, types, &request.locale, edit, ids, &moment)?;
        if self.made {
            self.make_slugs(Some(&request.locale)).await?;
        }
        if self.publishes() {
            self.publish()?;
        } else if !request.content_type.draft_and_publish {
            check::complete(types, &self.after, &request.locale)?;
        }
        Ok(())
    }

    pub(super) fn publish(&mut self) -> Result<(), EntryError> {
        let request = Arc::clone(&self.request);
        self.needs_drafts()?;
        let types = (&*request.schema, &*request.content_type);
        check::complete(types, &self.after, &request.locale)?;
        acts::publish(&mut self.after, &request.locale, &self.moment)
    }

    /// Makes the missing slugs of a locale, or of all.
    pub(super) async fn make_slugs(&mut self, locale: Option<&str>) -> Result<(), EntryError> {
        let request = Arc::clone(&self.request);
        slugs::fill(self.tx, &request.content_type, &mut self.after, locale).await
    }

    /// Unique values cannot stand twice, and a target that only one may link to stays with the original; a
    /// copy starts without them.
    pub(super) fn clear_unique(&mut self) {
        let content_type = Arc::clone(&self.request.content_type);
        let unique = |field: &&Field| field.unique || matches!(field.kind, FieldKind::Uid(_));
        let copies = self.after.draft.iter_mut().chain(&mut self.after.published);
        for copy in copies {
            let exclusive = |id| content_type.field_by_id(id).is_some_and(is_exclusive);
            copy.retain_links(|link| !exclusive(link.field));
            for field in content_type.fields.iter().filter(unique) {
                copy.shared.remove(&field.id);
                for row in copy.rows.values_mut() {
                    row.columns.remove(&field.id);
                }
            }
        }
    }

    pub(super) fn kind_of_update(&self) -> ChangeKind {
        let new_document = self.before.draft.is_none() && self.before.published.is_none();
        if new_document {
            ChangeKind::Create
        } else if self.publishes() {
            ChangeKind::Publish
        } else {
            ChangeKind::Update
        }
    }

    pub(super) async fn save(
        mut self,
        kind: ChangeKind,
        inverse: &[InverseEdit],
    ) -> Result<Saved, EntryError> {
        let request = Arc::clone(&self.request);
        let (schema, content_type) = (&*request.schema, &*request.content_type);
        self.after.revision = self.before.revision + 1;
        let mut batch = Batch::new(self.tx.dialect());
        batch.push(guard(schema));
        if self.before.doc == 0 || self.before.revision == 0 {
            batch.push(identity::insert(&self.after, self.moment.author.as_deref()));
        } else {
            batch.push(identity::update(&self.after, None));
        }
        let stolen = self.steal(&mut batch).await?;
        store::save(&mut batch, content_type, &self.before, &self.after);
        batch.push(self.version(kind).await?);
        let locale = &self.request.locale;
        let change = logged::change(kind, &self.before, &self.after, locale, &self.moment);
        batch.push(changes::append(&change));
        self.noted.push(change);
        self.tx.run(batch).await?;
        let affected = self.inverse(schema, inverse).await?;
        self.log_links(&stolen, affected).await?;
        Ok(Saved {
            doc: self.after.doc,
            document_id: self.after.document_id,
            revision: self.after.revision,
            changes: self.noted,
        })
    }

    pub(super) async fn version(&mut self, kind: ChangeKind) -> Result<Statement, EntryError> {
        let content_type = &self.request.content_type;
        let (doc, locale) = (self.after.doc, self.request.locale.as_str());
        if kind == ChangeKind::Update
            && !self.own_version
            && let Some(number) = versions::joinable(self.tx, doc, locale, &self.moment).await?
        {
            return Ok(versions::replace(
                content_type,
                &self.after,
                number,
                &self.moment,
            ));
        }
        Ok(versions::insert(
            content_type,
            &self.after,
            kind,
            locale,
            &self.moment,
        ))
    }

    /// A target of a two-way one-to-one or one-to-many relation leaves its previous owner.
    pub(super) async fn steal(&mut self, batch: &mut Batch) -> Result<BTreeSet<i64>, EntryError> {
        let content_type = Arc::clone(&self.request.content_type);
        let mut losers = BTreeSet::new();
        for field in content_type
            .fields
            .iter()
            .filter(|field| is_exclusive(field))
        {
            for stage in content_type.stages() {
                let Some(copy) = self.after.copy(*stage) else {
                    continue;
                };
                let targets = |copy: &Copy| -> BTreeSet<(i64, String)> {
                    let links = copy.links.iter().filter(|link| link.field == field.id);
                    links
                        .map(|link| (link.target, link.locale.clone()))
                        .collect()
                };
                let old = self.before.copy(*stage).map(targets).unwrap_or_default();
                let new: Vec<_> = targets(copy).difference(&old).cloned().collect();
                let wanted: BTreeSet<i64> = new.iter().map(|(target, _)| *target).collect();
                // Two who want the same target come one after the other.
                identity::lock(self.tx, &wanted).await?;
                for (target, locale) in new {
                    let place = [target, field.id.0, stage.number()];
                    let from = previous_owners(self.tx, place, &locale, self.after.doc).await?;
                    identity::lock(self.tx, &from).await?;
                    for owner in from {
                        batch.push(unlink(place, &locale, owner));
                        losers.insert(owner);
                    }
                }
            }
        }
        Ok(losers)
    }

    pub(super) async fn inverse(
        &mut self,
        schema: &Schema,
        edits: &[InverseEdit],
    ) -> Result<BTreeSet<i64>, EntryError> {
        let publish = self.request.target == Target::Published
            || !self.request.content_type.draft_and_publish;
        let mut affected = BTreeSet::new();
        let locale = self.request.locale.clone();
        for edit in edits {
            let how = (publish, locale.as_str(), self.moment.ms);
            affected.extend(inverse::apply(self.tx, schema, edit, self.after.doc, how).await?);
        }
        Ok(affected)
    }

    pub(super) async fn log_links(
        &mut self,
        stolen: &BTreeSet<i64>,
        mut affected: BTreeSet<i64>,
    ) -> Result<(), EntryError> {
        affected.extend(stolen);
        for owner in affected {
            let find = "select type_id, document_id from documents where doc = $1";
            let found = self
                .tx
                .fetch_optional(Statement::new(find).bind(owner))
                .await?;
            let Some(row) = found else { continue };
            let change = Change {
                type_id: Some(row.integer(0)?),
                doc: Some(owner),
                document_id: Some(row.text(1)?.to_owned()),
                kind: ChangeKind::Link,
                ..Change::of_schema(self.moment.author.as_deref(), &self.moment.at)
            };
            self.tx.execute(changes::append(&change)).await?;
            self.noted.push(change);
        }
        Ok(())
    }
}

/// Whether a target may have one owner only: a one-to-one relation that both sides know.
fn is_exclusive(field: &Field) -> bool {
    match &field.kind {
        FieldKind::Relation(relation) => relation.is_exclusive() && relation.inversed_by.is_some(),
        _ => false,
    }
}

async fn previous_owners(
    tx: &mut Transaction,
    [target, field, stage]: [i64; 3],
    locale: &str,
    owner: i64,
) -> Result<BTreeSet<i64>, DatabaseError> {
    let statement = Statement::new(
        "select owner from links where target = $1 and field = $2 and stage = $3 and locale = $4 \
         and item = 0 and owner <> $5",
    )
    .bind(target)
    .bind(field)
    .bind(stage)
    .bind(locale)
    .bind(owner);
    let rows = tx.fetch_all(statement).await?;
    rows.iter().map(|row| row.integer(0)).collect()
}

fn unlink([target, field, stage]: [i64; 3], locale: &str, owner: i64) -> Statement {
    Statement::new(
        "delete from links where target = $1 and field = $2 and stage = $3 and locale = $4 \
         and item = 0 and owner = $5",
    )
    .bind(target)
    .bind(field)
    .bind(stage)
    .bind(locale)
    .bind(owner)
}
