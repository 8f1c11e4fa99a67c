//! The description of the API, made from the schema as the caller may see it.
//!
//! `/api/openapi.json` is OpenAPI 3.1; what poem-openapi knows of the fixed routes is merged in. A type the
//! caller may not use is not described, an action they may not take neither.
//! Start reading at [`document`].

mod docs;
mod entries;
mod feed;
pub mod fixed;
mod operations;
mod schedules;
mod search;

pub use docs::Docs;
pub use fixed::{FixedApi, description, service};

use serde_json::{Map, Value as Json, json};

use crate::access::View;
use crate::base::limits::QueryLimits;

/// The OpenAPI document of what a view may see; `fixed` is [`description`] of the fixed routes.
pub fn document(view: &View, limits: &QueryLimits, fixed: &Json) -> Json {
    let mut paths = Map::new();
    let mut schemas = entries::shared();
    for content_type in view.schema().types() {
        if content_type.is_built_in() || !view.knows(content_type) {
            continue;
        }
        entries::add(&mut schemas, view, content_type);
        operations::add(&mut paths, view, content_type, limits);
        schedules::add(&mut paths, view, content_type);
    }
    feed::add(&mut paths, &mut schemas, view);
    search::add(&mut paths, view);
    fixed::add(fixed, &mut paths, &mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tympan delivery API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Content in Strapi 5's wire format, generated from the running schema.\n\nThis page shows what its reader may do: without a token that is what the role `public` may. Enter an API token under *Authentication* to try requests with it.",
        },
        "servers": [{ "url": "/api" }],
        "security": [{}, { "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "An API token, made with `tympan token create`." }
            },
        },
    })
}
