//! The schema files of a Strapi 5 project folder, as they are.
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::models::Definition;
use super::{Result, StrapiError};

/// Bytes of one schema file.
const FILE_BYTES: u64 = 1024 * 1024;
/// Types and components of one project.
const FILES: usize = 10_000;

/// Reads all types and components of a project; `None` if the folder is no project.
///
/// # Errors
/// If a file cannot be read or is no JSON object; the error names it.
pub fn read_project(root: &Path) -> Result<Option<Vec<Definition>>> {
    let (types, components) = (root.join("src/api"), root.join("src/components"));
    if !types.is_dir() {
        return Ok(None);
    }
    let mut definitions = Vec::new();
    for api in entries(&types)? {
        for folder in entries(&api.join("content-types"))? {
            let file = folder.join("schema.json");
            if file.is_file() {
                let uid = format!("api::{}.{}", name(&api)?, name(&folder)?);
                definitions.push(Definition {
                    uid,
                    definition: read(&file)?,
                });
            }
        }
    }
    for category in entries(&components)? {
        for file in entries(&category)? {
            if file
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                let stem = file.with_extension("");
                let uid = format!("{}.{}", name(&category)?, name(&stem)?);
                definitions.push(Definition {
                    uid,
                    definition: read(&file)?,
                });
            }
        }
    }
    if definitions.len() > FILES {
        let part = root.display().to_string();
        let limit = FILES as u64;
        return Err(StrapiError::Limit {
            part,
            what: "the number of schema files",
            limit,
        });
    }
    Ok(Some(definitions))
}

/// Lists a folder in alphabetical order; one that does not exist is empty.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |cause| StrapiError::Unreadable {
        path: folder.display().to_string(),
        cause,
    };
    let list = match fs::read_dir(folder) {
        Ok(list) => list,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mut paths = Vec::new();
    for entry in list.take(FILES) {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.retain(|path| {
        !path
            .file_name()
            .is_some_and(|n| n.to_string_lossy().starts_with('.'))
    });
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> Result<&str> {
    path.file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| StrapiError::Unsafe(path.display().to_string(), "its name is not UTF-8"))
}

fn read(path: &Path) -> Result<Map<String, Value>> {
    let part = path.display().to_string();
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|cause| StrapiError::Unreadable {
            path: part.clone(),
            cause,
        })?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(StrapiError::Limit {
            part,
            what: "its length",
            limit: FILE_BYTES,
        });
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| StrapiError::broken(&part, Some(error.line() as u64), error.to_string()))
}
