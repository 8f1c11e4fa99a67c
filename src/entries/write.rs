//! The one way to change documents: each act in its own transaction, with version and change log.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use super::acts::{self, Moment};
use super::edit::{Edit, InverseEdit};
use super::store::{self, Identity};
use super::tree::{Copy, Document};
use super::{EntryError, check, inverse, slugs, trash, versions};
use crate::base::{Stage, clock, ids};
use crate::changes::{self, Change, ChangeKind};
use crate::platform::database::{
    Batch, Database, DatabaseError, Dialect, Sequence, Statement, Transaction, UniqueColumns,
};
use crate::schema::{ContentType, Field, FieldId, FieldKind, Schema, TypeKind};

/// What a write leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Only the draft changes.
    Draft,
    /// The draft changes and is published. Types without drafts always behave so.
    Published,
}

/// Who writes what kind of document, by which schema.
#[derive(Debug, Clone)]
pub struct WriteRequest {
    /// The schema the values were checked against.
    pub schema: Arc<Schema>,
    /// The type.
    pub content_type: Arc<ContentType>,
    /// The locale code; empty for types without locales.
    pub locale: String,
    /// What the write leaves behind.
    pub target: Target,
    /// Who, as shown in versions and the log.
    pub author: Option<String>,
    /// The revision the writer started from, if it must not have changed.
    pub expected: Option<i64>,
}

/// What an act did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The document's number.
    pub doc: i64,
    /// The document's identity.
    pub document_id: String,
    /// Its revision after the act.
    pub revision: i64,
}

/// Which document an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one with this identity.
    Id(String),
    /// The one a single type has.
    Single,
}

type Hook = Box<dyn Fn() + Send + Sync>;

/// Changes documents.
pub struct Entries {
    database: Arc<Database>,
    ids: Sequence,
    committed: Hook,
}

impl std::fmt::Debug for Entries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entries").finish_non_exhaustive()
    }
}

impl Entries {
    /// Writes to this database; `committed` runs after every durable change, before it is acknowledged.
    pub fn new(database: Arc<Database>, committed: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            database,
            ids: Sequence::default(),
            committed: Box::new(committed),
        }
    }

    /// Numbers for documents, locale rows and items, from the shared sequence.
    ///
    /// # Errors
    /// When the database cannot reserve more.
    pub async fn take_ids(&self, count: usize) -> Result<Range<i64>, DatabaseError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.ids.take(&self.database, count).await
    }

    /// Makes a document; `document_id` is given by imports, otherwise made here.
    ///
    /// # Errors
    /// [`EntryError::Invalid`] when unique values exist or required ones are missing.
    pub async fn create(
        &self,
        request: WriteRequest,
        edit: Edit,
        document_id: Option<String>,
    ) -> Result<Saved, EntryError> {
        let moment = moment(&request);
        let mut ids = self.take_ids(2 + edit.item_count()).await?;
        let edit = Arc::new(edit);
        let document = Document {
            doc: ids.next().unwrap_or_default(),
            document_id: document_id.unwrap_or_else(|| ids::document_id(moment.ms)),
            type_id: request.content_type.id.0,
            created_at: moment.at.clone(),
            ..Document::default()
        };
        let single = request.content_type.kind == TypeKind::Single;
        self.run(request, move |tx, request| {
            let (document, moment) = (document.clone(), moment.clone());
            let (edit, mut ids) = (Arc::clone(&edit), ids.clone());
            Box::pin(async move {
                if single {
                    only_one(tx, &request.content_type).await?;
                }
                inverse::lock(tx, &edit.inverse, None).await?;
                let mut session = Session::new(tx, &request, document.clone(), moment);
                session.after = document;
                session.edit(&edit, &mut ids).await?;
                session.save(ChangeKind::Create, &edit.inverse).await
            })
        })
        .await
    }

    /// Changes a locale of a document, making the locale (or a single type's document) if it is missing.
    ///
    /// # Errors
    /// [`EntryError::NotFound`], [`EntryError::Stale`], [`EntryError::Invalid`].
    pub async fn update(
        &self,
        request: WriteRequest,
        which: Which,
        edit: Edit,
    ) -> Result<Saved, EntryError> {
        let moment = moment(&request);
        let mut ids = self.take_ids(2 + edit.item_count()).await?;
        let fresh = ids.next().unwrap_or_default();
        let edit = Arc::new(edit);
        self.run(request, move |tx, request| {
            let (which, moment) = (which.clone(), moment.clone());
            let (edit, mut ids) = (Arc::clone(&edit), ids.clone());
            Box::pin(async move {
                inverse::lock(tx, &edit.inverse, Some(&which)).await?;
                let mut session = Session::open(tx, &request, &which, Some(fresh), moment).await?;
                session.edit(&edit, &mut ids).await?;
                let kind = session.kind_of_update();
                session.save(kind, &edit.inverse).await
            })
        })
        .await
    }

    /// Makes the draft of a locale public as it is.
    ///
    /// # Errors
    /// [`EntryError::NotFound`], [`EntryError::Invalid`].
    pub async fn publish(&self, request: WriteRequest, which: Which) -> Result<Saved, EntryError> {
        self.act(request, which, ChangeKind::Publish, |session| {
            session.publish()
        })
        .await
    }

    /// Takes a locale out of public view; the draft stays.
    ///
    /// # Errors
    /// [`EntryError::NotFound`], or [`EntryError::Refused`] for types without drafts.
    pub async fn unpublish(
        &self,
        request: WriteRequest,
        which: Which,
    ) -> Result<Saved, EntryError> {
        self.act(request, which, ChangeKind::Unpublish, |session| {
            session.needs_drafts()?;
            let locale = session.request.locale.clone();
            acts::unpublish(&mut session.after, &locale)
        })
        .await
    }

    /// Makes the draft of a locale equal to what is public.
    ///
    /// # Errors
    /// [`EntryError::NotFound`], or [`EntryError::Refused`] for types without drafts.
    pub async fn discard_draft(
        &self,
        request: WriteRequest,
        which: Which,
    ) -> Result<Saved, EntryError> {
        self.act(request, which, ChangeKind::Update, |session| {
            session.needs_drafts()?;
            session.own_version = true;
            let locale = session.request.locale.clone();
            acts::discard_draft(&mut session.after, &locale)
        })
        .await
    }

    /// Puts an older version in the place of the working copy; what is public and locales that came
    /// later stay.
    ///
    /// # Errors
    /// [`EntryError::NotFound`] for an unknown version.
    pub async fn restore_version(
        &self,
        request: WriteRequest,
        which: Which,
        number: i64,
    ) -> Result<Saved, EntryError> {
        let moment = moment(&request);
        self.run(request, move |tx, request| {
            let (which, moment) = (which.clone(), moment.clone());
            Box::pin(async move {
                let mut session = Session::open(tx, &request, &which, None, moment).await?;
                let content_type = Arc::clone(&request.content_type);
                let doc = session.before.doc;
                let older = versions::load(session.tx, &content_type, doc, number).await?;
                acts::restore(&mut session.after, &content_type, older, &session.moment);
                session.save(ChangeKind::Restore, &[]).await
            })
        })
        .await
    }

    /// Makes a new document with the values and links of another one's working copy; unique values and
    /// links that only one document may have are left out, slugs made anew.
    ///
    /// # Errors
    /// [`EntryError::NotFound`], or [`EntryError::Refused`] for single types.
    pub async fn duplicate(
        &self,
        request: WriteRequest,
        document_id: String,
    ) -> Result<Saved, EntryError> {
        let moment = moment(&request);
        if request.content_type.kind == TypeKind::Single {
            return Err(EntryError::Refused(
                "a single type has one entry; it cannot be duplicated".into(),
            ));
        }
        let which = Which::Id(document_id);
        self.run(request, move |tx, request| {
            let (which, moment) = (which.clone(), moment.clone());
            Box::pin(async move {
                let mut session = Session::open(tx, &request, &which, None, moment).await?;
                let types = (&*request.schema, &*request.content_type);
                let needed = acts::ids_of_duplicate(&session.before, types);
                let mut ids = store::take_ids(session.tx, needed).await?;
                let identity = (
                    ids.next().unwrap_or_default(),
                    ids::document_id(session.moment.ms),
                );
                let moment = &session.moment;
                session.after =
                    acts::duplicate(&session.before, types, identity, &mut ids, moment)?;
                session.before = Document::default();
                session.clear_unique();
                session.make_slugs(None).await?;
                session.save(ChangeKind::Create, &[]).await
            })
        })
        .await
    }

    /// Moves a document, or one locale of it, to the trash.
    ///
    /// # Errors
    /// [`EntryError::NotFound`], [`EntryError::InUse`].
    pub async fn delete(
        &self,
        request: WriteRequest,
        which: Which,
        whole: bool,
    ) -> Result<Saved, EntryError> {
        let moment = moment(&request);
        self.run(request, move |tx, request| {
            let (which, moment) = (which.clone(), moment.clone());
            Box::pin(async move {
                let mut session = Session::open(tx, &request, &which, None, moment).await?;
                if !whole {
                    acts::delete_locale(&mut session.after, &request.locale)?;
                    if session.after.draft.is_some() || session.after.published.is_some() {
                        return session.save(ChangeKind::Delete, &[]).await;
                    }
                }
                let (document, moment) = (session.before, session.moment);
                trash::delete(tx, &request.schema, document, &moment).await
            })
        })
        .await
    }

    /// Brings a document back from the trash with all its stages and locales.
    ///
    /// # Errors
    /// [`EntryError::NotFound`], or [`EntryError::Invalid`] when its unique values are taken now.
    pub async fn restore_deleted(
        &self,
        request: WriteRequest,
        document_id: String,
    ) -> Result<Saved, EntryError> {
        let moment = moment(&request);
        let single = request.content_type.kind == TypeKind::Single;
        self.run(request, move |tx, request| {
            let (document_id, moment) = (document_id.clone(), moment.clone());
            Box::pin(async move {
                if single {
                    only_one(tx, &request.content_type).await?;
                }
                let document = trash::take(tx, &request.content_type, &document_id).await?;
                let empty = Document {
                    draft: None,
                    published: None,
                    ..document.clone()
                };
                let mut session = Session::new(tx, &request, empty, moment);
                session.after = document;
                session.save(ChangeKind::Restore, &[]).await
            })
        })
        .await
    }

    async fn act(
        &self,
        request: WriteRequest,
        which: Which,
        kind: ChangeKind,
        change: fn(&mut Session<'_>) -> Result<(), EntryError>,
    ) -> Result<Saved, EntryError> {
        let moment = moment(&request);
        self.run(request, move |tx, request| {
            let (which, moment) = (which.clone(), moment.clone());
            Box::pin(async move {
                let mut session = Session::open(tx, &request, &which, None, moment).await?;
                change(&mut session)?;
                session.save(kind, &[]).await
            })
        })
        .await
    }

    /// Runs a job in a transaction; again if another transaction came in between and a new try may pass.
    async fn run<F>(&self, request: WriteRequest, job: F) -> Result<Saved, EntryError>
    where
        F: for<'t> Fn(
                &'t mut Transaction,
                Arc<WriteRequest>,
            ) -> BoxFuture<'t, Result<Saved, EntryError>>
            + Send
            + Sync
            + 'static,
    {
        let (request, job) = (Arc::new(request), Arc::new(job));
        let started = Instant::now();
        let mut tries = 0;
        let result = loop {
            let (of_try, job) = (Arc::clone(&request), Arc::clone(&job));
            let result: Result<Saved, EntryError> = self
                .database
                .write(move |tx| {
                    Box::pin(async move {
                        shared_lock(tx).await?;
                        job(tx, of_try).await
                    })
                })
                .await;
            tries += 1;
            match result {
                Err(error)
                    if tries < MOST_TRIES
                        && started.elapsed() < RETRY_WITHIN
                        && self.may_pass(&error, &request) => {}
                result => break result,
            }
        };
        (self.committed)();
        result.map_err(|error| explain(error, &request.schema, &request.content_type))
    }

    /// Whether the error may come from a transaction that ran beside this one: both waited for each other,
    /// or both chose the same slug. On SQLite writes come one after another.
    fn may_pass(&self, error: &EntryError, request: &WriteRequest) -> bool {
        if self.database.dialect() == Dialect::Sqlite {
            return false;
        }
        match error {
            EntryError::Database(DatabaseError::Busy) => true,
            EntryError::Database(DatabaseError::Unique(unique)) => {
                let slug = unique_field(unique)
                    .and_then(|id| request.content_type.field_by_id(id))
                    .is_some_and(|field| matches!(field.kind, FieldKind::Uid(_)));
                slug || unique.table == "links"
            }
            _ => false,
        }
    }
}

/// How often an act is tried when others come in between.
const MOST_TRIES: usize = 10;
/// No new try after this time; who waits for a lock longer is told so.
const RETRY_WITHIN: Duration = Duration::from_secs(5);

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

fn moment(request: &WriteRequest) -> Moment {
    let ms = clock::now_ms();
    Moment {
        at: clock::stamp(ms),
        ms,
        author: request.author.clone(),
    }
}

/// Turns what the database said into what the writer can act on.
fn explain(error: EntryError, schema: &Schema, content_type: &ContentType) -> EntryError {
    match error {
        EntryError::Database(DatabaseError::Unique(unique)) if unique.table == "settings" => {
            EntryError::SchemaChanged
        }
        EntryError::Database(DatabaseError::Missing(_)) => EntryError::SchemaChanged,
        EntryError::Database(DatabaseError::Unique(unique)) => taken(&unique, schema, content_type)
            .unwrap_or(EntryError::Database(DatabaseError::Unique(unique))),
        other => other,
    }
}

fn taken(
    unique: &UniqueColumns,
    schema: &Schema,
    content_type: &ContentType,
) -> Option<EntryError> {
    if unique.table == "documents" {
        return Some(EntryError::Refused(
            "a document with this documentId exists".into(),
        ));
    }
    let id = unique_field(unique)?;
    let field = content_type.field_by_id(id).or_else(|| {
        let mut types = schema.types().iter();
        types.find_map(|other| other.field_by_id(id))
    })?;
    Some(EntryError::invalid(
        &[&field.name],
        "This attribute must be unique",
        serde_json::Value::Null,
    ))
}

/// The field whose values must differ.
fn unique_field(unique: &UniqueColumns) -> Option<FieldId> {
    let number = |column: &String| column.strip_prefix('f')?.parse().ok();
    unique.columns.iter().find_map(number).map(FieldId)
}

/// Refuses a second document of a single type; on PostgreSQL nobody else makes one until the transaction ends.
async fn only_one(tx: &mut Transaction, content_type: &ContentType) -> Result<(), EntryError> {
    store::lock_single(tx, content_type).await?;
    if store::find_single(tx, content_type).await?.is_some() {
        return Err(EntryError::Refused(
            "the single entry exists already".into(),
        ));
    }
    Ok(())
}

/// One act on one document inside its transaction.
pub(super) struct Session<'t> {
    pub(super) tx: &'t mut Transaction,
    request: Arc<WriteRequest>,
    pub(super) before: Document,
    pub(super) after: Document,
    pub(super) moment: Moment,
    made: bool,
    /// Whether this save may not join the version before it.
    own_version: bool,
}

impl<'t> Session<'t> {
    fn new(
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
            own_version: false,
        }
    }

    /// Loads the document; a missing one of a single type is made under the number `fresh`.
    async fn open(
        tx: &'t mut Transaction,
        request: &Arc<WriteRequest>,
        which: &Which,
        fresh: Option<i64>,
        moment: Moment,
    ) -> Result<Self, EntryError> {
        let content_type = &request.content_type;
        let found = match which {
            Which::Id(id) => store::find(tx, id).await?,
            Which::Single => {
                if fresh.is_some() {
                    store::lock_single(tx, content_type).await?;
                }
                store::find_single(tx, content_type).await?
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

    fn publishes(&self) -> bool {
        self.request.target == Target::Published && self.request.content_type.draft_and_publish
    }

    fn needs_drafts(&self) -> Result<(), EntryError> {
        if self.request.content_type.draft_and_publish {
            return Ok(());
        }
        let name = &self.request.content_type.singular;
        Err(EntryError::Refused(format!("`{name}` has no drafts")))
    }

    async fn edit(&mut self, edit: &Edit, ids: &mut Range<i64>) -> Result<(), EntryError> {
        let request = Arc::clone(&self.request);
        let types = (&*request.schema, &*request.content_type);
        let moment = self.moment.clone();
        self.made = acts::edit(&mut self.after, types, &request.locale, edit, ids, &moment);
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

    fn publish(&mut self) -> Result<(), EntryError> {
        let request = Arc::clone(&self.request);
        self.needs_drafts()?;
        let types = (&*request.schema, &*request.content_type);
        check::complete(types, &self.after, &request.locale)?;
        acts::publish(&mut self.after, &request.locale, &self.moment)
    }

    /// Makes the missing slugs of a locale, or of all.
    async fn make_slugs(&mut self, locale: Option<&str>) -> Result<(), EntryError> {
        let request = Arc::clone(&self.request);
        slugs::fill(self.tx, &request.content_type, &mut self.after, locale).await
    }

    /// Unique values cannot stand twice, and a target that only one may link to stays with the original; a
    /// copy starts without them.
    fn clear_unique(&mut self) {
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

    fn kind_of_update(&self) -> ChangeKind {
        let new_document = self.before.draft.is_none() && self.before.published.is_none();
        if new_document {
            ChangeKind::Create
        } else if self.publishes() {
            ChangeKind::Publish
        } else {
            ChangeKind::Update
        }
    }

    async fn save(
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
            batch.push(store::insert_identity(
                &self.after,
                self.moment.author.as_deref(),
            ));
        } else {
            batch.push(store::update_identity(&self.after, None));
        }
        let stolen = self.steal(&mut batch).await?;
        store::save(&mut batch, content_type, &self.before, &self.after);
        batch.push(self.version(kind).await?);
        batch.push(changes::append(&self.change(kind)));
        self.tx.run(batch).await?;
        let affected = self.inverse(schema, inverse).await?;
        self.log_links(&stolen, affected).await?;
        Ok(Saved {
            doc: self.after.doc,
            document_id: self.after.document_id,
            revision: self.after.revision,
        })
    }

    async fn version(&mut self, kind: ChangeKind) -> Result<Statement, EntryError> {
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

    fn change(&self, kind: ChangeKind) -> Change<'_> {
        let published = self.after.published != self.before.published;
        let stage = if published {
            Stage::Published
        } else {
            Stage::Draft
        };
        Change {
            kind,
            type_id: Some(self.after.type_id),
            doc: Some(self.after.doc),
            document_id: Some(&self.after.document_id),
            locale: &self.request.locale,
            stage: Some(stage.number()),
            author: self.moment.author.as_deref(),
            at: &self.moment.at,
        }
    }

    /// A target of a two-way one-to-one or one-to-many relation leaves its previous owner.
    async fn steal(&mut self, batch: &mut Batch) -> Result<BTreeSet<i64>, EntryError> {
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
                store::lock(self.tx, &wanted).await?;
                for (target, locale) in new {
                    let place = [target, field.id.0, stage.number()];
                    let from = previous_owners(self.tx, place, &locale, self.after.doc).await?;
                    store::lock(self.tx, &from).await?;
                    for owner in from {
                        batch.push(unlink(place, &locale, owner));
                        losers.insert(owner);
                    }
                }
            }
        }
        Ok(losers)
    }

    async fn inverse(
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

    async fn log_links(
        &mut self,
        stolen: &BTreeSet<i64>,
        mut affected: BTreeSet<i64>,
    ) -> Result<(), EntryError> {
        affected.extend(stolen);
        for owner in affected {
            let statement = Statement::new(
                "insert into changes (kind, type_id, doc, document_id, locale, stage, author, at) \
                 select $1, type_id, doc, document_id, '', null, $2, $3 from documents where doc = $4",
            )
            .bind(ChangeKind::Link.name())
            .bind(self.moment.author.clone())
            .bind(self.moment.at.as_str())
            .bind(owner);
            self.tx.execute(statement).await?;
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
