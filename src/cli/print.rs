//! Writing to standard output and standard error; a reader that goes away is no failure.

use std::io::{self, Write as _};

/// Writes a line of the command's answer to standard output.
///
/// # Errors
/// When standard output cannot be written, as on a full disk.
pub(super) fn line(text: impl AsRef<str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush());
    match written {
        // `tympan … | head` has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a line for people to standard error.
pub(super) fn note(text: impl AsRef<str>) {
    // Nobody could be told that nobody can be told.
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}
