//! Copies media files out of an archive.
//!
//! A file appears under its name only when all its bytes are on disk, and what is there already is
//! never changed.
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::ops::ControlFlow::Continue;
use std::path::Path;

use super::archive::Archive;
use super::parts::PartKind;
use super::{Result, StrapiError};

/// What became of the media files of an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopiedMedia {
    /// Files that were written.
    pub written: u64,
    /// Files that were there already with the same bytes.
    pub same: u64,
    /// Names under which other bytes are stored already; these were left as they are.
    pub conflicts: Vec<String>,
}

enum Outcome {
    Written,
    Same,
    Conflict,
}

/// Copies every file below `assets/uploads`; names were checked when the archive was opened.
pub(super) fn copy(archive: &Archive, folder: &Path) -> Result<CopiedMedia> {
    let failed = |name: &str, cause| StrapiError::Media {
        name: name.to_owned(),
        cause,
    };
    fs::create_dir_all(folder).map_err(|cause| failed("(the folder)", cause))?;
    let mut copied = CopiedMedia::default();
    archive.each_part(&mut |part, reader| {
        if part.kind != PartKind::Upload {
            return Ok(Continue(()));
        }
        let name = part.name();
        match store(folder, name, reader).map_err(|cause| failed(name, cause))? {
            Outcome::Written => copied.written += 1,
            Outcome::Same => copied.same += 1,
            Outcome::Conflict => copied.conflicts.push(name.to_owned()),
        }
        Ok(Continue(()))
    })?;
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|cause| failed("(the folder)", cause))?;
    Ok(copied)
}

fn store(folder: &Path, name: &str, reader: &mut dyn Read) -> io::Result<Outcome> {
    let target = folder.join(name);
    match fs::symlink_metadata(&target) {
        Ok(metadata) if metadata.is_file() => {
            return Ok(if is_same(&target, reader)? {
                Outcome::Same
            } else {
                Outcome::Conflict
            });
        }
        Ok(_) => return Ok(Outcome::Conflict),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let partial = folder.join(format!(".{name}.part"));
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = write(&partial, reader).and_then(|()| fs::hard_link(&partial, &target));
    fs::remove_file(&partial)?;
    written.map(|()| Outcome::Written)
}

fn write(path: &Path, reader: &mut dyn Read) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    io::copy(reader, &mut file)?;
    file.flush()?;
    file.sync_all()
}

fn is_same(path: &Path, reader: &mut dyn Read) -> io::Result<bool> {
    let mut stored = BufReader::new(File::open(path)?);
    let mut new = [0; 16 * 1024];
    let mut old = [0; 16 * 1024];
    loop {
        let count = reader.read(&mut new)?;
        let (Some(new), Some(old)) = (new.get(..count), old.get_mut(..count)) else {
            return Ok(false);
        };
        if count == 0 {
            return Ok(stored.read(&mut [0])? == 0);
        }
        match stored.read_exact(old) {
            Ok(()) if old == new => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}
