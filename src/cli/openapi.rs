//! `tympan openapi`.

use std::sync::Arc;

use super::{open, print};
use crate::access::{Grants, View};
use crate::config::Config;
use crate::server::openapi;

/// Prints the description of the HTTP API (OpenAPI 3.1) of the stored schema.
#[derive(Debug, clap::Args)]
pub(super) struct OpenApi {
    /// Only what requests without a token may do.
    #[arg(long)]
    public: bool,
}

pub(super) async fn run(command: &OpenApi, config: &Config) -> anyhow::Result<()> {
    let app = open::open(config).await?;
    let view = match command.public {
        true => app.public().view,
        false => Arc::new(View::new(app.schema(), &Grants::Everything)),
    };
    let document = openapi::document(&view, &app.limits, &openapi::description(&app));
    app.close().await;
    Ok(print::line(serde_json::to_string_pretty(&document)?)?)
}
