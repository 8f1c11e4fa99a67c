//! `tympan config`.

use super::print;
use crate::config::Loaded;

/// Prints the configuration that is in force, and where each value came from.
#[derive(Debug, clap::Args)]
pub(super) struct Show {}

pub(super) fn run(loaded: &Loaded) -> anyhow::Result<()> {
    Ok(print::line(loaded.to_toml().trim_end())?)
}
