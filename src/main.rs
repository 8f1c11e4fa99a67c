//! The command `tympan`.

use std::process::ExitCode;

fn main() -> ExitCode {
    tympan::cli::run()
}
