//! Twelve small PNG files for the menu.

use std::io::{self, Write};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

const SIDE: u32 = 64;

/// A square of one colour.
pub(crate) fn png(index: usize) -> io::Result<Vec<u8>> {
    let shade = u8::try_from(20 * index).unwrap_or(u8::MAX);
    let mut row = vec![0];
    for _ in 0..SIDE {
        row.extend([shade, 255 - shade, 120]);
    }
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::default());
    for _ in 0..SIDE {
        pixels.write_all(&row)?;
    }
    let mut header = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, b"IHDR", &header);
    chunk(&mut file, b"IDAT", &pixels.finish()?);
    chunk(&mut file, b"IEND", &[]);
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let mut check = Crc::new();
    check.update(kind);
    check.update(data);
    file.extend(u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(check.sum().to_be_bytes());
}
