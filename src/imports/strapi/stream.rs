//! The layers between the file and its entries: counting, decryption, decompression, a bound.
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::crypt::{self, Decrypted, Key};
use super::{Result, StrapiError};

/// Small files may grow by this much before the ratio counts.
const FREE_BYTES: u64 = 64 * 1024 * 1024;

/// How the bytes of an archive file are wrapped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrapping {
    pub(super) key: Option<Key>,
    pub(super) gzip: bool,
}

impl Wrapping {
    /// Looks at the first bytes of the file, and tries the key if they make no sense.
    pub(super) fn detect(path: &Path, password: Option<&str>) -> Result<Self> {
        let name = path.display().to_string();
        let mut head = Vec::new();
        File::open(path)
            .and_then(|file| file.take(512).read_to_end(&mut head))
            .map_err(|cause| StrapiError::Unreadable {
                path: name.clone(),
                cause,
            })?;
        if let Some(gzip) = looks_like(&head) {
            return Ok(Self { key: None, gzip });
        }
        let encrypted = path.extension().is_some_and(|extension| extension == "enc");
        let Some(password) = password else {
            let error = if encrypted {
                StrapiError::KeyMissing
            } else {
                StrapiError::NotAnArchive
            };
            return Err(error(name));
        };
        for key in crypt::SALTS
            .iter()
            .filter_map(|salt| crypt::derive_key(password, salt))
        {
            let mut bytes = head.clone();
            crypt::decrypt_blocks(&key, &mut bytes);
            if let Some(gzip) = looks_like(&bytes) {
                return Ok(Self {
                    key: Some(key),
                    gzip,
                });
            }
        }
        let error = if encrypted {
            StrapiError::WrongKey
        } else {
            StrapiError::NotAnArchive
        };
        Err(error(name))
    }

    /// Opens the file from its start.
    pub(super) fn open(
        &self,
        path: &Path,
        ratio: u64,
        progress: &Arc<AtomicU64>,
    ) -> io::Result<Box<dyn Read>> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        progress.store(0, Ordering::Relaxed);
        let counted = Counted {
            inner: file,
            progress: Arc::clone(progress),
        };
        let mut reader: Box<dyn Read> = Box::new(BufReader::with_capacity(256 * 1024, counted));
        if let Some(key) = &self.key {
            reader = Box::new(Decrypted::new(reader, key));
        }
        if self.gzip {
            let input = BufReader::with_capacity(64 * 1024, reader);
            let left = size.saturating_mul(ratio).max(FREE_BYTES);
            reader = Box::new(Bounded {
                inner: MultiGzDecoder::new(input),
                left,
                ratio,
            });
        }
        Ok(reader)
    }
}

/// Tells gzip (true) and tar (false) from anything else.
fn looks_like(head: &[u8]) -> Option<bool> {
    if head.starts_with(&[0x1f, 0x8b, 0x08]) {
        return Some(true);
    }
    let block: &[u8; 512] = head.first_chunk()?;
    let header = tar::Header::from_byte_slice(block);
    let (before, rest) = block.split_at_checked(148)?;
    let (_, after) = rest.split_at_checked(8)?;
    let sum = before
        .iter()
        .chain(after)
        .map(|byte| u32::from(*byte))
        .sum::<u32>()
        + 8 * 32;
    (header.cksum().ok()? == sum).then_some(false)
}

/// Counts what was read of the file.
pub(super) struct Counted<R> {
    pub(super) inner: R,
    pub(super) progress: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.progress.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Refuses to unpack more than a bound.
struct Bounded<R> {
    inner: R,
    left: u64,
    ratio: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::other(format!(
                    "its content is more than {} times larger than the file; \
                     raise the limit if you trust the file",
                    self.ratio
                )));
            }
        }
        Ok(count)
    }
}
