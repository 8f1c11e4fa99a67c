//! Everything that knows HTTP: routes, credentials, bodies, the error envelope.
//!
//! **Always true**: every route asks [`authenticate`] who calls and the caller's view what they may;
//! handlers parse, call one function below and convert.
//! Start reading at [`serve`], then [`delivery`].

pub mod authenticate;
pub mod body;
pub mod delivery;
pub mod error;
pub mod headers;
pub mod health;
pub mod listen;
pub mod metrics;
pub mod observe;
pub mod openapi;
mod quick;

use std::future::Future;
use std::sync::Arc;

use poem::{Endpoint, EndpointExt as _, Route};

use crate::app::App;
use crate::base::json::JsonLimits;
use crate::platform::database::{DatabaseError, Statement};
use headers::{Dress, HeaderConfig, HeaderConfigError, Outer};
use listen::{Accept, ListenConfig, Report};
use quick::Quick;

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub struct ServerConfig {
    /// Connections and their bounds.
    pub listen: ListenConfig,
    /// What every response carries.
    pub headers: HeaderConfig,
    /// Bounds of JSON bodies.
    pub body: JsonLimits,
    /// What the delivery API accepts.
    pub api: delivery::ApiConfig,
    /// Who may read the metrics.
    pub metrics: metrics::MetricsConfig,
}

/// Serves until `shutdown` is done, then lets requests in flight finish; `hurry` cuts what is left.
///
/// # Errors
/// When the configuration names an origin or header that is none.
pub async fn serve<A: Accept>(
    app: Arc<App>,
    listener: A,
    config: ServerConfig,
    shutdown: impl Future<Output = ()>,
    hurry: impl Future<Output = ()>,
) -> Result<Report, HeaderConfigError> {
    let dress = Arc::new(Dress::new(&config.headers)?);
    let quick = Quick::new(Arc::clone(&app), Arc::clone(&dress));
    let house = listen::Offer {
        endpoint: dressed(app, &config, dress),
        quick: Some(Box::new(quick)),
    };
    Ok(listen::serve_until(listener, house, config.listen, shutdown, hurry).await)
}

/// Serves nothing but the metrics, to all who reach this listener, until `shutdown` is done.
///
/// # Errors
/// As [`serve`].
pub async fn serve_metrics<A: Accept>(
    app: Arc<App>,
    listener: A,
    config: ServerConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<Report, HeaderConfigError> {
    let routes = Route::new().at("/metrics", metrics::Metrics::open(app));
    let endpoint = Outer::new(routes.map_to_response(), &config.headers)?;
    Ok(listen::serve(listener, endpoint, config.listen, shutdown).await)
}

/// All routes, with what every response carries.
///
/// # Errors
/// As [`serve`].
pub fn endpoint(
    app: Arc<App>,
    config: &ServerConfig,
) -> Result<impl Endpoint<Output = poem::Response> + 'static, HeaderConfigError> {
    let dress = Arc::new(Dress::new(&config.headers)?);
    Ok(dressed(app, config, dress))
}

fn dressed(
    app: Arc<App>,
    config: &ServerConfig,
    dress: Arc<Dress>,
) -> impl Endpoint<Output = poem::Response> + 'static {
    let checked = Arc::clone(&app);
    let ready = health::Ready::new(move || ready(Arc::clone(&checked)));
    let metrics = metrics::Metrics::guarded(Arc::clone(&app), &config.metrics.token);
    let routes = Route::new()
        .at("/metrics", metrics)
        .at("/health/live", health::Live)
        .at("/health/ready", ready)
        .nest("/api", delivery::Api::new(app, config));
    Outer::dressed(routes.map_to_response(), dress)
}

/// Ready means that writes can be made durable: a transaction begins and commits.
async fn ready(app: Arc<App>) -> Result<(), String> {
    app.database
        .write(|tx| {
            Box::pin(async move {
                let touch = "update settings set value = value where name = 'schema_generation'";
                tx.execute(Statement::new(touch)).await.map(|_| ())
            })
        })
        .await
        .map_err(|error: DatabaseError| error.to_string())
}
