//! Small JSON files: `metadata.json`, and the description of each media file.
use std::io::Read;

use serde::Deserialize;

use super::entity::parse;
use super::lines::read_error;
use super::{Result, StrapiError};

/// Bytes of one such file.
const METADATA_BYTES: u64 = 1024 * 1024;

/// Reads which version of Strapi wrote the archive.
pub(super) fn read_version(path: &str, reader: &mut dyn Read) -> Result<String> {
    #[derive(Deserialize)]
    struct Metadata {
        strapi: Strapi,
    }
    #[derive(Deserialize)]
    struct Strapi {
        version: String,
    }
    let metadata: Metadata = parse(path, 1, &small_text(path, reader)?)?;
    Ok(metadata.strapi.version)
}

/// Reads a whole file that has to be small.
pub(super) fn small_text(path: &str, reader: &mut dyn Read) -> Result<String> {
    let mut text = String::new();
    reader
        .take(METADATA_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| read_error(path, None, &error))?;
    if text.len() as u64 > METADATA_BYTES {
        let limit = METADATA_BYTES;
        return Err(StrapiError::Limit {
            part: path.to_owned(),
            what: "its length",
            limit,
        });
    }
    Ok(text)
}
