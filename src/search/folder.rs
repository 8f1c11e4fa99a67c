//! The folder of the index: `lock`, `current` (which names the index in use), `index-<n>`, `rebuild` and `state`.
//!
//! The lock is held by the system for as long as the process lives, so that none is ever stale.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{SearchError, State};

const LOCK: &str = "lock";
const CURRENT: &str = "current";
const PREFIX: &str = "index-";
/// There while somebody asks for a rebuild.
const REBUILD: &str = "rebuild";
const STATE: &str = "state.json";

/// The folder, kept by this process alone.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder.
    pub(super) fn take(path: &Path) -> Result<Self, SearchError> {
        fs::create_dir_all(path)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(SearchError::Held(path.display().to_string())),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Whether the folder is still the one that was taken: another could lie at its place, or none.
    pub(super) fn is_there(&self) -> bool {
        self.path.join(LOCK).exists()
    }

    /// Where the index in use lies.
    pub(super) fn current(&self) -> Option<PathBuf> {
        current(&self.path)
    }

    /// A folder for a new index.
    pub(super) fn fresh(&self) -> Result<PathBuf, SearchError> {
        fs::create_dir_all(&self.path)?;
        let numbers = self.indexes().into_iter().filter_map(|path| number(&path));
        let next = numbers.max().unwrap_or(0) + 1;
        Ok(self.path.join(format!("{PREFIX}{next}")))
    }

    /// Makes an index the one in use.
    pub(super) fn use_index(&self, index: &Path) -> Result<(), SearchError> {
        let name = index.file_name().unwrap_or_default();
        let written = self.path.join(format!("{CURRENT}.new"));
        let mut file = File::create(&written)?;
        file.write_all(name.as_encoded_bytes())?;
        file.sync_all()?;
        fs::rename(&written, self.path.join(CURRENT))?;
        File::open(&self.path)?.sync_all()?;
        Ok(())
    }

    /// Removes every index but those given.
    pub(super) fn sweep(&self, keep: &[&Path]) {
        for path in self.indexes() {
            if !keep.contains(&path.as_path())
                && let Err(error) = fs::remove_dir_all(&path)
            {
                tracing::warn!(%error, path = %path.display(), "an old search index was not removed");
            }
        }
    }

    fn indexes(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        paths.filter(|path| number(path).is_some()).collect()
    }

    /// Whether a rebuild was asked for.
    pub(super) fn is_rebuild_asked(&self) -> bool {
        self.path.join(REBUILD).exists()
    }

    /// A rebuild that was asked for is done or begun.
    pub(super) fn take_rebuild(&self) {
        let _ = fs::remove_file(self.path.join(REBUILD));
    }

    /// Tells other processes what the index is doing; that they cannot be told is no failure.
    pub(super) fn tell(&self, state: &State) {
        if let Ok(text) = serde_json::to_vec(state) {
            let _ = fs::write(self.path.join(STATE), text);
        }
    }
}

fn number(path: &Path) -> Option<u64> {
    path.file_name()?
        .to_str()?
        .strip_prefix(PREFIX)?
        .parse()
        .ok()
}

/// Where the index in use lies.
pub(super) fn current(folder: &Path) -> Option<PathBuf> {
    let name = fs::read_to_string(folder.join(CURRENT)).ok()?;
    let path = folder.join(name.trim());
    number(&path).map(|_| path)
}

/// Asks the process that keeps the folder for a rebuild.
pub(super) fn ask_rebuild(folder: &Path) -> Result<(), SearchError> {
    Ok(fs::write(folder.join(REBUILD), b"")?)
}

/// Whether a rebuild is asked for and not begun.
pub(super) fn is_rebuild_waiting(folder: &Path) -> bool {
    folder.join(REBUILD).exists()
}

/// What the process that keeps the folder told last.
pub(super) fn told(folder: &Path) -> Option<State> {
    let text = fs::read(folder.join(STATE)).ok()?;
    serde_json::from_slice(&text).ok()
}
