//! Following the change log: the one task that writes the index of a serving node.
//!
//! It opens the index or builds one, applies changes in batches and commits each with its place in the log. A failure
//! ends the task, which begins again after a while; the index that was read until then stays in use if it is whole.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::build::{Built, blocking, build, origin};
use super::folder::Folder;
use super::index::{Index, Place, Writer};
use super::mapping::Mapping;
use super::{Search, SearchError, State};
use crate::changes::{self, Signal, Tail};
use crate::platform::database::Database;
use crate::schema::store;

/// Changes read at once.
pub(super) const BATCH: u32 = 500;
/// How long an index that is behind may catch up before it is searched as it is.
const CATCH_UP: Duration = Duration::from_secs(10);
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long another process may keep the folder before it is tried again.
const HELD_FOR: Duration = Duration::from_secs(2);

/// The task's own part of the search.
pub(super) struct Follower {
    pub(super) search: Search,
    pub(super) database: Arc<Database>,
    signal: Signal,
    folder: Arc<Folder>,
    pub(super) mapping: Arc<Mapping>,
    pub(super) used: Option<Used>,
    building: Option<JoinHandle<Result<Built, SearchError>>>,
    verified: Instant,
}

/// The index in use.
pub(super) struct Used {
    pub(super) index: Arc<Index>,
    pub(super) writer: Writer,
    pub(super) tail: Tail,
    pub(super) committed: Instant,
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(building) = &self.building {
            building.abort();
        }
    }
}

impl Search {
    /// Keeps the index until the task is dropped.
    ///
    /// # Errors
    /// When the index cannot be written or the database fails; then it is called again.
    pub async fn follow(self, database: Arc<Database>, signal: Signal) -> Result<(), SearchError> {
        let Some(path) = self.0.folder.clone() else {
            return std::future::pending().await;
        };
        let folder = loop {
            match Folder::take(&path) {
                Ok(folder) => break folder,
                Err(SearchError::Held(place)) => {
                    if *self.state() != State::Held {
                        tracing::warn!(
                            "another process keeps the search index in {place}: this one searches the database; give \
                             each its own data folder"
                        );
                        self.0.state.store(Arc::new(State::Held));
                    }
                    tokio::time::sleep(HELD_FOR).await;
                }
                Err(error) => return Err(self.failed(None, error)),
            }
        };
        let folder = Arc::new(folder);
        let kept = Arc::clone(&folder);
        let search = self.clone();
        match Follower::keep(self, database, signal, folder).await {
            Ok(()) => Ok(()),
            Err(error) => Err(search.failed(Some(&kept), error)),
        }
    }

    fn failed(&self, folder: Option<&Folder>, error: SearchError) -> SearchError {
        let reason = error.to_string();
        self.tell(folder, State::Failed { reason });
        error
    }

    fn tell(&self, folder: Option<&Folder>, state: State) {
        if let Some(folder) = folder {
            folder.tell(&state);
        }
        self.0.state.store(Arc::new(state));
    }
}

impl Follower {
    async fn keep(
        search: Search,
        database: Arc<Database>,
        signal: Signal,
        folder: Arc<Folder>,
    ) -> Result<(), SearchError> {
        let schema = store::load(&database).await?;
        let mapping = search.mapping(&schema);
        let mut follower = Self {
            search,
            database,
            signal,
            folder,
            mapping,
            used: None,
            building: None,
            verified: Instant::now(),
        };
        follower.open().await?;
        if follower.used.is_none() {
            follower.set_aside();
            follower.start_building()?;
        } else if follower.is_outdated() {
            follower.start_building()?;
        }
        follower.run().await
    }

    /// Opens the index that was used last; one that is damaged, or follows another log, is left for a new one.
    async fn open(&mut self) -> Result<(), SearchError> {
        let Some(path) = self.folder.current() else {
            return Ok(());
        };
        let memory = self.search.config().memory_mib;
        let opened = blocking(move || {
            let index = Index::open(&path)?;
            let place = index.place()?;
            let writer = index.writer(memory)?;
            Ok((index, writer, place))
        })
        .await;
        match opened {
            Ok((index, writer, Some(place))) => {
                let known = origin(&self.database, place.cursor()).await?;
                if known.unwrap_or(0) == place.origin {
                    self.begin_using(Arc::new(index), writer, place).await?;
                } else {
                    tracing::warn!(
                        "the search index belongs to another state of the database; it is built anew"
                    );
                }
            }
            Ok((_, _, None)) => {
                tracing::warn!("the search index was never finished; it is built anew")
            }
            Err(error) => tracing::warn!(%error, "the search index is built anew"),
        }
        Ok(())
    }

    /// Follows the log with an index, and searches it once it has caught up.
    async fn begin_using(
        &mut self,
        index: Arc<Index>,
        writer: Writer,
        place: Place,
    ) -> Result<(), SearchError> {
        let tail = Tail::new(Arc::clone(&self.database), place.cursor(), &self.signal);
        self.used = Some(Used {
            index: Arc::clone(&index),
            writer,
            tail,
            committed: Instant::now(),
        });
        let until = Instant::now() + CATCH_UP;
        while let Some(used) = &mut self.used
            && Instant::now() < until
        {
            let missed = changes::read(&self.database, used.tail.cursor(), BATCH).await?;
            let Some(last) = missed.last() else {
                break;
            };
            used.tail.seek(last.cursor);
            self.apply(missed).await?;
        }
        self.search.0.live.store(Some(index));
        self.ready();
        Ok(())
    }

    pub(super) fn ready(&self) {
        let live = self.search.0.live.load();
        let is_live = |used: &Used| {
            live.as_ref()
                .is_some_and(|live| Arc::ptr_eq(live, &used.index))
        };
        if let (Some(used), None) = (&self.used, &self.building)
            && is_live(used)
        {
            let rows = used.index.rows();
            self.search.tell(Some(&self.folder), State::Ready { rows });
        }
    }

    /// Stops using the index.
    pub(super) fn set_aside(&mut self) {
        self.search.0.live.store(None);
        self.used = None;
    }

    fn is_outdated(&self) -> bool {
        let used = self.used.as_ref();
        used.is_some_and(|used| used.index.kept != self.mapping.kept)
    }

    fn start_building(&mut self) -> Result<(), SearchError> {
        if let Some(building) = self.building.take() {
            building.abort();
        }
        let current = self.used.as_ref().map(|used| used.index.folder.clone());
        self.folder.sweep(
            &current
                .iter()
                .map(std::path::PathBuf::as_path)
                .collect::<Vec<_>>(),
        );
        let path = self.folder.fresh()?;
        let (search, database) = (self.search.clone(), Arc::clone(&self.database));
        let (mapping, folder) = (Arc::clone(&self.mapping), Arc::clone(&self.folder));
        self.search
            .tell(Some(&folder), State::Building { done: 0, total: 0 });
        tracing::info!("the search index is being built");
        self.building = Some(tokio::spawn(async move {
            let progress = |done, total| {
                search.tell(Some(&folder), State::Building { done, total });
            };
            build(&database, mapping, &path, search.config(), progress).await
        }));
        Ok(())
    }

    async fn run(&mut self) -> Result<(), SearchError> {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = async {
                match &mut self.used {
                    Some(used) => used.tail.next(BATCH).await,
                    None => std::future::pending().await,
                }
            };
            let built = async {
                match &mut self.building {
                    Some(building) => building.await.unwrap_or(Err(SearchError::Panic)),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changes = next => self.apply(changes?).await?,
                built = built => {
                    self.building = None;
                    self.swap(built?).await?;
                }
                _ = look.tick() => self.look().await?,
            }
        }
    }

    /// Uses a new index instead of the old one.
    async fn swap(&mut self, built: Built) -> Result<(), SearchError> {
        let path = built.index.folder.clone();
        self.used = None;
        self.begin_using(Arc::new(built.index), built.writer, built.place)
            .await?;
        let folder = Arc::clone(&self.folder);
        blocking(move || {
            folder.use_index(&path)?;
            folder.sweep(&[&path]);
            Ok(())
        })
        .await?;
        tracing::info!("the search index is in use");
        if self.is_outdated() {
            self.start_building()?;
        }
        Ok(())
    }

    /// Looks whether the index is still there and whole.
    async fn look(&mut self) -> Result<(), SearchError> {
        let asked = self.folder.is_rebuild_asked();
        if asked {
            self.start_building()?;
            self.folder.take_rebuild();
        }
        if !self.folder.is_there() {
            self.set_aside();
            return Err(SearchError::Damaged("its folder is gone".to_owned()));
        }
        let Some(used) = &self.used else {
            return Ok(());
        };
        let verify = Duration::from_secs(self.search.config().verify_s);
        let mut lost = !used.index.is_there();
        if !lost && !verify.is_zero() && self.verified.elapsed() >= verify {
            self.verified = Instant::now();
            let index = Arc::clone(&used.index);
            if let Err(error) = blocking(move || index.verify()).await {
                tracing::warn!(%error, "the search index is built anew");
                lost = true;
            }
        }
        if lost {
            tracing::warn!("the search index is lost or damaged; it is built anew");
            self.set_aside();
            self.start_building()?;
        }
        Ok(())
    }

    /// The schema changed: an index that was made for another one is built anew beside it.
    pub(super) async fn follow_schema(&mut self) -> Result<(), SearchError> {
        let schema = store::load(&self.database).await?;
        let before = Arc::clone(&self.mapping);
        self.mapping = self.search.mapping(&schema);
        let building_older = self.building.is_some() && before.kept != self.mapping.kept;
        if building_older || (self.building.is_none() && self.is_outdated()) {
            self.start_building()?;
        }
        Ok(())
    }
}
