//! A database with the types of the tests, and the program's own way to write to it.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use tympan::entries::{Entries, EntryError, Target, WriteRequest, edit::Edit, resolve};
use tympan::platform::database::{Database, DatabaseConfig, DatabaseError, Statement};
use tympan::schema::validate::{Mode, validate_entry};
use tympan::schema::{Schema, files, plan, store};

use crate::support::{Folder, Postgres};
use crate::types::{FILE, Names, TYPES, Type};

/// Where the tests run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

pub(crate) struct Site {
    pub(crate) database: Arc<Database>,
    pub(crate) schema: Arc<Schema>,
    pub(crate) entries: Arc<Entries>,
    pub(crate) names: Names,
    pub(crate) files: Vec<(String, i64)>,
    pub(crate) folder: Folder,
    renames: usize,
}

impl Site {
    pub(crate) async fn new(on: On) -> Self {
        let folder = Folder::new();
        let url = match on {
            On::Sqlite => format!("sqlite:{}", folder.path().join("test.db").display()),
            On::Postgres => Postgres::shared().fresh_database(),
        };
        let config = DatabaseConfig {
            url,
            writers: 16,
            ..DatabaseConfig::default()
        };
        let database = Arc::new(Database::open(&config).await.unwrap());
        store::ensure_built_in(&database).await.unwrap();
        let mut site = Self {
            schema: Arc::new(store::load(&database).await.unwrap()),
            entries: Arc::new(Entries::new(Arc::clone(&database), |_| {
                Box::pin(std::future::ready(()))
            })),
            database,
            names: Names::default(),
            files: Vec::new(),
            folder,
            renames: 0,
        };
        site.apply_schema().await;
        site
    }

    /// Brings the stored schema to what the names say now.
    async fn apply_schema(&mut self) {
        let root = self.folder.path().join("schema");
        let _ = std::fs::remove_dir_all(&root);
        for each in TYPES {
            write(
                &root,
                &format!("types/{}.json", self.names.now(each.key)),
                &self.names.file(each),
            );
        }
        for key in ["link", "card", "prose"] {
            write(
                &root,
                &format!("components/parts/{key}.json"),
                &self.names.component_file(key),
            );
        }
        let locales = json!([
            { "code": "en", "name": "English", "isDefault": true },
            { "code": "de", "name": "Deutsch" }, { "code": "fr", "name": "Français" },
        ]);
        write(&root, "locales.json", &locales);
        let wanted = files::read(&root).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let trash = store::trash(&self.database).await.unwrap();
        let plan = plan::plan(&self.schema, &trash, &wanted);
        store::apply(&self.database, &self.schema, &trash, &plan, None)
            .await
            .unwrap();
        self.schema = Arc::new(store::load(&self.database).await.unwrap());
    }

    /// Renames a type, or a field named `type.field`.
    pub(crate) async fn rename(&mut self, key: &str) {
        self.renames += 1;
        let plain = key.rsplit('.').next().unwrap();
        let to = match key.contains('.') {
            true => format!("{plain}_{}", self.renames),
            false => format!("{plain}-{}", self.renames),
        };
        self.names.rename(key, to);
        self.apply_schema().await;
    }

    pub(crate) fn content_type(&self, each: &Type) -> Arc<tympan::schema::ContentType> {
        let uid = match each.key {
            FILE => "plugin::upload.file".to_owned(),
            key => self.names.now(key),
        };
        Arc::clone(self.schema.content_type(&uid).unwrap())
    }

    pub(crate) fn request(&self, each: &Type, locale: &str, target: Target) -> WriteRequest {
        WriteRequest {
            schema: Arc::clone(&self.schema),
            content_type: self.content_type(each),
            locale: locale.to_owned(),
            target,
            author: Some("tester".to_owned()),
            expected: None,
        }
    }

    /// From JSON, as a client sends it, to an edit.
    pub(crate) async fn edit(
        &self,
        each: &Type,
        json: &Map<String, Json>,
        partial: bool,
    ) -> Result<Edit, EntryError> {
        let content_type = self.content_type(each);
        let mode = if each.drafts {
            Mode::Draft
        } else {
            Mode::Publish
        };
        let checked = validate_entry(&self.schema, &content_type, json, mode, partial)
            .unwrap_or_else(|problems| panic!("{problems:#?} in {json:?}"));
        resolve::resolve(&self.database, &self.schema, &content_type, &checked).await
    }

    /// Makes a document from JSON.
    pub(crate) async fn create(
        &self,
        each: &Type,
        locale: &str,
        target: Target,
        json: Json,
    ) -> Result<tympan::entries::Saved, EntryError> {
        let edit = self.edit(each, json.as_object().unwrap(), false).await?;
        self.entries
            .create(self.request(each, locale, target), edit, None)
            .await
    }

    /// Removes all content but some files, which are made anew if there are none.
    pub(crate) async fn clear(&mut self) {
        let mut statements = vec![
            "delete from changes",
            "delete from versions",
            "delete from trash",
            "delete from links",
        ]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
        for each in TYPES {
            let content_type = self.content_type(each);
            for stage in content_type.stages() {
                statements.push(format!("delete from {}", content_type.table(*stage)));
                if content_type.localized {
                    statements.push(format!("delete from {}", content_type.locale_table(*stage)));
                }
            }
        }
        let file = self.content_type(&crate::types::FILE_TYPE);
        statements.push(format!(
            "delete from documents where type_id <> {}",
            file.id
        ));
        self.run(statements).await;
        for n in self.files.len()..4 {
            let json = json!({ "name": format!("{n}"), "hash": "h", "mime": "image/png", "size": 1.5, "url": "/x", "provider": "local" });
            let saved = self
                .create(&crate::types::FILE_TYPE, "", Target::Published, json)
                .await
                .unwrap();
            self.files.push((saved.document_id, saved.doc));
        }
    }

    pub(crate) async fn run(&self, statements: Vec<String>) {
        let done: Result<(), DatabaseError> = self
            .database
            .write(move |tx| {
                Box::pin(async move {
                    for sql in statements {
                        tx.execute(Statement::new(sql)).await?;
                    }
                    Ok(())
                })
            })
            .await;
        done.unwrap();
    }

    /// A number from the database.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        let row = self
            .database
            .fetch_optional(Statement::new(sql))
            .await
            .unwrap();
        row.unwrap().integer(0).unwrap()
    }
}

fn write(root: &std::path::Path, name: &str, json: &Json) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, json.to_string()).unwrap();
}
