//! Going through the entries of an archive: a tar file in any wrapping, or the unpacked folder.
//!
//! Links, devices and paths that lead outside are refused; so is an archive that is cut off.
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tar::EntryType;

use super::lines::read_error;
use super::parts::Part;
use super::stream::{Counted, Wrapping};
use super::{ArchiveLimits, Result, StrapiError};

/// Bytes of an extended header; real ones hold a path.
const HEADER_BYTES: u64 = 64 * 1024;
/// The folders of an unpacked archive, in the order Strapi writes them.
const FOLDERS: [&str; 6] = [
    "schemas",
    "entities",
    "assets/metadata",
    "assets/uploads",
    "links",
    "configuration",
];

/// Receives the entries of an archive, and says when it has seen enough.
pub(super) type Visit<'v> = dyn FnMut(&Part, &mut dyn Read) -> Result<ControlFlow<()>> + 'v;

/// An archive that can be gone through as often as needed.
#[derive(Debug)]
pub(super) struct Archive {
    path: PathBuf,
    form: Form,
    pub(super) limits: ArchiveLimits,
    pub(super) progress: Arc<AtomicU64>,
    pub(super) size: u64,
}

#[derive(Debug)]
enum Form {
    File(Wrapping),
    Folder(Vec<Part>),
}

impl Archive {
    /// Finds out what the path holds; reads only its first bytes.
    pub(super) fn open(path: &Path, key: Option<&str>, limits: ArchiveLimits) -> Result<Self> {
        let unreadable = |cause| StrapiError::Unreadable {
            path: path.display().to_string(),
            cause,
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        let (form, size) = if metadata.is_dir() {
            let (parts, size) = list_folder(path, &limits)?;
            (Form::Folder(parts), size)
        } else {
            (Form::File(Wrapping::detect(path, key)?), metadata.len())
        };
        let progress = Arc::new(AtomicU64::new(0));
        Ok(Self {
            path: path.to_owned(),
            form,
            limits,
            progress,
            size,
        })
    }

    /// The path as text, for messages.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Hands every entry to `visit`; what it leaves unread is skipped.
    pub(super) fn each_part(&self, visit: &mut Visit) -> Result<()> {
        match &self.form {
            Form::File(wrapping) => self.each_entry(wrapping, visit),
            Form::Folder(parts) => self.each_file(parts, visit),
        }
    }

    fn each_file(&self, parts: &[Part], visit: &mut Visit) -> Result<()> {
        self.progress.store(0, Ordering::Relaxed);
        for part in parts {
            let path = self.path.join(&part.path);
            let unreadable = |cause| StrapiError::Unreadable {
                path: path.display().to_string(),
                cause,
            };
            let file = File::open(&path).map_err(unreadable)?;
            let mut reader = Counted {
                inner: file,
                progress: Arc::clone(&self.progress),
            };
            if visit(part, &mut reader)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn each_entry(&self, wrapping: &Wrapping, visit: &mut Visit) -> Result<()> {
        let name = self.name();
        let outside = |error: io::Error| read_error(&name, None, &error);
        let reader = wrapping
            .open(&self.path, self.limits.ratio, &self.progress)
            .map_err(outside)?;
        let mut archive = tar::Archive::new(reader);
        let mut long_path: Option<String> = None;
        let mut counter = Counter {
            limits: &self.limits,
            entries: 0,
            assets: 0,
        };
        for entry in archive.entries().map_err(outside)?.raw(true) {
            let mut entry = entry.map_err(outside)?;
            let short_path = || String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            match entry.header().entry_type() {
                EntryType::Regular => {
                    let part = Part::new(&long_path.take().unwrap_or_else(short_path))?;
                    counter.count(&part)?;
                    let mut whole = Whole {
                        left: entry.size(),
                        inner: &mut entry,
                    };
                    if visit(&part, &mut whole)?.is_break() {
                        return Ok(());
                    }
                    io::copy(&mut whole, &mut io::sink())
                        .map_err(|error| read_error(&part.path, None, &error))?;
                }
                EntryType::Directory => drop(long_path.take()),
                EntryType::XHeader => long_path = pax_path(&small(&mut entry).map_err(outside)?),
                EntryType::GNULongName => {
                    let bytes = small(&mut entry).map_err(outside)?;
                    let text = String::from_utf8_lossy(&bytes);
                    long_path = Some(text.trim_end_matches('\0').to_owned());
                }
                EntryType::XGlobalHeader => drop(small(&mut entry).map_err(outside)?),
                _ => {
                    return Err(StrapiError::Unsafe(
                        short_path(),
                        "it is a link or a device",
                    ));
                }
            }
        }
        // The end of a compressed file holds its checksum.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(outside)?;
        Ok(())
    }
}

/// Counts entries against the limits.
struct Counter<'l> {
    limits: &'l ArchiveLimits,
    entries: u64,
    assets: u64,
}

impl Counter<'_> {
    fn count(&mut self, part: &Part) -> Result<()> {
        let (count, limit) = if part.is_asset() {
            (&mut self.assets, self.limits.assets)
        } else {
            (&mut self.entries, self.limits.entries)
        };
        *count += 1;
        if *count > limit {
            let part = part.path.clone();
            return Err(StrapiError::Limit {
                part,
                what: "the number of entries",
                limit,
            });
        }
        Ok(())
    }
}

/// Fails where a plain reader would just end early.
struct Whole<'r, R> {
    inner: &'r mut R,
    left: u64,
}

impl<R: Read> Read for Whole<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        if count == 0 && self.left > 0 && !out.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

fn small(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(HEADER_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > HEADER_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a header is too long",
        ));
    }
    Ok(bytes)
}

/// The `path` record of an extended header: lines of `LENGTH KEY=VALUE`.
fn pax_path(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    let mut path = None;
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(rest.get(..space)?).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length.checked_sub(1)?)?;
        if let Some(value) = record.strip_prefix(b"path=") {
            path = Some(String::from_utf8_lossy(value).into_owned());
        }
        rest = rest.get(length..)?;
    }
    path
}

/// Lists the known folders of an unpacked archive; anything else in it is not looked at.
fn list_folder(root: &Path, limits: &ArchiveLimits) -> Result<(Vec<Part>, u64)> {
    if !root.join("metadata.json").is_file() || !root.join("schemas").is_dir() {
        return Err(StrapiError::NotAnArchive(root.display().to_string()));
    }
    let mut counter = Counter {
        limits,
        entries: 0,
        assets: 0,
    };
    let mut parts = Vec::new();
    let mut size = 0;
    for folder in FOLDERS {
        let path = root.join(folder);
        let unreadable = |cause| StrapiError::Unreadable {
            path: path.display().to_string(),
            cause,
        };
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(error)),
        };
        let first = parts.len();
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let part = Part::new(&format!("{folder}/{}", entry.file_name().to_string_lossy()))?;
            let metadata = entry.metadata().map_err(unreadable)?;
            if !metadata.is_file() {
                return Err(StrapiError::Unsafe(part.path, "it is not a regular file"));
            }
            counter.count(&part)?;
            size += metadata.len();
            parts.push(part);
        }
        if let Some(new) = parts.get_mut(first..) {
            new.sort_by(|a, b| a.path.cmp(&b.path));
        }
    }
    parts.push(Part::new("metadata.json")?);
    Ok((parts, size))
}
