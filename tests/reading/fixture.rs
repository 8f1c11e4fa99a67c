//! A small schema, its tables and its rows, made by hand so that reading is tested apart from writing.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};
use tympan::base::Stage;
use tympan::platform::database::{Database, DatabaseError, Dialect, Statement, Value};
use tympan::schema::{
    Component, ComponentId, ContentType, Field, FieldId, FieldKind, Locale, OnDelete, Relation,
    RelationKind, Schema, Storage, TypeId, TypeKind,
};

/// A field with nothing but a kind.
pub(crate) fn field(id: i64, name: &str, kind: FieldKind) -> Field {
    let searchable = true;
    Field {
        id: FieldId(id),
        name: name.to_owned(),
        kind,
        required: false,
        unique: false,
        private: false,
        localized: false,
        searchable,
        default: None,
        condition: None,
        definition: Map::new(),
    }
}

pub(crate) fn text(id: i64, name: &str) -> Field {
    field(id, name, FieldKind::String(Default::default()))
}

pub(crate) fn relation(
    id: i64,
    name: &str,
    kind: RelationKind,
    target: &str,
    mapped_by: Option<&str>,
) -> Field {
    let relation = Relation {
        kind,
        target: (!target.is_empty()).then(|| target.to_owned()),
        mapped_by: mapped_by.map(str::to_owned),
        inversed_by: None,
        on_delete: OnDelete::Unlink,
    };
    field(id, name, FieldKind::Relation(relation))
}

fn component_field(id: i64, name: &str, component: &str, repeatable: bool) -> Field {
    let kind = FieldKind::Component {
        component: component.to_owned(),
        repeatable,
        min: None,
        max: None,
    };
    field(id, name, kind)
}

fn media(id: i64, name: &str, multiple: bool) -> Field {
    field(
        id,
        name,
        FieldKind::Media {
            multiple,
            allowed_types: Vec::new(),
        },
    )
}

fn localized(field: Field) -> Field {
    Field {
        localized: true,
        ..field
    }
}

fn content_type(id: i64, uid: &str, singular: &str, fields: Vec<Field>) -> ContentType {
    ContentType {
        id: TypeId(id),
        uid: uid.to_owned(),
        kind: TypeKind::Collection,
        singular: singular.to_owned(),
        plural: format!("{singular}s"),
        display_name: singular.to_owned(),
        draft_and_publish: false,
        localized: false,
        populate_creator_fields: false,
        fields,
        definition: Map::new(),
    }
}

fn component(id: i64, uid: &str, fields: Vec<Field>) -> Component {
    Component {
        id: ComponentId(id),
        uid: uid.to_owned(),
        display_name: uid.to_owned(),
        fields,
        definition: Map::new(),
    }
}

const ARTICLE: &str = "api::article.article";
const PAGE: &str = "api::page.page";

/// Articles with every kind of scalar and relation, a localised page, and components two deep.
pub(crate) fn schema() -> Schema {
    use RelationKind::{ManyToMany, ManyToOne, MorphToMany, OneToMany, OneToOne};
    let article = ContentType {
        draft_and_publish: true,
        ..content_type(
            1,
            ARTICLE,
            "article",
            vec![
                text(11, "title"),
                field(12, "slug", FieldKind::Uid(Default::default())),
                field(13, "body", FieldKind::RichText(Default::default())),
                field(14, "publishDate", FieldKind::DateTime),
                field(15, "views", FieldKind::Integer(Default::default())),
                field(16, "featured", FieldKind::Boolean),
                field(17, "rating", FieldKind::Float(Default::default())),
                field(18, "big", FieldKind::BigInteger(Default::default())),
                field(19, "extra", FieldKind::Json),
                relation(20, "author", ManyToOne, "api::author.author", None),
                relation(21, "category", ManyToOne, "api::category.category", None),
                relation(22, "tags", ManyToMany, "api::tag.tag", None),
                media(23, "cover", false),
                component_field(24, "sections", "menu.section", true),
                field(
                    25,
                    "blocks",
                    FieldKind::DynamicZone {
                        components: vec!["menu.link".into(), "menu.quote".into()],
                        min: None,
                        max: None,
                    },
                ),
                relation(26, "related", MorphToMany, "", None),
            ],
        )
    };
    let author = content_type(
        2,
        "api::author.author",
        "author",
        vec![
            text(31, "name"),
            relation(32, "articles", OneToMany, ARTICLE, Some("author")),
            component_field(33, "link", "menu.link", false),
        ],
    );
    let category = content_type(
        3,
        "api::category.category",
        "category",
        vec![
            text(41, "name"),
            field(42, "slug", FieldKind::Uid(Default::default())),
            relation(43, "articles", OneToMany, ARTICLE, Some("category")),
        ],
    );
    let tag = content_type(
        4,
        "api::tag.tag",
        "tag",
        vec![
            text(45, "name"),
            relation(46, "articles", ManyToMany, ARTICLE, Some("tags")),
        ],
    );
    let file = content_type(
        5,
        "plugin::upload.file",
        "file",
        vec![text(51, "name"), text(52, "url")],
    );
    let page = ContentType {
        draft_and_publish: true,
        localized: true,
        ..content_type(
            6,
            PAGE,
            "page",
            vec![
                localized(text(61, "title")),
                text(62, "code"),
                localized(relation(63, "parent", ManyToOne, PAGE, None)),
                relation(64, "article", OneToOne, ARTICLE, None),
                localized(relation(65, "children", OneToMany, PAGE, Some("parent"))),
            ],
        )
    };
    let home = ContentType {
        kind: TypeKind::Single,
        ..content_type(
            7,
            "api::home.home",
            "home",
            vec![
                text(71, "title"),
                relation(72, "page", OneToOne, PAGE, None),
            ],
        )
    };
    let components = vec![
        component(
            100,
            "menu.section",
            vec![
                text(101, "heading"),
                component_field(102, "links", "menu.link", true),
            ],
        ),
        component(
            110,
            "menu.link",
            vec![
                text(111, "label"),
                relation(112, "article", OneToOne, ARTICLE, None),
                media(113, "icon", false),
                field(114, "weight", FieldKind::Integer(Default::default())),
                field(115, "big", FieldKind::BigInteger(Default::default())),
            ],
        ),
        component(120, "menu.quote", vec![text(121, "words")]),
    ];
    let locales = ["en", "fr"]
        .into_iter()
        .enumerate()
        .map(|(index, code)| Locale {
            id: i64::try_from(index).unwrap() + 1,
            code: code.to_owned(),
            name: code.to_owned(),
            is_default: index == 0,
            fallback: None,
        });
    let types = vec![article, author, category, tag, file, page, home];
    Schema::new(1, types, components, locales.collect())
}

/// A database with the tables of a schema.
pub(crate) async fn make_tables(database: &Database, schema: &Schema) {
    let mut statements = Vec::new();
    for content_type in schema.types() {
        for stage in content_type.stages() {
            tables(&mut statements, database.dialect(), content_type, *stage);
        }
    }
    run(
        database,
        statements.into_iter().map(Statement::new).collect(),
    )
    .await;
}

fn tables(out: &mut Vec<String>, dialect: Dialect, content_type: &ContentType, stage: Stage) {
    let text = dialect.pick("text", "text collate \"C\"");
    let integer = dialect.pick("integer", "bigint");
    let stamps = format!(
        "created_at {text}, updated_at {text}, published_at {text}, created_by {text}, updated_by {text}"
    );
    let mut shared = String::new();
    let mut local = String::new();
    for field in content_type
        .fields
        .iter()
        .filter(|field| field.storage().is_column())
    {
        let kind = match field.storage() {
            Storage::Integer => integer,
            Storage::Real => dialect.pick("real", "double precision"),
            Storage::Boolean => dialect.pick("integer", "boolean"),
            _ => text,
        };
        let list = if field.localized {
            &mut local
        } else {
            &mut shared
        };
        write!(list, ", {} {kind}", field.column()).unwrap();
    }
    let table = content_type.table(stage);
    out.push(format!(
        "create table {table} (id {integer} primary key, document_id {text}, {stamps}{shared})"
    ));
    for field in content_type
        .fields
        .iter()
        .filter(|field| field.is_indexed() && !field.localized)
    {
        let column = field.column();
        out.push(format!(
            "create index {table}_{column} on {table} ({column})"
        ));
    }
    if content_type.localized {
        let table = content_type.locale_table(stage);
        out.push(format!(
            "create table {table} (id {integer} primary key, doc {integer}, locale {text}, {stamps}{local})"
        ));
        out.push(format!(
            "create unique index {table}__doc__locale on {table} (doc, locale)"
        ));
    }
}

/// Runs statements in one transaction.
pub(crate) async fn run(database: &Database, statements: Vec<Statement>) {
    let done: Result<(), DatabaseError> = database
        .write(move |transaction| {
            Box::pin(async move {
                for statement in statements {
                    transaction.execute(statement).await?;
                }
                Ok(())
            })
        })
        .await;
    done.unwrap();
}

/// Collects rows to insert.
pub(crate) struct Rows {
    dialect: Dialect,
    statements: Vec<Statement>,
}

impl Rows {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            statements: Vec::new(),
        }
    }

    /// A document and its row in each of the tables named.
    pub(crate) fn entry(
        &mut self,
        schema: &Schema,
        uid: &str,
        doc: i64,
        stages: &[Stage],
        values: &Json,
    ) {
        let content_type = schema.content_type(uid).unwrap();
        self.document(content_type, doc);
        for stage in stages {
            let updated = if *stage == Stage::Draft {
                "2024-01-03"
            } else {
                "2024-01-02"
            };
            let mut columns = stamps(*stage, updated);
            columns.push(("id".into(), doc.into()));
            columns.push(("document_id".into(), document_id(doc).into()));
            columns.extend(self.columns(content_type, values, false));
            self.insert(&content_type.table(*stage), columns);
        }
    }

    /// The row of one locale.
    pub(crate) fn locale(
        &mut self,
        schema: &Schema,
        uid: &str,
        id: i64,
        doc: i64,
        locale: &str,
        stages: &[Stage],
        values: &Json,
    ) {
        let content_type = schema.content_type(uid).unwrap();
        for stage in stages {
            let mut columns = stamps(*stage, "2024-01-02");
            columns.push(("id".into(), id.into()));
            columns.push(("doc".into(), doc.into()));
            columns.push(("locale".into(), locale.into()));
            columns.extend(self.columns(content_type, values, true));
            self.insert(&content_type.locale_table(*stage), columns);
        }
    }

    fn document(&mut self, content_type: &ContentType, doc: i64) {
        let columns = vec![
            ("doc".to_owned(), Value::from(doc)),
            ("document_id".to_owned(), document_id(doc).into()),
            ("type_id".to_owned(), content_type.id.0.into()),
            ("revision".to_owned(), 1_i64.into()),
            ("created_at".to_owned(), "2024-01-01T00:00:00.000Z".into()),
        ];
        self.insert("documents", columns);
    }

    fn columns(
        &self,
        content_type: &ContentType,
        values: &Json,
        local: bool,
    ) -> Vec<(String, Value)> {
        let fields = content_type
            .fields
            .iter()
            .filter(|field| field.localized == local);
        fields
            .filter_map(|field| {
                let value = values.get(&field.name)?;
                let stored = match (field.storage(), value) {
                    (_, Json::Null) => return None,
                    (Storage::Boolean, value) => Value::Bool(value.as_bool().unwrap()),
                    (Storage::Integer, value) => Value::Integer(value.as_i64().unwrap()),
                    (Storage::Real, value) => Value::Real(value.as_f64().unwrap()),
                    (Storage::Text, value) => Value::Text(value.as_str().unwrap().to_owned()),
                    (_, value) => Value::Text(value.to_string()),
                };
                Some((field.column(), stored))
            })
            .collect()
    }

    /// Links of an entry's field, shared by all locales, in both stages.
    pub(crate) fn links(&mut self, owner: i64, field: i64, targets: &[i64]) {
        for stage in [0, 1] {
            self.links_of(owner, stage, field, "", 0, targets);
        }
    }

    pub(crate) fn links_of(
        &mut self,
        owner: i64,
        stage: i64,
        field: i64,
        locale: &str,
        item: i64,
        targets: &[i64],
    ) {
        for (position, target) in targets.iter().enumerate() {
            let columns = vec![
                ("owner".to_owned(), Value::from(owner)),
                ("stage".to_owned(), stage.into()),
                ("field".to_owned(), field.into()),
                ("locale".to_owned(), locale.into()),
                ("item".to_owned(), item.into()),
                (
                    "position".to_owned(),
                    i64::try_from(position).unwrap().into(),
                ),
                ("target".to_owned(), (*target).into()),
                ("back_position".to_owned(), owner.into()),
            ];
            self.insert("links", columns);
        }
    }

    fn insert(&mut self, table: &str, columns: Vec<(String, Value)>) {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "insert into {table} ({}) values ({})",
            names.join(","),
            places.join(",")
        );
        let _ = self.dialect;
        let values = columns.into_iter().map(|(_, value)| value).collect();
        self.statements.push(Statement::with(sql, values));
    }

    pub(crate) async fn store(self, database: &Database) {
        run(database, self.statements).await;
    }
}

pub(crate) fn document_id(doc: i64) -> String {
    format!("doc{doc:021}")
}

fn stamps(stage: Stage, updated: &str) -> Vec<(String, Value)> {
    let mut columns = vec![
        (
            "created_at".to_owned(),
            Value::from("2024-01-01T00:00:00.000Z"),
        ),
        (
            "updated_at".to_owned(),
            format!("{updated}T00:00:00.000Z").into(),
        ),
    ];
    if stage == Stage::Published {
        columns.push(("published_at".to_owned(), "2024-01-02T00:00:00.000Z".into()));
    }
    columns
}
