//! Everything a running Tympan holds: built once, shared by the server and the commands.
//!
//! Schema and rights are an immutable [`State`] that is replaced as a whole; requests take the one of
//! the moment they start. Other processes (a command, another node) are noticed by [`App::refresh`].
//!
//! **Knows nothing about** HTTP and the command line. Start reading at [`App::open`].

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;

use crate::access::{Grants, View};
use crate::accounts::{Directory, tokens};
use crate::base::clock;
use crate::base::limits::QueryLimits;
use crate::changes::{self, Change, Cursor, Signal};
use crate::delivery::Totals;
use crate::delivery::cache::{Cache, CacheConfig};
use crate::entries::Entries;
use crate::platform::database::{Database, DatabaseConfig, DatabaseError, Statement};
use crate::schema::Schema;
use crate::schema::store::{self, StoreError};
use crate::search::{Search, SearchConfig};
use crate::sync::Live;
use crate::sync::node::Following;

/// How often a server looks for changes of other processes.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Why the app could not be built or brought up to date.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppError {
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The stored schema cannot be used.
    #[error(transparent)]
    Schema(#[from] StoreError),
}

/// Schema and rights at one moment.
#[derive(Debug)]
pub struct State {
    /// The schema.
    pub schema: Arc<Schema>,
    directory_generation: i64,
    public: Caller,
    tokens: HashMap<String, (Caller, Option<String>)>,
}

/// Who asks, and what they may see and do.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What they may see and do.
    pub view: Arc<View>,
    /// How they are named in versions and the log; none for the public.
    pub author: Option<Arc<str>>,
    /// Stands for the view: callers with equal rights on one generation of the schema have equal scopes.
    pub scope: u64,
}

impl Caller {
    /// Whether no credential was given.
    pub fn is_public(&self) -> bool {
        self.author.is_none()
    }
}

/// Numbers for rights on a generation of the schema, each given once.
#[derive(Debug, Default)]
struct Scopes {
    known: HashMap<(i64, bool, Grants), u64>,
    last: u64,
}

impl Scopes {
    /// What the public may be told is kept by others, so it never shares a number with a credential.
    fn of(&mut self, generation: i64, public: bool, grants: &Grants) -> u64 {
        self.known.retain(|(known, ..), _| *known == generation);
        let scope = self.known.entry((generation, public, grants.clone()));
        *scope.or_insert_with(|| {
            self.last += 1;
            self.last
        })
    }
}

impl State {
    /// A read node has no drafts to show.
    fn new(
        schema: Arc<Schema>,
        directory: &Directory,
        scopes: &mut Scopes,
        has_drafts: bool,
    ) -> Self {
        let view = |grants: &Grants| {
            let view = View::new(Arc::clone(&schema), grants);
            Arc::new(match has_drafts {
                true => view,
                false => view.without_drafts(),
            })
        };
        let mut caller = |grants: &Grants, author: Option<Arc<str>>| Caller {
            view: view(grants),
            scope: scopes.of(schema.generation, author.is_none(), grants),
            author,
        };
        let public = caller(&directory.public, None);
        let tokens = directory.tokens.iter().map(|(hash, token)| {
            let author = format!("token:{}", token.name).into();
            let caller = caller(&token.grants, Some(author));
            (hash.clone(), (caller, token.expires_at.clone()))
        });
        Self {
            tokens: tokens.collect(),
            public,
            directory_generation: directory.generation,
            schema,
        }
    }
}

/// The hook of writes; the app is gone only when nobody waits for an answer any more.
fn committed(app: Weak<App>) -> impl Fn(Vec<Change>) -> BoxFuture<'static, ()> + Send + Sync {
    move |changes| {
        let app = app.upgrade();
        Box::pin(async move {
            if let Some(app) = app {
                app.committed(&changes).await;
            }
        })
    }
}

/// The parts of a running Tympan.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub database: Arc<Database>,
    /// Writes.
    pub entries: Entries,
    /// Remembered totals of lists.
    pub totals: Arc<Totals>,
    /// Kept answers.
    pub cache: Arc<Cache>,
    /// Bounds of requests.
    pub limits: QueryLimits,
    /// Rings when the change log may have grown.
    pub signal: Signal,
    /// Rings when this process has written.
    pub written: Signal,
    /// Rings when another process may have written.
    pub heard: Signal,
    /// What live streams wait for.
    pub live: Arc<Live>,
    /// Full-text search.
    pub search: Search,
    state: ArcSwap<State>,
    following: OnceLock<Arc<Following>>,
    scopes: Mutex<Scopes>,
    seen: Mutex<Cursor>,
}

impl App {
    /// Opens the database and reads schema and rights; an empty database gets the built-in types.
    ///
    /// # Errors
    /// When the database cannot be reached, is newer than this program, or its schema is damaged.
    pub async fn open(
        config: &DatabaseConfig,
        limits: QueryLimits,
        cache: CacheConfig,
    ) -> Result<Arc<Self>, AppError> {
        Self::open_in(None, SearchConfig::default(), config, limits, cache).await
    }

    /// As [`App::open`], with the folder of what is kept beside the database; without one there is no search index.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn open_in(
        data: Option<PathBuf>,
        search: SearchConfig,
        config: &DatabaseConfig,
        limits: QueryLimits,
        cache: CacheConfig,
    ) -> Result<Arc<Self>, AppError> {
        let database = Arc::new(Database::open(config).await?);
        store::ensure_built_in(&database).await?;
        let schema = Arc::new(store::load(&database).await?);
        let directory = Directory::load(&database).await?;
        let totals = Arc::new(Totals::new());
        let signal = Signal::default();
        let written = Signal::default();
        let mut scopes = Scopes::default();
        let search = Search::new(data, search, &schema);
        let state = State::new(schema, &directory, &mut scopes, true);
        let cache = Arc::new(Cache::new(cache));
        Ok(Arc::new_cyclic(|app: &Weak<Self>| Self {
            entries: Entries::new(Arc::clone(&database), committed(app.clone())),
            state: ArcSwap::from_pointee(state),
            following: OnceLock::new(),
            scopes: Mutex::new(scopes),
            cache,
            search,
            seen: Mutex::new(Cursor::default()),
            signal,
            written,
            heard: Signal::default(),
            live: Arc::default(),
            database,
            totals,
            limits,
        }))
    }

    /// What happens between a durable write and its acknowledgement.
    async fn committed(&self, changes: &[Change]) {
        self.totals.bump();
        let schema = self.schema();
        self.cache.apply(&self.database, &schema, changes).await;
        self.signal.ring();
        self.written.ring();
    }

    /// Schema and rights of this moment.
    pub fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// The schema of this moment.
    pub fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.state.load().schema)
    }

    /// The caller without credentials.
    pub fn public(&self) -> Caller {
        self.state.load().public.clone()
    }

    /// The scope of the caller without credentials.
    pub fn public_scope(&self) -> u64 {
        self.state.load().public.scope
    }

    /// The caller with this API token, if it is valid. An unknown one is looked up again, so that a token
    /// works from the moment it is printed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn token(&self, secret: &str) -> Result<Option<Caller>, AppError> {
        if !secret.starts_with("tympan_") || secret.len() > 128 {
            return Ok(None);
        }
        let hash = tokens::hash(secret);
        if let Some(found) = self.known_token(&hash) {
            return Ok(found);
        }
        // Also when this was not what found it: another may have refreshed in between.
        self.refresh().await?;
        Ok(self.known_token(&hash).flatten())
    }

    /// When this API token stops working, in milliseconds since 1970; none if never or if there is none.
    pub fn expiry(&self, secret: &str) -> Option<i64> {
        let state = self.state.load();
        let (_, expires_at) = state.tokens.get(&tokens::hash(secret))?;
        clock::ms_of(expires_at.as_deref()?)
    }

    fn known_token(&self, hash: &str) -> Option<Option<Caller>> {
        let state = self.state.load();
        let (caller, expires_at) = state.tokens.get(hash)?;
        let expired = expires_at
            .as_ref()
            .is_some_and(|expires_at| *expires_at <= clock::now());
        Some((!expired).then(|| caller.clone()))
    }

    /// Notices what other processes changed; returns whether schema or rights are new.
    ///
    /// # Errors
    /// When the database fails or the new schema is damaged; the old state stays.
    pub async fn refresh(&self) -> Result<bool, AppError> {
        let sql = "select (select cast(value as bigint) from settings where name = 'schema_generation'), \
                   (select cast(value as bigint) from settings where name = 'accounts_generation')";
        let row = self.database.fetch_optional(Statement::new(sql)).await?;
        let row = row.ok_or(DatabaseError::Column(0))?;
        let (schema, accounts) = (row.integer(0)?, row.integer_or_null(1)?.unwrap_or(1));
        let state = self.state();
        if state.schema.generation == schema && state.directory_generation == accounts {
            return Ok(false);
        }
        let schema = match state.schema.generation == schema {
            true => Arc::clone(&state.schema),
            false => Arc::new(store::load(&self.database).await?),
        };
        let directory = Directory::load(&self.database).await?;
        self.database.reach().await?;
        self.take(schema, &directory);
        self.totals.bump();
        self.live.rights_changed();
        Ok(true)
    }

    /// Takes over a new schema or new rights.
    fn take(&self, schema: Arc<Schema>, directory: &Directory) {
        let has_drafts = self.following.get().is_none();
        let state = {
            let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
            State::new(schema, directory, &mut scopes, has_drafts)
        };
        self.state.store(Arc::new(state));
    }

    /// Makes this the app of a read node; once, before anything is served.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn follow(&self, following: Arc<Following>) -> Result<(), AppError> {
        let directory = Directory::load(&self.database).await?;
        // An app follows one origin as long as it lives.
        let _ = self.following.set(following);
        self.take(self.schema(), &directory);
        Ok(())
    }

    /// Whom this read node follows; none if it has content of its own.
    pub fn following(&self) -> Option<&Arc<Following>> {
        self.following.get()
    }

    /// Brings what is remembered up to date after rows were written behind its back.
    ///
    /// # Errors
    /// As [`App::refresh`].
    pub async fn rewritten(&self) -> Result<(), AppError> {
        self.refresh().await?;
        self.totals.bump();
        self.signal.ring();
        Ok(())
    }

    /// Looks for changes of other processes until the task is dropped.
    ///
    /// # Errors
    /// When the database fails; then it is called again.
    pub async fn watch(self: Arc<Self>) -> Result<(), AppError> {
        let mut heard = self.heard.subscribe();
        loop {
            heard.borrow_and_update();
            let end = changes::end(&self.database).await?;
            if self.has_moved_to(end) {
                self.database.reach().await?;
                self.totals.bump();
                self.signal.ring();
            }
            self.refresh().await?;
            tokio::select! {
                _ = heard.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Whether the readable end of the log is not where it was at the last look.
    fn has_moved_to(&self, end: Cursor) -> bool {
        let Ok(mut seen) = self.seen.lock() else {
            return true;
        };
        std::mem::replace(&mut *seen, end) != end
    }

    /// Finishes pending writes and closes the database.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
