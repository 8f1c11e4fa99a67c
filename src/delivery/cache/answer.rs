//! One kept answer: its bytes, their compressed forms, and what names them.

use std::any::Any;
use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

/// Smaller bodies are sent as they are.
const WORTH_BYTES: usize = 512;
/// Measured on answers of 18 and 93 KB: zstd 3 takes a tenth of brotli 5's time, brotli makes the smallest bodies.
const BROTLI_QUALITY: i32 = 5;
const ZSTD_LEVEL: i32 = 3;
const GZIP_LEVEL: u32 = 6;

/// How a body is encoded on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
    /// `gzip`.
    Gzip,
}

impl Encoding {
    /// Those that compress, best first.
    pub const COMPRESSED: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// The name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    fn index(self) -> usize {
        match self {
            Self::Identity => 0,
            Self::Brotli => 1,
            Self::Zstd => 2,
            Self::Gzip => 3,
        }
    }
}

/// An answer as it is sent.
#[derive(Debug)]
pub struct Answer {
    /// The body; none if what was asked for does not exist.
    pub body: Option<Bytes>,
    /// Names the bytes: equal answers have equal names, on every node. The strong validator is made of it.
    pub name: String,
    /// How caches on the way may keep it; none if it was authorised by a credential.
    pub control: Option<String>,
    /// Cache tags for proxies, in short form; empty if they are not sent.
    pub tags: Vec<String>,
    pub(super) id: u64,
    pub(super) dead: AtomicBool,
    hits: AtomicU32,
    encoded: [OnceLock<Bytes>; 3],
    encoding: [AtomicBool; 3],
    prepared: [OnceLock<Box<dyn Any + Send + Sync>>; 4],
}

impl Answer {
    /// An answer that is not kept, or not yet.
    pub fn new(body: Option<Vec<u8>>, control: Option<String>, tags: Vec<String>) -> Self {
        let body = body.map(Bytes::from);
        let digest = Sha256::digest(body.as_deref().unwrap_or_default());
        let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
        Self {
            name: digits.collect(),
            body,
            control,
            tags,
            id: 0,
            dead: AtomicBool::new(false),
            hits: AtomicU32::new(0),
            encoded: Default::default(),
            encoding: Default::default(),
            prepared: Default::default(),
        }
    }

    /// The body in this encoding, if it has been made.
    pub fn encoded(&self, encoding: Encoding) -> Option<&Bytes> {
        match encoding.index().checked_sub(1) {
            None => self.body.as_ref(),
            Some(index) => self.encoded.get(index)?.get(),
        }
    }

    /// Counts a use of the kept answer; returns whether this encoding is worth making now, true once.
    pub fn wants(&self, encoding: Encoding) -> bool {
        let again = self.hits.fetch_add(1, Ordering::Relaxed) > 0;
        let long = self
            .body
            .as_ref()
            .is_some_and(|body| body.len() >= WORTH_BYTES);
        let Some(slot) = encoding
            .index()
            .checked_sub(1)
            .and_then(|index| self.encoding.get(index))
        else {
            return false;
        };
        again && long && !slot.swap(true, Ordering::Relaxed)
    }

    /// Compresses the body; takes milliseconds, so call it where that hurts nobody.
    pub fn encode(&self, encoding: Encoding) {
        let (Some(body), Some(index)) = (&self.body, encoding.index().checked_sub(1)) else {
            return;
        };
        let smaller = compress(body, encoding).filter(|bytes| bytes.len() < body.len());
        if let (Some(bytes), Some(slot)) = (smaller, self.encoded.get(index)) {
            let _ = slot.set(bytes.into());
        }
    }

    /// What the server has made of this answer in this encoding, made by `make` the first time.
    pub fn prepared<T: Any + Send + Sync>(
        &self,
        encoding: Encoding,
        make: impl FnOnce() -> T,
    ) -> Option<&T> {
        let slot = self.prepared.get(encoding.index())?;
        let prepared = slot.get_or_init(|| Box::new(make()));
        prepared.downcast_ref()
    }
}

fn compress(body: &[u8], encoding: Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Identity => None,
        Encoding::Brotli => {
            let settings = brotli::enc::BrotliEncoderParams {
                quality: BROTLI_QUALITY,
                size_hint: body.len(),
                ..Default::default()
            };
            let mut bytes = Vec::with_capacity(body.len() / 4);
            let mut reader = body;
            brotli::BrotliCompress(&mut reader, &mut bytes, &settings).ok()?;
            Some(bytes)
        }
        Encoding::Zstd => zstd::bulk::compress(body, ZSTD_LEVEL).ok(),
        Encoding::Gzip => {
            let bytes = Vec::with_capacity(body.len() / 3);
            let mut encoder = GzEncoder::new(bytes, Compression::new(GZIP_LEVEL));
            encoder.write_all(body).ok()?;
            encoder.finish().ok()
        }
    }
}
