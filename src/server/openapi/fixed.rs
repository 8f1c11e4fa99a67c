//! Routes that belong to no content type, described and served by poem-openapi.

use std::sync::Arc;

use poem_openapi::payload::Json as JsonBody;
use poem_openapi::{Object, OpenApi, OpenApiService};
use serde_json::{Map, Value as Json};

use crate::app::App;

/// The fixed routes.
pub struct FixedApi {
    app: Arc<App>,
}

/// A language content is written in.
#[derive(Debug, Object)]
pub struct LocaleView {
    /// Number of the locale.
    id: i64,
    /// Identity of the locale.
    #[oai(rename = "documentId")]
    document_id: String,
    /// Name shown to people.
    name: String,
    /// Code, as in `?locale=`.
    code: String,
    /// Whether requests without a locale mean this one.
    #[oai(rename = "isDefault")]
    is_default: bool,
}

/// Where the fixed routes stand in the documentation.
#[derive(poem_openapi::Tags)]
enum Section {
    /// The languages content is written in
    Languages,
}

#[OpenApi]
impl FixedApi {
    /// Lists the locales
    #[oai(
        path = "/i18n/locales",
        method = "get",
        operation_id = "locales",
        tag = "Section::Languages"
    )]
    async fn locales(&self) -> JsonBody<Vec<LocaleView>> {
        let schema = self.app.schema();
        let view = |locale: &crate::schema::Locale| LocaleView {
            id: locale.id,
            document_id: format!("locale{}", locale.id),
            name: locale.name.clone(),
            code: locale.code.clone(),
            is_default: locale.is_default,
        };
        JsonBody(schema.locales().iter().map(view).collect())
    }
}

/// The service behind the fixed routes.
pub fn service(app: Arc<App>) -> OpenApiService<FixedApi, ()> {
    OpenApiService::new(FixedApi { app }, "Tympan", env!("CARGO_PKG_VERSION"))
}

/// What poem-openapi says of the fixed routes.
pub fn description(app: &Arc<App>) -> Json {
    let spec = service(Arc::clone(app)).spec();
    serde_json::from_str(&spec).unwrap_or_default()
}

/// Adds the fixed routes to a document.
pub(super) fn add(
    described: &Json,
    paths: &mut Map<String, Json>,
    schemas: &mut Map<String, Json>,
) {
    let take = |pointer: &str| {
        described
            .pointer(pointer)
            .and_then(Json::as_object)
            .cloned()
    };
    paths.extend(take("/paths").unwrap_or_default());
    schemas.extend(take("/components/schemas").unwrap_or_default());
}
