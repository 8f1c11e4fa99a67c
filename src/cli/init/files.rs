//! The schema files of the sample project, inside the binary.

use std::fs;
use std::io;
use std::path::Path;

macro_rules! schema_files {
    ($($path:literal)*) => {
        [$(($path, include_str!(concat!("schema/", $path)))),*]
    };
}

const FILES: [(&str, &str); 21] = schema_files! {
    "components/blocks/article-list.json"
    "components/blocks/cta.json"
    "components/blocks/feature.json"
    "components/blocks/features.json"
    "components/blocks/gallery.json"
    "components/blocks/hero.json"
    "components/blocks/newsletter.json"
    "components/blocks/people.json"
    "components/blocks/question.json"
    "components/blocks/questions.json"
    "components/blocks/quote.json"
    "components/blocks/text.json"
    "components/layout/menu-item.json"
    "components/shared/link.json"
    "components/shared/seo.json"
    "locales.json"
    "types/article.json"
    "types/author.json"
    "types/category.json"
    "types/page.json"
    "types/settings.json"
};

/// Writes them into a folder that is not there yet.
pub(super) fn write(folder: &Path) -> io::Result<()> {
    for (path, text) in FILES {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(file, text)?;
    }
    Ok(())
}
