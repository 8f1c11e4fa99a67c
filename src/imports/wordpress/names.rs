//! Names for the types that are made from WordPress's post types and taxonomies.
use std::collections::BTreeSet;

use super::slugs::slugify;

/// The names of one content type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypeName {
    pub(super) singular: String,
    pub(super) plural: String,
    /// What it is called in WordPress.
    pub(super) source: String,
}

impl TypeName {
    pub(super) fn uid(&self) -> String {
        format!("api::{0}.{0}", self.singular)
    }

    /// The field that points at one entry of the type.
    pub(super) fn one(&self) -> String {
        field_name(&self.singular)
    }

    /// The field that points at several.
    pub(super) fn many(&self) -> String {
        field_name(&self.plural)
    }
}

/// Names that always mean the types of [`known`], or something of the system.
const TAKEN: [&str; 26] = [
    "post",
    "posts",
    "page",
    "pages",
    "category",
    "categories",
    "tag",
    "tags",
    "author",
    "authors",
    "comment",
    "comments",
    "menu",
    "menus",
    "menu-item",
    "menu-items",
    "user",
    "users",
    "role",
    "roles",
    "file",
    "files",
    "upload",
    "i18n",
    "auth",
    "content-type",
];

/// Attributes of the made types, which no relation may be called.
const FIELDS: [&str; 39] = [
    "id",
    "title",
    "name",
    "slug",
    "content",
    "excerpt",
    "date",
    "modified",
    "link",
    "guid",
    "format",
    "template",
    "sticky",
    "parent",
    "children",
    "approved",
    "type",
    "classes",
    "url",
    "order",
    "target",
    "rel",
    "description",
    "items",
    "author",
    "locale",
    "status",
    "object",
    "documentId",
    "createdAt",
    "updatedAt",
    "publishedAt",
    "createdBy",
    "updatedBy",
    "media",
    "localizations",
    "customFields",
    "featuredImage",
    "scheduledAt",
];

/// The names of WordPress's own post types and taxonomies.
pub(super) fn known(source: &str) -> Option<TypeName> {
    let (singular, plural) = match source {
        "post" => ("post", "posts"),
        "page" => ("page", "pages"),
        "category" => ("category", "categories"),
        "post_tag" => ("tag", "tags"),
        "nav_menu" => ("menu", "menus"),
        _ => return None,
    };
    Some(TypeName {
        singular: singular.to_owned(),
        plural: plural.to_owned(),
        source: source.to_owned(),
    })
}

/// Makes names for other post types and taxonomies, none of them twice.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    pub(super) fn make(&mut self, source: &str) -> TypeName {
        if let Some(name) = known(source) {
            return name;
        }
        let mut base: String = slugify(source).chars().take(40).collect();
        base = base.trim_end_matches('-').to_owned();
        if !base.starts_with(|c: char| c.is_ascii_lowercase()) {
            base = format!("wp-{base}").trim_end_matches('-').to_owned();
        }
        let prefixed = [base.clone(), format!("wp-{base}")];
        let numbered = (2..).map(|n| format!("wp-{base}-{n}"));
        for singular in prefixed.into_iter().chain(numbered) {
            let plural = plural(&singular);
            let free = |name: &str| !TAKEN.contains(&name) && !self.taken.contains(name);
            if free(&singular) && free(&plural) {
                self.taken.insert(singular.clone());
                self.taken.insert(plural.clone());
                let source = source.to_owned();
                return TypeName {
                    singular,
                    plural,
                    source,
                };
            }
        }
        // The numbers above never end.
        TypeName {
            singular: base.clone(),
            plural: plural(&base),
            source: source.to_owned(),
        }
    }
}

fn plural(singular: &str) -> String {
    let consonant_y = singular
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    if let Some(stem) = consonant_y {
        return format!("{stem}ies");
    }
    let hisses = ["s", "x", "z", "ch", "sh"]
        .iter()
        .any(|end| singular.ends_with(end));
    format!("{singular}{}", if hisses { "es" } else { "s" })
}

fn field_name(kebab: &str) -> String {
    let mut name = String::new();
    let mut upper = false;
    for character in kebab.chars() {
        if character == '-' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            name.push(character.to_ascii_uppercase());
        } else {
            name.push(character);
        }
    }
    if FIELDS.contains(&name.as_str()) {
        return field_name(&format!("wp-{kebab}"));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_and_never_twice() {
        let mut names = Names::default();
        assert_eq!(names.make("product_cat").plural, "product-cats");
        assert_eq!(names.make("product-cat").singular, "wp-product-cat");
        assert_eq!(names.make("author").singular, "wp-author");
        assert_eq!(names.make("2024").singular, "wp-2024");
        assert_eq!(names.make("../;").singular, "wp");
        assert_eq!(names.make("story").many(), "stories");
        assert_eq!(names.make("order").one(), "wpOrder");
        assert_eq!(names.make("product_cat2").many(), "productCat2s");
    }
}
