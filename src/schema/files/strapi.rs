//! The schema files of a Strapi 5 project.

use super::folder::Folder;
use crate::schema::definition::Definitions;
use crate::schema::parse;

/// Reads `src/api/*/content-types/*/schema.json` and `src/components/*/*.json`.
pub(super) fn read(folder: &mut Folder<'_>) -> Definitions {
    let mut definitions = Definitions::default();
    for api in folder.folders("src/api") {
        let types = format!("src/api/{api}/content-types");
        for name in folder.folders(&types) {
            let file = format!("{types}/{name}/schema.json");
            if !folder.has(&file) {
                continue;
            }
            let Some(json) = folder.json(&file) else {
                continue;
            };
            definitions.types.extend(parse::content_type(
                &file,
                Some(&api),
                &json,
                folder.problems(),
            ));
        }
    }
    for category in folder.folders("src/components") {
        for (stem, file) in folder.json_files(&format!("src/components/{category}")) {
            let Some(json) = folder.json(&file) else {
                continue;
            };
            let uid = format!("{category}.{stem}");
            definitions
                .components
                .extend(parse::component(&file, &uid, &json, folder.problems()));
        }
    }
    definitions
}
