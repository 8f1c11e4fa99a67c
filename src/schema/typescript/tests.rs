use super::*;
use crate::schema::files;
use crate::schema::plan::{Trash, Working, plan};

fn sample() -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/init");
    let definitions = files::read(&folder).unwrap();
    let mut working = Working::new(&Schema::default(), &Trash::default());
    let mut last = 0;
    for step in &plan(&Schema::default(), &Trash::default(), &definitions).steps {
        working.apply(step, &mut |_| {
            last += 1;
            last
        });
    }
    types(&working.finish(1).0)
}

#[test]
fn the_sample_has_an_interface_per_type_and_component() {
    let text = sample();

    for expected in [
        "export interface Article extends LocalizedEntry<Article> {",
        "  title: string;",
        "  readingMinutes: number | null;",
        "  cover?: MediaFile | null;",
        "  author?: Author | null;",
        "  categories?: Category[];",
        "  seo?: SharedSeo | null;",
        "export interface Author extends Entry {",
        "    | (BlocksHero & { __component: \"blocks.hero\" })",
        "  layout: \"left\" | \"centre\" | \"full\" | null;",
        "  \"settings\": Settings;",
        "  \"articles\": Article;",
    ] {
        assert!(text.contains(expected), "{expected}");
    }
    for secret in ["editorialNotes", "email:"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn names_that_are_taken_get_another() {
    let mut taken = Names::of(&Schema::default());
    assert!(taken.types.is_empty());
    let problems = &mut Vec::new();
    let json = serde_json::json!({
        "info": { "singularName": "record", "pluralName": "records", "displayName": "R" }, "attributes": {}
    });
    let definition =
        crate::schema::parse::content_type("types/record.json", None, &json, problems).unwrap();
    let mut working = Working::new(&Schema::default(), &Trash::default());
    working.apply(
        &crate::schema::plan::Step::CreateType(Box::new(definition)),
        &mut |_| 1,
    );
    taken = Names::of(&working.finish(1).0);

    assert_eq!(taken.of_type("api::record.record"), "RecordType");
}
