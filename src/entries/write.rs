//! The one way to change documents: each act in its own transaction, with version and change log.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use super::acts::{self, Moment};
use super::edit::Edit;
use super::identity;
use super::refusal::{explain, unique_field};
use super::request::{Saved, Which, WriteRequest};
use super::session::{Session, shared_lock};
use super::tree::Document;
use super::{EntryError, inverse, trash, versions};
use crate::base::{clock, ids};
use crate::changes::{Change, ChangeKind};
use crate::platform::database::{
    Database, DatabaseError, Dialect, Sequence, Statement, Transaction,
};
use crate::schema::{ContentType, FieldKind, TypeKind};

/// What runs after a durable change and before it is acknowledged; it gets no changes when the outcome is unknown.
type Hook = Box<dyn Fn(Vec<Change>) -> BoxFuture<'static, ()> + Send + Sync>;

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
    pub fn new(
        database: Arc<Database>,
        committed: impl Fn(Vec<Change>) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
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
        self.act(request, which, ChangeKind::Publish, None, |session| {
            session.publish()
        })
        .await
    }

    /// As [`Entries::publish`], in the transaction that also sets a mark: a statement that returns a row if this is
    /// to happen. So a job publishes once, whoever else tries.
    ///
    /// # Errors
    /// As [`Entries::publish`], and [`EntryError::Taken`] when the mark returns no row; then nothing was changed.
    pub async fn publish_once(
        &self,
        request: WriteRequest,
        which: Which,
        mark: Statement,
    ) -> Result<Saved, EntryError> {
        self.act(request, which, ChangeKind::Publish, Some(mark), |session| {
            session.publish()
        })
        .await
    }

    /// As [`Entries::unpublish`], with a mark as [`Entries::publish_once`] has it.
    ///
    /// # Errors
    /// As those two.
    pub async fn unpublish_once(
        &self,
        request: WriteRequest,
        which: Which,
        mark: Statement,
    ) -> Result<Saved, EntryError> {
        self.act(
            request,
            which,
            ChangeKind::Unpublish,
            Some(mark),
            unpublished,
        )
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
        self.act(request, which, ChangeKind::Unpublish, None, unpublished)
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
        self.act(request, which, ChangeKind::Update, None, |session| {
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
                let mut ids = identity::take_ids(session.tx, needed).await?;
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
        mark: Option<Statement>,
        change: fn(&mut Session<'_>) -> Result<(), EntryError>,
    ) -> Result<Saved, EntryError> {
        let moment = moment(&request);
        self.run(request, move |tx, request| {
            let (which, moment) = (which.clone(), moment.clone());
            let mark = mark.clone();
            Box::pin(async move {
                if let Some(mark) = mark
                    && tx.fetch_optional(mark).await?.is_none()
                {
                    return Err(EntryError::Taken);
                }
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
        let changes = result.as_ref().map(|saved| saved.changes.clone());
        (self.committed)(changes.unwrap_or_default()).await;
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

fn unpublished(session: &mut Session<'_>) -> Result<(), EntryError> {
    session.needs_drafts()?;
    let locale = session.request.locale.clone();
    acts::unpublish(&mut session.after, &locale)
}

fn moment(request: &WriteRequest) -> Moment {
    let ms = clock::now_ms();
    Moment {
        at: clock::stamp(ms),
        ms,
        author: request.author.clone(),
    }
}

/// Refuses a second document of a single type; on PostgreSQL nobody else makes one until the transaction ends.
async fn only_one(tx: &mut Transaction, content_type: &ContentType) -> Result<(), EntryError> {
    identity::lock_single(tx, content_type).await?;
    if identity::find_single(tx, content_type).await?.is_some() {
        return Err(EntryError::Refused(
            "the single entry exists already".into(),
        ));
    }
    Ok(())
}
