//! A small schema with every kind of thing that can be hidden.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Map;

use crate::access::{Action, FILE_TYPE, Grants, View};
use crate::schema::{
    Component, ComponentId, ContentType, Field, FieldId, FieldKind, Locale, Range, Relation,
    RelationKind, Schema, TextRules, TypeId, TypeKind,
};

pub(super) fn text() -> FieldKind {
    FieldKind::String(TextRules::default())
}

fn field(id: i64, name: &str, kind: FieldKind) -> Field {
    Field {
        id: FieldId(id),
        name: name.to_owned(),
        kind,
        required: false,
        unique: false,
        private: false,
        localized: false,
        searchable: true,
        default: None,
        condition: None,
        definition: Map::new(),
    }
}

fn private(field: Field) -> Field {
    Field {
        private: true,
        ..field
    }
}

fn relation(kind: RelationKind, target: &str, mapped_by: Option<&str>) -> FieldKind {
    FieldKind::Relation(Relation {
        kind,
        target: (!target.is_empty()).then(|| target.to_owned()),
        mapped_by: mapped_by.map(str::to_owned),
        inversed_by: None,
        on_delete: crate::schema::OnDelete::Unlink,
    })
}

fn content_type(
    id: i64,
    singular: &str,
    drafts: bool,
    localized: bool,
    fields: Vec<Field>,
) -> ContentType {
    ContentType {
        id: TypeId(id),
        uid: format!("api::{singular}.{singular}"),
        kind: TypeKind::Collection,
        singular: singular.to_owned(),
        plural: format!("{singular}s"),
        display_name: singular.to_owned(),
        draft_and_publish: drafts,
        localized,
        populate_creator_fields: false,
        fields,
        definition: Map::new(),
    }
}

fn article_fields() -> Vec<Field> {
    use RelationKind::{ManyToMany, ManyToOne, MorphToMany};
    vec![
        field(1, "title", text()),
        field(2, "slug", text()),
        private(field(3, "internal_note", text())),
        field(
            4,
            "views",
            FieldKind::Integer(Range {
                min: None,
                max: None,
            }),
        ),
        field(
            5,
            "price",
            FieldKind::Decimal(Range {
                min: None,
                max: None,
            }),
        ),
        field(6, "featured", FieldKind::Boolean),
        field(7, "publishDate", FieldKind::Date),
        field(8, "eventAt", FieldKind::DateTime),
        field(9, "meta", FieldKind::Json),
        field(10, "secret", FieldKind::Password(TextRules::default())),
        field(
            11,
            "author",
            relation(ManyToOne, "api::member.member", None),
        ),
        field(12, "tags", relation(ManyToMany, "api::tag.tag", None)),
        field(13, "vault", relation(ManyToOne, "api::vault.vault", None)),
        field(
            14,
            "cover",
            FieldKind::Media {
                multiple: false,
                allowed_types: Vec::new(),
            },
        ),
        field(
            15,
            "seo",
            FieldKind::Component {
                component: "shared.seo".into(),
                repeatable: false,
                min: None,
                max: None,
            },
        ),
        field(
            16,
            "blocks",
            FieldKind::DynamicZone {
                components: vec!["shared.seo".into(), "shared.quote".into()],
                min: None,
                max: None,
            },
        ),
        field(17, "related", relation(MorphToMany, "", None)),
        private(field(
            18,
            "editor",
            relation(ManyToOne, "api::member.member", None),
        )),
        field(19, "page", relation(ManyToOne, "api::page.page", None)),
    ]
}

fn schema() -> Schema {
    let component = |id, uid: &str, fields| Component {
        id: ComponentId(id),
        uid: uid.to_owned(),
        display_name: uid.to_owned(),
        fields,
        definition: Map::new(),
    };
    let mut file = content_type(9, "file", false, false, vec![field(90, "url", text())]);
    FILE_TYPE.clone_into(&mut file.uid);
    let types = vec![
        content_type(1, "article", true, false, article_fields()),
        content_type(
            2,
            "member",
            false,
            false,
            vec![
                field(20, "name", text()),
                private(field(21, "email", text())),
                field(
                    22,
                    "articles",
                    relation(
                        RelationKind::OneToMany,
                        "api::article.article",
                        Some("author"),
                    ),
                ),
            ],
        ),
        content_type(3, "tag", true, false, vec![field(30, "name", text())]),
        content_type(4, "vault", false, false, vec![field(40, "title", text())]),
        content_type(5, "page", true, true, vec![field(50, "name", text())]),
        file,
    ];
    let seo = vec![
        field(60, "description", text()),
        private(field(61, "editor_hint", text())),
        field(
            62,
            "image",
            FieldKind::Media {
                multiple: false,
                allowed_types: Vec::new(),
            },
        ),
    ];
    let components = vec![
        component(1, "shared.seo", seo),
        component(2, "shared.quote", vec![field(70, "body", text())]),
        component(3, "shared.unused", vec![field(80, "body", text())]),
    ];
    let locales = vec![Locale {
        id: 1,
        code: "en".into(),
        name: "English".into(),
        is_default: true,
        fallback: None,
    }];
    Schema::new(1, types, components, locales)
}

/// Someone who may read everything but `vault`, and drafts of articles only.
pub(super) fn reader() -> View {
    let read = BTreeSet::from([Action::Find, Action::FindOne]);
    let mut drafts = read.clone();
    drafts.insert(Action::Draft);
    let grants = BTreeMap::from([
        ("api::article.article".to_owned(), drafts),
        ("api::member.member".to_owned(), read.clone()),
        ("api::tag.tag".to_owned(), read.clone()),
        ("api::page.page".to_owned(), read),
    ]);
    View::new(Arc::new(schema()), &Grants::Listed(grants))
}
