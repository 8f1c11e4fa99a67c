//! An empty site on each database, and questions about its tables.

use std::path::{Path, PathBuf};

use tympan::imports::{ImportError, Imported, import_strapi};
use tympan::platform::database::{Database, DatabaseConfig, Row, Statement};
use tympan::schema::{Schema, store};

use crate::support::{Folder, Postgres};

pub(crate) struct Site {
    pub(crate) database: Database,
    folder: Folder,
}

impl Site {
    /// One on SQLite, one on PostgreSQL.
    pub(crate) async fn both() -> Vec<Self> {
        let folder = Folder::new();
        let sqlite = format!("sqlite:{}", folder.path().join("test.db").display());
        let mut sites = vec![Self::open(sqlite, folder).await];
        let postgres = Postgres::shared().fresh_database();
        sites.push(Self::open(postgres, Folder::new()).await);
        sites
    }

    async fn open(url: String, folder: Folder) -> Self {
        let config = DatabaseConfig {
            url,
            ..DatabaseConfig::default()
        };
        let database = Database::open(&config).await.unwrap();
        store::ensure_built_in(&database).await.unwrap();
        Self { database, folder }
    }

    pub(crate) fn media(&self) -> PathBuf {
        self.folder.path().join("media")
    }

    pub(crate) async fn strapi(
        &self,
        path: &Path,
        key: Option<&str>,
    ) -> Result<Imported, ImportError> {
        import_strapi(&self.database, path, key, &self.media(), |_| {}).await
    }

    pub(crate) async fn schema(&self) -> Schema {
        store::load(&self.database).await.unwrap()
    }

    pub(crate) async fn rows(&self, sql: &str) -> Vec<Row> {
        let statement = Statement::new(sql.to_owned());
        self.database.fetch_all(statement).await.unwrap()
    }

    /// The number that a statement gives.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.rows(sql).await[0].integer(0).unwrap()
    }

    /// How much is in every table that an import writes.
    pub(crate) async fn sizes(&self) -> Vec<i64> {
        let mut sizes = Vec::new();
        for table in [
            "documents",
            "links",
            "versions",
            "changes",
            "schema_types",
            "schema_fields",
        ] {
            sizes.push(self.number(&format!("select count(*) from {table}")).await);
        }
        sizes
    }
}
