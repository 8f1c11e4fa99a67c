//! `tympan import`: content of another system.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::Failure;
use super::{open, print};
use crate::config::Config;
use crate::imports::{self, ImportError, Imported, Progress};

/// Takes over types and content of another system; may be run again.
#[derive(Debug, Subcommand)]
pub(super) enum Import {
    /// A Strapi 5 project folder (its types), or an archive made by `strapi export` (everything).
    Strapi {
        /// The folder, or a `.tar`, `.tar.gz` or `.tar.gz.enc` file.
        path: PathBuf,
        /// The key of an encrypted archive.
        #[arg(long)]
        key: Option<String>,
    },
    /// An export file of WordPress.
    Wordpress {
        /// The `.xml` file.
        file: PathBuf,
    },
}

pub(super) async fn run(import: Import, config: &Config) -> anyhow::Result<()> {
    let (Import::Strapi { path, .. } | Import::Wordpress { file: path }) = &import;
    if !path.exists() {
        return Err(Failure::new(format!("there is nothing to import: {}", path.display())).into());
    }
    let app = open::open(config).await?;
    let bar = bar();
    let shown = bar.clone();
    let progress = move |progress: Progress| {
        shown.set_message(progress.what);
        shown.set_length(progress.total);
        shown.set_position(progress.done);
    };
    let imported = match &import {
        Import::Strapi { path, key } => {
            let media = Path::new(&config.data).join("media");
            imports::import_strapi(&app.database, path, key.as_deref(), &media, progress).await
        }
        Import::Wordpress { file } => {
            imports::import_wordpress(&app.database, file, progress).await
        }
    };
    bar.finish_and_clear();
    app.close().await;
    report(&imported.map_err(|error| refusal(path, &error))?)
}

/// A bar on a terminal, nothing elsewhere.
fn bar() -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    let template = "{msg:12} [{bar:40}] {pos}/{len} {elapsed}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn refusal(path: &Path, error: &ImportError) -> Failure {
    let (path, error) = (path.display().to_string(), error.to_string());
    let place = match error.contains(&path) {
        true => String::new(),
        false => format!("{path}: "),
    };
    let failure = Failure::new(format!(
        "cannot import: {place}{error}; nothing was written"
    ));
    match error.contains("give the key") {
        true => failure.hint("pass the key of the export with `--key KEY`"),
        false => failure,
    }
}

fn report(imported: &Imported) -> anyhow::Result<()> {
    for step in &imported.schema {
        print::line(format!("schema: {step}"))?;
    }
    if !imported.report.is_empty() {
        print::line("not taken over, or not as it was:")?;
    }
    for (what, remark) in imported.report.remarks() {
        print::line(format!("  {} × {what}", remark.count))?;
        for example in &remark.examples {
            print::line(format!("      {example}"))?;
        }
    }
    let media = &imported.media;
    let left = media.conflicts.len();
    if media.written > 0 || media.same > 0 || left > 0 {
        print::line(format!(
            "{} media files copied, {} there already, {left} left out",
            media.written, media.same
        ))?;
    }
    print::line(format!(
        "{} documents created, {} updated, {} unchanged",
        imported.created, imported.updated, imported.unchanged
    ))?;
    Ok(())
}
