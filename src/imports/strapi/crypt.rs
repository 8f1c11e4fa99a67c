//! Decryption of `.enc` archives: AES-128-ECB with PKCS #7 padding, as Strapi writes them.
use std::io::{self, Read};

use aes::Aes128;
use aes::cipher::{Block, BlockCipherDecrypt, KeyInit};

const BLOCK: usize = 16;
const CHUNK: usize = 64 * 1024;

/// The salts Strapi has used for deriving the key.
pub(super) const SALTS: [&[u8]; 2] = [b"strapi-data-transfer", b""];

/// The key that encrypts an archive.
pub(super) type Key = [u8; 16];

/// Derives the key from what the user typed.
pub(super) fn derive_key(password: &str, salt: &[u8]) -> Option<Key> {
    let params = scrypt::Params::new(14, 8, 1).ok()?;
    let mut key = Key::default();
    scrypt::scrypt(password.as_bytes(), salt, &params, &mut key).ok()?;
    Some(key)
}

/// Decrypts whole blocks in place; a rest shorter than a block is left as it is.
pub(super) fn decrypt_blocks(key: &Key, bytes: &mut [u8]) {
    let cipher = Aes128::new(&(*key).into());
    decrypt_with(&cipher, bytes);
}

fn decrypt_with(cipher: &Aes128, bytes: &mut [u8]) {
    let (blocks, _) = Block::<Aes128>::slice_as_chunks_mut(bytes);
    cipher.decrypt_blocks(blocks);
}

/// Decrypts a stream and takes off its padding.
pub(super) struct Decrypted<R> {
    inner: R,
    cipher: Aes128,
    buffer: Vec<u8>,
    /// What of the buffer is decrypted and not yet handed out.
    ready: std::ops::Range<usize>,
    /// The last block read, still encrypted: it may be the padded one.
    held: Option<[u8; BLOCK]>,
    ended: bool,
}

impl<R: Read> Decrypted<R> {
    pub(super) fn new(inner: R, key: &Key) -> Self {
        let cipher = Aes128::new(&(*key).into());
        Self {
            inner,
            cipher,
            buffer: Vec::new(),
            ready: 0..0,
            held: None,
            ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        let held = self.held.take();
        self.buffer.clear();
        self.buffer
            .extend_from_slice(held.as_ref().map_or(&[], |block| block.as_slice()));
        let wanted = (CHUNK - self.buffer.len()) as u64;
        let read = self
            .inner
            .by_ref()
            .take(wanted)
            .read_to_end(&mut self.buffer)?;
        let cut_off = || io::Error::new(io::ErrorKind::UnexpectedEof, "the file is cut off");
        if !self.buffer.len().is_multiple_of(BLOCK) || self.buffer.is_empty() {
            return Err(cut_off());
        }
        self.ended = (read as u64) < wanted;
        if self.ended {
            decrypt_with(&self.cipher, &mut self.buffer);
            let padding = usize::from(self.buffer.last().copied().unwrap_or_default());
            let length = self.buffer.len().saturating_sub(padding);
            let tail = self.buffer.get(length..).unwrap_or_default();
            let valid = (1..=BLOCK).contains(&padding);
            if !valid || tail.iter().any(|byte| usize::from(*byte) != padding) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the end is damaged",
                ));
            }
            self.buffer.truncate(length);
        } else {
            self.held = self.buffer.last_chunk::<BLOCK>().copied();
            self.buffer
                .truncate(self.buffer.len().saturating_sub(BLOCK));
            decrypt_with(&self.cipher, &mut self.buffer);
        }
        self.ready = 0..self.buffer.len();
        Ok(())
    }
}

impl<R: Read> Read for Decrypted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.ended {
            self.refill()?;
        }
        let mut rest = self.buffer.get(self.ready.clone()).unwrap_or_default();
        let count = rest.read(out)?;
        self.ready.start += count;
        Ok(count)
    }
}
