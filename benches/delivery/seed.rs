//! Fills an empty database with the dataset through the program's own commands, and times the import.

use std::path::Path;
use std::time::Instant;
use std::{fs, io};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::dataset::Dataset;
use crate::program::Program;
use crate::{archive, types};

/// Returns the token, the ids that creates point to, and the import's time.
pub(crate) fn seed(program: &Program, dataset: &Dataset, folder: &Path) -> Result<Value> {
    let schema = folder.join("schema");
    types::write(&schema).context("the schema files cannot be written")?;
    let export = folder.join("export.tar");
    archive::write(dataset, &export).context("the archive cannot be written")?;
    program.run(&["schema", "apply", &schema.to_string_lossy(), "--yes"])?;
    let started = Instant::now();
    program.run(&["import", "strapi", &export.to_string_lossy()])?;
    let seconds = started.elapsed().as_secs_f64();
    for name in types::TYPES {
        program.run(&["role", "allow", "public", name, "find", "findOne"])?;
    }
    let token = program.run(&[
        "token",
        "create",
        "--name",
        "bench",
        "--type",
        "full-access",
    ])?;
    let rows = dataset.articles.len();
    let tags = [0, 1, 2].map(|tag| archive::document_id("tag", tag));
    let seed = json!({
        "importSeconds": seconds, "rows": rows, "rowsPerSecond": rows as f64 / seconds,
        "way": "tympan import strapi, the whole command", "token": token,
        "authorId": archive::document_id("author", 3),
        "categoryId": archive::document_id("category", 4),
        "tagIds": tags,
    });
    fs::write(folder.join("seed.json"), format!("{seed:#}\n"))?;
    Ok(seed)
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
