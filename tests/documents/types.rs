//! The types of the tests, twice: as the model sees them, and as files for the program.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

/// What a field holds, as the model sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Holds {
    Text,
    Integer,
    Real,
    Boolean,
    Json,
    /// Made from the title.
    Slug,
    /// No two documents share it.
    Unique,
    /// Links this side owns.
    Links {
        target: &'static str,
        many: bool,
        exclusive: bool,
    },
    /// Links the other side owns.
    Back {
        owner: &'static str,
        field: &'static str,
        many: bool,
    },
    /// One item.
    One(&'static str),
    /// A list of items.
    Many(&'static str),
    /// A list of items of several components.
    Zone(&'static [&'static str]),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) holds: Holds,
    pub(crate) localized: bool,
    pub(crate) required: bool,
}

#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) key: &'static str,
    pub(crate) drafts: bool,
    pub(crate) locales: bool,
    pub(crate) single: bool,
    pub(crate) fields: &'static [Field],
}

impl Type {
    pub(crate) fn field(&self, key: &str) -> &'static Field {
        self.fields.iter().find(|field| field.key == key).unwrap()
    }
}

const fn field(key: &'static str, holds: Holds) -> Field {
    Field {
        key,
        holds,
        localized: false,
        required: false,
    }
}

const fn local(key: &'static str, holds: Holds) -> Field {
    Field {
        key,
        holds,
        localized: true,
        required: false,
    }
}

const fn links(target: &'static str, many: bool) -> Holds {
    Holds::Links {
        target,
        many,
        exclusive: false,
    }
}

const fn back(owner: &'static str, field: &'static str, many: bool) -> Holds {
    Holds::Back { owner, field, many }
}

pub(crate) const FILE: &str = "file";
pub(crate) const LOCALES: [&str; 3] = ["en", "de", "fr"];

pub(crate) static TYPES: &[Type] = &[
    Type {
        key: "note",
        drafts: false,
        locales: false,
        single: false,
        fields: &[
            field("title", Holds::Text),
            field("count", Holds::Integer),
            field("ratio", Holds::Real),
            field("flag", Holds::Boolean),
            field("data", Holds::Json),
            field("parent", links("note", false)),
            field("children", back("note", "parent", true)),
            field("cover", links(FILE, false)),
            field("tags", links("tag", true)),
            field("pinned", links("tag", false)),
            field("lines", Holds::Many("card")),
        ],
    },
    Type {
        key: "article",
        drafts: true,
        locales: true,
        single: false,
        fields: &[
            Field {
                key: "title",
                holds: Holds::Text,
                localized: true,
                required: true,
            },
            local("slug", Holds::Slug),
            local("text", Holds::Text),
            field("rank", Holds::Integer),
            local("author", links("author", false)),
            field("tags", links("tag", true)),
            local("related", links("article", true)),
            field("gallery", links(FILE, true)),
            local("hero", Holds::One("card")),
            field("blocks", Holds::Zone(&["link", "card", "prose"])),
        ],
    },
    Type {
        key: "page",
        drafts: true,
        locales: false,
        single: false,
        fields: &[
            field("title", Holds::Text),
            field("code", Holds::Unique),
            field(
                "lead",
                Holds::Links {
                    target: "author",
                    many: false,
                    exclusive: true,
                },
            ),
            field("blocks", Holds::Zone(&["card", "prose"])),
        ],
    },
    Type {
        key: "author",
        drafts: true,
        locales: false,
        single: false,
        fields: &[
            field("name", Holds::Text),
            field("ratio", Holds::Real),
            field("articles", back("article", "author", true)),
            field("page", back("page", "lead", false)),
        ],
    },
    Type {
        key: "tag",
        drafts: false,
        locales: true,
        single: false,
        fields: &[
            local("label", Holds::Text),
            field("weight", Holds::Real),
            field("articles", back("article", "tags", true)),
            field("notes", back("note", "tags", true)),
        ],
    },
    Type {
        key: "comment",
        drafts: true,
        locales: false,
        single: false,
        fields: &[
            field("text", Holds::Text),
            field("on", links("note", false)),
        ],
    },
    Type {
        key: "home",
        drafts: true,
        locales: true,
        single: true,
        fields: &[
            local("title", Holds::Text),
            field("logo", links(FILE, false)),
            local("items", Holds::Many("link")),
        ],
    },
];

pub(crate) fn of(key: &str) -> &'static Type {
    TYPES
        .iter()
        .find(|each| each.key == key)
        .unwrap_or(&FILE_TYPE)
}

pub(crate) static FILE_TYPE: Type = Type {
    key: FILE,
    drafts: false,
    locales: false,
    single: false,
    fields: &[],
};

/// The fields of a component.
pub(crate) fn component(key: &str) -> &'static [Field] {
    const LINK: &[Field] = &[
        field("label", Holds::Text),
        field("to", links("page", false)),
        field("more", links("article", true)),
    ];
    const CARD: &[Field] = &[
        field("title", Holds::Text),
        field("size", Holds::Real),
        field("image", links(FILE, false)),
        field("links", Holds::Many("link")),
    ];
    const PROSE: &[Field] = &[field("text", Holds::Text), field("raw", Holds::Json)];
    match key {
        "link" => LINK,
        "card" => CARD,
        _ => PROSE,
    }
}

/// What a name in the files is now; renames change it.
#[derive(Debug, Default)]
pub(crate) struct Names {
    renamed: BTreeMap<String, String>,
    was: BTreeMap<String, String>,
}

impl Names {
    /// The name of a field, `type.field`, or of a type.
    pub(crate) fn now(&self, key: &str) -> String {
        let plain = key.rsplit('.').next().unwrap();
        self.renamed
            .get(key)
            .cloned()
            .unwrap_or_else(|| plain.to_owned())
    }

    pub(crate) fn rename(&mut self, key: &str, to: String) {
        self.was.clear();
        self.was.insert(key.to_owned(), self.now(key));
        self.renamed.insert(key.to_owned(), to);
    }

    fn uid(&self, key: &str) -> String {
        let name = self.now(key);
        format!("api::{name}.{name}")
    }

    fn in_type(&self, of: &str, key: &str) -> String {
        self.now(&format!("{of}.{key}"))
    }

    /// The file of a type.
    pub(crate) fn file(&self, each: &Type) -> Json {
        let mut attributes = Map::new();
        for field in each.fields {
            let key = format!("{}.{}", each.key, field.key);
            let mut attribute = self.attribute(each, field);
            if each.locales {
                attribute["pluginOptions"] = json!({ "i18n": { "localized": field.localized } });
            }
            if let Some(was) = self.was.get(&key) {
                attribute["renamedFrom"] = json!(was);
            }
            attributes.insert(self.now(&key), attribute);
        }
        let name = self.now(each.key);
        let mut file = json!({
            "kind": if each.single { "singleType" } else { "collectionType" },
            "info": { "singularName": name, "pluralName": format!("{name}s"), "displayName": each.key },
            "options": { "draftAndPublish": each.drafts },
            "pluginOptions": { "i18n": { "localized": each.locales } },
            "attributes": attributes,
        });
        if let Some(was) = self.was.get(each.key) {
            file["renamedFrom"] = json!(was);
        }
        file
    }

    fn attribute(&self, each: &Type, field: &Field) -> Json {
        let mut attribute = match field.holds {
            Holds::Text => json!({ "type": "text" }),
            Holds::Integer => json!({ "type": "integer" }),
            Holds::Real => json!({ "type": "float" }),
            Holds::Boolean => json!({ "type": "boolean" }),
            Holds::Json => json!({ "type": "json" }),
            Holds::Slug => json!({ "type": "uid", "targetField": self.in_type(each.key, "title") }),
            Holds::Unique => json!({ "type": "string", "unique": true }),
            Holds::Links {
                target: FILE, many, ..
            } => json!({ "type": "media", "multiple": many }),
            Holds::Links {
                target,
                many,
                exclusive,
            } => self.relation(each, field, (target, many, exclusive)),
            Holds::Back { owner, field, many } => {
                let one = of(owner).field(field).holds;
                let kind = match (one, many) {
                    (
                        Holds::Links {
                            exclusive: true, ..
                        },
                        _,
                    ) => "oneToOne",
                    (Holds::Links { many: true, .. }, _) => "manyToMany",
                    _ => "oneToMany",
                };
                json!({ "type": "relation", "relation": kind, "target": self.uid(owner),
                        "mappedBy": self.in_type(owner, field) })
            }
            Holds::One(of) => json!({ "type": "component", "component": format!("parts.{of}") }),
            Holds::Many(of) => {
                json!({ "type": "component", "component": format!("parts.{of}"), "repeatable": true })
            }
            Holds::Zone(of) => {
                let components: Vec<String> = of.iter().map(|of| format!("parts.{of}")).collect();
                json!({ "type": "dynamiczone", "components": components })
            }
        };
        if field.required {
            attribute["required"] = json!(true);
        }
        attribute
    }

    fn relation(
        &self,
        each: &Type,
        field: &Field,
        (target, many, exclusive): (&str, bool, bool),
    ) -> Json {
        let back = of(target).fields.iter().find(|other| {
            matches!(other.holds, Holds::Back { owner, field: name, .. } if owner == each.key && name == field.key)
        });
        let kind = match (exclusive, many, back.is_some()) {
            (true, ..) => "oneToOne",
            (_, true, true) => "manyToMany",
            (_, true, false) => "oneToMany",
            (_, false, true) => "manyToOne",
            (_, false, false) => "oneToOne",
        };
        let mut relation =
            json!({ "type": "relation", "relation": kind, "target": self.uid(target) });
        if let Some(back) = back {
            relation["inversedBy"] = json!(self.in_type(target, back.key));
        }
        match (each.key, field.key) {
            ("comment", "on") => relation["onDelete"] = json!("cascade"),
            ("note", "pinned") => relation["onDelete"] = json!("refuse"),
            _ => {}
        }
        relation
    }

    /// The file of a component.
    pub(crate) fn component_file(&self, key: &str) -> Json {
        let anywhere = Type {
            key: "",
            drafts: false,
            locales: false,
            single: false,
            fields: &[],
        };
        let attributes: Map<String, Json> = component(key)
            .iter()
            .map(|field| (field.key.to_owned(), self.attribute(&anywhere, field)))
            .collect();
        json!({ "info": { "displayName": key }, "attributes": attributes })
    }
}
