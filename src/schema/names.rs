//! Which names attributes, types, components and locales may have.
//!
//! Reserved attribute names are those of Strapi 5, compared in snake case as it does, so that `createdAt`,
//! `created_at` and `CREATED_AT` are one name: `id`, `documentId`, `createdAt`, `updatedAt`, `publishedAt`,
//! `createdById`, `updatedById`, `createdBy`, `updatedBy`, `entryId`, `status`, `localizations`, `meta`,
//! `locale`, `__component`, `__contentType` and everything that begins with `strapi`.
//! Reserved type names: `boolean`, `date`, `date-time`, `time`, `upload`, `document`, `then` and what begins
//! with `strapi` (Strapi's list), and `auth`, `users` and `i18n`, whose routes Strapi's frontends rely on. Routes
//! that only exist here, such as `/api/events`, give way to a type of that name: `event` is a common type.

const RESERVED_ATTRIBUTES: [&str; 14] = [
    "id",
    "document_id",
    "created_at",
    "updated_at",
    "published_at",
    "created_by_id",
    "updated_by_id",
    "created_by",
    "updated_by",
    "entry_id",
    "status",
    "localizations",
    "meta",
    "locale",
];

const RESERVED_TYPES: [&str; 11] = [
    "boolean",
    "date",
    "date-time",
    "time",
    "upload",
    "document",
    "then",
    "auth",
    "users",
    "i18n",
    "search",
];

/// Most bytes of a name.
pub const MAX_NAME: usize = 64;

/// What is wrong with an attribute's name.
pub fn attribute_problem(name: &str) -> Option<String> {
    if name.len() > MAX_NAME {
        return Some(format!("is longer than {MAX_NAME} characters"));
    }
    let mut letters = name.chars();
    let starts = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic());
    if name.starts_with("__") || is_reserved_attribute(name) {
        return Some(format!("`{name}` is a reserved name; choose another"));
    }
    if !starts || !letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return Some(
            "must begin with a letter and hold letters, digits and underscores only".to_owned(),
        );
    }
    None
}

/// What is wrong with the singular or plural name of a type.
pub fn type_problem(name: &str) -> Option<String> {
    kebab_problem(name).or_else(|| {
        let reserved = RESERVED_TYPES.contains(&name) || name.starts_with("strapi");
        reserved.then(|| format!("`{name}` is a reserved name; choose another"))
    })
}

/// What is wrong with a name that must be in kebab case.
pub fn kebab_problem(name: &str) -> Option<String> {
    if name.len() > MAX_NAME {
        return Some(format!("is longer than {MAX_NAME} characters"));
    }
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let letter_first = name.starts_with(|first: char| first.is_ascii_lowercase());
    (!letter_first || !name.split('-').all(part)).then(|| {
        format!(
            "`{name}` is not in kebab case: lower-case words joined by `-`, such as `blog-post`"
        )
    })
}

/// What is wrong with a component's category or name; Strapi takes lower case with `-` and `_`.
pub fn component_problem(name: &str) -> Option<String> {
    let good = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
    };
    let letter_first = name.starts_with(|first: char| first.is_ascii_lowercase());
    (name.len() > MAX_NAME || !letter_first || !name.bytes().all(good)).then(|| {
        format!("`{name}` must begin with a letter and hold lower-case letters, digits, `-` and `_`, {MAX_NAME} at most")
    })
}

/// What is wrong with a locale's code: a language of two or three letters and further parts joined by `-`.
pub fn locale_problem(code: &str) -> Option<String> {
    let mut parts = code.split('-');
    let language = parts.next().is_some_and(|part| {
        (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    let rest = parts.all(|part| {
        (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    (!language || !rest || code.len() > 35)
        .then(|| format!("`{code}` is not a locale code such as `en`, `pt-BR` or `zh-Hans`"))
}

fn is_reserved_attribute(name: &str) -> bool {
    let snake = snake_case(name);
    snake.starts_with("strapi") || RESERVED_ATTRIBUTES.contains(&snake.as_str())
}

/// Lower case with an underscore before each upper-case letter that follows a lower-case one.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut lower_before = false;
    for letter in name.trim_start_matches('_').chars() {
        if letter.is_ascii_uppercase() && lower_before {
            snake.push('_');
        }
        lower_before = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_refused_in_every_spelling() {
        for name in [
            "id",
            "documentId",
            "DOCUMENT_ID",
            "createdAt",
            "published_at",
            "status",
            "strapi_x",
            "strapiStage",
            "__component",
            "locale",
            "meta",
        ] {
            assert!(attribute_problem(name).is_some(), "{name}");
        }
        for name in [
            "title",
            "component",
            "contentType",
            "a",
            "mainImage2",
            "snake_case",
            "createdOn",
            "metadata",
        ] {
            assert_eq!(attribute_problem(name), None, "{name}");
        }
    }

    #[test]
    fn odd_names_are_refused() {
        for name in [
            "",
            "1st",
            "a-b",
            "a b",
            "a.b",
            "naïve",
            "_private",
            "x\"; drop table y; --",
        ] {
            assert!(attribute_problem(name).is_some(), "{name}");
        }
        assert!(attribute_problem(&"a".repeat(65)).is_some());
        assert_eq!(attribute_problem(&"a".repeat(64)), None);
    }

    #[test]
    fn types_are_in_kebab_case() {
        for name in ["article", "blog-post", "faq2"] {
            assert_eq!(type_problem(name), None, "{name}");
        }
        for name in [
            "Article",
            "blog_post",
            "-a",
            "a-",
            "a--b",
            "2a",
            "upload",
            "strapi-x",
            "",
            "auth",
        ] {
            assert!(type_problem(name).is_some(), "{name}");
        }
    }

    #[test]
    fn locales_are_language_tags() {
        for code in ["en", "pt-BR", "zh-Hans", "zh-Hant-TW", "es-419", "fil"] {
            assert_eq!(locale_problem(code), None, "{code}");
        }
        for code in ["", "EN", "e", "en_US", "en-", "english", "en-'"] {
            assert!(locale_problem(code).is_some(), "{code}");
        }
    }
}
