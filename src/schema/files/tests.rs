use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;
use crate::schema::plan::{self, Trash};
use crate::schema::validate::{Mode, validate_entry};
use crate::schema::{FieldKind, Schema};

/// A folder of its own that is gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("tympan-schema-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/init")
}

fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::to_string).collect()
}

fn schema_of(definitions: &Definitions) -> Schema {
    let empty = Schema::default();
    let plan = plan::plan(&empty, &Trash::default(), definitions);
    let mut working = plan::Working::new(&empty, &Trash::default());
    let mut last = 0;
    for step in &plan.steps {
        working.apply(step, &mut |_| {
            last += 1;
            last
        });
    }
    working.finish(1).0
}

const ARTICLE: &str = r#"{
    "kind": "collectionType",
    "info": { "singularName": "article", "pluralName": "articles", "displayName": "Article" },
    "attributes": { "title": { "type": "string" } }
}"#;

#[test]
fn the_sample_reads_and_comes_back_the_same() {
    let definitions = read(&sample()).unwrap_or_else(|problems| panic!("{:#?}", lines(&problems)));
    let scratch = Scratch::new("sample");
    let schema = schema_of(&definitions);

    let written = write(&scratch.0, &Definitions::of(&schema)).unwrap();
    let again = read(&scratch.0).unwrap();

    assert!(written.written.contains(&"types/article.json".to_owned()));
    assert!(plan::plan(&schema, &Trash::default(), &again).is_empty());
    assert_eq!(write(&scratch.0, &again).unwrap(), Written::default());
    for file in [
        "types/article.json",
        "components/blocks/hero.json",
        "locales.json",
    ] {
        let ours = fs::read_to_string(sample().join("schema").join(file)).unwrap();
        assert_eq!(
            fs::read_to_string(scratch.0.join(file)).unwrap(),
            ours,
            "{file}"
        );
    }
}

#[test]
fn the_sample_content_is_valid() {
    let schema = schema_of(&read(&sample()).unwrap());
    let text = fs::read_to_string(sample().join("content.json")).unwrap();
    let items: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut known: Vec<&str> = Vec::new();
    for item in &items {
        let content_type = schema.content_type(item["type"].as_str().unwrap()).unwrap();
        let first = item.get("locale").is_none();
        let mode = if item["status"] == "draft" {
            Mode::Draft
        } else {
            Mode::Publish
        };
        let checked = validate_entry(
            &schema,
            content_type,
            item["data"].as_object().unwrap(),
            mode,
            !first,
        );
        assert!(checked.is_ok(), "{}: {checked:?}", item["key"]);
        for name in item["data"].as_object().unwrap().keys().filter(|_| !first) {
            assert!(
                content_type.field(name).unwrap().localized,
                "{} {name}",
                item["key"]
            );
        }
        let data = item["data"].to_string();
        for named in data
            .split("\"@")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            assert!(
                known.contains(&named),
                "{} comes after {}",
                named,
                item["key"]
            );
        }
        known.push(item["key"].as_str().unwrap());
    }
}

#[test]
fn all_problems_come_at_once_and_name_file_attribute_and_rule() {
    let scratch = Scratch::new("problems");
    scratch.put(
        "types/article.json",
        &ARTICLE.replace("\"string\"", "\"strong\""),
    );
    scratch.put(
        "types/note.json",
        &ARTICLE.replace("article", "note").replace(
            "\"string\"",
            "\"string\", \"minLength\": 9, \"maxLength\": 3",
        ),
    );

    let problems = read(&scratch.0).unwrap_err();

    assert_eq!(
        lines(&problems),
        [
            "types/article.json: attribute `title`: type: `strong` is not a type of attribute",
            "types/note.json: attribute `title`: minLength: 9 is more than `maxLength`, which is 3",
        ]
    );
}

#[test]
fn odd_files_are_refused() {
    let scratch = Scratch::new("odd");
    scratch.put("types/article.json", ARTICLE);
    scratch.put("types/other.json", ARTICLE);
    scratch.put("types/notes.txt", "hello");
    scratch.put("types/README.md", "fine");
    scratch.put(
        "types/twice.json",
        r#"{ "kind": "singleType", "kind": "collectionType" }"#,
    );
    scratch.put("components/shared/deep.json", &"[".repeat(1000));
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hostname", scratch.0.join("types/link.json")).unwrap();

    let found = lines(&read(&scratch.0).unwrap_err()).join("\n");

    for expected in [
        "types/other.json: file: must be named article.json",
        "types/notes.txt: file: does not end in .json",
        "types/link.json: file: is not a plain file",
        "types/twice.json: json: the key \"kind\" appears twice",
        "components/shared/deep.json: json: the JSON nests deeper",
    ] {
        assert!(found.contains(expected), "{expected} is not in\n{found}");
    }
}

#[test]
fn a_strapi_project_keeps_its_uids() {
    let scratch = Scratch::new("strapi");
    scratch.put("src/api/blog/content-types/article/schema.json", &ARTICLE.replace(
        "{ \"type\": \"string\" }",
        r#"{ "type": "component", "component": "shared.seo" }, "owner": { "type": "relation", "relation": "manyToOne", "target": "plugin::users-permissions.user" }"#,
    ));
    scratch.put(
        "src/components/shared/seo.json",
        r#"{ "info": { "displayName": "Seo" }, "attributes": {} }"#,
    );

    let definitions = read(&scratch.0).unwrap();
    let pulled = Scratch::new("strapi-pulled");
    write(&pulled.0, &definitions).unwrap();
    let again = read(&pulled.0).unwrap();

    assert_eq!(definitions.types[0].uid, "api::blog.article");
    assert!(matches!(
        definitions.types[0].fields[0].kind,
        FieldKind::Component { .. }
    ));
    assert_eq!(again.types[0].uid, "api::blog.article");
    assert!(plan::plan(&schema_of(&definitions), &Trash::default(), &again).is_empty());
}

#[test]
fn writing_removes_the_files_of_what_is_gone_and_no_others() {
    let scratch = Scratch::new("stale");
    scratch.put("types/article.json", ARTICLE);
    scratch.put("types/gone.json", ARTICLE);
    scratch.put("types/Odd Name.json", "{}");
    scratch.put("notes.json", "{}");
    let problems = &mut Vec::new();
    let json = serde_json::from_str(ARTICLE).unwrap();
    let definition = parse::content_type("types/article.json", None, &json, problems).unwrap();

    let written = write(
        &scratch.0,
        &Definitions {
            types: vec![definition],
            ..Definitions::default()
        },
    )
    .unwrap();

    assert_eq!(written.removed, ["types/gone.json"]);
    assert!(scratch.0.join("types/Odd Name.json").exists());
    assert!(scratch.0.join("notes.json").exists());
}

#[test]
fn an_empty_folder_is_no_schema() {
    let scratch = Scratch::new("empty");

    assert!(read(&scratch.0).is_err());
    assert!(read(&scratch.0.join("missing")).is_err());
}
