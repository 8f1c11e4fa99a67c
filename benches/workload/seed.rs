//! Fills an empty database with the dataset through the program's own commands, and times the import.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{fs, io};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::dataset::Dataset;
use super::program::Program;
use super::{archive, types};

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

/// The seed of this folder: kept from an earlier run if there is one, else made now.
pub(crate) fn seeded(program: &Program, dataset: &Dataset, folder: &Path) -> Result<Value> {
    let (kept, seeded): (PathBuf, PathBuf) = (folder.join("seed.json"), folder.join("seeded"));
    if program.database.is_none() && kept.exists() && seeded.exists() {
        let seed: Value = serde_json::from_slice(&fs::read(&kept)?)?;
        if seed["rows"] == json!(dataset.articles.len()) {
            println!("using the import of an earlier run in {}", folder.display());
            let _ = fs::remove_dir_all(&program.data);
            copy(&seeded, &program.data)?;
            return Ok(seed);
        }
    }
    let _ = fs::remove_dir_all(&program.data);
    let _ = fs::remove_dir_all(&seeded);
    fs::create_dir_all(&program.data)?;
    let seed = seed(program, dataset, folder)?;
    if program.database.is_none() {
        copy(&program.data, &seeded)?;
    }
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
