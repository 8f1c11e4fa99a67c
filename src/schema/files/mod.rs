//! The schema folder: reading it whole, and writing it back.
//!
//! ```text
//! schema/
//! ├── types/article.json              one type, named after its singularName
//! ├── components/shared/quote.json    the component `shared.quote`
//! ├── locales.json                    [{"code": "en", "name": "English", "isDefault": true, "fallback": null}]
//! └── .schema/type.json …             JSON Schema for editors, written by `schema pull`
//! ```
//!
//! A Strapi 5 project folder (`src/api/*/content-types/*/schema.json`, `src/components/*/*.json`) is read too;
//! it says nothing about locales. Symbolic links and odd file names are refused: what is read is exactly what
//! lies in the folder. Names that begin with a dot and `README.md` are passed over.

use std::path::Path;

use super::definition::{Definitions, Problem};
use super::{check, parse};
use folder::Folder;

mod folder;
mod strapi;
#[cfg(test)]
mod tests;
mod write;

pub use write::{Written, write};

/// The file of the locales.
pub const LOCALES: &str = "locales.json";
/// Most bytes of one file.
pub const MAX_FILE: u64 = 1024 * 1024;

/// The file of a type.
pub fn type_file(singular: &str) -> String {
    format!("types/{singular}.json")
}

/// The file of a component.
pub fn component_file(uid: &str) -> String {
    format!("components/{}.json", uid.replacen('.', "/", 1))
}

/// Reads a schema folder, a project that has one named `schema`, or a Strapi project, and checks it as one.
///
/// # Errors
/// All problems at once; a file that cannot be read is one of them.
pub fn read(root: &Path) -> Result<Definitions, Vec<Problem>> {
    let mut folder = Folder::new(root);
    let is_ours = |folder: &Folder<'_>| {
        ["types", "components", LOCALES]
            .iter()
            .any(|name| folder.has(name))
    };
    let definitions = if is_ours(&folder) {
        read_ours(&mut folder)
    } else if folder.has("src/api") || folder.has("src/components") {
        strapi::read(&mut folder)
    } else if folder.has("schema") {
        return read(&root.join("schema"));
    } else {
        folder.problem(
            ".",
            "folder",
            "holds neither `types`, `components` nor `locales.json`, and is no Strapi project",
        );
        Definitions::default()
    };
    let mut problems = folder.into_problems();
    match check::check(definitions) {
        Ok(definitions) if problems.is_empty() => Ok(definitions),
        Ok(_) => Err(problems),
        // A file that could not be read makes others look wrong; those follow-ups would only distract.
        Err(_)
            if problems
                .iter()
                .any(|problem| problem.rule == "json" || problem.rule == "file") =>
        {
            Err(problems)
        }
        Err(more) => {
            problems.extend(more);
            problems.sort();
            Err(problems)
        }
    }
}

fn read_ours(folder: &mut Folder<'_>) -> Definitions {
    let mut definitions = Definitions::default();
    for (stem, file) in folder.json_files("types") {
        let Some(json) = folder.json(&file) else {
            continue;
        };
        let Some(definition) = parse::content_type(&file, None, &json, folder.problems()) else {
            continue;
        };
        if definition.singular != stem {
            let message = format!(
                "must be named {}.json after info.singularName",
                definition.singular
            );
            folder.problem(&file, "file", &message);
        }
        definitions.types.push(definition);
    }
    for category in folder.folders("components") {
        for (stem, file) in folder.json_files(&format!("components/{category}")) {
            let Some(json) = folder.json(&file) else {
                continue;
            };
            let uid = format!("{category}.{stem}");
            definitions
                .components
                .extend(parse::component(&file, &uid, &json, folder.problems()));
        }
    }
    if folder.has(LOCALES)
        && let Some(json) = folder.json(LOCALES)
    {
        definitions.locales = Some(parse::locales(LOCALES, &json, folder.problems()));
    }
    definitions
}
