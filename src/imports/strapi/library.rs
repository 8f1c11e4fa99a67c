//! The media library of an archive: which files have bytes in it, and in which folders they are.
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;

/// A folder of the media library.
#[derive(Debug, Deserialize)]
pub(super) struct Folder {
    name: String,
    /// Made of the numbers of the folders above and its own: `/1/7`.
    path: String,
}

/// The media files of an archive; names are kept as hashes.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    pub(super) count: u64,
    names: HashSet<u64>,
    /// What the rows of files say about themselves: row id and name.
    wanted: Vec<(u64, u64)>,
}

/// The columns of a file row that make up the name of its bytes.
#[derive(Debug, Deserialize)]
pub(super) struct FileName {
    hash: Option<String>,
    ext: Option<String>,
}

impl Uploads {
    pub(super) fn add(&mut self, name: &str) {
        self.count += 1;
        self.names.insert(hash(name));
    }

    /// Remembers the file of a row, to see later whether its bytes are there.
    pub(super) fn expect(&mut self, row: u64, file: &FileName) {
        let name = [&file.hash, &file.ext]
            .map(|part| part.as_deref().unwrap_or_default())
            .concat();
        self.wanted.push((row, hash(&name)));
    }

    /// The rows of files without bytes.
    pub(super) fn missing(&self) -> impl Iterator<Item = u64> {
        self.wanted
            .iter()
            .filter(|(_, name)| !self.names.contains(name))
            .map(|(row, _)| *row)
    }

    /// Forgets the rows, which are read again.
    pub(super) fn again(&mut self) {
        self.wanted.clear();
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains(&hash(name))
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Readable paths of the folders, such as `/Press/2026`, by row id.
pub(super) fn folder_paths(folders: &BTreeMap<u64, Folder>) -> BTreeMap<u64, String> {
    let names: HashMap<&str, &str> = folders
        .values()
        .map(|folder| (folder.path.as_str(), folder.name.as_str()))
        .collect();
    let readable = |folder: &Folder| {
        let path = folder.path.as_str();
        let ends = path
            .match_indices('/')
            .map(|(place, _)| place)
            .skip(1)
            .chain([path.len()]);
        let names = ends.filter_map(|end| names.get(path.get(..end)?));
        names
            .map(|name| format!("/{}", name.replace('/', "_")))
            .collect::<String>()
    };
    let short = folders
        .iter()
        .filter(|(_, folder)| folder.path.len() <= 255);
    short
        .map(|(row, folder)| (*row, readable(folder)))
        .collect()
}
