//! A small site that has every kind of row and link.
use serde_json::json;

use crate::fixture::*;

const FILE: &str = "plugin::upload.file";
pub(crate) const PAGE: &str = "api::page.page";
pub(crate) const DOC: [&str; 4] = [
    "aaaaaaaaaaaaaaaaaaaaaaa1",
    "aaaaaaaaaaaaaaaaaaaaaaa2",
    "aaaaaaaaaaaaaaaaaaaaaaa3",
    "aaaaaaaaaaaaaaaaaaaaaaa4",
];

/// Pages with a zone, nested components, relations and media at every level.
pub(crate) fn site() -> Parts {
    let relation =
        |target: &str| json!({"type": "relation", "relation": "oneToMany", "target": target});
    let media_field = |multiple: bool| json!({"type": "media", "multiple": multiple});
    let mut page = content_type(
        "page",
        true,
        json!({
            "title": {"type": "string"}, "createdAt": {"type": "datetime"},
            "secret": {"type": "password"},
            "zone": {"type": "dynamiczone", "components": ["block.hero"]},
            "seo": {"type": "component", "component": "block.seo"},
            "related": relation(PAGE), "owner": relation("admin::user"),
            "gallery": media_field(true),
        }),
    );
    page["pluginOptions"] = json!({"i18n": {"localized": true}});
    let file = json!({
        "uid": FILE, "modelType": "contentType", "attributes": {
            "name": {"type": "string"}, "hash": {"type": "string"}, "ext": {"type": "string"},
            "related": {"type": "relation", "relation": "morphToMany"}, "folderPath": {"type": "string"}},
    });
    let schemas = [
        page,
        file,
        component(
            "block.hero",
            json!({"text": {"type": "text"}, "cards": {"type": "component", "component": "block.card", "repeatable": true}}),
        ),
        component(
            "block.card",
            json!({"label": {"type": "string"}, "link": relation(PAGE), "image": media_field(false), "meta": {"type": "json"}}),
        ),
        component(
            "block.seo",
            json!({"title": {"type": "string"}, "image": media_field(false)}),
        ),
        json!({"uid": "plugin::i18n.locale", "modelType": "contentType", "attributes": {}}),
    ];
    let page = |id: u64,
                document: &str,
                published: bool,
                locale: &str,
                component: u64,
                title: &str| {
        row(
            PAGE,
            id,
            document,
            published,
            json!({
                "title": title, "locale": locale, "secret": "$2a$10$hash", "seo": {"id": component, "title": "s"},
                "zone": [{"id": component, "text": "Ä \u{1F600} \"q\"", "cards": [
                    {"id": component * 10, "label": "one", "meta": {"id": 1}},
                    {"id": component * 10 + 1, "label": "two", "meta": null}], "__component": "block.hero"}],
            }),
        )
    };
    let entities = [
        page(1, DOC[0], false, "en", 1, "Home"),
        page(2, DOC[0], true, "en", 2, "Home"),
        page(3, DOC[0], false, "de", 3, "Start"),
        page(4, DOC[1], false, "en", 4, "New"),
        page(5, DOC[1], true, "en", 5, "Old"),
        row(
            FILE,
            1,
            DOC[2],
            true,
            json!({"name": "a.jpg", "hash": "a_1", "ext": ".jpg", "folderPath": "/1/2"}),
        ),
        row(
            FILE,
            2,
            DOC[3],
            true,
            json!({"name": "b.jpg", "hash": "b_2", "ext": ".jpg", "folderPath": "/"}),
        ),
        row(
            "plugin::i18n.locale",
            1,
            DOC[0],
            true,
            json!({"code": "en", "name": "English"}),
        ),
        row(
            "plugin::i18n.locale",
            2,
            DOC[1],
            true,
            json!({"code": "de", "name": "Deutsch"}),
        ),
        row(
            "plugin::upload.folder",
            1,
            DOC[0],
            true,
            json!({"name": "Press", "path": "/1", "pathId": 1}),
        ),
        row(
            "plugin::upload.folder",
            2,
            DOC[0],
            true,
            json!({"name": "2026", "path": "/1/2", "pathId": 2}),
        ),
        row("admin::user", 1, DOC[0], true, json!({"email": "a@b"})),
    ];
    let mut links = vec![
        link((FILE, 1, "folder"), ("plugin::upload.folder", 2), None),
        link((PAGE, 1, "createdBy"), ("admin::user", 1), None),
        link((PAGE, 99, "related"), (PAGE, 1), None),
        link((PAGE, 1, "related"), (PAGE, 99), None),
        link(("block.card", 77, "link"), (PAGE, 1), None),
        json!({"kind": "relation.circular", "relation": "oneToMany",
            "left": {"type": PAGE, "ref": 1, "field": "localizations"}, "right": {"type": PAGE, "ref": DOC[0]}}),
    ];
    for (page, component, target) in [(1, 1, 4), (2, 2, 5), (3, 3, 4), (4, 4, 1), (5, 5, 2)] {
        links.push(link((PAGE, page, "related"), (PAGE, target), Some(2.0)));
        links.push(link((PAGE, page, "related"), (PAGE, page), Some(1.5)));
        links.push(link(
            ("block.card", component * 10 + 1, "link"),
            (PAGE, target),
            Some(1.0),
        ));
        links.push(media(2, ("block.card", component * 10, "image"), 1));
        links.push(media(1, ("block.seo", component, "image"), 1));
        links.push(media(1, (PAGE, page, "gallery"), 2));
        links.push(media(2, (PAGE, page, "gallery"), 1));
    }
    Parts::new(&schemas, &entities, &links)
        .with(
            "configuration/configuration_00001.jsonl",
            &lines(&[json!({"type": "core-store",
            "value": {"key": "plugin_i18n_default_locale", "value": "\"de\""}})]),
        )
        .with("assets/metadata/a_1.jpg.json", b"{\"id\":1}")
        .with("assets/uploads/a_1.jpg", b"bytes of a")
}
