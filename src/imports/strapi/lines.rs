//! Lines of JSON, one at a time, with a bound on their length.
use std::io::{BufRead, BufReader, Read};

use super::{Result, StrapiError};

/// Hands each line that is not blank to `visit`, with its number from 1.
pub(super) fn each_line(
    part: &str,
    reader: &mut dyn Read,
    limit: usize,
    visit: &mut dyn FnMut(u64, &str) -> Result<()>,
) -> Result<()> {
    let mut reader = BufReader::with_capacity(256 * 1024, reader);
    let mut buffer = Vec::new();
    for number in 1.. {
        buffer.clear();
        let read = reader
            .by_ref()
            .take(limit as u64 + 1)
            .read_until(b'\n', &mut buffer)
            .map_err(|error| read_error(part, Some(number), &error))?;
        if read == 0 {
            break;
        }
        if read > limit {
            let part = format!("{part} line {number}");
            return Err(StrapiError::Limit {
                part,
                what: "its length",
                limit: limit as u64,
            });
        }
        let line = std::str::from_utf8(&buffer)
            .map_err(|_| StrapiError::broken(part, Some(number), "the text is not UTF-8"))?;
        let line = line.trim_ascii();
        if !line.is_empty() {
            visit(number, line)?;
        }
    }
    Ok(())
}

/// Says where reading failed; a bound that was passed keeps its own words.
pub(super) fn read_error(part: &str, line: Option<u64>, error: &std::io::Error) -> StrapiError {
    let problem = match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            "the file ends in the middle; it was cut off, copy or export it again".to_owned()
        }
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData => {
            format!("the file is damaged ({error}); copy or export it again")
        }
        _ => error.to_string(),
    };
    StrapiError::broken(part, line, problem)
}
