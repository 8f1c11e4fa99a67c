//! A schema and its content in one database, written and read without the writing floor.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use tympan::base::Stage;
use tympan::platform::database::{Database, DatabaseConfig, DatabaseError, Statement, Value};
use tympan::schema::plan::{self, Plan, Step, Trash, Working};
use tympan::schema::store::{self, StoreError};
use tympan::schema::{ContentType, Field, Schema, Storage};

use crate::files::Files;
use crate::support::{Folder, Postgres};

/// One database with the schema that is stored in it.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) schema: Schema,
    pub(crate) trash: Trash,
    pub(crate) url: String,
    _folder: Folder,
}

pub(crate) async fn open(url: &str) -> Database {
    let config = DatabaseConfig {
        url: url.to_owned(),
        readers: 2,
        writers: 2,
        ..DatabaseConfig::default()
    };
    Database::open(&config).await.unwrap()
}

impl World {
    /// The same beginning on both databases.
    pub(crate) async fn both(files: &Files) -> Vec<Self> {
        vec![Self::sqlite(files).await, Self::postgres(files).await]
    }

    pub(crate) async fn sqlite(files: &Files) -> Self {
        let folder = Folder::new();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self::new(url, folder, files).await
    }

    pub(crate) async fn postgres(files: &Files) -> Self {
        Self::new(Postgres::shared().fresh_database(), Folder::new(), files).await
    }

    async fn new(url: String, folder: Folder, files: &Files) -> Self {
        let database = open(&url).await;
        store::ensure_built_in(&database).await.unwrap();
        let schema = store::load(&database).await.unwrap();
        let mut world = Self {
            database,
            schema,
            trash: Trash::default(),
            url,
            _folder: folder,
        };
        world.become_(files).await;
        world
    }

    pub(crate) fn plan(&self, files: &Files) -> Plan {
        plan::plan(&self.schema, &self.trash, &files.definitions())
    }

    /// Plans and applies, and checks that what is stored is what was planned.
    pub(crate) async fn become_(&mut self, files: &Files) -> Plan {
        let plan = self.plan(files);
        self.try_apply(&plan).await.unwrap();
        let again = self.plan(files);
        assert_eq!(
            again,
            Plan {
                steps: vec![],
                hints: again.hints.clone()
            }
        );
        plan
    }

    pub(crate) async fn try_apply(&mut self, plan: &Plan) -> Result<(), StoreError> {
        let mut next = self
            .number("select next from sequences where name = 'id'")
            .await;
        let generation =
            store::apply(&self.database, &self.schema, &self.trash, plan, Some("ada")).await?;
        let mut working = Working::new(&self.schema, &self.trash);
        for step in &plan.steps {
            working.apply(step, &mut |_| {
                next += 1;
                next - 1
            });
        }
        let (expected, _) = working.finish(generation);
        self.schema = store::load(&self.database).await.unwrap();
        self.trash = store::trash(&self.database).await.unwrap();
        assert_eq!(self.schema.generation, generation);
        assert_eq!(types_of(&self.schema), types_of(&expected));
        assert_eq!(self.schema.locales(), expected.locales());
        let components = |schema: &Schema| {
            let each = schema
                .components()
                .iter()
                .map(|one| (one.id, (**one).clone()));
            each.collect::<BTreeMap<_, _>>()
        };
        assert_eq!(components(&self.schema), components(&expected));
        Ok(())
    }

    pub(crate) fn one(&self, name: &str) -> ContentType {
        (**self.schema.content_type(name).unwrap()).clone()
    }

    /// What the first step that touches anything touches.
    pub(crate) async fn measured(&self, files: &Files) -> i64 {
        let plan = self.plan(files);
        let count = plan.steps.iter().find_map(Step::count).unwrap();
        let count = store::measure(&self.database, &self.schema, &count).await;
        count.unwrap()
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let row = self
            .database
            .fetch_optional(Statement::new(sql.to_owned()))
            .await
            .unwrap();
        row.unwrap().integer(0).unwrap()
    }

    pub(crate) async fn execute(&self, statements: Vec<Statement>) {
        let done: Result<(), DatabaseError> = self
            .database
            .write(move |tx| {
                Box::pin(async move {
                    for statement in statements {
                        tx.execute(statement).await?;
                    }
                    Ok(())
                })
            })
            .await;
        done.unwrap();
    }

    /// Writes a document's row in a stage; `locale` is empty for types without locales. In a localised type
    /// the shared fields are written with the first locale.
    pub(crate) async fn insert(
        &self,
        name: &str,
        stage: Stage,
        (doc, locale): (i64, &str),
        values: Json,
    ) {
        let one = self.one(name);
        let mut statements = vec![
            Statement::new(
                "insert into documents (doc, document_id, type_id, revision, created_at) \
                 values ($1, $2, $3, 1, '2026-01-01') on conflict do nothing",
            )
            .bind(doc)
            .bind(format!("doc{doc}"))
            .bind(one.id.0),
        ];
        let row = |table: String, keys: &str, ids: String, localized: bool| {
            let (mut columns, mut places, mut bound) = (String::new(), String::new(), Vec::new());
            for field in one
                .fields
                .iter()
                .filter(|field| field.storage().is_column())
            {
                let Some(value) = values
                    .get(&field.name)
                    .filter(|_| field.localized == localized)
                else {
                    continue;
                };
                bound.push(stored(field, value));
                columns += &format!(", {}", field.column());
                places += &format!(", ${}", bound.len());
            }
            Statement::with(
                format!(
                    "insert into {table} ({keys}, created_at, updated_at, published_at{columns}) \
                     values ({ids}, 'made{doc}{locale}', 'changed{doc}{locale}', 'published'{places}) \
                     on conflict do nothing"
                ),
                bound,
            )
        };
        let ids = format!("{doc}, 'doc{doc}'");
        statements.push(row(one.table(stage), "id, document_id", ids, false));
        if one.localized {
            let id = doc * 100 + i64::from(locale.as_bytes()[0]);
            let ids = format!("{id}, {doc}, '{locale}'");
            statements.push(row(one.locale_table(stage), "id, doc, locale", ids, true));
        }
        self.execute(statements).await;
    }

    pub(crate) async fn link(
        &self,
        field: i64,
        (owner, stage, locale, item): (i64, i64, &str, i64),
        targets: &[i64],
    ) {
        let links = (1..).zip(targets).map(|(position, target): (i64, &i64)| {
            Statement::new("insert into links values ($1, $2, $3, $4, $5, $6, $7, $8)")
                .bind(owner)
                .bind(stage)
                .bind(field)
                .bind(locale)
                .bind(item)
                .bind(position)
                .bind(*target)
                .bind(owner * 10)
        });
        self.execute(links.collect()).await;
    }

    /// All links as `owner stage locale item: target`, sorted.
    pub(crate) async fn links(&self, field: i64) -> Vec<String> {
        let sql = "select owner, stage, locale, item, target from links where field = $1 \
                   order by owner, stage, locale, item, position";
        let rows = self
            .database
            .fetch_all(Statement::new(sql).bind(field))
            .await
            .unwrap();
        let line = |row: &tympan::platform::database::Row| {
            let number = |index| row.integer(index).unwrap();
            let locale = row.text(2).unwrap();
            format!(
                "{} {} {locale} {}: {}",
                number(0),
                number(1),
                number(3),
                number(4)
            )
        };
        rows.iter().map(line).collect()
    }

    /// The values of a type's stage: `{doc: {locale: {field: value}}}`, shared fields under the empty locale.
    pub(crate) async fn values(&self, name: &str, stage: Stage) -> Json {
        let one = self.one(name);
        let mut docs: BTreeMap<i64, Map<String, Json>> = BTreeMap::new();
        let mut tables = vec![(one.table(stage), "id, ''", false)];
        if one.localized {
            tables.push((one.locale_table(stage), "doc, locale", true));
        }
        for (table, keys, localized) in tables {
            let fields: Vec<&Field> = one
                .fields
                .iter()
                .filter(|field| field.storage().is_column() && field.localized == localized)
                .collect();
            let columns: String = fields
                .iter()
                .map(|field| format!(", {}", field.column()))
                .collect();
            let sql = format!(
                "select {keys}{columns} from {table} order by id /* {} */",
                self.schema.generation
            );
            for row in self.database.fetch_all(Statement::new(sql)).await.unwrap() {
                let mut values = Map::new();
                for (index, field) in (2..).zip(&fields) {
                    let value = shown(field, row.value(index).unwrap());
                    values.insert(field.name.clone(), value);
                }
                let locale = row.text(1).unwrap().to_owned();
                let doc = docs.entry(row.integer(0).unwrap()).or_default();
                doc.insert(locale, Json::Object(values));
            }
        }
        let docs = docs
            .into_iter()
            .map(|(doc, rows)| (doc.to_string(), Json::Object(rows)));
        Json::Object(docs.collect())
    }

    /// As [`Self::values`] of the published stage.
    pub(crate) async fn published(&self, name: &str) -> Json {
        self.values(name, Stage::Published).await
    }
}

pub(crate) fn types_of(schema: &Schema) -> BTreeMap<i64, ContentType> {
    let each = schema.types().iter().map(|one| (one.id.0, (**one).clone()));
    each.collect()
}

fn stored(field: &Field, value: &Json) -> Value {
    match (field.storage(), value) {
        (Storage::Json | Storage::Items, value) => Value::Text(value.to_string()),
        (_, Json::Bool(value)) => Value::Bool(*value),
        (Storage::Real, value) => Value::Real(value.as_f64().unwrap()),
        (_, Json::Number(value)) => Value::Integer(value.as_i64().unwrap()),
        (_, value) => Value::Text(value.as_str().unwrap().to_owned()),
    }
}

fn shown(field: &Field, value: &Value) -> Json {
    match (field.storage(), value) {
        (_, Value::Null) => Json::Null,
        (Storage::Json | Storage::Items, Value::Text(text)) => serde_json::from_str(text).unwrap(),
        (Storage::Boolean, Value::Integer(value)) => json!(*value != 0),
        (_, Value::Bool(value)) => json!(value),
        (_, Value::Integer(value)) => json!(value),
        (_, Value::Real(value)) => json!(value),
        (_, Value::Text(text)) => json!(text),
        (_, Value::Bytes(_)) => Json::Null,
    }
}
