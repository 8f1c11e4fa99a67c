//! The types that are part of Tympan and have no file in the schema folder.
//!
//! `plugin::upload.file` is an ordinary type: files are documents, and media attributes link to them.
//! `plugin::users-permissions.user` and `admin::user` may be named as targets, so that a Strapi project's files
//! are accepted, but have no type yet: such a relation is kept in the schema, is unknown to queries and takes
//! no value but null or an empty list.

use serde_json::json;

use super::definition::TypeDefinition;
use super::parse;

/// Uid of the type of uploaded files.
pub const FILE: &str = "plugin::upload.file";
/// Uid of the people who sign in to a site.
pub const SITE_USER: &str = "plugin::users-permissions.user";
/// Uid of the people who sign in to the admin.
pub const STAFF: &str = "admin::user";

/// Every uid a target may name without a file.
pub const KNOWN_UIDS: [&str; 3] = [FILE, SITE_USER, STAFF];

/// The definitions of the built-in types; a plan treats them as always wanted.
pub fn types() -> Vec<TypeDefinition> {
    let mut problems = Vec::new();
    let mut definition = parse::content_type("built-in", None, &file(), &mut problems);
    if let Some(definition) = &mut definition {
        FILE.clone_into(&mut definition.uid);
    }
    definition.into_iter().collect()
}

fn file() -> serde_json::Value {
    json!({
        "kind": "collectionType",
        "collectionName": "files",
        "info": { "singularName": "file", "pluralName": "files", "displayName": "File" },
        "options": { "draftAndPublish": false },
        "attributes": {
            "name": { "type": "string", "required": true },
            "alternativeText": { "type": "text" },
            "caption": { "type": "text" },
            "focalPoint": { "type": "json" },
            "width": { "type": "integer" },
            "height": { "type": "integer" },
            "formats": { "type": "json" },
            "hash": { "type": "string", "required": true },
            "ext": { "type": "string" },
            "mime": { "type": "string", "required": true },
            "size": { "type": "decimal", "required": true },
            "url": { "type": "text", "required": true },
            "previewUrl": { "type": "text" },
            "provider": { "type": "string", "required": true },
            "provider_metadata": { "type": "json" }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_type_reads_without_a_problem() {
        let mut problems = Vec::new();
        parse::content_type("built-in", None, &file(), &mut problems);

        assert_eq!(problems, []);
        assert_eq!(types().len(), 1);
        assert_eq!(types()[0].uid, FILE);
    }
}
