//! Writing definitions as a schema folder.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{LOCALES, component_file, type_file};
use crate::schema::definition::Definitions;
use crate::schema::{json_schema, names};

/// What writing a folder changed, as paths inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new or have new content.
    pub written: Vec<String>,
    /// Files of types and components that are gone.
    pub removed: Vec<String>,
}

/// Writes one file per type and component, the locales and the JSON Schemas, and removes the files of what is gone.
///
/// Only files of our own layout are removed; a file whose content stays the same is not touched.
///
/// # Errors
/// The first file that cannot be written.
pub fn write(root: &Path, definitions: &Definitions) -> io::Result<Written> {
    let mut written = Written::default();
    let mut put = |file: String, json: &Value| -> io::Result<()> {
        if put_file(root, &file, json)? {
            written.written.push(file);
        }
        Ok(())
    };
    for definition in &definitions.types {
        put(
            type_file(&definition.singular),
            &with_schema("../.schema/type.json", definition.to_json()),
        )?;
    }
    for definition in &definitions.components {
        put(
            component_file(&definition.uid),
            &with_schema("../../.schema/component.json", definition.to_json()),
        )?;
    }
    if let Some(locales) = &definitions.locales {
        let list: Vec<Value> = locales
            .iter()
            .map(|locale| {
                json!({
                    "code": locale.code, "name": locale.name,
                    "isDefault": locale.is_default, "fallback": locale.fallback,
                })
            })
            .collect();
        put(LOCALES.to_owned(), &Value::Array(list))?;
    }
    put(".schema/type.json".to_owned(), &json_schema::of_types())?;
    put(
        ".schema/component.json".to_owned(),
        &json_schema::of_components(),
    )?;
    written.removed = remove_stale(root, definitions)?;
    Ok(written)
}

fn with_schema(path: &str, json: Value) -> Value {
    let mut first = Map::new();
    first.insert("$schema".to_owned(), Value::from(path));
    if let Value::Object(rest) = json {
        first.extend(rest);
    }
    Value::Object(first)
}

fn put_file(root: &Path, file: &str, json: &Value) -> io::Result<bool> {
    let path = root.join(file);
    let mut text = serde_json::to_string_pretty(json)?;
    text.push('\n');
    match fs::symlink_metadata(&path) {
        Ok(found) if !found.is_file() => {
            return Err(io::Error::other(format!(
                "{file} is not a plain file; move it away"
            )));
        }
        Ok(_) if fs::read_to_string(&path).is_ok_and(|old| old == text) => return Ok(false),
        _ => {}
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // A reader of the folder never sees half a file.
    let temporary = path.with_extension("json.new");
    fs::write(&temporary, text)?;
    fs::rename(&temporary, &path)?;
    Ok(true)
}

fn remove_stale(root: &Path, definitions: &Definitions) -> io::Result<Vec<String>> {
    let mut removed = Vec::new();
    for stem in stems(&root.join("types"))? {
        let wanted = definitions
            .types
            .iter()
            .any(|definition| definition.singular == stem);
        if !wanted && names::kebab_problem(&stem).is_none() {
            removed.push(type_file(&stem));
        }
    }
    for category in folders(&root.join("components"))? {
        for stem in stems(&root.join("components").join(&category))? {
            let uid = format!("{category}.{stem}");
            if definitions.component(&uid).is_none() && names::component_problem(&stem).is_none() {
                removed.push(component_file(&uid));
            }
        }
    }
    for file in &removed {
        fs::remove_file(root.join(file))?;
    }
    Ok(removed)
}

fn stems(folder: &Path) -> io::Result<Vec<String>> {
    let mut stems = Vec::new();
    for name in names_of(folder, fs::FileType::is_file)? {
        stems.extend(name.strip_suffix(".json").map(str::to_owned));
    }
    Ok(stems)
}

fn folders(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = names_of(folder, fs::FileType::is_dir)?;
    names.retain(|name| names::component_problem(name).is_none());
    Ok(names)
}

fn names_of(folder: &Path, wanted: fn(&fs::FileType) -> bool) -> io::Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if wanted(&entry.file_type()?)
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
